"""What a person reads when a query cannot run."""

from __future__ import annotations

import base64
from pathlib import Path

import duckdb
import pytest

from toolkit.core.errors import FileChangedError, FileMissingError, QueryError


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELCT 1", 'line 1, column 1: syntax error at or near "SELCT"'),
        ("SELECT 1 AS é,\n  FROM WHERE", 'line 2, column 8: syntax error at or near "WHERE"'),
        (
            "SELECT dely\nFROM delays",
            'line 1, column 8: Referenced column "dely" not found in FROM clause! '
            'Candidate bindings: "delay"',
        ),
        (
            "SELECT\n nope(1)",
            "line 2, column 2: Scalar Function with name nope does not exist! "
            'Did you mean "now"?',
        ),
        (
            "SELECT 1 FROM delay",
            'line 1, column 15: no table or dataset "delay". Did you mean "delays"? '
            "Existing datasets: carriers, delays, sales.delays.",
        ),
        (
            "SELECT 1 FROM delays,\n Sales.Nope",
            'line 2, column 2: no table or dataset "Sales.Nope". Did you mean "sales.delays"? '
            "Existing datasets: carriers, delays, sales.delays.",
        ),
        (
            "FROM nope.delays",
            'line 1, column 6: no table or dataset "nope.delays". Did you mean "delays"? '
            "Existing datasets: carriers, delays, sales.delays.",
        ),
        ("SELECT $carrier", 'No value for $carrier. Pass params={"carrier": …}.'),
        ("SELECT $a + $b", 'No value for $a, $b. Pass params={"a": …, "b": …}.'),
        (
            "FROM 'delays.csv'",
            'Cannot access file "delays.csv" - file system operations are disabled by '
            "configuration. A query reads datasets and frames only: read the file with ws.read "
            "first.",
        ),
        ("SELECT ?", "Parameters have names here: write $name instead of ? or $1."),
    ],
)  # fmt: skip
def test_an_error_is_one_line_that_says_where(service, sql, message):
    with pytest.raises(QueryError) as caught:
        service.sql(sql)
    assert str(caught.value) == message


def test_the_error_of_duckdb_is_the_cause(service):
    for sql in ("SELCT", "FROM nope", "SELECT nope FROM delays"):
        with pytest.raises(QueryError) as caught:
            service.sql(sql)
        assert isinstance(caught.value.__cause__, duckdb.Error)


def test_a_parameter_that_the_query_does_not_have_is_named(service):
    with pytest.raises(QueryError, match=r"The query has no \$limit"):
        service.sql("FROM delays", {"limit": 3})


def test_a_version_or_tag_that_does_not_exist_is_named(service):
    for name in ("delays@9", "delays@draft"):
        with pytest.raises(QueryError, match=f'No dataset or version "{name}"'):
            service.sql(f'FROM "{name}"')


def test_a_raw_file_and_a_version_without_columns_say_why_they_are_no_tables(service, store):
    store.add("model", kind="file")
    store.add("empty")
    with pytest.raises(QueryError, match="model@1 is a raw file and has no columns"):
        service.sql("FROM model")
    with pytest.raises(QueryError, match="empty@1 has no columns"):
        service.sql("FROM empty")


@pytest.mark.parametrize("error", [FileMissingError, FileChangedError])
def test_a_stored_file_that_is_not_as_it_was_is_told_as_such(service, store, error):
    store.failures["delays"] = error("not as it was")
    with pytest.raises(error, match="not as it was"):
        service.sql("FROM delays")


def test_what_is_wrong_with_a_dataset_does_not_matter_where_its_name_means_something_else(
    service, store
):
    store.failures["delays"] = FileMissingError("gone")
    store.add("model", kind="file")
    for sql in (
        "WITH delays AS (SELECT 1 AS a) SELECT a FROM delays",
        "SELECT delays.a FROM (SELECT 1 AS a) AS delays",
        "SELECT delays FROM (SELECT 1 AS delays)",
        "WITH model AS (SELECT 1 AS model) SELECT model FROM model AS carriers",
        "PIVOT (SELECT 1 AS delays) ON delays USING any_value(delays)",
        "FROM range(1, 2) AS delays(model)",
    ):
        assert service.sql(sql).fetchall() == [(1,)]


def test_a_dataset_named_like_a_table_function_is_read_without_parentheses(service, store):
    store.add("range", {"a": [7]})
    found = service.sql("SELECT r.a, f.range FROM range r, range(1) f")
    assert found.fetchall() == [(7, 0)]


def test_a_damaged_file_is_named_by_its_version(service, store):
    Path(store.root, "delays-2-0.parquet").write_bytes(b"PAR1 not at all")
    with pytest.raises(QueryError, match=r"delays@2 cannot be read: .*delays-2-0\.parquet"):
        service.sql("FROM delays")
    assert service.sql('SELECT sum(delay) FROM "delays@1"').fetchall() == [(3,)]


# One column of three integers, with a negative number of bytes where its size should be.
BREAKS_DUCKDB = base64.b64decode(
    "UEFSMRUAFTwVPCwVBhUAFQYVBhwAAAACAAAABgEBAAAAAAAAAAIAAAAAAAAAAwAAAAAAAAAVBBksNQAYBnNjaGVtYRUC"
    "ABUEJQIYAWEAFgYZHBkcJgAcFQQZJQYAGRgBYRUAFgYWYhYBJghJHBUAFQAVAgA8KQYZJgAGAAAAFmIWBiYIFmIAKCBw"
    "YXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRkcHAAAAHoAAABQQVIx"
)


def test_a_file_that_makes_duckdb_unusable_does_not_stop_the_next_query(service, store):
    Path(store.root, "delays-1-0.parquet").write_bytes(BREAKS_DUCKDB)
    broken = service.sql('FROM "delays@1"')
    with pytest.raises(duckdb.InternalException):
        broken.fetchall()
    with pytest.raises(duckdb.FatalException):
        broken.fetchall()
    assert service.sql("SELECT sum(delay) FROM delays").fetchall() == [(60,)]


def test_a_file_that_makes_duckdb_unusable_at_the_call_is_one_line(service, store):
    Path(store.root, "delays-1-0.parquet").write_bytes(BREAKS_DUCKDB)
    with pytest.raises(QueryError) as caught:
        service.sql('PIVOT "delays@1" ON a USING count(*)')
    assert "\n" not in str(caught.value)
    assert service.sql("SELECT sum(delay) FROM delays").fetchall() == [(60,)]


def test_datasets_that_differ_only_in_case_can_be_told_apart_or_the_query_says_so(service, store):
    store.add("Delays", {"delay": [-1]})
    assert service.sql("SELECT sum(delay) FROM Delays").fetchall() == [(-1,)]
    assert service.sql("SELECT sum(delay) FROM delays").fetchall() == [(60,)]
    with pytest.raises(QueryError, match="differ only in case"):
        service.sql("FROM DELAYS")
    with pytest.raises(QueryError, match="differ only in case"):
        service.sql("FROM delays, Delays")


def test_a_catalog_table_that_does_not_exist_is_named(service):
    with pytest.raises(
        QueryError, match=r'^line 1, column 6: the catalog has no table "catalog\.nope"'
    ):
        service.sql("FROM catalog.nope")
