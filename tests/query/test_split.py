"""Versions whose columns and rows lie in several files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from toolkit.core.errors import QueryError
from toolkit.query.columns import FileColumns, distinct_names
from toolkit.query.service import QueryService

COUNT = 300_000
LEFT = "trips-1-0-0.parquet"
RIGHT = "trips-1-0-1.parquet"


def plan(service: QueryService, query: str) -> str:
    return service.sql(f"EXPLAIN {query}").fetchall()[0][1]


@pytest.fixture
def trips(store) -> pa.Table:
    """The dataset ``trips``: ``id`` and ``title`` in one file, ``delay`` and ``k`` in another."""
    table = pa.table(
        {
            "id": range(COUNT),
            "delay": [i * 7919 % 1000 for i in range(COUNT)],
            "k": [i % 5 for i in range(COUNT)],
            "title": [f"title {i % 100}" for i in range(COUNT)],
        }
    )
    left = store.Part({"id": "number", "title": "title"})
    right = store.Part({"delay": "delay", "k": "key"}, others={"id": -1, "more": "x"})
    store.row_group_size = 10_000
    store.add_split("trips", table, store.Rows(COUNT, (left, right)))
    store.looks = False
    return table


def test_another_process_reads_split_versions_in_their_order(service, trips, ranges, tmp_path):
    service.export_sql(tmp_path / "views.duckdb")
    for threads in (1, 4):
        config = {"threads": threads, "access_mode": "read_only"}
        with duckdb.connect(str(tmp_path / "views.duckdb"), config=config) as connection:
            assert connection.sql("FROM trips").to_arrow_table().equals(trips)
            assert connection.sql("FROM ranges").to_arrow_table().equals(ranges)
            assert connection.sql("SELECT k FROM trips LIMIT 1 OFFSET 7").fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("query", "unneeded"),
    [
        ("SELECT sum(id) FROM trips", RIGHT),
        ("SELECT sum(t.DELAY) FROM trips AS t WHERE k = 1", LEFT),
        ("WITH t AS (SELECT id FROM trips) SELECT * FROM t ORDER BY ALL LIMIT 3", RIGHT),
        ("SELECT title, count(*) FROM Trips GROUP BY ALL ORDER BY ALL", RIGHT),
        ("SELECT (SELECT max(delay) FROM trips) + delay FROM delays", LEFT),
        ('SELECT k FROM "trips@1" SEMI JOIN (SELECT 3 AS k) USING (k) LIMIT 1', LEFT),
    ],
)
def test_a_file_that_is_not_needed_is_not_opened(service, store, trips, query, unneeded):
    expected = service.sql(query).fetchall()
    assert expected
    Path(store.root, unneeded).unlink()
    fresh = QueryService(store, allowed_root=store.root)
    assert fresh.sql(query).fetchall() == expected
    with pytest.raises(QueryError, match=f"trips@1 cannot be read: .*{unneeded}"):
        fresh.sql("FROM trips")
    fresh.close()


def test_rows_are_counted_without_a_file(service, store, trips, ranges):
    for file in Path(store.root).glob("*ges-1-*"):
        file.unlink()
    for file in (LEFT, RIGHT):
        Path(store.root, file).unlink()
    assert service.sql("SELECT count(*) FROM trips").fetchall() == [(COUNT,)]
    query = "SELECT 1 AS one, count(*) FROM ranges GROUP BY ALL"
    assert service.sql(query).fetchall() == [(1, 9_000)]


def test_rows_come_in_their_order(service, trips):
    assert service.sql("FROM trips").to_arrow_table().equals(trips)
    found = service.sql("SELECT id, k FROM trips WHERE delay < 5").to_arrow_table()
    mask = pa.compute.less(trips["delay"], 5)
    assert found.equals(trips.filter(mask).select(["id", "k"]))


def test_a_relation_has_every_column_that_it_shows(service, trips):
    everything = service.sql("FROM trips")
    assert everything.columns == ["id", "delay", "k", "title"]
    assert everything.filter("delay > 900 and id < 100").project("title").fetchall()
    some = service.sql("SELECT id, k AS key FROM trips")
    assert some.filter("key = 4").aggregate("min(id)").fetchall() == [(4,)]
    described = service.sql("DESCRIBE trips").fetchall()
    assert [row[0] for row in described] == ["id", "delay", "k", "title"]


def test_one_file_is_read_with_its_filters_and_columns_alone(service, trips):
    text = plan(service, "SELECT k AS x FROM trips WHERE delay > 5")
    assert "Filters: delay > 5" in text
    assert "key" in text
    assert "more" not in text
    assert "Positional" not in text
    assert "─ Filter ─" not in text


def test_two_files_are_read_side_by_side_in_a_stream(service, trips):
    text = plan(service, "SELECT id, k FROM trips")
    assert "Positional Scan" in text
    assert "Hash Join" not in text
    assert "title" not in text


def test_a_version_of_whole_files_is_a_plain_read(service, store):
    store.add("parts", {"a": [1]}, {"a": [2]})
    relation = service.sql("FROM parts")
    views = relation.query("_", "SELECT sql FROM duckdb_views() WHERE view_name = 'parts'")
    (text,) = views.fetchall()[0]
    assert text.count("read_parquet") == 1
    assert "UNION" not in text
    assert "SELECT * FROM" in text


def test_the_smaller_table_is_the_one_that_a_join_keeps_in_memory(service, store, trips):
    store.add("kinds", {"k": [0, 1, 2], "kind": ["x", "y", "z"]})
    query = "SELECT kind, sum(delay + id) FROM trips JOIN kinds USING (k) GROUP BY kind"
    tree = json.loads(service.sql(f"EXPLAIN (FORMAT json) {query}").fetchall()[0][1])
    found: list[dict] = list(tree)
    while not found[0]["name"].strip().startswith("HASH_JOIN"):
        found += found.pop(0)["children"]
    kept = json.dumps(found[0]["children"][1])
    assert "kinds" in kept or "kind" in kept
    assert "POSITIONAL" not in kept


@pytest.fixture
def ranges(store) -> pa.Table:
    """The dataset ``ranges``: rows from the middle of a file, a whole file, and two files."""
    table = pa.table({"a": range(9_000), "b": [i % 10 for i in range(9_000)]})
    store.row_group_size = 1_000
    store.add_split(
        "ranges",
        table,
        store.Rows(3_000, (store.Part(before=2_500, after=4_000),)),
        store.Rows(0, (store.Part(before=3),)),
        store.Rows(3_000),
        store.Rows(
            3_000, (store.Part({"a": "b"}, before=1_500, after=3), store.Part({"b": "x"}, before=0))
        ),
    )
    return table


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT count(*) FROM ranges", [(9_000,)]),
        ("SELECT count(*), sum(a) FROM ranges WHERE b = 3", [(900, 4_048_200)]),
        ("SELECT a FROM ranges LIMIT 2 OFFSET 2999", [(2_999,), (3_000,)]),
        ("SELECT b, a FROM ranges ORDER BY a DESC LIMIT 2", [(9, 8_999), (8, 8_998)]),
        ("SELECT a FROM ranges WHERE a IN (5999, 6000)", [(5_999,), (6_000,)]),
    ],
)
def test_rows_of_a_range_are_read_and_no_others(service, ranges, query, expected):
    assert service.sql(query).fetchall() == expected
    assert service.sql("FROM ranges").to_arrow_table().equals(ranges)


def test_a_file_may_stand_in_several_fragments(service, store):
    table = pa.table({"a": range(10), "b": range(10, 20)})
    parts = (store.Part({"a": "x"}, before=2, after=1), store.Part({"b": "b"}))
    store.add_split("once", table, store.Rows(10, parts))
    store.add_split("whole", table, store.Rows(10))
    for name in ("once", "whole"):
        (version, fragments), *_ = store.versions[name]
        store.versions[name] = [(replace(version, rows=20), fragments * 2)]
        twice = service.sql(f"FROM {name}").to_arrow_table()
        assert twice.equals(pa.concat_tables([table, table]))
        assert service.sql(f"SELECT sum(b), count(*) FROM {name}").fetchall() == [(290, 20)]


def test_a_range_is_found_without_reading_the_rows_before_it(service, store):
    table = pa.table({"a": range(10)})
    store.add_split("late", table, store.Rows(10, (store.Part(before=500, after=500),)))
    text = plan(service, "SELECT a FROM late WHERE a > 3")
    assert "file_row_number >= 500" in text
    assert "Limit" not in text
    for query in ("SELECT a FROM late LIMIT 1 OFFSET 1", "SELECT a FROM late ORDER BY a LIMIT 1"):
        assert len(service.sql(query).fetchall()) == 1


def test_a_file_with_a_column_named_like_the_rows_numbers_has_ranges_too(service, store):
    table = pa.table({"file_row_number": [7, 7, 7], "a": [1, 2, 3]})
    left, right = (store.Part({name: name}, before=2, after=1) for name in ("file_row_number", "a"))
    store.add_split("odd", table, store.Rows(3, (store.Part(before=2, after=1),)))
    store.add_split("odd", table, store.Rows(3, (left, right)))
    for name in ("odd@1", "odd@2"):
        assert service.sql(f'FROM "{name}"').to_arrow_table().equals(table)


def test_names_that_differ_in_case_are_told_apart_as_in_one_file(service, store):
    table = pa.table({"a": [1], "A": [2], "É": [3], "é": [4]})
    store.add("cases", table)
    left = store.Part({"A": "A", "é": "a"}, others={"É": -1, "a_1": -2})
    right = store.Part({"a": "x", "É": "X"})
    store.add_split("cases", table, store.Rows(1, (left, right)))
    one, split = service.sql('FROM "cases@1"'), service.sql('FROM "cases@2"')
    assert split.columns == one.columns == ["a", "A_1", "É", "é"]
    assert split.fetchall() == one.fetchall() == [(1, 2, 3, 4)]
    assert service.sql('SELECT a_1, "É" FROM "cases@2"').fetchall() == [(2, 3)]


@pytest.mark.parametrize(
    "names", [("a", "A"), ("a", "A_1", "A"), ("a_1", "A_1", "a", "A"), ("É", "é", "a_1_1", "A_1")]
)
def test_names_are_made_distinct_as_read_parquet_does(store, names):
    store.add("named", pa.Table.from_arrays([pa.array([1])] * len(names), names=list(names)))
    ((fragment,),) = (store.frame_locations("named")[1],)
    (file,) = fragment.files
    connection = duckdb.connect()
    found = connection.sql(f"FROM read_parquet('{file.location.uri}')").columns
    assert distinct_names(names) == tuple(found)
    assert FileColumns().of(connection, file.location) == names


def test_names_inside_nested_columns_are_no_columns(store):
    table = pa.table({"s": [{"x": [{"y": 1}], "z": 2}], "m": [[[1]]], "a": [1]})
    store.add("nested", table)
    ((fragment,),) = (store.frame_locations("nested")[1],)
    assert FileColumns().of(duckdb.connect(), fragment.files[0].location) == ("s", "m", "a")


def test_a_column_that_does_not_exist_is_told_with_those_that_do(service, trips):
    with pytest.raises(QueryError) as caught:
        service.sql("SELECT dely FROM trips")
    assert str(caught.value) == (
        'line 1, column 8: Referenced column "dely" not found in FROM clause! '
        'Candidate bindings: "delay", "id"'
    )


def test_split_versions_of_a_schema_and_of_old_meet_in_one_query(service, store):
    parts = (store.Part({"a": "a"}), store.Part({"b": "a"}))
    for first in (0, 10):
        table = pa.table({"a": [first, first + 1], "b": ["x", "y"]})
        store.add_split("sales.split", table, store.Rows(2, parts))
    query = 'SELECT n.a, o.b FROM sales.split n JOIN sales."split@1" o USING (b) ORDER BY ALL'
    assert service.sql(query).fetchall() == [(10, "x"), (11, "y")]


def test_a_root_with_glob_characters_has_split_versions_too(make_store, tmp_path):
    root = tmp_path / "ye'ar=1" / "a[b]*?"
    root.mkdir(parents=True)
    store = make_store(str(root))
    table = pa.table({"a": [1, 2], "b": [3, 4]})
    parts = (store.Part({"a": "b"}, before=1), store.Part({"b": "a"}))
    store.add_split("split", table, store.Rows(2, parts))
    service = QueryService(store, allowed_root=store.root)
    assert service.sql("FROM split").to_arrow_table().equals(table)
    service.close()


def test_a_remote_store_has_split_versions_too(remote):
    table = pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    parts = (remote.Part({"a": "b"}, before=1), remote.Part({"b": "a"}, others={"B": 0}))
    remote.add_split("split", table, remote.Rows(3, parts))
    service = QueryService(remote, allowed_root=remote.root)
    assert service.sql("FROM split").to_arrow_table().equals(table)
    assert service.sql("SELECT b FROM split WHERE a = 2").fetchall() == [("y",)]
    service.close()


def test_a_damaged_file_is_named_by_its_version(service, store, trips):
    Path(store.root, RIGHT).write_bytes(b"PAR1 not at all")
    with pytest.raises(QueryError, match=rf"trips@1 cannot be read: .*{RIGHT}"):
        service.sql("FROM trips")
    assert service.sql("SELECT max(id) FROM trips").fetchall() == [(COUNT - 1,)]
