"""A lazy frame of any size is saved in bounded memory."""

from __future__ import annotations

import json
import sys

import polars as pl
import pytest

FEW, MANY = 5_000_000, 10_000_000
GROWTH = 1.3
"""Peak memory for MANY rows, relative to that for FEW: with all rows in memory it were 2."""

RATIO = 3.2
"""Peak memory relative to polars' own sink of the same plan. Two engines run at once, one that
computes and one that writes, each with its own rows in flight."""

SOURCE = """
import sys
import polars as pl

number = pl.int_range(1_000_000, dtype=pl.Int64, eager=True).hash(3)
part = pl.DataFrame({"number": number}).select(
    (pl.col("number") % 1_000_003).cast(pl.Int64).alias("key"),
    (pl.col("number").cast(pl.Float64) / 3.0).alias("value"),
    ("item_" + (pl.col("number") % 500).cast(pl.String)).alias("label"),
    ("a text of its own: " + pl.col("number").cast(pl.String)).alias("text"),
    (pl.col("number") % 20_000).cast(pl.Int32).cast(pl.Date).alias("day"),
    (pl.col("number") % 1_000_000_007).cast(pl.Int64).cast(pl.Datetime("us")).alias("at"),
    pl.col("number").alias("hash"),
)
for i in range(int(sys.argv[2]) // len(part)):
    part.write_parquet(f"{sys.argv[1]}/{i}.parquet", compression="lz4", statistics=False)
"""

FRAME = """
import json, resource, sys
import polars as pl
import toolkit as tk

target, source = sys.argv[1:]
frame = pl.scan_parquet(source).with_columns((pl.col("key") % 97 > 48).alias("flag"))
"""

REPORT = """
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
"""

SAVE = FRAME + 'tk.Workspace(target).save(frame, "large")' + REPORT
SINK = FRAME + 'frame.sink_parquet(target, engine="streaming")' + REPORT


@pytest.mark.skipif(sys.platform != "linux", reason="measures as Linux does")
def test_a_lazy_frame_is_saved_in_bounded_memory(start, finish, home, tmp_path, ws):
    few, many = tmp_path / "few", tmp_path / "many"
    for source, rows in ((few, FEW), (many, MANY)):
        source.mkdir()
        finish(start(SOURCE, source, rows))
    sink = json.loads(finish(start(SINK, tmp_path / "sunk.parquet", many)))
    small = json.loads(finish(start(SAVE, tmp_path / "other", few)))
    save = json.loads(finish(start(SAVE, home, many)))
    megabytes = f"{save >> 20} MB; {FEW:,} rows: {small >> 20} MB; sink: {sink >> 20} MB"
    assert save <= GROWTH * small, megabytes
    assert save <= RATIO * sink, megabytes
    saved = ws.load("large")
    assert saved.collect_schema().names() == [
        *("key", "value", "label", "text", "day", "at", "hash", "flag")
    ]
    labels = ws.sql("SELECT count(*), count(DISTINCT label) FROM large")
    assert labels.fetchall() == [(MANY, 500)]


FILE = """
import sys
import polars as pl
import pyarrow.parquet as pq

number = pl.int_range(1_000_000, eager=True).hash(3)
text = "a text of its own: " + number.cast(pl.String)
part = pl.DataFrame({"number": number, "text": text}).to_arrow()
with pq.ParquetWriter(sys.argv[1], part.schema, compression="lz4") as writer:
    for i in range(int(sys.argv[2]) // len(part)):
        writer.write_table(part, row_group_size=131_072)
"""

PROFILE = (
    """
import json, resource, sys
import toolkit as tk

ws = tk.Workspace(sys.argv[1])
ws.sample("large", n=1000)
ws.profile("large")
"""
    + REPORT
)

SAVE_DATASET = (
    """
import json, resource, sys
import pyarrow.dataset as pads
import toolkit as tk

tk.Workspace(sys.argv[1]).save(pads.dataset(sys.argv[2]), "large")
"""
    + REPORT
)


@pytest.mark.skipif(sys.platform != "linux", reason="measures as Linux does")
def test_an_arrow_dataset_is_saved_sampled_and_profiled_in_bounded_memory(
    start, finish, home, tmp_path, ws
):
    peaks = {}
    for rows, target in ((2_000_000, tmp_path / "other"), (5_000_000, home)):
        file = tmp_path / f"{rows}.parquet"
        finish(start(FILE, file, rows))
        peaks[rows] = json.loads(finish(start(SAVE_DATASET, target, file)))
        file.unlink()
    few, many = peaks.values()
    assert many <= GROWTH * few, {rows: f"{peak >> 20} MB" for rows, peak in peaks.items()}
    assert ws.load("large").select(pl.len()).collect().item() == 5_000_000
    looks = [json.loads(finish(start(PROFILE, target))) for target in (tmp_path / "other", home)]
    assert looks[1] <= GROWTH * looks[0], [f"{peak >> 20} MB" for peak in looks]
