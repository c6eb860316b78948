"""A lazy frame of any size is saved in bounded memory."""

from __future__ import annotations

import json
import sys

import pytest

ROWS = 10_000_000
RATIO = 1.5
ALLOWANCE = 64 << 20
"""Bytes for the toolkit itself: its modules and the catalog's DuckDB."""

FRAME = """
import json, resource, sys
import polars as pl
import toolkit as tk

target, rows = sys.argv[1], int(sys.argv[2])
number = pl.int_range(rows, dtype=pl.Int64).hash(3)
frame = pl.LazyFrame({"i": [0]}).select(
    (number % 1_000_003).cast(pl.Int64).alias("key"),
    (number.cast(pl.Float64) / 3.0).alias("value"),
    ("item_" + (number % 500).cast(pl.String)).alias("label"),
    ((number % 97) > 48).alias("flag"),
)
"""

REPORT = """
print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, saved]))
"""

SAVE = FRAME + 'saved = tk.Workspace(target).save(frame, "large").rows' + REPORT
SINK = FRAME + 'frame.sink_parquet(target, engine="streaming"); saved = rows' + REPORT


@pytest.mark.skipif(sys.platform != "linux", reason="measures as Linux does")
def test_a_lazy_frame_is_saved_in_little_more_memory_than_polars_sinks_it(
    start, finish, home, tmp_path, ws
):
    sink, rows = json.loads(finish(start(SINK, tmp_path / "sunk.parquet", ROWS)))
    assert rows == ROWS
    save, rows = json.loads(finish(start(SAVE, home, ROWS)))
    assert rows == ROWS
    assert save <= RATIO * sink + ALLOWANCE, f"{save >> 20} MB against {sink >> 20} MB"
    saved = ws.load("large")
    assert saved.collect_schema().names() == ["key", "value", "label", "flag"]
    labels = ws.sql("SELECT count(DISTINCT label) FROM large")
    assert labels.fetchall() == [(500,)]
