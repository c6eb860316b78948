"""Wherever a version's rows and columns lie, it reads as if they were in one file."""

from __future__ import annotations

from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from toolkit.datasets.manifests import zipped

SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def wide_frames(draw: st.DrawFn, frames: st.SearchStrategy[pl.DataFrame]) -> pl.DataFrame:
    """Some drawn columns, and numbers and texts to filter by."""
    frame = draw(frames)
    rows = frame.height
    small = st.lists(st.none() | st.integers(0, 3), min_size=rows, max_size=rows)
    texts = st.lists(st.sampled_from(["a", "b"]) | st.none(), min_size=rows, max_size=rows)
    return frame.with_columns(
        pl.Series("n", draw(small), dtype=pl.Int64),
        pl.Series("m", draw(small), dtype=pl.Int32),
        pl.Series("s", draw(texts), dtype=pl.String),
        pl.Series("row", range(rows), dtype=pl.Int64),
    )


TERMS = st.sampled_from(
    [
        pl.col("n") > 1,
        pl.col("m") == 2,
        pl.col("s") == "a",
        pl.col("n") > pl.col("m"),
        pl.col("n").is_null() | (pl.col("s") == "b"),
        pl.col("row") >= 4,
        pl.col("row") == 1,
        pl.col("m").is_in([0, 3]),
        (pl.col("n") + pl.col("m")) == 3,
        pl.col("s").str.contains("a"),
        pl.col("c0").is_not_null(),
        pl.lit(True),
        pl.col("m") > 9,
    ]
)


@st.composite
def queries(draw: st.DrawFn, names: list[str]) -> list[tuple[str, Any]]:
    """Steps of a query, as method and argument."""
    steps: list[tuple[str, Any]] = []
    for _ in range(draw(st.integers(0, 3))):
        # Row numbers come first: a number that nobody asks for between two limits makes polars
        # forget the first limit of any IO source (2.1.0).
        kinds = ["filter", "filter", "head", "slice", "tail", *([] if steps else ["index"])]
        kind = draw(st.sampled_from(kinds))
        if kind == "filter":
            terms = draw(st.lists(TERMS, min_size=1, max_size=3))
            steps.append(("filter", terms))
        elif kind == "slice":
            steps.append(("slice", (draw(st.integers(-4, 6)), draw(st.integers(0, 5)))))
        elif kind == "index":
            steps.append(("with_row_index", (f"i{len(steps)}",)))
        else:
            steps.append((kind, (draw(st.integers(0, 6)),)))
    chosen = draw(st.none() | st.lists(st.sampled_from(names), min_size=1, unique=True))
    if chosen is not None:
        steps.append(("select", chosen))
    elif draw(st.booleans()):
        steps.append(("select", [pl.len()]))
    return steps


def run(frame: pl.LazyFrame, steps: list[tuple[str, Any]]) -> pl.LazyFrame:
    for name, arguments in steps:
        frame = getattr(frame, name)(*arguments)
    return frame


@SETTINGS
@given(data=st.data())
def test_any_query_gives_what_it_gives_on_one_frame(
    any_frames: Any, splits: Any, scan_of: Any, data: st.DataObject
) -> None:
    frame = data.draw(wide_frames(any_frames))
    lazy = scan_of(frame, data.draw(splits(frame)))
    assert lazy.collect_schema() == frame.schema
    small = {
        "BLOCK_ROWS": data.draw(st.integers(1, 4)),
        "_GROWTH": data.draw(st.integers(1, 2)),
        "_LARGEST_CHUNK": data.draw(st.integers(1, 5)),
        "_FEW": (few := data.draw(st.sampled_from([0.0, 0.5, 2.0]))),
        "_FEW_OF_ONE": few,
        "_SPARSE": data.draw(st.integers(1, 4)),
    }
    with mock.patch.multiple(zipped, **small):
        for _ in range(4):
            steps = data.draw(queries(frame.columns))
            expected = run(frame.lazy(), steps).collect()
            for engine in ("in-memory", "streaming"):
                found = run(lazy, steps).collect(engine=engine)
                assert found.schema == expected.schema
                assert_frame_equal(found, expected)


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_a_frame_larger_than_a_window_keeps_its_order(
    in_groups: Any, scan_of: Any, engine: Any
) -> None:
    rows = 700_000
    frame = pl.DataFrame(
        {
            "i": pl.int_range(rows, eager=True),
            "j": pl.int_range(rows, eager=True) * 7919 % 1000,
            "s": pl.int_range(rows, eager=True).cast(pl.String),
        }
    )
    lazy = scan_of(frame, in_groups(frame, [2, 1]), group_rows=50_000)
    for terms in (
        [pl.col("j") < 3],
        [pl.col("j") < 400],
        [pl.col("i") < 140_000],
        [pl.col("i") > 650_000],
        [pl.col("j") < 3, pl.col("s").str.ends_with("7")],
        [pl.col("j") < 500, pl.col("s") != "5"],
        [pl.col("i") < pl.col("s").cast(pl.Int64) + pl.col("j") - 998],
    ):
        assert_frame_equal(lazy.filter(*terms).collect(engine=engine), frame.filter(*terms))
