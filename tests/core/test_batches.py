"""Batches of a query: all of its rows in order, or what went wrong."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time

import polars as pl
import pytest
from polars.io.plugins import register_io_source

from toolkit.core.batches import batches_of

ROWS = 10_000


def numbers() -> pl.LazyFrame:
    return pl.LazyFrame({"n": range(ROWS)})


def test_every_row_comes_in_order():
    found = pl.concat(list(batches_of(numbers().with_columns(m=-pl.col("n")), 1000)))
    assert found["n"].to_list() == list(range(ROWS))
    assert found["m"].to_list() == [-n for n in range(ROWS)]


def test_a_query_that_fails_midway_raises_after_no_more_than_its_rows():
    def fail(frame: pl.DataFrame) -> pl.DataFrame:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        list(batches_of(numbers().map_batches(fail, schema={"n": pl.Int64}), 100))


def test_a_damaged_file_at_which_the_engine_panics_is_an_error_and_not_an_end(tmp_path, capfd):
    path = tmp_path / "t.parquet"
    texts = [f"t{i % 7}" for i in range(400)]
    frame = pl.DataFrame({"a": range(400), "s": texts, "l": [[i] for i in range(400)]})
    frame.write_parquet(path, row_group_size=100)
    whole = path.read_bytes()
    short = 0
    for seed in range(3080, 3100):
        chance = random.Random(seed)
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            rows = sum(part.height for part in batches_of(pl.scan_parquet(path), 100))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
            continue
        short += rows != 400
    capfd.readouterr()
    assert short == 0


def test_given_up_early_it_asks_the_engine_for_no_more():
    asked = []

    def endless(columns, predicate, n_rows, batch_size):
        while True:
            asked.append(len(asked))
            yield pl.DataFrame({"n": range(1000)})

    source = register_io_source(endless, schema={"n": pl.Int64})
    found = batches_of(source, 1000)
    assert next(found).height == 1000
    found.close()
    end = time.monotonic() + 10
    while any(t.name == "toolkit-batches" for t in threading.enumerate()):
        assert time.monotonic() < end, "the engine goes on"
        time.sleep(0.01)
    assert len(asked) < 1000


def test_no_more_than_a_few_batches_are_made_ahead():
    made = []

    def source(columns, predicate, n_rows, batch_size):
        for number in range(1000):
            made.append(number)
            yield pl.DataFrame({"n": [number] * 1000})

    found = batches_of(register_io_source(source, schema={"n": pl.Int64}), 1000)
    for _ in range(5):
        next(found)
    time.sleep(0.3)
    assert len(made) < 200
    found.close()


LEFT = """
import polars as pl
from toolkit.core import batches

batches._PATIENCE = 0.0002
frame = pl.LazyFrame({"v": range(300_000)}).with_columns(h=pl.col("v").hash())
left = [batches.batches_of(frame, 100) for _ in range(6)]
for each in left:
    next(each)
"""


def test_a_process_that_ends_in_the_middle_of_a_query_ends_in_peace():
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", LEFT], capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
