"""Finding the tables of a query, whatever surrounds their names."""

from __future__ import annotations

import duckdb
import pytest

from toolkit.query.guard import read_query
from toolkit.query.words import position, words_of


def named(sql: str, *, certain: bool = True) -> set[str]:
    found = read_query(duckdb.connect(), sql).tables
    return {".".join(name.parts) for name in found if name.certain == certain}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM a -- , b", {"a"}),
        ("SELECT /* FROM x */ 'FROM y', $$FROM z$$ FROM a", {"a"}),
        ('SELECT "FROM b" FROM (SELECT 1 AS "FROM b"), a', {"a"}),
        ('FROM "a b"."c""d", é, "É"', {'a b.c"d', "é", "É"}),
        (
            "FROM a, b JOIN s.c USING (x) LEFT JOIN d ON true ASOF JOIN e USING (y)",
            set("abde") | {"s.c"},
        ),
        ("FROM a SEMI JOIN b USING (x) POSITIONAL JOIN c", {"a", "b", "c"}),
        ("SELECT (FROM a), EXISTS (FROM b), 1 IN (FROM c), 1 = ANY (FROM d)", {"a", "b", "c", "d"}),
        ("FROM a, LATERAL (SELECT * FROM b WHERE b.x = a.x)", {"a", "b"}),
        ("FROM a UNION FROM b EXCEPT (FROM c INTERSECT FROM d)", {"a", "b", "c", "d"}),
        ("SELECT 1 ORDER BY (FROM a) LIMIT (FROM b)", {"a", "b"}),
        ("SELECT count(*) FILTER (x IN (FROM b)) OVER (ORDER BY (FROM c)) FROM a", {"a", "b", "c"}),
        ("SELECT delays.delay AS carriers, a.b.c FROM x AS flights", {"x"}),
        ("SELECT range FROM range(3) AS delays", set()),
        ("VALUES ((FROM a)), (2)", {"a"}),
        ("TABLE a", {"a"}),
        ("DESCRIBE a", {"a"}),
        ("SUMMARIZE s.a", {"s.a"}),
        ("SHOW a", {"a"}),
        ("UNPIVOT a ON x", {"a"}),
        ("FROM t: a", {"a"}),
        ("FROM a AT (VERSION => 2)", {"a"}),
        ("FROM a TABLESAMPLE 10%", {"a"}),
        ("PIVOT a ON b IN (1) USING sum(c)", {"a"}),
        ("EXPLAIN FROM a", {"a"}),
        ("EXPLAIN ANALYZE (FROM a) UNION ALL FROM b", {"a", "b"}),
        ("EXPLAIN (FORMAT json, ANALYZE) FROM a", {"a"}),
        ("WITH a AS (FROM b) FROM a", {"b"}),
        ("WITH A AS (FROM b), c AS (FROM a) FROM a, C, d", {"b", "d"}),
        ("WITH a AS (FROM a) FROM a", {"a"}),
        ("WITH RECURSIVE a AS (FROM b UNION ALL FROM a) FROM a", {"b"}),
        ("WITH a AS (SELECT 1) FROM a UNION FROM a", set()),
        ("FROM (WITH a AS (SELECT 1) FROM a), a", {"a"}),
        ("WITH a AS (SELECT 1) SELECT (FROM a), (FROM s.a)", {"s.a"}),
    ],
)
def test_the_tables_of_a_query_are_found(sql, expected):
    assert named(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("FROM query_table('s.a')", {"s.a"}),
        ("FROM query_table(['a', 'b'])", {"a", "b"}),
        ("FROM histogram(a, b)", {"a", "b"}),
        ("PIVOT s.a ON b USING sum(c)", {"s.a", "c"}),
        ('PIVOT (FROM a JOIN "b" USING (x)) ON y', {"a", "b", "x"}),
        ("/* é */ FROM (PIVOT a ON b /* FROM z */)", {"a"}),
        ("EXPLAIN PIVOT a ON b", {"a"}),
    ],
)
def test_names_that_may_be_tables_are_found_too(sql, expected):
    assert "z" not in named(sql, certain=False)
    assert named(sql, certain=False) >= expected


def test_offsets_are_places_in_the_whole_text():
    sql = "EXPLAIN /* é */\nFROM é,\n  b"
    first, second = read_query(duckdb.connect(), sql).tables
    assert (first.parts, position(sql, first.offset)) == (("é",), "line 2, column 6")
    assert (second.parts, position(sql, second.offset)) == (("b",), "line 3, column 3")


def test_words_keep_their_text_and_place():
    words = words_of('é."a""b" -- x\n>= \'c\' $p')
    assert [(w.text, w.offset) for w in words] == [
        ("é", 0), (".", 2), ('"a""b"', 3), (">", 15), ("=", 16), ("'c'", 18), ("$", 22), ("p", 23),
    ]  # fmt: skip
    assert [w.name for w in words[:3]] == ["é", ".", 'a"b']
