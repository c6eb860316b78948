"""Parameters of a query: any name, as a mapping or as keywords."""

from __future__ import annotations

import polars as pl
import pytest

import toolkit as tk


@pytest.mark.parametrize("name", ["least", "query", "params", "self", "named"])
def test_a_parameter_may_have_any_name(ws, name):
    query = f"SELECT ${name}::INTEGER + 1"
    assert ws.sql(query, {name: 1}).fetchall() == [(2,)]
    assert ws.sql(query, **{name: 1}).fetchall() == [(2,)]
    assert ws.sql(query, params={name: 1}).fetchall() == [(2,)]


def test_mappings_and_keywords_go_together(ws):
    query = "SELECT $a + $b * 10 + $params * 100"
    assert ws.sql(query, {"a": 1}, b=2, params=3).fetchall() == [(321,)]
    assert ws.sql("SELECT $a + $b", {"a": 1}, params={"b": 2}).fetchall() == [(3,)]


@pytest.mark.parametrize("params", [[1], "a", 5])
def test_what_is_no_mapping_is_refused(ws, params):
    with pytest.raises(tk.ToolkitError, match=r"parameters of a query cannot be a .*\$name"):
        ws.sql("SELECT ?", params)


def test_frames_are_tables_as_third_argument_or_by_keyword(ws):
    trips = pl.DataFrame({"delay": [1, 2, 3]})
    query = "SELECT sum(delay) FROM trips WHERE delay > $least"
    assert ws.sql(query, {"least": 1}, {"trips": trips}).fetchall() == [(5,)]
    assert ws.sql(query, least=1, frames={"trips": trips}).fetchall() == [(5,)]
    assert ws.sql("SELECT $frames", frames=3).fetchall() == [(3,)]
    with pytest.raises(tk.ToolkitError, match=r"frames of a query cannot be a list"):
        ws.sql("SELECT 1", {}, [trips])


def test_only_the_frames_that_a_query_names_are_taken(ws):
    class Frames(dict):
        def __getitem__(self, name):
            assert name == "trips"
            return super().__getitem__(name)

    frames = Frames(trips=pl.DataFrame({"delay": [1, 2, 3]}), other=object())
    assert ws.sql("SELECT count(*) FROM trips", {}, frames).fetchall() == [(3,)]
    assert ws.sql("SELECT count(*) FROM trips", frames=frames).fetchall() == [(3,)]


@pytest.mark.parametrize("size", [10, 300_000])
def test_a_version_over_several_files_streams_into_sql_as_a_lazy_frame(ws, size):
    frame = pl.DataFrame({"a": range(size), "b": [x * 0.5 for x in range(size)]})
    ws.save(frame, "one")
    two = ws.save(frame.with_columns(c=pl.col("a") % 7), "two")
    assert (two.new_bytes < two.byte_size) == (size > 10)
    lazy = ws.load("two").filter(pl.col("c") == 3)
    expected = lazy.select(pl.len(), pl.col("b").sum()).collect().row(0)
    query = "SELECT count(*), sum(l.b) FROM l JOIN one USING (a)"
    assert ws.sql(query, frames={"l": lazy}).fetchall() == [expected]
