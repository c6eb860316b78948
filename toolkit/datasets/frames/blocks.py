"""Blocks: at most 131,072 rows of a frame, whose columns are handed out as Arrow arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from toolkit.core.batches import batches_of
from toolkit.datasets.fingerprint.logical_types import INT128_FIELD
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS

_LAYOUT = pl.CompatLevel.newest()


class ArrowBlock:
    """A block of a pyarrow Table."""

    def __init__(self, table: pa.Table) -> None:
        self.rows: int = table.num_rows
        self._table = table

    def column(self, index: int) -> pa.Array:
        values = self._table.column(index)
        if values.num_chunks == 1:
            return values.chunk(0)
        combined = values.combine_chunks()
        if isinstance(combined, pa.ChunkedArray):
            # More bytes than 32-bit offsets reach.
            wide = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
            combined = values.cast(wide.get(values.type, values.type)).combine_chunks()
        return combined


class PolarsBlock:
    """A block of a polars DataFrame. Columns are converted when a worker asks for them."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.rows: int = frame.height
        self._frame = frame

    def column(self, index: int) -> pa.Array:
        return series_to_arrow(self._frame.to_series(index))


def series_to_arrow(series: pl.Series) -> pa.Array:
    """A column as one Arrow array; 128-bit integers, which pyarrow lacks, as struct{hi, lo}."""
    split = _INT128.get(type(series.dtype))
    if split is None:
        array = series.to_arrow(compat_level=_LAYOUT)
        if series.dtype.is_nested() and "null" in str(array.type):
            # polars hands out a list of nulls where all lists of a column are null and it was
            # reversed: give the values the column's own type back.
            array = array.cast(series.clear().to_arrow(compat_level=_LAYOUT).type)
        return array
    parts = series.to_frame("v").select(hi=split(pl.col("v") // 2**64), lo=_low(pl.col("v")))
    nulls = series.is_null().to_arrow()
    return pa.StructArray.from_arrays(
        [pc.fill_null(parts["hi"].to_arrow(), 0), pc.fill_null(parts["lo"].to_arrow(), 0)],
        names=["hi", "lo"],
        mask=nulls,
    )


def _low(value: pl.Expr) -> pl.Expr:
    return (value % 2**64).cast(pl.UInt64)


_INT128: Mapping[type[pl.DataType], Callable[[pl.Expr], pl.Expr]] = {
    pl.Int128: lambda high: high.cast(pl.Int64),
    pl.UInt128: lambda high: high.cast(pl.UInt64),
}


def arrow_fields(schema: pl.Schema) -> list[pa.Field]:
    """The Arrow fields of a polars schema, with the metadata that marks polars' own types."""
    plain = [name for name, dtype in schema.items() if type(dtype) not in _INT128]
    empty = pl.DataFrame(schema={name: schema[name] for name in plain})
    known = empty.to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    return [
        known.field(name) if type(dtype) not in _INT128 else _int128_field(name, dtype)
        for name, dtype in schema.items()
    ]


def _int128_field(name: str, dtype: pl.DataType) -> pa.Field:
    high = pa.int64() if type(dtype) is pl.Int128 else pa.uint64()
    parts = pa.struct([("hi", high), ("lo", pa.uint64())])
    return pa.field(name, parts, metadata={INT128_FIELD: str(dtype).lower().encode()})


def streamed(frame: pl.LazyFrame, rows: int = BLOCK_ROWS) -> Iterator[pl.DataFrame]:
    """The rows of a lazy frame in their order, about ``rows`` at a time, as they are asked for."""
    return batches_of(frame, rows)


def reblock_polars(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in frames of BLOCK_ROWS rows, the last one excepted."""
    parts: list[pl.DataFrame] = []
    held = 0
    for frame in frames:
        start = 0
        while frame.height - start >= BLOCK_ROWS - held:
            parts.append(frame.slice(start, BLOCK_ROWS - held))
            start += BLOCK_ROWS - held
            yield pl.concat(parts, rechunk=True) if len(parts) > 1 else parts[0]
            parts, held = [], 0
        if start < frame.height:
            parts.append(frame.slice(start))
            held += frame.height - start
    if parts:
        yield pl.concat(parts, rechunk=True)


def reblock_arrow(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The same rows in tables of BLOCK_ROWS rows, the last one excepted."""
    parts: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        start = 0
        while batch.num_rows - start >= BLOCK_ROWS - held:
            parts.append(batch.slice(start, BLOCK_ROWS - held))
            start += BLOCK_ROWS - held
            yield pa.Table.from_batches(parts)
            parts, held = [], 0
        if start < batch.num_rows:
            parts.append(batch.slice(start))
            held += batch.num_rows - start
    if parts:
        yield pa.Table.from_batches(parts)
