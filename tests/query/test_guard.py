"""Attacks: SQL that writes, or reads outside of the storage root."""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from toolkit.core.errors import QueryError


@pytest.fixture
def untouched(store):
    """The store's files, which no attack may change, add to or remove."""

    def state() -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in Path(store.root).iterdir() if p.is_file()}

    before = state()
    yield Path(store.root)
    assert state() == before


STATEMENTS = [
    "COPY (SELECT 1) TO '{file}'",
    "COPY delays TO '{file}' (FORMAT parquet)",
    "WITH x AS (COPY (SELECT 1 AS a) TO '{file}') SELECT 1",
    "WITH x AS (COPY (SELECT 1 AS a) TO '{file}') FROM delays",
    "FROM (WITH x AS (COPY (SELECT 1 AS a) TO '{file}') SELECT 1)",
    "SELECT 1 UNION ALL (WITH x AS (COPY (SELECT 1 AS a) TO '{file}') SELECT 1)",
    "WITH y AS (WITH x AS (COPY (SELECT 1 AS a) TO '{file}') SELECT 1) FROM y",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}'",
    "EXPLAIN (ANALYZE) COPY (SELECT 1) TO '{file}'",
    "EXPLAIN ANALYZE WITH x AS (COPY (SELECT 1 AS a) TO '{file}') SELECT 1",
    "EXPLAIN (ANALYZE, FORMAT json) WITH x AS (COPY (SELECT 1 AS a) TO '{file}') SELECT 1",
    "WITH x AS (COPY (SELECT 1 AS a) TO '{file}'), p AS (PIVOT delays ON carrier) FROM p",
    "WITH x AS (/**/cOpY (SELECT 1 AS a) TO '{file}') PIVOT delays ON carrier",
    "COPY (PIVOT delays ON carrier USING sum(delay)) TO '{file}'",
    "EXPLAIN ANALYZE COPY (PIVOT delays ON carrier USING sum(delay)) TO '{file}'",
    "CREATE TABLE t AS PIVOT delays ON carrier USING sum(delay)",
    "SELECT 1; COPY (SELECT 1) TO '{file}'",
    "ATTACH '{file}'",
    "ATTACH ':memory:' AS other",
    "DETACH memory",
    "USE memory",
    "INSERT INTO delays VALUES ('x', 1)",
    "INSERT INTO catalog.files VALUES (1, 1)",
    "WITH x AS (INSERT INTO catalog.files VALUES (3, 3) RETURNING *) FROM x",
    "WITH x AS (DELETE FROM catalog.files RETURNING *) FROM x",
    "WITH x AS (UPDATE catalog.files SET id = 0 RETURNING *) FROM x",
    "UPDATE catalog.files SET id = 0",
    "DELETE FROM catalog.files",
    "MERGE INTO catalog.files USING delays ON true WHEN MATCHED THEN DELETE",
    "CREATE TABLE t (a INTEGER)",
    "CREATE OR REPLACE VIEW delays AS SELECT 1",
    "CREATE MACRO f() AS 1",
    "CREATE SECRET (TYPE s3)",
    "DROP VIEW delays",
    "ALTER VIEW delays RENAME TO d",
    "TRUNCATE catalog.files",
    "SET threads = 1",
    "SET VARIABLE x = 1",
    "RESET threads",
    "PRAGMA enable_profiling",
    "PRAGMA version",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CALL pragma_version()",
    "CALL enable_logging()",
    "CHECKPOINT",
    "VACUUM",
    "BEGIN",
    "PREPARE p AS SELECT 1",
    "EXPORT DATABASE '{file}'",
    "IMPORT DATABASE '{file}'",
    "COPY FROM DATABASE memory TO temp",
    "",
    "-- nothing",
    "SELECT 1; SELECT 2",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_only_one_query_that_reads_can_run(service, untouched, statement):
    target = untouched / "delays-1-0.parquet"
    with pytest.raises(QueryError, match=r"Only one query|cannot be used|must be|syntax error"):
        service.sql(statement.format(file=target))
    assert service.sql("SELECT sum(delay) FROM delays").fetchall() == [(60,)]
    assert service.sql("SELECT count(*) FROM catalog.files").fetchall() == [(2,)]


@pytest.mark.parametrize(
    "function",
    [
        "query('SELECT 1')",
        "json_execute_serialized_sql('{{}}')",
        "system.main.query('SELECT 1')",
        "\"QUERY\"('SELECT 1')",
        "enable_logging(storage = 'file', storage_path = '{root}/log')",
        "enable_profiling(save_location = '{root}/profile')",
        "arrow_scan(1, 2, 3)",
        "pandas_scan(1)",
        "python_map_function(1)",
        "create_external_resource('x')",
        "read_duckdb('{root}/x.db')",
        "checkpoint()",
        "duckdb_secrets()",
    ],
)
@pytest.mark.parametrize("query", ["FROM {}", "SELECT (SELECT 1 FROM {})", "FROM delays, {}"])
def test_table_functions_beyond_the_known_readers_are_refused(service, untouched, query, function):
    called = function.format(root=untouched)
    with pytest.raises(QueryError, match="table function"):
        service.sql(query.format(called))


def test_table_functions_are_refused_in_a_pivot_too(service):
    with pytest.raises(QueryError, match="line 1, column 13: the table function query"):
        service.sql("PIVOT (FROM query('SELECT 1 AS a')) ON a USING count(*)")
    assert service.sql("PIVOT (FROM range(2)) ON range USING count(*)").fetchall() == [(1, 1)]


def test_a_serialized_statement_cannot_be_run(service, untouched):
    copy = f"WITH x AS (COPY (SELECT 1 AS a) TO '{untouched}/x.csv') SELECT 1"
    tree = service.sql("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": copy}).fetchall()[0][0]
    assert not json.loads(tree)["error"]
    with pytest.raises(QueryError, match="json_execute_serialized_sql"):
        service.sql("FROM json_execute_serialized_sql($tree)", {"tree": tree})


def test_a_pivot_says_how_to_use_a_column_that_is_named_like_a_statement(service, store):
    store.add("edits", {"copy": ["a", "b"], "n": [1, 2]})
    with pytest.raises(QueryError, match=r'line 1, column 16: copy cannot .* quote it: "copy"'):
        service.sql("PIVOT edits ON copy USING sum(n)")
    assert service.sql('PIVOT edits ON "copy" USING sum(n)').fetchall() == [(1, 2)]
    assert service.sql("SELECT copy, 'copy' FROM edits").fetchall()[0] == ("a", "copy")


@pytest.mark.parametrize(
    "source",
    [
        "read_text('{secret}')",
        "read_blob('{secret}')",
        "read_csv('{secret}')",
        "read_json('{secret}')",
        "read_parquet('{secret}')",
        "glob('{outside}/*')",
        "'{secret}'",
        "read_text('{root}/../secret.csv')",
        "read_text('{root}/x/../../secret.csv')",
        "read_text('{root}/link.csv')",
        "read_text('{root}/folder/secret.csv')",
        "read_text('{root}-other/secret.csv')",
        "read_text('file://{secret}')",
        "read_text('/etc/passwd')",
        "read_text('/proc/self/environ')",
        "sniff_csv('{secret}')",
        "parquet_metadata('{secret}')",
    ],
)
def test_nothing_outside_of_the_storage_root_can_be_read(service, store, tmp_path, source):
    root = Path(store.root)
    other = tmp_path / "objects-other"
    other.mkdir()
    for folder in (tmp_path, other):
        (folder / "secret.csv").write_text("a\nsecret\n")
    os.symlink(tmp_path / "secret.csv", root / "link.csv")
    os.symlink(tmp_path, root / "folder")
    text = source.format(secret=tmp_path / "secret.csv", outside=tmp_path, root=root)
    with pytest.raises((QueryError, duckdb.PermissionException), match="disabled by configuration"):
        service.sql(f"FROM {text}").fetchall()


def test_the_environment_is_out_of_reach(service):
    with pytest.raises(QueryError, match="getenv"):
        service.sql("SELECT getenv('HOME')")


def test_a_variable_of_the_caller_is_no_table(service):
    flights = pa.table({"a": [1]})
    delays = pa.table({"delay": [-1]})
    with pytest.raises(QueryError, match='no table or dataset "flights"'):
        service.sql("FROM flights")
    assert service.sql("SELECT sum(delay) FROM delays").fetchall() == [(60,)]
    assert (flights.num_rows, delays.num_rows) == (1, 1)


def test_show_tables_says_where_to_look_instead_of_showing_nothing(service):
    for text in ("SHOW TABLES", "SHOW ALL TABLES", "FROM (SHOW TABLES)"):
        with pytest.raises(QueryError, match=r"List what exists with datasets\(\)"):
            service.sql(text)
    assert [row[0] for row in service.sql("SHOW delays").fetchall()] == ["carrier", "delay"]


def test_a_query_must_be_text(service):
    with pytest.raises(QueryError, match="not int"):
        service.sql(1)


def test_a_query_that_is_nested_too_deeply_is_refused(service):
    with pytest.raises(QueryError, match=r"nested too deeply|depth"):
        service.sql("SELECT " + "(SELECT " * 400 + "1" + ")" * 400)
