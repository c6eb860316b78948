"""A DuckDB file with a view per dataset, for clients that know nothing of the toolkit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from toolkit.core.errors import FileMissingError, InvalidArgumentError, QueryError
from toolkit.query.service import QueryService

READ = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as c:
    print(c.execute("FROM (SELECT sum(delay) FROM delays), sales.delays").fetchall())
    views = "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal"
    print(c.execute(views).fetchall())
"""


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_another_process_reads_the_views(service, tmp_path):
    target = tmp_path / "views.duckdb"
    assert service.export_sql(target) == ("carriers", "delays", "sales.delays")
    done = subprocess.run(
        [sys.executable, "-c", READ, str(target)],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    totals, views = done.stdout.splitlines()
    assert totals == "[(60, 5)]"
    assert set(eval(views)) == {("main", "carriers"), ("main", "delays"), ("sales", "delays")}
    assert files(tmp_path) == {"objects", "views.duckdb"}


def test_a_relative_path_and_text_are_fine(service, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    service.export_sql("views.duckdb")
    assert "views.duckdb" in files(tmp_path)


def test_datasets_without_columns_have_no_view(service, store, tmp_path):
    store.add("empty")
    store.add("model", kind="file")
    assert service.export_sql(tmp_path / "v.db") == ("carriers", "delays", "sales.delays")


def test_an_existing_file_stays_unless_it_may_be_replaced(service, tmp_path):
    target = tmp_path / "views.duckdb"
    target.write_text("mine")
    with pytest.raises(InvalidArgumentError, match=r"exists already.*overwrite=True"):
        service.export_sql(target)
    assert target.read_text() == "mine"
    service.export_sql(target, overwrite=True)
    with duckdb.connect(str(target), read_only=True) as connection:
        assert connection.execute("SELECT sum(delay) FROM delays").fetchall() == [(60,)]


def test_a_file_that_appears_meanwhile_stays(service, store, tmp_path):
    target = tmp_path / "views.duckdb"
    locate = store.frame_locations

    def locate_while_someone_writes(name):
        target.write_text("theirs")
        return locate(name)

    store.frame_locations = locate_while_someone_writes
    with pytest.raises(InvalidArgumentError, match="exists already"):
        service.export_sql(target)
    assert target.read_text() == "theirs"
    assert files(tmp_path) == {"objects", "views.duckdb"}


def test_an_export_that_fails_leaves_nothing(service, store, tmp_path):
    Path(store.root, "delays-2-0.parquet").write_bytes(b"PAR1 not at all")
    with pytest.raises(QueryError, match="delays@2 cannot be read, so nothing was exported"):
        service.export_sql(tmp_path / "v.db")
    Path(store.root, "delays-2-0.parquet").unlink()
    with pytest.raises(FileMissingError):
        service.export_sql(tmp_path / "v.db")
    assert files(tmp_path) == {"objects"}


def test_a_target_that_cannot_be_is_refused(service, tmp_path):
    with pytest.raises(InvalidArgumentError, match="is not a folder"):
        service.export_sql(tmp_path / "no" / "v.db")
    with pytest.raises(InvalidArgumentError, match="is a folder"):
        service.export_sql(tmp_path, overwrite=True)


def test_datasets_that_differ_only_in_case_are_refused(service, store, tmp_path):
    store.add("Delays", {"a": [1]})
    with pytest.raises(QueryError, match="Delays and delays differ only in case"):
        service.export_sql(tmp_path / "v.db")


def test_a_remote_store_is_named_by_url(remote, tmp_path):
    service = QueryService(remote, allowed_root=remote.root)
    target = tmp_path / "views.duckdb"
    assert service.export_sql(target) == ("delays",)
    with duckdb.connect(str(target), read_only=True) as connection:
        connection.register_filesystem(remote.filesystem)
        assert connection.execute("SELECT sum(delay) FROM delays").fetchall() == [(6,)]
        text = connection.execute("SELECT sql FROM duckdb_views() WHERE NOT internal").fetchall()
    assert "memory://bucket/objects/delays-1-1.parquet" in text[0][0]
