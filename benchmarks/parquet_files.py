"""Reading a Parquet file through the reader, against the engines by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
from polars.testing import assert_frame_equal

from benchmarks import data
from benchmarks.report import Figure
from benchmarks.sizes import Sizes
from benchmarks.timing import Action, duration, interleaved, median, pairs, timed
from toolkit.datasets.readers.factory import DatasetReaderFactory

_PART_ROWS = 1_000_000
_FILTERED = ("price", 60)


def measure(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    """Every figure of this group; the file has some 300 MB at full size."""
    path = folder / "events.parquet"
    rows = sizes.frame_rows * 2
    parts = [
        data.mixed_frame(min(_PART_ROWS, rows - start), seed=start // _PART_ROWS)
        for start in range(0, rows, _PART_ROWS)
    ]
    pl.concat(parts).write_parquet(path)
    del parts
    what = f"scan a Parquet file of {path.stat().st_size / 1e6:.0f} MB"
    for name, query in _QUERIES.items():
        assert_frame_equal(query(_ours(path)), query(pl.scan_parquet(path)))
        pair = pairs(
            partial(_prepared, partial(_told, path, query)),
            partial(_prepared, partial(_read, path, query)),
            sizes.repeats * 2,
            settle=False,
        )
        yield Figure(f"{what}: {name}", pair.ratio, 1.05, "×", "polars.scan_parquet", pair.text())
    yield from _peers(path, sizes)
    seconds = [timed(lambda: _ours(path)) for _ in range(sizes.small_repeats)]
    yield Figure("… a new reader's lazy frame", median(seconds) * 1000, None, "ms", "median")


def _ours(path: Path) -> pl.LazyFrame:
    """Everything: a new reader, which finds out about the file."""
    return DatasetReaderFactory().reader(path).polars()


Query = Callable[[pl.LazyFrame], pl.DataFrame]

_QUERIES: Mapping[str, Query] = {
    "full read": lambda frame: frame.collect(),
    "two columns": lambda frame: frame.select("price", "carrier").collect(),
    "a filter": lambda frame: frame.filter(pl.col(_FILTERED[0]) > _FILTERED[1]).collect(),
}


def _told(path: Path, query: Query) -> pl.DataFrame:
    return query(pl.scan_parquet(path))


def _read(path: Path, query: Query) -> pl.DataFrame:
    return query(_ours(path))


def _prepared(action: Action, _: int) -> Action:
    return action


def _duckdb(path: Path) -> object:
    found = duckdb.sql(f"FROM read_parquet('{path}')")
    assert found is not None
    return found.to_arrow_table()


def _peers(path: Path, sizes: Sizes) -> Iterator[Figure]:
    """Other engines and ours, over a full read."""
    ways: dict[str, Action] = {
        "ours": lambda: _ours(path).collect(),
        "DuckDB read_parquet": partial(_duckdb, path),
        "pyarrow read_table": partial(pq.read_table, path),
        "pandas read_parquet": partial(pd.read_parquet, path),
    }
    found = interleaved(
        {name: partial(_prepared, way) for name, way in ways.items()}, sizes.repeats
    )
    ours = median(found.pop("ours"))
    for name, seconds in found.items():
        text = f"{duration(ours)} : {duration(median(seconds))}"
        yield Figure(f"… full read, {name}", ours / median(seconds), None, "×", name, text)
