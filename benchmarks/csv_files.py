"""Reading CSV files through the reader, against engines that were told everything about them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.csv as pacsv
from polars.testing import assert_frame_equal

from benchmarks import data
from benchmarks.report import Figure
from benchmarks.sizes import Sizes
from benchmarks.timing import Action, Pair, duration, interleaved, median, timed
from toolkit.datasets.interfaces import IDatasetReader
from toolkit.datasets.readers.factory import DatasetReaderFactory

_SCHEMA: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.Int64,
    "at": pl.Datetime("us"),
    "quantity": pl.Int64,
    "price": pl.Float64,
    "score": pl.Float64,
    "ratio": pl.Float64,
    "carrier": pl.String,
    "user": pl.String,
    "delivered": pl.Boolean,
}
_PART_ROWS = 500_000
_AGAINST = "polars.scan_csv with the right options"


def measure(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    """Every figure of this group."""
    clean = folder / "clean.csv"
    _write(clean, sizes.raw_bytes, lambda frame: frame)
    yield from _queries(clean, sizes)
    yield from _peers(clean, sizes)
    yield from _detection(clean, sizes)
    yield from _memory(clean)
    yield from _gaps(folder / "gaps.csv", sizes)
    yield from _repair(folder / "bad.csv", sizes)
    yield from _all_bad(folder / "worse.csv", sizes)


def scan(path: Path) -> pl.LazyFrame:
    """What a person would write who knows the file."""
    return pl.scan_csv(path, schema=_SCHEMA)


def reader(path: Path, on_bad_rows: str = "error") -> IDatasetReader:
    return DatasetReaderFactory().reader(path, on_bad_rows=on_bad_rows)


def _grouped(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.group_by("carrier").agg(pl.col("price").mean())


def _filtered(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.filter(pl.col("price") > 100).select("id", "price", "user")


Query = Callable[[pl.LazyFrame], pl.LazyFrame]

_QUERIES: Mapping[str, Query] = {
    "full read": lambda frame: frame.select(pl.all()),
    "two columns, grouped": _grouped,
    "a filter": _filtered,
}


def _told(path: Path, query: Query) -> pl.DataFrame:
    return query(scan(path)).collect()


def _ours(path: Path, query: Query) -> pl.DataFrame:
    """Everything: a new reader, which finds out about the file, and the query."""
    return query(reader(path).polars()).collect()


def _prepared(action: Action, _: int) -> Action:
    return action


def _duckdb(path: Path) -> object:
    found = duckdb.sql(f"FROM read_csv('{path}')")
    assert found is not None
    return found.to_arrow_table()


def _queries(path: Path, sizes: Sizes) -> Iterator[Figure]:
    """A new reader finds out about the file, and scans it; a scan to the end shows what later ones
    need not look at again."""
    what = f"scan a CSV file of {sizes.raw_bytes / 1e9:g} GB"
    known = reader(path).polars()
    known.select(pl.all().null_count()).collect()
    for name, query in _QUERIES.items():
        assert_frame_equal(
            _ours(path, query), _told(path, query), check_row_order=name == "a filter"
        )
        ways: dict[str, Action] = {
            "base": partial(_told, path, query),
            "new": partial(_ours, path, query),
            "again": query(known).collect,
        }
        steps = {way: partial(_prepared, action) for way, action in ways.items()}
        found = interleaved(steps, sizes.repeats)
        for title, way in (
            (f"{what}: {name}", "new"),
            ("… by a reader that has scanned it", "again"),
        ):
            pair = Pair(found["base"], found[way])
            yield Figure(title, pair.ratio, 1.05, "×", _AGAINST, pair.text())


def _peers(path: Path, sizes: Sizes) -> Iterator[Figure]:
    """Other engines, each with its own detection, and ours, over a full read."""
    small = path.with_name("part.csv")
    with path.open("rb") as source:
        small.write_bytes(source.read(sizes.raw_bytes // 5).rpartition(b"\n")[0] + b"\n")
    everything = _QUERIES["full read"]
    ways: dict[str, Action] = {
        "ours": partial(_ours, small, everything),
        "polars read_csv, try_parse_dates": partial(pl.read_csv, small, try_parse_dates=True),
        "DuckDB read_csv": partial(_duckdb, small),
        "pyarrow read_csv": partial(pacsv.read_csv, small),
        "pandas read_csv": partial(pd.read_csv, small),
    }
    steps = {name: partial(_prepared, way) for name, way in ways.items()}
    found = interleaved(steps, sizes.repeats)
    ours = median(found.pop("ours"))
    for name, seconds in found.items():
        base = median(seconds)
        text = f"{duration(ours)} : {duration(base)}"
        yield Figure(f"… a fifth of it, full read, {name}", ours / base, None, "×", name, text)


def _detection(path: Path, sizes: Sizes) -> Iterator[Figure]:
    seconds = [timed(lambda: reader(path).polars()) for _ in range(sizes.small_repeats // 2)]
    fastest = f"fastest {duration(min(seconds))}"
    what = "… finding out about the file: dialect, header, types"
    yield Figure(what, median(seconds) * 1000, 50, "ms", "median of a new reader", fastest)


def _memory(path: Path) -> Iterator[Figure]:
    base, ours = (_child(way, path) for way in ("polars", "reader"))
    text = f"{ours / 2**20:.0f} MiB : {base / 2**20:.0f} MiB"
    what = "… peak memory of a streaming aggregate over all columns"
    yield Figure(what, ours / base, 1.05, "×", _AGAINST, text)


def _child(way: str, path: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.csv_child", way, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)["peak_bytes"])


def _gaps(path: Path, sizes: Sizes) -> Iterator[Figure]:
    """A file in which no row can be seen to be whole without counting its fields."""
    gaps = pl.when(pl.col("id") % 9 > 0).then("delivered").alias("delivered")
    _write(path, sizes.raw_bytes // 5, lambda frame: frame.with_columns(gaps))
    again = reader(path)
    again.polars().collect()
    ways: dict[str, Action] = {
        "base": partial(_told, path, _QUERIES["full read"]),
        "first": partial(_ours, path, _QUERIES["full read"]),
        "again": again.polars().collect,
    }
    steps = {name: partial(_prepared, way) for name, way in ways.items()}
    found = interleaved(steps, sizes.repeats)
    what = "scan a CSV file whose last column has empty fields"
    for name, step in (("with a new reader", "first"), ("again", "again")):
        pair = Pair(found["base"], found[step])
        yield Figure(f"{what}, {name}", pair.ratio, 1.05, "×", _AGAINST, pair.text())


def _repair(path: Path, sizes: Sizes) -> Iterator[Figure]:
    """One row in a hundred lacks its last field, or has a quote that is not closed."""
    _write(path, sizes.raw_bytes // 5, lambda frame: frame)
    damage = [lambda line: line.rpartition(b",")[0], lambda line: line.replace(b",user", b',"user')]
    lines = path.read_bytes().splitlines()
    for number in range(100, len(lines), 100):
        lines[number] = damage[number // 100 % 2](lines[number])
    path.write_bytes(b"\n".join(lines) + b"\n")
    size = path.stat().st_size / 1e6
    frame = reader(path, on_bad_rows="repair").polars()
    seconds = [timed(frame.collect) for _ in range(sizes.repeats)]
    per_mb = median(seconds) / size * 1000
    text = f"{1000 / per_mb:.0f} MB/s over {size:.0f} MB"
    yield Figure("repair a CSV file, 1 % bad rows", per_mb, 20, "ms/MB", "50 MB/s", text)


def _all_bad(path: Path, sizes: Sizes) -> Iterator[Figure]:
    """Every row but those at the beginning lacks its last field, or has a comma too many."""
    _write(path, sizes.raw_bytes // 10, lambda frame: frame)
    clean = path.read_bytes().splitlines()
    damage: Mapping[str, Callable[[bytes], bytes]] = {
        "too short": lambda line: line.rpartition(b",")[0],
        "too long": lambda line: line.replace(b",user", b",the,user"),
    }
    for name, damaged in damage.items():
        path.write_bytes(b"\n".join([*clean[:5000], *map(damaged, clean[5000:])]) + b"\n")
        size = path.stat().st_size / 1e6
        frame = reader(path, on_bad_rows="repair").polars()
        per_mb = median([timed(frame.collect) for _ in range(sizes.repeats)]) / size * 1000
        text = f"{1000 / per_mb:.0f} MB/s over {size:.0f} MB"
        yield Figure(f"repair a CSV file, every row {name}", per_mb, None, "ms/MB", "", text)


def _write(path: Path, size: int, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    part = change(data.mixed_frame(_PART_ROWS)).write_csv(include_header=False).encode()
    with path.open("wb") as file:
        file.write(",".join(_SCHEMA).encode() + b"\n")
        while file.tell() < size:
            file.write(part)
