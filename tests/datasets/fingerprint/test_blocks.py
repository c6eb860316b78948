"""The tree's blocks of 131,072 rows: how rows arrive does not move their boundaries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from toolkit.datasets.fingerprint.tree import BLOCK_ROWS, DIGEST_BYTES, frame_fingerprint
from toolkit.datasets.frames.accept import accept
from toolkit.datasets.frames.sources import StreamFrame

AROUND = [BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 2 * BLOCK_ROWS + 1]


def made(rows: int) -> pl.DataFrame:
    numbers = pl.int_range(rows, eager=True)
    return pl.DataFrame(
        {
            "n": numbers,
            "some": numbers.replace_strict({5: None, rows - 1: None}, default=numbers),
            "text": (numbers % 1000).cast(pl.String),
            "flag": numbers % 3 == 0,
            "category": (numbers % 7).cast(pl.String).cast(pl.Categorical),
        }
    )


def cut(frame: pl.DataFrame, size: int) -> pl.DataFrame:
    return pl.concat(frame.iter_slices(size), rechunk=False)


def streamed(frame: Any, path: Path) -> str:
    """The fingerprint that the streaming pass finds while it writes."""
    source = accept(frame)
    assert isinstance(source, StreamFrame)
    columns, rows = source.write(path)
    return frame_fingerprint(columns, rows)


def test_a_block_is_131072_rows() -> None:
    assert BLOCK_ROWS == 131_072


@pytest.mark.parametrize("rows", AROUND)
def test_chunking_around_a_block_does_not_show(fingerprint: Any, tmp_path: Path, rows: int) -> None:
    frame = made(rows)
    expected = fingerprint(frame)
    assert fingerprint(cut(frame, 50_000)) == expected
    assert fingerprint(frame.to_arrow()) == expected
    table = cut(frame, 70_001).to_arrow()
    assert fingerprint(table) == expected
    assert fingerprint(frame.vstack(frame).slice(rows)) == expected
    assert streamed(cut(frame, 99_999).lazy(), tmp_path / "a.parquet") == expected
    assert streamed(table.to_reader(max_chunksize=30_011), tmp_path / "b.parquet") == expected
    assert pl.read_parquet(tmp_path / "a.parquet").equals(frame)
    assert pl.read_parquet(tmp_path / "b.parquet").equals(frame)


@pytest.mark.parametrize("rows", [0, 1, *AROUND])
def test_full_blocks_have_a_digest_each(records: Any, rows: int) -> None:
    (record,) = records(pl.DataFrame({"n": pl.int_range(rows, eager=True)}))
    assert len(record.block_digests) == rows // BLOCK_ROWS * DIGEST_BYTES


def test_block_digest_depends_on_its_own_rows_only(records: Any) -> None:
    whole = pl.DataFrame({"n": pl.int_range(2 * BLOCK_ROWS + 1, eager=True)})
    changed = whole.with_columns(
        n=pl.when(pl.col("n") == BLOCK_ROWS).then(-1).otherwise(pl.col("n"))
    )
    (before,), (after,) = records(whole), records(changed)
    assert before.block_digests[:DIGEST_BYTES] == after.block_digests[:DIGEST_BYTES]
    assert before.block_digests[DIGEST_BYTES:] != after.block_digests[DIGEST_BYTES:]
    assert before.digest != after.digest


@pytest.mark.parametrize("row", [0, BLOCK_ROWS - 1, BLOCK_ROWS, 2 * BLOCK_ROWS])
def test_one_value_in_any_block_shows(fingerprint: Any, row: int) -> None:
    frame = made(2 * BLOCK_ROWS + 1)
    changed = frame.with_columns(
        flag=pl.when(pl.col("n") == row).then(~pl.col("flag")).otherwise(pl.col("flag"))
    )
    assert fingerprint(changed) != fingerprint(frame)


def test_row_groups_of_the_written_file_are_the_blocks(tmp_path: Path) -> None:
    frame = made(2 * BLOCK_ROWS + 1)
    streamed(frame.lazy(), tmp_path / "stream.parquet")
    accept(frame).write(tmp_path / "memory.parquet")
    for path in tmp_path.iterdir():
        metadata = pa.parquet.read_metadata(path)
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        assert sizes == [BLOCK_ROWS, BLOCK_ROWS, 1]
        column = metadata.row_group(0).column(0)
        assert column.compression == "ZSTD"
        assert column.is_stats_set


def test_batches_without_rows_do_not_show(fingerprint: Any, tmp_path: Path) -> None:
    table = made(10).to_arrow()

    def batches() -> Iterator[pa.RecordBatch]:
        empty = table.to_batches()[0].slice(0, 0)
        for batch in table.to_batches(max_chunksize=3):
            yield empty
            yield batch
        yield empty

    reader = pa.RecordBatchReader.from_batches(table.schema, batches())
    assert streamed(reader, tmp_path / "x.parquet") == fingerprint(table)
