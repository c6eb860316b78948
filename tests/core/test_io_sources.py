"""A lazy frame of a source gives what polars' own frames would, and asks the source for no more."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit.core.io_sources import Request, lazy_frame

ROWS = pl.DataFrame({"a": range(10), "b": [f"r{n}" for n in range(10)], "c": [None, 1.5] * 5})

QUERIES = {
    "all": lambda f: f,
    "columns in another order": lambda f: f.select("c", "a"),
    "a filter": lambda f: f.filter(pl.col("a") % 3 == 0),
    "a filter by a column that is not kept": lambda f: f.filter(pl.col("c") > 1).select("b"),
    "head": lambda f: f.head(5),
    "head of nothing": lambda f: f.head(0),
    "head of more than there is": lambda f: f.head(50),
    "a filter of the head": lambda f: f.head(5).filter(pl.col("a") > 3),
    "the head of a filter": lambda f: f.filter(pl.col("a") > 3).head(2),
    "how many": lambda f: f.select(pl.len()),
    "how many of a filter": lambda f: f.filter(pl.col("c").is_null()).select(pl.len()),
    "a slice within": lambda f: f.slice(3, 4),
    "the end": lambda f: f.tail(3),
}


class Source:
    """Ten rows, three at a time; remembers what it was asked for."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.given = 0

    def read(self, request: Request) -> Iterator[pl.DataFrame]:
        self.requests.append(request)
        for part in ROWS.iter_slices(3):
            if request.done:
                return
            self.given += part.height
            yield request.answer(part)

    def lazy(self) -> pl.LazyFrame:
        return lazy_frame(self.read, ROWS.schema, name="Ten", detail="rows")


@pytest.mark.parametrize("query", QUERIES.values(), ids=list(QUERIES))
@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_a_query_gives_what_it_gives_of_a_frame(query, engine):
    found = query(Source().lazy()).collect(engine=engine)
    assert_frame_equal(found, query(ROWS.lazy()).collect())


def test_the_source_is_asked_when_a_frame_is_collected_and_each_time():
    source = Source()
    frame = source.lazy().filter(pl.col("a") > 8)
    assert frame.collect_schema() == ROWS.schema
    assert source.requests == []
    assert frame.collect().equals(frame.collect())
    assert len(source.requests) == 2


def test_no_more_is_read_than_the_first_rows():
    source = Source()
    assert source.lazy().head(4).collect().height == 4
    assert source.given == 6


def test_projection_and_predicate_reach_the_source():
    source = Source()
    source.lazy().filter(pl.col("a") > 8).select("b").collect()
    assert set(source.requests[0].columns) == {"a", "b"}
    assert source.requests[0].predicate is not None


def test_a_schema_that_costs_something_is_asked_for_when_it_is_needed():
    asked = []

    def schema() -> pl.Schema:
        asked.append(1)
        return ROWS.schema

    frame = lazy_frame(Source().read, schema, name="Ten")
    assert asked == []
    assert frame.collect().equals(ROWS)


def test_rows_are_counted_without_columns():
    request = Request([], remaining=5)
    assert [request.answer(part).height for part in ROWS.iter_slices(3)] == [3, 2, 0, 0]
    assert request.done


def test_the_plan_names_the_source():
    assert "Ten" in Source().lazy().explain()
    assert "rows" in Source().lazy().explain()
