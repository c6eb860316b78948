"""Which SQL may run: one statement that only reads.

The instance's lockdown keeps SQL inside the storage root, where a COPY could still overwrite stored
files. DuckDB calls ``WITH x AS (COPY … TO …) SELECT …`` and ``EXPLAIN ANALYZE COPY …`` by harmless
statement types, so the type alone is no test: the syntax tree is searched for anything that writes
and for table functions outside a list of known readers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NoReturn

import duckdb

from toolkit.core.errors import QueryError
from toolkit.query.names import TableName, Tree, nodes_of, tables_in_nodes, tables_in_words
from toolkit.query.needs import EVERYTHING, Needs, needs_of
from toolkit.query.words import Word, position, words_of

ONLY_QUERIES = "Only one query can run here: SELECT, FROM, WITH, VALUES, DESCRIBE, PIVOT or EXPLAIN"

READING_NODES = frozenset(
    {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE", "STATEMENT_NODE"}
)
"""Query nodes of the syntax tree that do not write."""

# fmt: off
READING_FUNCTIONS = frozenset({
    "range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree",
    "summary", "query_table", "histogram", "histogram_values", "glob", "read_blob", "read_text",
    "read_csv", "read_csv_auto", "sniff_csv", "read_json", "read_json_auto",
    "read_json_objects", "read_json_objects_auto", "read_ndjson", "read_ndjson_auto",
    "read_ndjson_objects", "read_parquet", "parquet_scan", "parquet_metadata", "parquet_schema",
    "parquet_file_metadata", "parquet_full_metadata", "parquet_kv_metadata",
    "parquet_bloom_probe", "duckdb_columns", "duckdb_functions", "duckdb_keywords",
    "duckdb_settings", "duckdb_tables", "duckdb_types", "duckdb_views", "duckdb_schemas",
    "duckdb_databases", "duckdb_extensions", "duckdb_memory", "icu_calendar_names",
    "pg_timezone_names", "pragma_version", "pragma_platform", "pragma_collations",
    "pragma_table_info", "pragma_show", "test_all_types", "test_vector_types",
})
# fmt: on
"""Table functions that only read, and read only what the lockdown lets them."""

_SHOWN = frozenset({'"tables"', "__show_tables_expanded"})
_PIVOT_STARTS = frozenset(
    {"pivot", "pivot_wider", "select", "from", "with", "(", "describe", "summarize"}
)
_WRITING_WORDS = frozenset({"copy", "insert", "update", "delete", "merge", "truncate"})
_TYPE = duckdb.StatementType


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """A query that was found to only read."""

    text: str
    tables: tuple[TableName, ...]
    parameters: frozenset[str]
    """Names of its ``$name`` parameters."""
    needs: Needs = EVERYTHING
    """The columns that it may ask for."""


_Asked = tuple[tuple[TableName, ...], Needs]
"""What a statement names: its tables, and what it needs of them."""


def read_query(connection: duckdb.DuckDBPyConnection, sql: str) -> ReadQuery:
    """Parse a query and refuse it with QueryError unless it is one statement that only reads.

    A syntax error is raised as DuckDB's own ParserException. ``connection`` only parses."""
    if not isinstance(sql, str):
        raise QueryError(f"A query is a string of SQL, not {type(sql).__name__}.")
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise QueryError(f"{ONLY_QUERIES}; this text has {len(statements)} statements.")
    tables, needs = _asked_by(connection, statements[0], sql, sql)
    # What query_table('delays') asks of its table is not in the tree.
    needs = needs.with_whole(name.key for name in tables if not name.certain)
    return ReadQuery(sql, tables, frozenset(statements[0].named_parameters), needs)


def _asked_by(
    connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement, sql: str, whole: str
) -> _Asked:
    kind = statement.type
    check = _CHECKS.get(kind)
    if check is None:
        raise QueryError(f"{ONLY_QUERIES}; this is {kind.name.replace('_', ' ')}.")
    return check(connection, sql, whole)


def _check_select(connection: duckdb.DuckDBPyConnection, sql: str, whole: str) -> _Asked:
    tree = _parse(connection, sql)
    nodes = tuple(nodes_of(tree))
    shift = len(whole.encode()) - len(sql.encode())
    for node, _scope in nodes:
        kind = node.get("type")
        if isinstance(kind, str) and kind.endswith("_NODE") and kind not in READING_NODES:
            raise QueryError(f"{ONLY_QUERIES}; this one has a part that is {_plain(kind)}.")
        if kind == "TABLE_FUNCTION":
            name = str(node["function"].get("function_name", ""))
            if name.lower() not in READING_FUNCTIONS:
                _refuse_function(name, position(whole, node["query_location"] + shift))
        if kind == "SHOW_REF" and node["table_name"] in _SHOWN:
            raise QueryError(
                "SHOW TABLES has nothing to show: a view is made only for what a query names. "
                "List what exists with datasets()."
            )
    return tuple(name.shifted(shift) for name in tables_in_nodes(nodes)), needs_of(tree)


def _check_explain(connection: duckdb.DuckDBPyConnection, sql: str, whole: str) -> _Asked:
    words = words_of(sql)
    for word in _after_explain(words):
        inner = sql.encode()[word.offset :].decode()
        try:
            statement = connection.extract_statements(inner)[0]
        except duckdb.Error:
            continue
        return _asked_by(connection, statement, inner, whole)
    raise QueryError(f"{ONLY_QUERIES}; it is not clear what this EXPLAIN explains.")


def _after_explain(words: tuple[Word, ...]) -> list[Word]:
    """Where the explained statement may begin: a parenthesis is the statement's or an option's."""
    at = 1
    while at < len(words) and words[at].folded in {"analyze", "analyse", "verbose"}:
        at += 1
    starts = list(words[at : at + 1])
    if starts and starts[0].text == "(":
        depth = 0
        for index in range(at, len(words)):
            depth += (words[index].text == "(") - (words[index].text == ")")
            if depth == 0:
                starts.extend(words[index + 1 : index + 2])
                break
    return starts


def _check_pivot(connection: duckdb.DuckDBPyConnection, sql: str, whole: str) -> _Asked:
    # A PIVOT without a list of values has no syntax tree (DuckDB runs it as several statements), so
    # its words are searched: a common table expression that writes needs one of these keywords.
    words = words_of(sql)
    if words[0].folded == "explain":
        return _check_explain(connection, sql, whole)
    shift = len(whole.encode()) - len(sql.encode())
    if words[0].text.lower() not in _PIVOT_STARTS:
        raise QueryError(f"{ONLY_QUERIES}; this starts with {words[0].text}.")
    for word, following in zip(words, [*words[1:], None], strict=True):
        if word.folded in _WRITING_WORDS:
            raise QueryError(
                f"{position(whole, word.offset + shift)}: {word.text} cannot be used in a PIVOT "
                f'here. If it is a column, quote it: "{word.text}".'
            )
        called = following is not None and following.text == "(" and not word.is_value
        if called and _is_unknown_table_function(connection, word.name):
            _refuse_function(word.name, position(whole, word.offset + shift))
    return tuple(name.shifted(shift) for name in tables_in_words(words)), EVERYTHING


_CHECKS = {_TYPE.SELECT: _check_select, _TYPE.EXPLAIN: _check_explain, _TYPE.MULTI: _check_pivot}


def _parse(connection: duckdb.DuckDBPyConnection, sql: str) -> Tree:
    row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()[0]
    try:
        tree = json.loads(row[0])
    except RecursionError as error:
        raise QueryError(
            "The query is nested too deeply. Split it with WITH, or save a part of it."
        ) from error
    if tree["error"]:
        raise QueryError(f"{ONLY_QUERIES}; DuckDB says: {tree['error_message']}")
    return tree["statements"]


def _is_unknown_table_function(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    if name.lower() in READING_FUNCTIONS:
        return False
    found = connection.execute(
        "SELECT count(*) FROM duckdb_functions() WHERE lower(function_name) = ? "
        "AND function_type IN ('table', 'table_macro')",
        [name.lower()],
    ).fetchall()
    return bool(found[0][0])


def _refuse_function(name: str, place: str) -> NoReturn:
    raise QueryError(
        f"{place}: the table function {name} cannot be used here. Name datasets directly, and read "
        "other sources with read()."
    )


def _plain(kind: str) -> str:
    return kind.removesuffix("_NODE").removesuffix("_QUERY")
