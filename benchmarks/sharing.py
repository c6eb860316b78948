"""Versions over two files: saving a frame with one column added, and reading it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import polars as pl
from polars.testing import assert_frame_equal

import toolkit as tk
from benchmarks import data
from benchmarks.report import Figure
from benchmarks.sizes import Sizes
from benchmarks.timing import Action, Pair, interleaved, pairs

AnyFrame = TypeVar("AnyFrame", pl.DataFrame, pl.LazyFrame)

_READ_GOAL = 1.3
_OPTIMIZED_GOAL = 1.05

POLARS: Mapping[str, Callable[[pl.LazyFrame], pl.LazyFrame]] = {
    "full read": lambda frame: frame,
    "two columns, a filter": lambda frame: frame.filter(pl.col("price") > 10).select("id", "gross"),
    "a filter that keeps 0.2 %": lambda frame: frame.filter(pl.col("ratio") < 0.002),
    "group-by": lambda frame: (
        frame.group_by("carrier")
        .agg(pl.len(), pl.col("gross").mean(), pl.col("score").max())
        .sort("carrier")
    ),
    "head": lambda frame: frame.head(5),
    "count": lambda frame: frame.select(pl.len()),
}
"""Queries over the nine columns in one file and ``gross`` in the other."""

SQL: Mapping[str, str] = {
    "full read": "select * from events",
    "two columns, a filter": "select id, gross from events where price > 10",
    "a filter that keeps 0.2 %": "select * from events where ratio < 0.002",
    "group-by": """
        select carrier, count(*), avg(gross), max(score) from events group by all order by all
    """,
    "head": "select * from events limit 5",
    "count": "select count(*) from events",
}
"""The same in DuckDB."""

_FAST = ("head", "count")
"""They take milliseconds."""


def measure(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    """Every figure of this group."""
    frame = data.mixed_frame(sizes.frame_rows)
    yield from _saving(sizes, folder, frame)
    wide = _with_column(frame, 0)
    with tk.Workspace(folder / "one") as one, tk.Workspace(folder / "two") as two:
        two.save(frame, "narrow")
        saved = [workspace.save(wide, "events") for workspace in (one, two)]
        if [len(artifact.files) for artifact in saved] != [1, 2]:
            raise AssertionError("The version does not lie in one file and in two.")
        del frame, wide
        for name, query in POLARS.items():
            yield _polars(sizes, name, query, one, two)
        for name, statement in SQL.items():
            yield _sql(sizes, name, statement, one, two, None)
        if not two.optimize("events").versions:
            raise AssertionError("The version over two files was not rewritten.")
        for name, statement in SQL.items():
            yield _sql(sizes, name, statement, one, two, _OPTIMIZED_GOAL)


def _saving(sizes: Sizes, folder: Path, frame: pl.DataFrame) -> Iterator[Figure]:
    target, lazy_target = folder / "wide.parquet", folder / "lazy.parquet"
    new_bytes: list[int] = []
    with tk.Workspace(folder / "saving") as workspace:
        workspace.save(frame, "narrow")

        # A column that was stored once is new no more, so that every repetition has its own.
        def write(number: int) -> Action:
            wide = _with_column(frame, number)
            target.unlink(missing_ok=True)
            return lambda: wide.write_parquet(target)

        def save(number: int) -> Action:
            wide = _with_column(frame, number)
            return lambda: new_bytes.append(workspace.save(wide, "wide").new_bytes)

        def sink(number: int) -> Action:
            wide = _with_column(workspace.load("narrow"), 50 + number)
            lazy_target.unlink(missing_ok=True)
            return lambda: wide.sink_parquet(lazy_target)

        def save_lazy(number: int) -> Action:
            wide = _with_column(workspace.load("narrow"), 50 + number)
            return lambda: workspace.save(wide, "lazy")

        steps = {"write": write, "save": save, "sink": sink, "lazy": save_lazy}
        seconds = interleaved(steps, sizes.repeats)
    eager, lazy = (
        Pair(seconds[base], seconds[ours]) for base, ours in (("write", "save"), ("sink", "lazy"))
    )
    what = f"save the {sizes.frame_rows / 1e6:g}M-row frame with one column added (9 + 1)"
    yield Figure(what, eager.ratio, 0.25, "×", "polars write_parquet", eager.text())
    yield Figure("… from a LazyFrame", lazy.ratio, None, "×", "polars sink_parquet", lazy.text())
    size = target.stat().st_size
    yield Figure(
        "… bytes that it adds",
        max(new_bytes) / size,
        None,
        "×",
        "its Parquet file",
        f"{max(new_bytes) / 1e6:.1f} MB : {size / 1e6:.1f} MB",
    )


def _polars(
    sizes: Sizes,
    name: str,
    query: Callable[[pl.LazyFrame], pl.LazyFrame],
    one: tk.Workspace,
    two: tk.Workspace,
) -> Figure:
    def read(workspace: tk.Workspace) -> pl.DataFrame:
        return query(workspace.load("events")).collect()

    assert_frame_equal(read(one), read(two))
    pair = _read_pair(sizes, name, lambda: read(one), lambda: read(two))
    what = f"read a version over two files: {name}"
    return Figure(what, pair.ratio, _READ_GOAL, "×", "the same data in one file", pair.text())


def _sql(
    sizes: Sizes,
    name: str,
    statement: str,
    one: tk.Workspace,
    two: tk.Workspace,
    goal: float | None,
) -> Figure:
    def read(workspace: tk.Workspace) -> pl.DataFrame:
        frame: pl.DataFrame = workspace.sql(statement).pl()
        return frame

    assert_frame_equal(read(one), read(two))
    pair = _read_pair(sizes, name, lambda: read(one), lambda: read(two))
    state = "over two files" if goal is None else "after optimize"
    what = f"SQL {state}: {name}"
    return Figure(what, pair.ratio, goal, "×", "the same data in one file", pair.text())


def _read_pair(
    sizes: Sizes, name: str, base: Callable[[], object], ours: Callable[[], object]
) -> Pair:
    repeats = sizes.small_repeats if name in _FAST else sizes.repeats * 3
    return pairs(lambda _: base, lambda _: ours, repeats, settle=False)


def _with_column(frame: AnyFrame, number: int) -> AnyFrame:
    rate = 1 + (19 + number) / 100
    return frame.with_columns(gross=(pl.col("price") * rate).round(2))
