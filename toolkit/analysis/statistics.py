"""The pass over the data: statistics of every column, in memory independent of the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl
import pyarrow as pa

from toolkit.analysis.columns import QUANTILES, ColumnStatistics

SCHEMA = pl.Schema(
    {
        "column": pl.String(),
        "type": pl.String(),
        "kind": pl.String(),
        "nulls": pl.Int64(),
        "null_fraction": pl.Float64(),
        "nans": pl.Int64(),
        "infinities": pl.Int64(),
        "distinct": pl.Int64(),
        "min": pl.String(),
        "max": pl.String(),
        "mean": pl.Float64(),
        "std": pl.Float64(),
        **dict.fromkeys(QUANTILES, pl.Float64()),
        "top": pl.List(pl.Struct({"value": pl.String(), "count": pl.Int64()})),
        "top_shortfall": pl.Int64(),
        "histogram": pl.List(
            pl.Struct({"low": pl.Float64(), "high": pl.Float64(), "count": pl.Int64()})
        ),
    }
)

_MAX_BLOCK_ROWS = 65_536
_MIN_BLOCK_ROWS = 4_096
_BLOCK_CELLS = 1 << 22


def block_rows(columns: int) -> int:
    """Rows of a block: fewer for wide frames, so that a block has at most about 4M values."""
    return min(_MAX_BLOCK_ROWS, max(_MIN_BLOCK_ROWS, _BLOCK_CELLS // max(columns, 1)))


def statistics(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, *, block: int, bins: int, top: int
) -> pl.DataFrame:
    """A row a column of a stream, in the form of ``SCHEMA``, from one pass.

    The stream is cut anew into blocks of ``block`` rows, on which the approximate figures depend:
    how it was batched does not change the answer.
    Memory: a block, and about 0.5 MB a column (more only by the length of the longest value).
    """
    columns = [ColumnStatistics(field) for field in schema]
    rows = 0
    for table in _blocks(batches, block):
        rows += table.num_rows
        for i, column in enumerate(columns):
            column.update(table.column(i))
    summaries = [column.summary(rows, bins=bins, top=top) for column in columns]
    return pl.DataFrame(
        [{name: summary.get(name) for name in SCHEMA} for summary in summaries], schema=SCHEMA
    )


def _blocks(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.Table]:
    pending: list[pa.RecordBatch] = []
    held = 0
    for whole in batches:
        batch = whole
        while held + batch.num_rows >= size:
            pending.append(batch.slice(0, size - held))
            batch = batch.slice(size - held)
            yield pa.Table.from_batches(pending)
            pending, held = [], 0
        if batch.num_rows:
            pending.append(batch)
            held += batch.num_rows
    if pending:
        yield pa.Table.from_batches(pending)
