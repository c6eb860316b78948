"""Which columns of which tables a query asks for, as its text tells."""

from __future__ import annotations

import duckdb
import pytest

from toolkit.query.guard import read_query

COLUMNS = {"d": ("a", "b", "c", "s"), "e": ("a", "k", "Ä"), "s.d": ("a", "x")}


def needed(sql: str) -> set[str]:
    query = read_query(duckdb.connect(), sql)
    keys = {name.key for name in query.tables}
    return {
        f"{table}.{columns[position]}"
        for table, columns in COLUMNS.items()
        if (key := tuple(table.split("."))) in keys
        for position in query.needs.positions(key, columns)
    }


def columns_of(*tables: str) -> set[str]:
    return {f"{table}.{name}" for table in tables for name in COLUMNS[table]}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a FROM d", {"d.a"}),
        ('SELECT "A" FROM D', {"d.a"}),
        ('SELECT "ä" FROM e', {"e.Ä"}),
        ("FROM d SELECT t.b", {"d.b"}),
        ("SELECT a AS b FROM d", {"d.a", "d.b"}),
        ("SELECT c + 1 AS x, x * 2 FROM s.d", {"s.d.x"}),
        ("SELECT s.x.y FROM d", {"d.s"}),
        ("SELECT count(*), 1 FROM d", set()),
        ("SELECT count(*) FROM d WHERE b > 1 GROUP BY c HAVING max(s) > 0", {"d.b", "d.c", "d.s"}),
        ("SELECT d.a FROM d JOIN e ON d.b = e.k", {"d.a", "d.b", "e.a", "e.k"}),
        ("SELECT c FROM d JOIN e USING (a)", {"d.a", "d.c", "e.a"}),
        ("SELECT (SELECT max(k) FROM e WHERE e.a = d.a) FROM d", {"d.a", "e.a", "e.k"}),
        ("SELECT a FROM d ORDER BY ALL DESC", {"d.a"}),
        ("SELECT a, sum(b) FROM d GROUP BY ALL ORDER BY 1 LIMIT 3", {"d.a", "d.b"}),
        ("SELECT list_transform([1], lambda b: b + 1), a FROM d", {"d.a", "d.b"}),
        ("SELECT [a for a in [1]] FROM d", {"d.a"}),
        ("WITH x AS (SELECT a FROM d) FROM x", {"d.a"}),
        ("SELECT * FROM (SELECT b FROM d), LATERAL (SELECT b + 1)", {"d.b"}),
        ("SELECT a FROM d UNION ALL BY NAME SELECT k FROM e", {"d.a", "e.a", "e.k"}),
        (
            "SELECT sum(a) OVER (PARTITION BY b ORDER BY c DESC) FROM d QUALIFY true",
            {"d.a", "d.b", "d.c"},
        ),
        (
            "SELECT a FROM d TABLESAMPLE 10% WHERE b IN (SELECT k FROM e)",
            {"d.a", "d.b", "e.a", "e.k"},
        ),
        ("EXPLAIN SELECT a FROM d", {"d.a"}),
        ("SELECT 'b' FROM d", {"d.b"}),
        ("DESCRIBE SELECT a FROM d", {"d.a"}),
    ],
)  # fmt: skip
def test_a_query_needs_the_columns_that_it_names(sql, expected):
    assert needed(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "FROM d",
        "TABLE d",
        "SELECT d.* FROM d",
        "SELECT D.* FROM d",
        "SELECT t.* FROM d AS t",
        "SELECT * EXCLUDE (a) FROM d",
        "SELECT * REPLACE (a + 1 AS a) FROM d",
        "SELECT * LIKE 'a%' FROM d",
        "SELECT s.* FROM d",
        "SELECT COLUMNS('a') FROM d",
        "SELECT COLUMNS(c -> c = 'a') FROM d",
        "SELECT COLUMNS(['a']) FROM d",
        "SELECT max(COLUMNS(*)) FROM d",
        "SELECT coalesce(*COLUMNS('a|b')) FROM d",
        "SELECT count(d.*) FROM d",
        "SELECT a FROM d WHERE COLUMNS(*) > 1",
        "SELECT d FROM d",
        "SELECT count(D) FROM d",
        "SELECT t FROM d AS t",
        "SELECT to_json(t) FROM d AS t",
        "SELECT t['a'] FROM d AS t",
        "SELECT main.d FROM main.d",
        "SELECT t FROM (d JOIN (SELECT 1 AS a) USING (a)) t",
        "SELECT p FROM d AS t(p)",
        "SELECT #2 FROM d",
        "WITH x(p, q) AS (FROM d) SELECT q FROM x",
        "SELECT 1 WHERE EXISTS (FROM d)",
        "SELECT a FROM d NATURAL JOIN (SELECT 1 AS a)",
        "PIVOT d ON b IN (1) USING sum(c)",
        "PIVOT d ON b USING sum(c)",
        "UNPIVOT d ON a, b",
        "SELECT a FROM d UNPIVOT (v FOR n IN (b, c))",
        "DESCRIBE d",
        "SHOW d",
        "SUMMARIZE d",
        "EXPLAIN FROM d",
        "FROM query_table('d')",
        "FROM histogram(d, a)",
    ],
)
def test_what_names_columns_without_their_names_needs_all(sql):
    assert needed(sql) == columns_of("d")


@pytest.mark.parametrize(
    ("sql", "whole", "others"),
    [
        ("SELECT d.*, e.k FROM d JOIN e USING (a)", "d", {"e.a", "e.k"}),
        ("SELECT t.* FROM d JOIN e AS t USING (a)", "e", {"d.a"}),
        ("SELECT a FROM d SEMI JOIN (FROM e) USING (a)", "e", {"d.a"}),
        ("SELECT a FROM d, (SELECT 1 FROM e AS e2(k))", "e", {"d.a"}),
        ("SELECT x FROM s.d WHERE a IN (FROM e)", "e", {"s.d.a", "s.d.x"}),
        ("SELECT d.a FROM d, s.d AS z WHERE EXISTS (SELECT * FROM d)", "d", {"s.d.a"}),
    ],
)
def test_one_table_is_needed_as_a_whole_and_of_another_what_is_named(sql, whole, others):
    assert needed(sql) == columns_of(whole) | others


def test_a_star_over_two_tables_needs_both():
    assert needed("SELECT * FROM d, e") == columns_of("d", "e")
    assert needed("SELECT a FROM d NATURAL JOIN e") == columns_of("d", "e")
