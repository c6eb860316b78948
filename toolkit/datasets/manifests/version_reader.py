"""A version as a reader: the same faces as a file's, whatever files it lies in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import polars as pl
import pyarrow as pa

from toolkit.core.errors import InvalidArgumentError
from toolkit.core.types import VersionRecord
from toolkit.datasets.frames.blocks import streamed

STREAM_ROWS = 1 << 16
"""Rows of a batch where the consumer does not say."""


class VersionReader:
    """An ``IDatasetReader`` of one version. It stays with the version: names and tags may move on.

    ``polars()`` is the lazy scan that ``ws.load`` gives; the Arrow faces have the types of the
    saved schema. Everything streams in bounded memory, and ``count`` reads nothing."""

    def __init__(
        self,
        version: VersionRecord,
        *,
        sources: Sequence[str],
        schema: pa.Schema,
        scan: Callable[[], pl.LazyFrame],
        batches: Callable[[int], Iterator[pa.RecordBatch]],
        convert: Callable[[pa.Table, pa.Schema], pa.Table],
    ) -> None:
        """``convert`` brings rows of the scan to the types of a schema."""
        self.ref = version.ref
        self.sources = tuple(sources)
        self._rows = version.rows
        self._schema = schema
        self._scan = scan
        self._batches = batches
        self._convert = convert

    def __repr__(self) -> str:
        return f"<VersionReader {self.ref}: {self._rows:,} rows, {len(self._schema)} columns>"

    def schema(self) -> pa.Schema:
        """The Arrow schema with which the version was saved."""
        return self._schema

    def polars(self) -> pl.LazyFrame:
        """A lazy scan; projection and predicates reach the files."""
        return self._scan()

    def arrow(
        self, columns: Sequence[str] | None = None, where: pl.Expr | None = None
    ) -> pa.RecordBatchReader:
        """The rows as a stream that can be read once; only ``columns``, only rows for which the
        polars expression ``where`` is true. Neither reads more of the files than it needs.

        Raises InvalidArgumentError for a column that the version does not have."""
        if columns is None and where is None:
            return _stream(self._schema, self._batches(STREAM_ROWS))
        names = self._schema.names if columns is None else list(columns)
        unknown = [name for name in names if name not in self._schema.names]
        if unknown:
            raise InvalidArgumentError(
                f"{self.ref} has no column {', '.join(map(repr, unknown))}. Its columns are "
                f"{', '.join(self._schema.names)}."
            )
        frame = self._scan() if where is None else self._scan().filter(where)
        schema = pa.schema([self._schema.field(name) for name in names])
        return _stream(schema, self._converted(frame.select(names), schema))

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        """The rows in batches of at most ``size``. Raises InvalidArgumentError below 1."""
        if size < 1:
            raise InvalidArgumentError(f"Batches of {size} rows cannot be: pass 1 or more.")
        return self._batches(size)

    def count(self) -> int:
        """Number of rows, from the catalog."""
        return self._rows

    def head(self, n: int = 5) -> pl.DataFrame:
        """The first ``n`` rows. Raises InvalidArgumentError for a negative n."""
        if n < 0:
            raise InvalidArgumentError(f"The first {n} rows cannot be: pass a number from 0.")
        return self._scan().head(n).collect()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.arrow().__arrow_c_stream__(requested_schema)

    def _converted(self, frame: pl.LazyFrame, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for part in streamed(frame, STREAM_ROWS):
            yield from self._convert(part.to_arrow(), schema).to_batches()


def _stream(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatchReader:
    """The batches under the schema that they have: codes of categories may be wider than they
    were when they were saved."""
    first = next(batches, None)
    if first is None:
        return pa.RecordBatchReader.from_batches(schema, iter(()))
    return pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
