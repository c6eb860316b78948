"""Damage deep in large files, which polars reads: an error of ours out of whatever query, while the
errors of the query itself stay what they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from toolkit.core.errors import SourceError, SourceNotFoundError
from toolkit.core.io_sources import Request
from toolkit.datasets.readers.parquet.guarded import GuardedScan

ROWS = 40_000
FRAME = pl.DataFrame({"a": range(ROWS), "s": [f"text {i}" for i in range(ROWS)]})


@pytest.fixture
def all_large(monkeypatch):
    """Lets polars read local files of any size that it reads right."""
    monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", 0)


@pytest.fixture(params=["a page that does not unpack", "a page that is not what it was"])
def damaged(request, tmp_path, all_large):
    """A file of which the last third is damaged, which polars refuses or panics at."""
    path = tmp_path / "t.parquet"
    packed = request.param == "a page that does not unpack"
    FRAME.write_parquet(
        path, compression="zstd" if packed else "uncompressed", row_group_size=ROWS // 10
    )
    data = bytearray(path.read_bytes())
    first = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for at in range(first * 2 // 3, first, 1 if packed else 3):
        data[at] ^= 0xFF
    path.write_bytes(data)
    return path


QUERIES = {
    "collect": lambda frame: frame.collect(),
    "in-memory": lambda frame: frame.collect(engine="in-memory"),
    "group": lambda frame: frame.group_by(pl.col("a") % 7).agg(pl.col("s").max()).collect(),
    "filter": lambda frame: frame.filter(pl.col("a") >= 0, pl.col("s") != "x").collect(),
    "sort": lambda frame: frame.sort("s").head(3).collect(),
    "tail": lambda frame: frame.tail(3).collect(),
    "join": lambda frame: FRAME.lazy().join(frame, on="s").collect(),
    "concat": lambda frame: pl.concat([frame, frame]).collect(),
    "several": lambda frame: pl.collect_all([frame, frame.select("a")]),
    "sink": lambda frame: frame.sink_batches(lambda batch: False),
}


@pytest.mark.parametrize("name", QUERIES)
def test_damage_is_one_error_out_of_every_query(name, damaged, factory):
    frame = factory.reader(damaged).polars()
    with pytest.raises(SourceError, match=r"t\.parquet could not be read: .*fetch it again"):
        QUERIES[name](frame)


def test_duckdb_tells_it_as_its_own(damaged, factory):
    frame = factory.reader(damaged).polars()  # noqa: F841 - DuckDB finds it by its name
    with pytest.raises(duckdb.Error, match=r"SourceError: .*t\.parquet could not be read"):
        duckdb.sql("select max(s), max(a) from frame").fetchall()


def test_what_is_not_read_may_be_damaged(damaged, factory):
    frame = factory.reader(damaged).polars()
    assert frame.head(5).collect().equals(FRAME.head(5))
    assert frame.filter(pl.col("a") == 7).head(1).collect().rows() == [(7, "text 7")]
    assert factory.reader(damaged).count() == ROWS


def test_of_several_files_the_damaged_one_is_named(damaged, factory):
    for name in ("a", "z"):
        FRAME.write_parquet(damaged.with_name(f"{name}.parquet"))
    frame = factory.reader(damaged.parent).polars()
    for query in (frame, frame.filter(pl.col("s") != "")):
        with pytest.raises(SourceError, match=r"/t\.parquet could not be read"):
            query.collect()


@pytest.mark.parametrize("small", [0, 1 << 40])
def test_an_error_of_the_query_is_its_own(small, tmp_path, factory, monkeypatch):
    monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", small)
    FRAME.write_parquet(tmp_path / "t.parquet")
    frame = factory.reader(tmp_path / "t.parquet").polars()
    with pytest.raises(pl.exceptions.PolarsError, match="conversion from `str` to `i64` failed"):
        frame.filter(pl.col("s").cast(pl.Int64) > 1).collect()
    calls = []

    def even(value):
        calls.append(value)
        return value % 2 == 0

    kept = pl.col("a").map_elements(even, return_dtype=pl.Boolean)
    assert frame.filter(kept).collect().height == ROWS // 2
    assert len(calls) in (0, ROWS)  # an IO source gets a copy of the function

    def fails(value):
        raise LookupError("of the function")

    with pytest.raises(LookupError, match="of the function"):
        frame.filter(pl.col("a").map_elements(fails, return_dtype=pl.Boolean)).collect()


def test_a_file_that_went_while_it_was_read_is_told(tmp_path, factory, all_large):
    FRAME.write_parquet(tmp_path / "t.parquet")
    frame = factory.reader(tmp_path / "t.parquet").polars()
    (tmp_path / "t.parquet").unlink()
    with pytest.raises(SourceNotFoundError, match="no longer there"):
        frame.collect()


def test_a_file_replaced_by_a_shorter_one_is_told(tmp_path, factory, all_large):
    FRAME.write_parquet(tmp_path / "t.parquet")
    frame = factory.reader(tmp_path / "t.parquet").polars()
    FRAME.head(5).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(SourceError, match=r"of 40,000 rows its engine gave 5"):
        frame.collect()


SLICES = {
    "head": lambda frame: frame.head(7),
    "tail": lambda frame: frame.tail(7),
    "middle": lambda frame: frame.slice(123, 4_000),
    "beyond": lambda frame: frame.slice(ROWS - 3, 10),
    "from the end": lambda frame: frame.slice(-9_000, 4_500),
    "before the end": lambda frame: frame.slice(-ROWS - 5, 10),
    "top": lambda frame: frame.sort("a", descending=True).head(4),
    "slice of a filter": lambda frame: frame.filter(pl.col("a") > 9_000).slice(5, 5),
    "filter of a slice": lambda frame: frame.tail(10).filter(pl.col("a") % 2 == 0),
    "numbered": lambda frame: frame.with_row_index().filter(pl.col("index") > ROWS - 3),
    "rows": lambda frame: frame.slice(-10, 4).select(pl.len()),
}


@pytest.mark.parametrize("engine", ["streaming", "in-memory"])
@pytest.mark.parametrize("name", SLICES)
def test_slices_are_those_of_polars(name, engine, tmp_path, factory, all_large):
    FRAME.write_parquet(tmp_path / "t.parquet", row_group_size=ROWS // 10)
    frame = SLICES[name](factory.reader(tmp_path / "t.parquet").polars())
    assert frame.collect(engine=engine).equals(SLICES[name](FRAME.lazy()).collect())


LEFT = """
import sys
import polars as pl
from toolkit.datasets.readers.factory import DatasetReaderFactory
from toolkit.datasets.readers.parquet import reader as module

module.SMALL = 0
reader = DatasetReaderFactory().reader(sys.argv[1])
frame = reader.polars()
frame.filter(pl.col("a") > 9).head(2).collect()
left = [reader.batches(100), frame.collect_batches(chunk_size=100)]
for each in left:
    next(each)
"""


def test_a_process_that_ends_with_rows_not_taken_ends_in_peace(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": range(500_000)}).write_parquet(path, row_group_size=20_000)
    command = [sys.executable, "-c", LEFT, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(command, capture_output=True, env=environment, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_narrow_rows_come_many_at_once_and_wide_ones_do_not(
    tmp_path, all_large, factory, monkeypatch
):
    rows = 400_000
    monkeypatch.setattr("toolkit.datasets.readers.parquet.guarded._BATCH_BYTES", 20 << 19)
    pl.select(a=pl.int_range(rows), b=pl.int_range(rows)).write_parquet(tmp_path / "t.parquet")
    (file,) = factory.reader(tmp_path / "t.parquet")._files
    scan = GuardedScan([file.path], file.columns, {}, rows, "", file.layout)
    assert [part.height for part in scan.read(Request(["a"]))] == [rows]
    heights = [part.height for part in scan.read(Request(["a", "b"]))]
    assert sum(heights) == rows
    assert max(heights) < rows
