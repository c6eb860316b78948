"""The faces that every reader derives from its lazy frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import cached_property, wraps
from typing import TYPE_CHECKING, ClassVar, TypeVar

import polars as pl
import pyarrow as pa

from toolkit.core.batches import batches_of
from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.core.io_sources import Request
from toolkit.datasets.lineage import PlanInput, mark
from toolkit.datasets.readers.failures import reading
from toolkit.datasets.readers.partitions import (
    constant_columns,
    is_ruled_out,
    partition_schema,
)
from toolkit.datasets.readers.schemas import names_in
from toolkit.datasets.readers.sources import ResolvedSource

if TYPE_CHECKING:
    import pyarrow.dataset as pads

STREAM_ROWS = 131_072
"""Rows a batch of the Arrow stream has at most."""


_Reader = TypeVar("_Reader", bound="LazyFrameReader")


def marked(polars: Callable[[_Reader], pl.LazyFrame]) -> Callable[[_Reader], pl.LazyFrame]:
    """Let the lazy frames that a reader gives tell its sources, as those of ``ws.read`` do."""

    @wraps(polars)
    def telling(reader: _Reader) -> pl.LazyFrame:
        sources = (PlanInput("source", name) for name in reader.sources)
        return mark(polars(reader), *sources)

    return telling


class LazyFrameReader(ABC):
    """Everything of IDatasetReader that follows from ``polars()``."""

    hint: ClassVar[str]
    """What a person can do when a file of this format cannot be read."""
    other_names: ClassVar[Mapping[str, str]] = {}
    """What other libraries call options of the format, and what to do here instead."""

    def __init__(self, source: ResolvedSource) -> None:
        self._source = source

    def __repr__(self) -> str:
        files = len(self._source.paths)
        shown = "1 file" if files == 1 else f"{files} files"
        return f"{type(self).__name__}({self._source.given!r}, {shown})"

    @property
    def sources(self) -> tuple[str, ...]:
        return self._source.urls

    @abstractmethod
    def polars(self) -> pl.LazyFrame: ...

    def schema(self) -> pa.Schema:
        return self._arrow_schema(self._frame_schema())

    def arrow(self) -> pads.Dataset | pa.RecordBatchReader:
        return self._stream()

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        if size < 1:
            raise InvalidArgumentError(f"A batch of {size} rows cannot be: pass a size from 1.")
        frame = self.polars()
        self.schema()
        return self._batches(frame, size)

    def count(self) -> int:
        frame = self.polars()
        with self._reading():
            return int(frame.select(pl.len()).collect().item())

    def head(self, n: int = 5) -> pl.DataFrame:
        if n < 0:
            raise InvalidArgumentError(f"The first {n} rows cannot be: pass a number from 0.")
        frame = self.polars()
        with self._reading():
            return frame.head(n).collect()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._stream().__arrow_c_stream__(requested_schema)

    def _frame_schema(self) -> pl.Schema:
        frame = self.polars()
        with self._reading():
            return frame.collect_schema()

    def _stream(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema(), self.batches(STREAM_ROWS))

    def _batches(self, frame: pl.LazyFrame, size: int) -> Iterator[pa.RecordBatch]:
        with self._reading():
            for part in batches_of(frame, size):
                yield from part.to_arrow().to_batches(max_chunksize=size)

    def _reading(self) -> AbstractContextManager[None]:
        """Turns what goes wrong with the source into SourceError."""
        return reading(self._source.given, self.hint, remote=self._source.remote)

    def _reading_file(self, index: int, hint: str | None = None) -> AbstractContextManager[None]:
        """The same for one of its files, which the error then names."""
        url = self._source.urls[index]
        return reading(url, self.hint if hint is None else hint, remote=self._source.remote)

    @cached_property
    def _partition_schema(self) -> dict[str, pl.DataType]:
        """Name and type of the columns that hive partitions make. Raises SourceError."""
        return partition_schema(self._source.partitions, self._source.urls)

    def _partition_columns(self, index: int) -> list[pl.Expr]:
        """These columns of one file."""
        return constant_columns(self._source.hive(index), self._partition_schema)

    def _is_left_out(self, index: int, request: Request) -> bool:
        """Whether one file has no rows for a request: by these columns, or as it has them all."""
        return request.done or is_ruled_out(request.pushed, self._partition_columns(index))

    def _arrow_schema(self, schema: pl.Schema) -> pa.Schema:
        bad = next((name for name in names_in(schema) if "\0" in name), None)
        if bad is not None:
            # The engine would panic.
            raise SourceError(
                f"{self._source.given} has the column or field {bad!r}, and Arrow has no names "
                "with zero bytes. Rename it in the frame that polars() gives."
            )
        try:
            return pl.DataFrame(schema=schema).to_arrow().schema
        except pa.ArrowException as error:
            foreign = [f"{name!r} ({dtype})" for name, dtype in schema.items() if _foreign(dtype)]
            raise SourceError(
                f"{self._source.given} has types that Arrow does not have: columns "
                f"{', '.join(foreign)}. Cast them in the frame that polars() gives."
            ) from error


def _foreign(dtype: pl.DataType) -> bool:
    try:
        pl.DataFrame(schema={"column": dtype}).to_arrow()
    except pa.ArrowException:
        return True
    return False
