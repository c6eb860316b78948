"""What is read of a file: the columns and row groups that a query needs, through every face."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import fsspec
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from toolkit.datasets.readers.factory import DatasetReaderFactory

ROWS = 12_000
COLUMNS = 100
ALLOWED = 1.5
"""Times the bytes of the two columns, beside the footer."""
DIGITS = np.random.default_rng(0).integers(0, 2**60, (COLUMNS, ROWS))


@pytest.fixture(scope="module")
def data() -> bytes:
    """A hundred columns of some 96 KB each, in three row groups, the first column sorted."""
    columns = {f"c{i}": np.sort(DIGITS[i]) if i == 0 else DIGITS[i] for i in range(COLUMNS)}
    pq.write_table(
        pa.table(columns),
        buffer := io.BytesIO(),
        compression="none",
        use_dictionary=False,
        row_group_size=ROWS // 3,
    )
    return buffer.getvalue()


def footer_of(data: bytes) -> int:
    """Bytes that the footer takes to read: all of it, at least 64 KiB."""
    return max(int.from_bytes(data[-8:-4], "little") + 8, 1 << 16) + (1 << 16)


TWO = 2 * ROWS * 8

QUERIES = {
    "polars": "reader.polars().select('c1', 'c50').collect()",
    "head": "reader.polars().select('c1', 'c50').head(5).collect()",
    "polars where": "reader.polars().filter(pl.col('c0') < int(low)).select('c1').collect()",
    "arrow": "reader.arrow().to_table(columns=['c1', 'c50'])",
    "arrow where": "reader.arrow().to_table(columns=['c1'], filter=pads.field('c0') < int(low))",
    "duckdb over arrow()": "sql('select sum(c1), sum(c50) from face', reader.arrow())",
    "duckdb where": "sql(f'select sum(c1) from face where c0 < {low}', reader.arrow())",
    "duckdb over polars()": "sql('select sum(c1), sum(c50) from face', reader.polars())",
    "count": "reader.count()",
    "schema": "reader.schema()",
}

CHILD = """
import json, sys
import duckdb, polars as pl, pyarrow.dataset as pads
from toolkit.datasets.readers import parquet
from toolkit.datasets.readers.factory import DatasetReaderFactory
from toolkit.datasets.readers.parquet import reader as module

def read_so_far():
    with open("/proc/self/io") as counters:
        return int(counters.read().split()[1])

def sql(query, face):
    return duckdb.sql(query).fetchall()

path, small, low, queries = sys.argv[1], int(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
module.SMALL = small
told = {}
for name, query in queries.items():
    eval(query)  # what is imported the first time is not counted
    reader = DatasetReaderFactory().reader(path)
    before = read_so_far()
    eval(query)
    told[name] = read_so_far() - before
print(json.dumps(told))
"""


@pytest.mark.parametrize("small", [0, 1 << 40], ids=["large", "small"])
def test_a_local_file_is_read_by_columns_and_row_groups(small, data, tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(data)
    low = str(int(np.sort(DIGITS[0])[10]))
    code = CHILD.replace("told = {}", "told = {}\nreader = DatasetReaderFactory().reader(path)")
    child = subprocess.run(
        [sys.executable, "-c", code, str(path), str(small), low, json.dumps(QUERIES)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        check=True,
    )
    told = json.loads(child.stdout)
    assert told.keys() == QUERIES.keys()
    # pyarrow's dataset reads the footer again for itself.
    bound = ALLOWED * TWO + 2 * footer_of(data)
    assert bound < len(data) / 8 + 2 * footer_of(data)
    for name, read in told.items():
        assert read <= bound, (name, read, bound, len(data))
    # Before polars reads, the headers of some pages are looked at.
    looked_at = 0 if small else 50 * 256
    for name in ("count", "schema"):
        assert told[name] <= footer_of(data) + looked_at, (name, told[name])


def duckdb_over(face):
    import duckdb

    return duckdb.sql("select sum(c1), sum(c50) from face").fetchall()


def test_two_columns_of_a_hundred_on_s3_cost_their_bytes(data, s3_options, fetched):
    filesystem = fsspec.filesystem("s3", **s3_options)
    filesystem.pipe_file("lake/wide.parquet", data)
    factory = DatasetReaderFactory(s3_options)
    bound = ALLOWED * TWO + footer_of(data)
    expected = [int(DIGITS[i].astype(object).sum()) for i in (1, 50)]

    def by_polars(reader):
        frame = reader.polars().select("c1", "c50").collect()
        return [sum(frame[name].to_list()) for name in frame.columns]

    def by_arrow(reader):
        assert isinstance(reader.arrow(), pads.Dataset)
        table = reader.arrow().to_table(columns=["c1", "c50"])
        return [sum(column.to_pylist()) for column in table.columns]

    for read, footers in (
        (by_polars, 1),
        (by_arrow, 2),
        (lambda reader: list(map(int, duckdb_over(reader.polars())[0])), 1),
        (lambda reader: list(map(int, duckdb_over(reader.arrow())[0])), 2),
    ):
        reader = factory.reader("s3://lake/wide.parquet")
        fetched.clear()
        assert read(reader) == expected
        assert TWO <= sum(fetched) <= bound + (footers - 1) * footer_of(data)
    reader = factory.reader("s3://lake/wide.parquet")
    fetched.clear()
    low = int(np.sort(DIGITS[0])[10])
    found = reader.polars().filter(pl.col("c0") < low).select("c1").collect()
    assert found.height == 10
    assert sum(fetched) <= bound
    fetched.clear()
    assert reader.count() == ROWS
    assert fetched == []
