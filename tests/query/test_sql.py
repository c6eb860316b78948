"""Datasets as tables: what a query sees, and for how long."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import duckdb
import pytest

from toolkit.core.errors import QueryError
from toolkit.query.service import QueryService


def rows(relation: duckdb.DuckDBPyRelation) -> list[tuple]:
    return relation.fetchall()


def test_a_dataset_is_a_table_under_its_name(service):
    assert rows(service.sql("SELECT sum(delay) FROM delays")) == [(60,)]


def test_a_dataset_in_a_schema_is_a_table_of_that_schema(service):
    found = service.sql("SELECT d.delay, s.amount FROM delays d, sales.delays s WHERE delay = 10")
    assert rows(found) == [(10, 5)]


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("DELAYS", 60),
        ("main.delays", 60),
        ('"delays"', 60),
        ('"delays@1"', 3),
        ('"Delays@1"', 3),
        ('"delays@paper"', 3),
        ('"delays@2"', 60),
    ],
)
def test_names_ignore_case_and_quoted_references_travel_in_time(service, name, total):
    assert rows(service.sql(f"SELECT sum(delay) FROM {name}")) == [(total,)]


def test_a_quoted_reference_works_in_a_schema(service, store):
    store.add("sales.delays", {"amount": [6]})
    found = service.sql('SELECT a.amount, b.amount FROM sales."delays@1" a, Sales.delays b')
    assert rows(found) == [(5, 6)]


def test_two_versions_of_one_dataset_meet_in_one_query(service):
    found = service.sql('SELECT count(*) FROM delays n ANTI JOIN "delays@1" o USING (carrier)')
    assert rows(found) == [(1,)]


def test_rows_come_in_the_order_of_the_files(service, store):
    store.add("parts", {"a": [9, 8]}, {"a": [1]}, {"a": [5, 4]})
    assert rows(service.sql("FROM parts")) == [(9,), (8,), (1,), (5,), (4,)]


def test_a_root_with_folders_like_hive_partitions_and_glob_characters_reads_as_it_is(
    store, tmp_path
):
    root = tmp_path / "ye'ar=1" / "a[b]*?"
    root.mkdir(parents=True)
    odd = type(store)(str(root))
    odd.add("delays", {"delay": [1]})
    service = QueryService(odd, allowed_root=odd.root)
    relation = service.sql("FROM delays")
    assert (relation.columns, rows(relation)) == (["delay"], [(1,)])
    service.close()


def test_catalog_tables_are_read_only_tables_of_the_schema_catalog(service):
    found = service.sql(
        "SELECT sum(byte_size), (SELECT max(id) FROM catalog.versions) FROM catalog.files"
    )
    assert rows(found) == [(300, 7)]
    assert rows(service.sql("SELECT id FROM Catalog.Files ORDER BY id")) == [(1,), (2,)]


def test_only_the_views_that_a_query_names_are_built(service, store):
    service.sql("SELECT * FROM delays JOIN carriers USING (carrier)")
    assert store.located == ["delays", "carriers"]
    assert store.listed == 0


def test_parameters_are_bound_and_never_pasted(service):
    query = "SELECT count(*) FROM delays WHERE carrier = $carrier"
    assert rows(service.sql(query, {"carrier": "AA"})) == [(1,)]
    assert rows(service.sql(query, {"Carrier": "x' OR true --"})) == [(0,)]


def test_pivot_summarize_describe_and_explain_are_queries(service):
    pivot = service.sql("PIVOT delays ON carrier USING sum(delay)")
    assert (pivot.columns, rows(pivot)) == (["AA", "BB", "CC"], [(10, 20, 30)])
    nested = "WITH p AS (PIVOT sales.delays ON amount USING count(*)) FROM p"
    assert rows(service.sql(nested)) == [(1,)]
    fixed = "PIVOT delays ON carrier IN ('AA') USING sum(delay)"
    assert rows(service.sql(fixed)) == [(10,)]
    assert [row[0] for row in rows(service.sql("DESCRIBE delays"))] == ["carrier", "delay"]
    assert [row[0] for row in rows(service.sql("SUMMARIZE sales.delays"))] == ["amount"]
    for explain in ("EXPLAIN", "EXPLAIN ANALYZE", "EXPLAIN (FORMAT json)", "explain /* é */ ("):
        end = ")" if explain.endswith("(") else ""
        plan = rows(service.sql(f"{explain} SELECT * FROM delays{end}"))[0][1]
        assert "READ_PARQUET" in plan


def test_a_relation_keeps_the_version_of_its_call(service, store):
    relation = service.sql("SELECT sum(delay) FROM delays")
    store.add("delays", {"carrier": ["ZZ"], "delay": [1000]})
    later = service.sql("SELECT sum(delay) FROM delays")
    assert (rows(relation), rows(later), rows(relation)) == ([(60,)], [(1000,)], [(60,)])


def test_a_derived_relation_outlives_the_relation_it_came_from(service):
    derived = service.sql("SELECT * FROM delays").filter("delay > 10")
    gc.collect()
    for _ in range(3):
        service.sql("FROM carriers").fetchall()
    assert rows(derived.aggregate("sum(delay)")) == [(50,)]
    assert rows(derived.join(derived.set_alias("b"), "carrier").aggregate("count(*)")) == [(2,)]


def test_nothing_is_left_of_relations_that_are_gone(service):
    kept = service.sql("FROM delays")
    for _ in range(200):
        service.sql("SELECT delay FROM delays WHERE delay > $x", {"x": 5}).filter("true").fetchall()
        with pytest.raises(QueryError):
            service.sql("SELECT nope FROM delays")
    gc.collect()
    service.sql("SELECT 1")
    assert service._instance.databases <= 3
    assert len(service._inputs) <= 3
    assert len(rows(kept)) == 3


def test_threads_query_at_the_same_time(service):
    found: list[tuple] = []

    def work() -> None:
        for _ in range(10):
            found.extend(rows(service.sql("SELECT sum(delay) FROM delays")))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(60,)] * 40


def test_remote_files_are_read_through_their_file_system(remote):
    service = QueryService(remote, allowed_root=remote.root)
    relation = service.sql("FROM delays")
    assert rows(relation) == [("AA", 1), ("BB", 2), ("CC", 3)]
    assert rows(service.sql("SELECT carrier FROM delays WHERE delay > 2")) == [("CC",)]
    with pytest.raises(QueryError, match="disabled"):
        service.sql("FROM read_text('memory://bucket/secret.txt')")
    climbing = "memory://bucket/objects/../secret.txt"
    assert rows(service.sql("SELECT content FROM read_text($path)", {"path": climbing})) == []
    service.close()


def test_close_ends_relations_and_a_later_query_starts_anew(service):
    relation = service.sql("FROM delays")
    service.close()
    service.close()
    with pytest.raises(duckdb.Error):
        relation.fetchall()
    assert len(rows(service.sql("FROM delays"))) == 3


SCRIPT = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from conftest import Store
from toolkit.query.service import QueryService
store = Store({root!r})
store.add("delays", {{"delay": [1, 2]}})
service = QueryService(store, allowed_root=store.root)
relation = service.sql("FROM delays")
derived = relation.filter("delay > 1")
print(derived.fetchall(), flush=True)
{then}
"""


def run_script(tmp_path: Path, then: str) -> subprocess.CompletedProcess[str]:
    code = SCRIPT.format(
        tests=str(Path(__file__).parent), root=str(tmp_path), then=textwrap.dedent(then)
    )
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("then", ["", "service.close()", "reader = relation.to_arrow_reader(1)"])
def test_an_interpreter_that_ends_with_relations_alive_prints_nothing(tmp_path, then):
    done = run_script(tmp_path, then)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[(2,)]\n", "")


def test_a_forked_child_queries_with_an_instance_of_its_own(tmp_path):
    done = run_script(
        tmp_path,
        """
        if (child := os.fork()) == 0:
            print(service.sql("SELECT sum(delay) FROM delays").fetchall(), flush=True)
            service.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        print(derived.fetchall(), flush=True)
        """,
    )
    assert (done.stderr, done.stdout) == ("", "[(2,)]\n[(3,)]\n[(2,)]\n")


def test_times_come_out_in_utc_wherever_the_machine_is():
    code = """
        import duckdb, pyarrow as pa
        from toolkit.query.instance import Instance

        instance = Instance("/nowhere")
        connection = instance.connection()
        instance.session(connection)
        relation = connection.sql("SELECT TIMESTAMPTZ '2013-07-01 12:00:00+00' AS at")
        assert relation.to_arrow_table().schema.field("at").type == pa.timestamp("us", "UTC")
        hour = connection.sql("SELECT hour(TIMESTAMPTZ '2013-07-01 12:00:00+00')")
        assert hour.fetchall() == [(12,)]
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        check=True,
        env={**os.environ, "TZ": "America/New_York"},
    )
