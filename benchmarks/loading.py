"""Loading a version and querying it, against a scan of the very file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

import toolkit as tk
from benchmarks import data
from benchmarks.report import Figure
from benchmarks.sizes import Sizes
from benchmarks.timing import Action, interleaved, median, pairs


def measure(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    """Every figure of this group."""
    with tk.Workspace(folder / "loading") as workspace:
        workspace.save(data.mixed_frame(sizes.frame_rows), "events")
        (stored,) = folder.glob("loading/files/**/*.parquet")

        def scan(_: int) -> Action:
            return lambda: _query(pl.scan_parquet(stored))

        def load(_: int) -> Action:
            return lambda: _query(workspace.load("events"))

        pair = pairs(scan, load, sizes.repeats * 3, settle=False)
        yield Figure(
            "load and query, version in one file",
            pair.ratio,
            1.05,
            "×",
            "polars scan of the same file",
            pair.text(),
        )
        alone = interleaved(
            {"load": lambda _: lambda: workspace.load("events")}, sizes.small_repeats, settle=False
        )
        yield Figure(
            "… ws.load itself", median(alone["load"]) * 1000, 5, "ms", "median of one call"
        )


def _query(frame: pl.LazyFrame) -> pl.DataFrame:
    return (
        frame.filter(pl.col("price") > 10, "delivered")
        .group_by("carrier")
        .agg(pl.len(), pl.col("price").mean(), pl.col("score").max())
        .collect()
    )
