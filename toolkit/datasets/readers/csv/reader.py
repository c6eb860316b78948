"""The CSV reader: polars' own scan for local UTF-8 files, a spooled copy for all others."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import polars as pl
import pyarrow as pa

from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.datasets.readers.agreement import require_same_names
from toolkit.datasets.readers.base import LazyFrameReader
from toolkit.datasets.readers.csv.sniffing import (
    PREFIX_BYTES,
    Dialect,
    detect,
    require_distinct_names,
    require_text,
    whole_lines,
)
from toolkit.datasets.readers.failures import ENGINE_FAILURES, first_line, reading
from toolkit.datasets.readers.partitions import constant_columns, partition_schema
from toolkit.datasets.readers.sources import ResolvedSource
from toolkit.datasets.readers.csv.spool import SpooledScan
from toolkit.datasets.readers.text import codec_of, first_bytes, is_utf8, prefix

SchemaLike: TypeAlias = Mapping[str, Any] | pa.Schema
NullValues: TypeAlias = str | Sequence[str] | Mapping[str, str]

INFER_ROWS = 10_000
_INFERENCE_BYTES = 1 << 24
_UNLIMITED = 1 << 62
_COUNT_ROWS = 1 << 17
_NATIVE_CODECS = frozenset({None, "gzip", "zstd"})


def looks_like_csv(head: bytes) -> bool:
    """Whether the first bytes of a file are text."""
    try:
        require_text("", head, complete=False)
    except SourceError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class CSVOptions:
    """How to read CSV files; None means: find out from the file."""

    delimiter: str | None = None
    """One ASCII character."""
    quote: str | None = '"'
    """One ASCII character, or None when the files have no quoting."""
    encoding: str = "utf-8"
    """Any encoding that Python knows. All but UTF-8 are converted on the way."""
    has_header: bool | None = None
    schema: Mapping[str, Any] | None = None
    """Types of some or all columns, which are then not inferred."""
    null_values: NullValues | None = None
    """Text that means null: for all columns, or for each column by name."""
    infer_rows: int | None = INFER_ROWS
    """Rows of each file from which types are inferred; None: all rows."""

    def __post_init__(self) -> None:
        for name, character in (("delimiter", self.delimiter), ("quote", self.quote)):
            if character is not None and len(character.encode()) != 1:
                raise InvalidArgumentError(f"{name}={character!r}: pass one ASCII character.")
        if self.infer_rows is not None and self.infer_rows < 1:
            raise InvalidArgumentError(
                f"infer_rows={self.infer_rows}: pass a number from 1, or None for all rows."
            )
        try:
            is_utf8(self.encoding)
        except LookupError as error:
            raise InvalidArgumentError(
                f"encoding={self.encoding!r} is not an encoding that Python knows."
            ) from error


class CSVDatasetReader(LazyFrameReader):
    """Reads CSV files that have the same columns.

    Types are inferred from the first ``infer_rows`` rows of every file and joined (integer and
    float give float, anything and text give text). A later value that does not fit its type is an
    error that names it, never a null. Dates stay text unless ``schema`` says otherwise; an integer
    beyond 64 bits makes its column text, so that no digit is lost. A row with too few fields ends
    in nulls, one with too many is an error. gzip, zstd and bzip2 are unpacked.

    ``arrow()`` is a stream that can be read once.
    """

    hint = (
        "Pass delimiter, quote or encoding if they were not recognized; schema={column: type} or a "
        "larger infer_rows if a type is too narrow; null_values for text that means null."
    )

    def __init__(
        self,
        source: ResolvedSource,
        *,
        delimiter: str | None = None,
        quote: str | None = '"',
        encoding: str = "utf-8",
        has_header: bool | None = None,
        schema: SchemaLike | None = None,
        null_values: NullValues | None = None,
        infer_rows: int | None = INFER_ROWS,
    ) -> None:
        super().__init__(source)
        types = _polars_types(schema) if isinstance(schema, pa.Schema) else schema
        self._options = CSVOptions(
            delimiter, quote, encoding, has_header, types, null_values, infer_rows
        )

    def polars(self) -> pl.LazyFrame:
        schema, partitions = self._columns, self._partition_schema
        constants = [
            constant_columns(values, partitions) if partitions else []
            for values in self._source.partitions
        ]
        if not self._native:
            full = pl.Schema({**schema, **partitions})
            return SpooledScan(
                self._source, self._options.encoding, self._parse, constants, self.hint
            ).lazy(full)
        if not partitions:
            return self._scan(list(self._source.paths), schema=schema)
        return pl.concat(
            [
                self._parse(path).with_columns(columns)
                for path, columns in zip(self._source.paths, constants, strict=True)
            ]
        )

    # polars answers a limit, and a count, without parsing to the end of the file: a quote that is
    # never closed would then swallow rows without a word.

    def count(self) -> int:
        column = self.polars().select(pl.first())
        with self._reading():
            return sum(part.height for part in column.collect_batches(chunk_size=_COUNT_ROWS))

    def head(self, n: int = 5) -> pl.DataFrame:
        found = super().head(n)
        if found.height >= n:
            return found
        frame = self.polars()
        with self._reading():
            return frame.collect().head(n)

    @cached_property
    def _native(self) -> bool:
        """Whether polars opens every file itself."""
        if self._source.remote or not is_utf8(self._options.encoding):
            return False
        with self._reading():
            codecs = {codec_of(first_bytes(self._source, path, 4)) for path in self._source.paths}
        return codecs <= _NATIVE_CODECS

    @cached_property
    def _partition_schema(self) -> dict[str, pl.DataType]:
        return partition_schema(self._source.partitions, self._source.urls)

    @cached_property
    def _dialect(self) -> Dialect:
        options = self._options
        if options.delimiter is not None and options.has_header is not None:
            return Dialect(options.delimiter, options.has_header)
        head = self._head(0)
        found = detect(head, delimiter=options.delimiter, quote=options.quote)
        return (
            found if options.has_header is None else replace(found, has_header=options.has_header)
        )

    @cached_property
    def _columns(self) -> pl.Schema:
        """Names and types of the columns in the files."""
        schemas = [self._infer(index) for index in range(len(self._source.paths))]
        for index, schema in enumerate(schemas[1:], start=1):
            require_same_names(
                self._source.given,
                (self._source.urls[0], list(schemas[0])),
                (self._source.urls[index], list(schema)),
            )
        frames = [pl.DataFrame(schema=schema) for schema in schemas]
        with self._reading():
            joined = pl.concat(frames, how="vertical_relaxed").schema
        return self._override(joined)

    def _head(self, index: int) -> bytes:
        """The unpacked beginning of a file as UTF-8, proven to be text."""
        path, url = self._source.paths[index], self._source.urls[index]
        with reading(url, self.hint, remote=self._source.remote):
            head = prefix(self._source, path, PREFIX_BYTES, self._options.encoding)
        require_text(url, head, complete=len(head) < PREFIX_BYTES)
        return head

    def _infer(self, index: int) -> pl.Schema:
        path, url = self._source.paths[index], self._source.urls[index]
        head = self._head(index)
        if self._dialect.has_header:
            require_distinct_names(url, head, self._dialect, self._options.quote)
        with reading(url, self.hint, remote=self._source.remote):
            inferred = self._scan(
                self._sample(path, head),
                infer_schema_length=self._options.infer_rows,
            ).collect_schema()
        wide = {name: pl.String() for name, dtype in inferred.items() if dtype == pl.Int128}
        return pl.Schema({**inferred, **wide})

    def _sample(self, path: str, head: bytes) -> str | io.BytesIO:
        if self._native:
            return path
        if len(head) < PREFIX_BYTES:
            return io.BytesIO(head)
        limit = _INFERENCE_BYTES if self._options.infer_rows else _UNLIMITED
        sample = prefix(self._source, path, limit, self._options.encoding)
        return io.BytesIO(sample if len(sample) < limit else whole_lines(sample))

    def _override(self, inferred: pl.Schema) -> pl.Schema:
        types = self._options.schema
        if not types:
            return inferred
        if not self._dialect.has_header and len(types) == len(inferred):
            return pl.Schema(types)
        unknown = [name for name in types if name not in inferred]
        if unknown:
            raise InvalidArgumentError(
                f"{self._source.given} has no column {unknown[0]!r}, which schema names. "
                f"Its columns: {', '.join(inferred)}."
            )
        return pl.Schema({**inferred, **types})

    def _parse(self, path: str) -> pl.LazyFrame:
        return self._scan(path, schema=self._columns)

    def _scan(self, source: Any, **how: Any) -> pl.LazyFrame:
        return pl.scan_csv(
            source,
            separator=self._dialect.delimiter,
            has_header=self._dialect.has_header,
            quote_char=self._options.quote,
            null_values=self._null_values,
            glob=False,
            **how,
        )

    @cached_property
    def _null_values(self) -> str | list[str] | dict[str, str] | None:
        given = self._options.null_values
        if given is None or isinstance(given, str):
            return given
        return dict(given) if isinstance(given, Mapping) else list(given)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with super()._reading():
                yield
        except SourceError as error:
            # Engines say what was wrong, and not in which of several files.
            culprit = self._culprit() if len(self._source.paths) > 1 else None
            if culprit is None:
                raise
            raise SourceError(f"{culprit} {self.hint}") from error

    def _culprit(self) -> str | None:
        if "_columns" not in self.__dict__ or not self._native:
            return None
        for path in self._source.paths:
            try:
                self._parse(path).select(pl.all().null_count()).collect()
            except ENGINE_FAILURES as error:
                return f"{path} could not be read: {first_line(error)}."
        return None


def _polars_types(schema: pa.Schema) -> Mapping[str, Any]:
    frame = pl.from_arrow(schema.empty_table())
    return dict(frame.schema) if isinstance(frame, pl.DataFrame) else {}
