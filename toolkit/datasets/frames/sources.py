"""The forms a frame has while it is being saved: in memory or as a stream, in polars or in Arrow.

A frame in memory is hashed first and written only when its content is new. A stream is hashed and
written in the same pass, in bounded memory; one that turns out to be short becomes a frame in
memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeAlias, TypeVar

import polars as pl
import pyarrow as pa

from toolkit.core.types import ColumnRecord
from toolkit.datasets.fingerprint.logical_types import logical_type
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS, Block, FrameHasher
from toolkit.datasets.frames.blocks import (
    ArrowBlock,
    PolarsBlock,
    arrow_fields,
    reblock_arrow,
    reblock_polars,
)
from toolkit.datasets.frames.categories import has_dictionary, same_categories, settle_categories
from toolkit.datasets.frames.parquet import Target, write_arrow, write_polars, write_polars_blocks


@dataclass(frozen=True, slots=True)
class Extras:
    """What a frame carries beside its columns."""

    identity: Mapping[str, Any] = field(default_factory=dict)
    """Part of the fingerprint: a pandas index that is more than the row numbers."""
    pandas: str = ""
    """pandas' own description of its frame, to give the same dtypes and index back."""


NO_EXTRAS = Extras()

T = TypeVar("T")


class PolarsFrame:
    """A polars DataFrame."""

    arrow_only = False

    def __init__(self, frame: pl.DataFrame, extras: Extras = NO_EXTRAS) -> None:
        self.frame = frame
        self.rows = frame.height
        self.fields = arrow_fields(frame.schema)
        self.extras = extras

    @property
    def byte_size(self) -> int:
        """Bytes in memory, roughly."""
        return int(self.frame.estimated_size())

    def part(self, columns: Sequence[int], start: int, rows: int | None = None) -> PolarsFrame:
        """Some columns in a range of rows, without what the frame carries beside them."""
        return PolarsFrame(self.frame[:, list(columns)].slice(start, rows))

    def block(self) -> Block:
        """The whole frame as one block."""
        return PolarsBlock(self.frame)

    def hash(self) -> tuple[ColumnRecord, ...]:
        blocks = (PolarsBlock(part) for part in self.frame.iter_slices(BLOCK_ROWS))
        sample = PolarsBlock(self.frame) if self.rows == 0 else None
        return _hash(self.fields, blocks, sample)

    def write(self, target: Target) -> None:
        write_polars(self.frame, target, self.extras.pandas)


class ArrowFrame:
    """A pyarrow Table, hashed as it is; written by polars where polars has all of its types."""

    def __init__(self, table: pa.Table, extras: Extras = NO_EXTRAS) -> None:
        # Without columns a table forgets its row count when its metadata is replaced.
        plain = table.replace_schema_metadata(None) if table.num_columns else table
        self.table = settle_categories(plain)
        self.rows = table.num_rows
        self.fields = list(self.table.schema)
        self.extras = extras

    @property
    def arrow_only(self) -> bool:
        """Whether polars would change one of the types."""
        return to_polars(self.table.slice(0, 1)) is None

    @property
    def byte_size(self) -> int:
        """Bytes in memory, roughly."""
        return int(self.table.nbytes)

    def part(self, columns: Sequence[int], start: int, rows: int | None = None) -> ArrowFrame:
        """Some columns in a range of rows, without what the frame carries beside them."""
        return ArrowFrame(self.table.select(list(columns)).slice(start, rows))

    def block(self) -> Block:
        """The whole frame as one block."""
        return ArrowBlock(self.table)

    def hash(self) -> tuple[ColumnRecord, ...]:
        starts = range(0, self.rows, BLOCK_ROWS)
        blocks = (ArrowBlock(self.table.slice(start, BLOCK_ROWS)) for start in starts)
        sample = ArrowBlock(self.table) if self.rows == 0 else None
        return _hash(self.fields, blocks, sample)

    def write(self, target: Target) -> None:
        frame = to_polars(self.table)
        if frame is not None:
            write_polars(frame, target, self.extras.pandas)
        else:
            slices = (
                self.table.slice(start, BLOCK_ROWS) for start in range(0, self.rows, BLOCK_ROWS)
            )
            write_arrow(self.table.schema, slices, target, self.extras.pandas)


class PolarsStream:
    """The result of a polars LazyFrame, computed once by the streaming engine."""

    arrow_only = False

    def __init__(self, schema: pl.Schema, frames: Iterable[pl.DataFrame]) -> None:
        self.schema = schema
        self.fields = arrow_fields(schema)
        self.extras = NO_EXTRAS
        self._frames = iter(frames)

    def settle(self, limit: int) -> MemoryFrame | StreamFrame:
        read: list[pl.DataFrame] = []
        size = 0
        for frame in self._frames:
            read.append(frame)
            size += int(frame.estimated_size())
            if size > limit:
                self._frames = chain(_drained(read), self._frames)
                return self
        return PolarsFrame(pl.concat(read) if read else pl.DataFrame(schema=self.schema))

    def write(self, target: Target) -> tuple[tuple[ColumnRecord, ...], int]:
        with FrameHasher(self.fields) as hasher:

            def hashed() -> Iterator[pl.DataFrame]:
                for block in reblock_polars(self._frames):
                    hasher.add(PolarsBlock(block))
                    yield block

            write_polars_blocks(self.schema, hashed(), target)
            return hasher.finish(), hasher.rows


class ArrowStream:
    """Record batches that come once: a DuckDB relation, a RecordBatchReader, a dataset's scan."""

    def __init__(self, reader: pa.RecordBatchReader) -> None:
        self.schema = reader.schema.remove_metadata()
        self.fields = list(self.schema)
        self.extras = NO_EXTRAS
        self._polars = _polars_schema(pa.Table.from_batches([], self.schema))
        self._batches: Iterator[pa.RecordBatch] = iter(reader)

    @property
    def arrow_only(self) -> bool:
        """Whether polars would change one of the types."""
        return self._polars is None

    def settle(self, limit: int) -> MemoryFrame | StreamFrame:
        read: list[pa.RecordBatch] = []
        size = 0
        for batch in self._batches:
            read.append(batch)
            size += batch.get_total_buffer_size()
            if size > limit:
                self._continue_from(read)
                return self
        return ArrowFrame(pa.Table.from_batches(read, self.schema))

    def _continue_from(self, read: list[pa.RecordBatch]) -> None:
        categories = any(has_dictionary(field.type) for field in self.fields)
        if categories and (first := next((batch for batch in read if batch.num_rows), None)):
            # The values tell what the schema does not: their categories.
            self._polars = _polars_schema(settle_categories(pa.Table.from_batches([first])))
        self._batches = chain(_drained(read), self._batches)
        if categories:
            self._batches = same_categories(self._batches)

    def write(self, target: Target) -> tuple[tuple[ColumnRecord, ...], int]:
        with FrameHasher(self.fields) as hasher:

            def hashed() -> Iterator[pa.Table]:
                for block in reblock_arrow(self._batches):
                    hasher.add(ArrowBlock(block))
                    yield block

            if self._polars is not None:
                frames = (polars_of(block) for block in hashed())
                write_polars_blocks(self._polars, frames, target)
            else:
                write_arrow(self.schema, hashed(), target, "")
            return hasher.finish(), hasher.rows


MemoryFrame: TypeAlias = PolarsFrame | ArrowFrame
"""``hash()`` gives the records of all columns, ``write(target)`` writes one Parquet file."""

StreamFrame: TypeAlias = PolarsStream | ArrowStream
"""``settle(limit)`` reads at most about ``limit`` bytes: a stream that ends within them becomes a
MemoryFrame. ``write(target)`` hashes and writes in one pass and gives the columns' records and the
row count."""


def hash_polars(schema: pl.Schema, frames: Iterable[pl.DataFrame]) -> tuple[ColumnRecord, ...]:
    """The records of all columns of frames that come one after the other."""
    return _hash(arrow_fields(schema), map(PolarsBlock, reblock_polars(frames)))


def _drained(parts: list[T]) -> Iterator[T]:
    """The parts in order, each given up as it is handed out."""
    parts.reverse()
    while parts:
        yield parts.pop()


def _hash(
    fields: list[pa.Field],
    blocks: Iterable[Block],
    sample: Block | None = None,
) -> tuple[ColumnRecord, ...]:
    with FrameHasher(fields) as hasher:
        if sample is not None:
            hasher.start(sample)
        for block in blocks:
            hasher.add(block)
        return hasher.finish()


def _polars_schema(table: pa.Table) -> pl.Schema | None:
    frame = to_polars(table.slice(0, 1))
    return None if frame is None else frame.schema


def to_polars(table: pa.Table) -> pl.DataFrame | None:
    """The table in polars, or None where polars would change a type."""
    if any(pa.types.is_decimal256(field.type) for field in table.schema):
        return None  # polars panics, which it also prints
    try:
        frame = polars_of(table)
        back = arrow_fields(frame.schema)
    except Exception:
        # polars has no such type (also a PanicException below Exception on some of them).
        return None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return None
    kept = all(
        logical_type(theirs, table.column(i)) == logical_type(ours, _values(frame, i, theirs))
        for i, (theirs, ours) in enumerate(zip(table.schema, back, strict=True))
    )
    return frame if kept and frame.height == table.num_rows else None


def _values(frame: pl.DataFrame, index: int, field: pa.Field) -> pa.Array | None:
    if not (pa.types.is_dictionary(field.type) or pa.types.is_nested(field.type)):
        return None
    values: pa.Array = frame.to_series(index).head(1).to_arrow()
    return values


def polars_of(table: pa.Table) -> pl.DataFrame:
    """The table as a polars DataFrame; ordered dictionaries of text become Enums."""
    if table.num_columns == 0:
        return pl.DataFrame(height=table.num_rows)
    frame = pl.from_arrow(table, rechunk=False)
    assert isinstance(frame, pl.DataFrame)
    return frame.with_columns(
        pl.col(field.name).cast(pl.Enum(_categories(table.column(i))))
        for i, field in enumerate(table.schema)
        if pa.types.is_dictionary(field.type) and field.type.ordered and _is_text(field.type)
    )


def _is_text(type_: pa.DictionaryType) -> bool:
    value = type_.value_type
    return bool(
        pa.types.is_string(value) or pa.types.is_large_string(value) or str(value) == "string_view"
    )


def _categories(values: pa.ChunkedArray) -> list[str]:
    return list(values.chunk(0).dictionary.to_pylist()) if values.num_chunks else []
