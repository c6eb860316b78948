"""A lazy scan of Parquet files through pyarrow: for fsspec's filesystems, and for what polars' own
scan does not read.

pyarrow's own filters are not used: they answer comparisons with null and NaN differently from
polars. Predicates are evaluated by polars, on the columns they name, before any other column of a
row group is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from toolkit.core.errors import SourceError
from toolkit.core.io_sources import Request, lazy_frame
from toolkit.datasets.readers.failures import reading
from toolkit.datasets.readers.parquet import decrypting
from toolkit.datasets.readers.parquet.footer import read_footer
from toolkit.datasets.readers.parquet.types import Columns, frame_of
from toolkit.datasets.readers.partitions import constant_columns
from toolkit.datasets.readers.sources import ResolvedSource

if TYPE_CHECKING:
    from pyarrow.parquet import FileDecryptionProperties

_HINT = "The file is damaged, was replaced while it was read, or its store cannot be reached."

LARGE_GROUP = 1 << 20
"""Rows from which a row group is read in parts."""
_PART = 1 << 17


class RandomAccessHandler(pafs.FSSpecHandler):  # type: ignore[misc]
    """Lets pyarrow open files without fsspec's read-ahead."""

    def open_input_file(self, path: str) -> pa.PythonFile:
        return pa.PythonFile(self.fs.open(path, "rb", cache_type="none"), mode="r")


@dataclass(frozen=True, slots=True)
class ArrowScan:
    """The IO source of files with the same columns; opens nothing until the engine calls it."""

    source: ResolvedSource
    indices: Sequence[int]
    """Which of the source's files."""
    metadata: Sequence[pq.FileMetaData | None]
    """Of the files of ``indices``, in their order; None where it has to be read again."""
    columns: Sequence[Columns]
    partitions: Mapping[str, pl.DataType]
    decryption: FileDecryptionProperties | None = None

    def lazy(self) -> pl.LazyFrame:
        """The lazy frame over all files."""
        schema = pl.Schema({**self.columns[0].dtypes, **self.partitions})
        return lazy_frame(self._read, schema, name="Parquet", detail=self.source.given)

    def _read(self, request: Request) -> Iterator[pl.DataFrame]:
        # Of the first rows none may be skipped: they are counted before the predicate.
        pushed = request.predicate if request.remaining is None else None
        for position, index in enumerate(self.indices):
            if request.done:
                return
            constants = self._constants(index)
            if pushed is None or not _excluded(pushed, constants):
                yield from self._read_file(position, request, pushed, constants)

    def _read_file(
        self,
        position: int,
        request: Request,
        pushed: pl.Expr | None,
        constants: Sequence[pl.Expr],
    ) -> Iterator[pl.DataFrame]:
        stored = [name for name in request.columns if name not in self.partitions]
        # What goes wrong in a predicate is no damage, and is raised as it is.
        with _open(self, position) as file:
            for part in _parts(file, stored, pushed, constants):
                yield request.answer(part)
                if request.done:
                    return

    def _constants(self, index: int) -> list[pl.Expr]:
        if not self.partitions:
            return []
        return constant_columns(self.source.partitions[index], self.partitions)


@dataclass(frozen=True, slots=True)
class _File:
    """An open file whose tables come out as frames of the announced types."""

    url: str
    file: pq.ParquetFile
    exact: pq.ParquetFile | None
    """Gives INT96 timestamps as microseconds, to compare with nanoseconds that may overflow."""
    rows: Sequence[int]
    """Rows of each row group."""
    portable: pa.Schema
    dtypes: Mapping[str, pl.DataType]
    hint: str

    def group(self, group: int, names: Sequence[str]) -> pl.DataFrame:
        """Columns of a row group."""
        if not names:
            return pl.DataFrame(height=self.rows[group])
        with self._reading():
            table = self.file.read_row_group(group, names).select(names)
            if self.exact is not None:
                self._require_fit(table, group)
            self._require_rows(group, table.num_rows)
            return self._frame(table)

    def parts(self, group: int, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Columns of a row group, in parts where it is large."""
        if self.rows[group] <= LARGE_GROUP or not names or self.exact is not None:
            yield self.group(group, names)
            return
        rows = 0
        with self._reading():
            for batch in self.file.iter_batches(_PART, row_groups=[group], columns=names):
                # A dotted name also selects a field of a struct: keep what was asked for.
                yield self._frame(pa.Table.from_batches([batch]).select(names))
                rows += batch.num_rows
            self._require_rows(group, rows)

    def _reading(self) -> AbstractContextManager[None]:
        return reading(self.url, self.hint, remote=True)

    def _require_rows(self, group: int, rows: int) -> None:
        if rows != self.rows[group]:
            raise SourceError(
                f"{self.url} could not be read: row group {group} has {rows:,} rows, its footer "
                f"says {self.rows[group]:,}. It is damaged: fetch it again."
            )

    def _frame(self, table: pa.Table) -> pl.DataFrame:
        for column in table.columns:
            if _has_text(column.type):
                # pyarrow does not ask whether text is UTF-8, and polars takes its word.
                column.validate(full=True)
        portable = pa.schema([self.portable.field(name) for name in table.column_names])
        if not table.schema.equals(portable):
            table = pa.table(
                [_cast(table[name], portable.field(name)) for name in table.column_names],
                schema=portable,
            )
        frame = frame_of(table)
        wanted = {name: self.dtypes[name] for name in frame.columns}
        return frame if dict(frame.schema) == wanted else frame.cast(wanted)  # type: ignore[arg-type]

    def _require_fit(self, table: pa.Table, group: int) -> None:
        stamped = [field.name for field in table.schema if _has_timestamp(field.type)]
        if not stamped or self.exact is None:
            return
        exact = self.exact.read_row_group(group, stamped).select(stamped)
        for name in stamped:
            try:
                exact[name].cast(table.schema.field(name).type, safe=True)
            except pa.ArrowInvalid as error:
                raise SourceError(
                    f"{self.url} has INT96 timestamps in column {name!r} that nanoseconds of 64 "
                    "bits cannot hold. Pass int96='us' to read them as microseconds."
                ) from error


def _cast(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    if column.type == field.type:
        return column
    if isinstance(column.type, pa.BaseExtensionType):
        chunks = [chunk.storage for chunk in column.chunks]
        column = pa.chunked_array(chunks, column.type.storage_type)
    # INT96 comes as microseconds where it was asked for: the frame is cast to that anyway.
    return column.cast(field.type)


def _has_timestamp(dtype: pa.DataType) -> bool:
    if pa.types.is_timestamp(dtype):
        return bool(dtype.unit == "ns")
    return any(_has_timestamp(dtype.field(index).type) for index in range(dtype.num_fields))


def _has_text(dtype: pa.DataType) -> bool:
    if pa.types.is_dictionary(dtype):
        return _has_text(dtype.value_type)
    if isinstance(dtype, pa.BaseExtensionType):
        return _has_text(dtype.storage_type)
    if (
        pa.types.is_string(dtype)
        or pa.types.is_large_string(dtype)
        or pa.types.is_string_view(dtype)
    ):
        return True
    return any(_has_text(dtype.field(index).type) for index in range(dtype.num_fields))


@contextmanager
def _open(scan: ArrowScan, position: int) -> Iterator[_File]:
    index, columns, source = scan.indices[position], scan.columns[position], scan.source
    nanoseconds = columns.int96 and not columns.microseconds
    if columns.portable is None:
        raise SourceError(
            f"{source.urls[index]} has types that only polars has, which reads local files alone "
            "here. Copy it to this machine, or read it with the files of its own kind."
        )
    url = source.urls[index]
    hint = _HINT if scan.decryption is None else decrypting.HINT
    with reading(url, hint, remote=True):
        handle = source.open(source.paths[index], random_access=True)
    # The handle is closed last; a ParquetFile of an open handle leaves it alone.
    with handle:
        with reading(url, hint, remote=True):
            options: dict[str, Any] = {
                "pre_buffer": source.remote,
                "page_checksum_verification": True,
            }
            if scan.decryption is None:
                known = scan.metadata[position]
                options["metadata"] = known or read_footer(handle, url).metadata
            else:
                options["decryption_properties"] = scan.decryption
            unit = "us" if columns.microseconds else None
            file = pq.ParquetFile(handle, coerce_int96_timestamp_unit=unit, **options)
            exact = (
                pq.ParquetFile(handle, coerce_int96_timestamp_unit="us", **options)
                if nanoseconds
                else None
            )
            rows = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
        yield _File(url, file, exact, rows, columns.portable, scan.columns[0].dtypes, hint)


def _parts(
    file: _File, stored: Sequence[str], pushed: pl.Expr | None, constants: Sequence[pl.Expr]
) -> Iterator[pl.DataFrame]:
    """The rows of a file, without row groups that have none for which ``pushed`` is true."""
    needed = set() if pushed is None else set(pushed.meta.root_names())
    first = [name for name in stored if name in needed]
    rest = [name for name in stored if name not in needed]
    # Group by group: one call for all of them would fetch all of them.
    for group, rows in enumerate(file.rows):
        if pushed is None or not first or rows > LARGE_GROUP:
            for part in file.parts(group, stored):
                yield part.with_columns(constants)
            continue
        deciding = file.group(group, first).with_columns(constants)
        if deciding.filter(pushed).is_empty():
            continue
        yield deciding.hstack(file.group(group, rest)) if rest else deciding


def _excluded(predicate: pl.Expr, constants: Sequence[pl.Expr]) -> bool:
    """Whether the partition values of a file alone make the predicate false."""
    names = {constant.meta.output_name() for constant in constants}
    roots = predicate.meta.root_names()
    if not roots or not set(roots) <= names:
        return False
    return pl.select(constants).filter(predicate).is_empty()
