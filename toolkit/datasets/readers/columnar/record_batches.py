"""A reader of files that an engine gives batch by batch, with the columns that are asked for."""

from __future__ import annotations

import io
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import BinaryIO, ClassVar, Protocol, cast

import polars as pl
import pyarrow as pa

from toolkit.core.errors import SourceError
from toolkit.core.io_sources import Request, lazy_frame
from toolkit.datasets.readers.agreement import require_same_columns
from toolkit.datasets.readers.base import LazyFrameReader, marked
from toolkit.datasets.readers.columnar.plain_columns import (
    foreign_column,
    plain_column,
    plain_schema,
)
from toolkit.datasets.readers.failures import LEAVE_OUT, AdvisedError
from toolkit.datasets.readers.portable import names_within


class BatchFile(Protocol):
    """An open file of one format."""

    @property
    def schema(self) -> pa.Schema: ...

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Its rows in order, a batch at a time; columns beyond those asked for may come too."""


class BatchesReader(LazyFrameReader):
    """Reads files that have the same columns, with their hive partitions.

    A query opens the files one after the other and reads the columns that it needs; a predicate is
    applied to each batch. ``arrow()`` is a stream that can be read once.
    """

    name: ClassVar[str]
    """What the format is called in plans."""
    module: ClassVar[str]
    """What reads it in pyarrow."""

    @abstractmethod
    def _file(self, handle: BinaryIO) -> BatchFile:
        """The file behind an open handle with random access."""

    @marked
    def polars(self) -> pl.LazyFrame:
        schema = pl.Schema({**self._columns, **self._partition_schema})
        return lazy_frame(self._frames, schema, name=self.name, detail=self._source.given)

    def count(self) -> int:
        # The engine has no rows without columns.
        return sum(frame.height for frame in self._frames(Request([])))

    @cached_property
    def _columns(self) -> pl.Schema:
        """The columns in the files."""
        schemas = [self._schema_of(index) for index in range(len(self._source.paths))]
        for index, schema in enumerate(schemas[1:], start=1):
            require_same_columns(
                self._source.given,
                (self._source.urls[0], schemas[0]),
                (self._source.urls[index], schema),
            )
        return schemas[0]

    def _schema_of(self, index: int) -> pl.Schema:
        with self._opened(index) as file:
            schema = file.schema
            if any("\0" in name for name in names_within(schema)):
                raise OSError("a column's name has a zero byte in it")
            foreign = foreign_column(schema)
            if foreign is not None:
                raise SourceError(
                    f"{self._source.urls[index]} cannot be a frame: column {foreign.name!r} is "
                    f"{foreign.type}, which no frame has. Read it with {self.module} of pyarrow, "
                    "and write it anew without that column or with it as another type."
                )
            repeated = [name for name, times in Counter(schema.names).items() if times > 1]
            if not repeated:
                # A frame of it refuses what a schema does not, such as a scale beyond the digits.
                return pl.DataFrame(schema=pl.Schema(plain_schema(schema))).schema
        raise SourceError(
            f"{self._source.urls[index]} cannot be a frame: it has several columns of the name "
            f"{repeated[0]!r}. Write it anew with distinct names."
        )

    @contextmanager
    def _opened(self, index: int) -> Iterator[BatchFile]:
        with (
            self._reading_file(index),
            self._source.open(self._source.paths[index], random_access=True) as handle,
        ):
            if not handle.seek(0, io.SEEK_END):
                raise AdvisedError(f"it is empty. Write it anew, or {LEAVE_OUT}")
            handle.seek(0)
            yield self._file(handle)

    def _frames(self, request: Request) -> Iterator[pl.DataFrame]:
        stored = [name for name in request.columns if name not in self._partition_schema]
        for index in range(len(self._source.paths)):
            if self._is_left_out(index, request):
                continue
            added = self._partition_columns(index)
            with self._opened(index) as file:
                for batch in file.batches(stored):
                    if request.done:
                        return
                    frame = _frame(batch, stored)
                    yield request.answer(frame.with_columns(added) if request.columns else frame)


def _frame(batch: pa.RecordBatch, columns: Sequence[str]) -> pl.DataFrame:
    if not columns:
        return pl.DataFrame(height=batch.num_rows)
    chosen = batch.select(list(columns))
    arrays = [plain_column(column) for column in chosen.columns]
    plain = pa.RecordBatch.from_arrays(arrays, schema=plain_schema(chosen.schema))
    return cast(pl.DataFrame, pl.from_arrow(plain))
