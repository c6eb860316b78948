"""Where a workspace keeps its files: how a root may be written, and what is remembered of it."""

from __future__ import annotations

import os
import pickle
import shutil
import time
from pathlib import Path
from uuid import uuid4

import pytest

import toolkit as tk
from toolkit.core.dependencies import (
    get_artifact_producer,
    get_catalog,
    get_dataset_service,
    get_storage_backend,
)
from toolkit.core.errors import CatalogError, InvalidArgumentError


def remembered(home: Path) -> str:
    return get_catalog(home).setting("storage", "nothing")


@pytest.fixture
def spelled(tmp_path, monkeypatch):
    """Many ways to write one folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "a b"
    return folder, [
        str(folder),
        folder,
        "a b",
        f"{folder}/",
        f"./x/../{folder.name}",
        folder.as_uri(),
        f"file://localhost{tmp_path}/a%20b",
        folder.as_uri().replace("file", "FILE"),
    ]


def test_a_folder_is_the_same_however_it_is_written(home, frame, spelled):
    folder, ways = spelled
    for way in ways:
        with tk.Workspace(home, storage=way) as ws:
            saved = ws.save(frame, "delays")
            assert Path(saved.files[0].uri).is_relative_to(folder)
    assert remembered(home) == str(folder)


@pytest.mark.parametrize("way", range(8))
def test_each_way_to_write_a_folder_can_be_the_first(home, frame, spelled, way):
    folder, ways = spelled
    with tk.Workspace(home, storage=ways[way]) as ws:
        ws.save(frame, "delays")
    assert remembered(home) == str(folder)
    assert sorted(p.name for p in home.parent.iterdir()) == ["a b", "work"]


def test_a_url_is_the_same_however_it_is_written(home, frame):
    name = uuid4().hex
    for way in (f"memory://{name}", f"memory://{name}/", f"MEMORY://{name}"):
        with tk.Workspace(home, storage=way) as ws:
            assert ws.save(frame, "delays").files[0].uri.startswith(f"memory://{name}/objects/")
    assert remembered(home) == f"memory://{name}"


def test_the_memory_store_itself_is_no_folder(home, frame, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tk.Workspace(home, storage="memory://") as ws:
        uri = ws.save(frame, "delays").files[0].uri
        assert uri.startswith("memory://objects/")
        assert ws.load("delays").collect().equals(frame)
        assert ws.sql("SELECT count(*) FROM delays").fetchall() == [(4,)]
        ws.drop("delays")
        ws.gc(grace=0)
    assert remembered(home) == "memory://"
    assert [p.name for p in tmp_path.iterdir()] == ["work"]


def test_the_bucket_of_a_credential_like_name_is_remembered_as_it_is(home):
    name = f"toolkit-{uuid4().hex}"
    backend = get_storage_backend(home, storage=f"s3://{name}/p", storage_options={"key": name})
    assert backend.root == f"s3://{name}/p"
    assert remembered(home) == f"s3://{name}/p"


@pytest.mark.parametrize("storage", ["", Path("s3://bucket"), 5])
def test_what_is_no_place_is_refused_at_once(home, storage):
    with pytest.raises(InvalidArgumentError, match="storage root"):
        tk.Workspace(home, storage=storage)


@pytest.mark.parametrize(
    "url",
    [
        "sftp://ann:hidden@host/data",
        "sftp://hidden@host/data",
        "s3://key:hidden@bucket/p",
        "ftp://:hidden@host/data",
        "memory://ann:hidden/with/slash@host",
    ],
)
def test_a_password_in_a_url_is_refused_and_written_nowhere(home, url):
    with (
        tk.Workspace(home, storage=url) as ws,
        pytest.raises(InvalidArgumentError, match="storage_options") as caught,
    ):
        ws.datasets()
    assert "hidden" not in str(caught.value)
    assert not any(b"hidden" in p.read_bytes() for p in home.rglob("*") if p.is_file())


def test_a_root_that_fails_is_not_remembered(home, frame):
    for storage in ("nosuch://bucket", "s3://"):
        with tk.Workspace(home, storage=storage) as ws, pytest.raises(InvalidArgumentError):
            ws.save(frame, "delays")
    with tk.Workspace(home) as ws:
        assert ws.save(frame, "delays").ref == "delays@1"
    assert remembered(home) == "files"


def test_another_root_may_be_chosen_while_there_are_no_files(home, frame, tmp_path):
    for name in ("first", "second"):
        with tk.Workspace(home, storage=tmp_path / name) as ws:
            assert ws.datasets().height == 0
    assert remembered(home) == str(tmp_path / "second")
    with tk.Workspace(home) as ws:
        (file,) = ws.save(frame, "delays").files
        assert Path(file.uri).is_relative_to(tmp_path / "second")
    with pytest.raises(
        InvalidArgumentError, match=r"keeps its files in .*second.*, not in .*third"
    ):
        tk.Workspace(home, storage=tmp_path / "third").datasets()
    assert remembered(home) == str(tmp_path / "second")


def test_who_still_has_the_other_root_open_is_told(home, frame, tmp_path):
    with tk.Workspace(home, storage=tmp_path / "first") as late:
        late.datasets()
        with tk.Workspace(home, storage=tmp_path / "second") as ws:
            ws.save(frame, "delays")
        with pytest.raises(CatalogError, match=r"first.*second.*open it again"):
            late.save(frame.reverse(), "delays")
        assert ws.check().ok


def test_a_root_within_the_workspace_moves_with_it(home, frame, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    for storage in (home / "own", tmp_path / "link" / "work" / "own"):
        with tk.Workspace(home, storage=storage) as ws:
            ws.save(frame, "delays")
    assert remembered(home) == "own"


def test_a_relative_root_stays_where_it_was(home, frame, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ws = tk.Workspace(home, storage="store")
    ws.save(frame, "delays")
    ws.close()
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert ws.load("delays").collect().equals(frame)
    assert pickle.loads(pickle.dumps(ws)).load("delays").collect().equals(frame)
    ws.close()
    assert os.listdir(tmp_path / "sub") == []


@pytest.mark.parametrize("storage", [".", "..", "../link/work", "own/.."])
def test_a_root_that_would_open_the_catalog_to_sql_is_refused(home, frame, tmp_path, storage):
    (tmp_path / "link").symlink_to(tmp_path)
    with (
        tk.Workspace(home, storage=home / storage) as ws,
        pytest.raises(InvalidArgumentError, match=r"contains the workspace's own folder.*Choose"),
    ):
        ws.save(frame, "delays")
    assert not (home / "catalog.duckdb").exists()


@pytest.mark.parametrize("name", ["theirs.parquet", ".staging/theirs.parquet"])
def test_sql_reads_objects_and_nothing_else_below_the_root(home, frame, tmp_path, name):
    store = tmp_path / "store"
    with tk.Workspace(home, storage=store) as ws:
        ws.save(frame, "delays")
        frame.write_parquet(store / name)
        assert ws.sql("SELECT count(*) FROM delays").fetchall() == [(4,)]
        with pytest.raises(tk.ToolkitError, match=r"theirs\.parquet"):
            ws.sql(f"SELECT * FROM read_parquet('{store / name}')").fetchall()


def test_a_live_workspace_remembers_its_store_when_its_folder_is_removed(home, frame, tmp_path):
    with tk.Workspace(home, storage=tmp_path / "store") as ws:
        ws.save(frame, "delays")
        time.sleep(0.3)
        shutil.rmtree(home)
        ws.save(frame, "delays")
    with tk.Workspace(home) as again:
        assert again.load("delays").collect().equals(frame)
        assert again.check().ok


def test_the_parts_can_be_had_one_by_one_with_options(home, frame, s3_place):
    with tk.Workspace(home, **s3_place) as ws:
        ws.save(frame, "delays")
    options = s3_place["storage_options"]
    for given in (str(home), home):
        service = get_dataset_service(given, storage_options=options)
        assert service.scan("delays").collect().equals(frame)
        producer = get_artifact_producer(given, storage_options=options)
        made = producer.produce([b"bytes"], "x/y")
        assert made.uri.startswith(s3_place["storage"])
        producer.release(made.file_id)
