"""A Parquet file that pyarrow has open, as frames of the types that every engine gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.failures import reading
from toolkit.datasets.readers.parquet import decrypting
from toolkit.datasets.readers.parquet.files import DataFile
from toolkit.datasets.readers.parquet.footer import read_footer
from toolkit.datasets.readers.parquet.raw_values import decimals
from toolkit.datasets.readers.parquet.second_look import SecondLook
from toolkit.datasets.readers.parquet.types import frame_of
from toolkit.datasets.readers.portable import any_within
from toolkit.datasets.readers.sources import ResolvedSource
from toolkit.datasets.readers.spelled_out import is_indirect, spelled_out

if TYPE_CHECKING:
    from pyarrow.parquet import FileDecryptionProperties

_HINT = "The file is damaged, was replaced while it was read, or its store cannot be reached."

LARGE_GROUP = 1 << 20
"""Rows from which a row group is read in parts."""
_PART = 1 << 17


@dataclass(frozen=True, slots=True)
class OpenFile:
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
    again: SecondLook | None
    """None where the file is encrypted."""

    def is_large(self, group: int) -> bool:
        """Whether a row group is better read in parts."""
        return self.rows[group] > LARGE_GROUP

    def group(self, group: int, names: Sequence[str]) -> pl.DataFrame:
        """Columns of a row group."""
        if not names:
            return pl.DataFrame(height=self.rows[group])
        try:
            with self._reading():
                table = self.file.read_row_group(group, names).select(names)
                if self.exact is not None:
                    self._require_fit(self.exact, table, group)
                self._require_rows(group, table.num_rows)
                return self._frame(table)
        except SourceError:
            found = self._read_again(group, names)
            if found is None:
                raise
            return found

    def parts(self, group: int, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Columns of a row group, in parts where it is large."""
        if not self.is_large(group) or not names or self.exact is not None:
            yield self.group(group, names)
            return
        rows = 0
        try:
            with self._reading():
                for batch in self.file.iter_batches(_PART, row_groups=[group], columns=names):
                    rows += batch.num_rows
                    # A dotted name also selects a field of a struct: keep what was asked for.
                    yield self._frame(pa.Table.from_batches([batch]).select(names))
                self._require_rows(group, rows)
        except SourceError:
            found = None if rows else self._read_again(group, names)
            if found is None:
                raise
            yield found

    def _read_again(self, group: int, names: Sequence[str]) -> pl.DataFrame | None:
        """What pyarrow did not read though it is there."""
        if self.again is None:
            return None
        with self._reading():
            table = None if self.exact else self.again.packed_in_parts(group, names)
            if table is None:
                table = self.again.odd_decimals(group, names)
            if table is not None and table.num_rows == self.rows[group]:
                return self._frame(table)
            return self.again.rows(group, names)

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
            if any_within(column.type, _is_text):
                # pyarrow does not ask whether text is UTF-8, and polars takes its word.
                column.validate(full=True)
        portable = pa.schema([self.portable.field(name) for name in table.column_names])
        if not table.schema.equals(portable):
            table = pa.table(
                {name: _cast(table[name], portable.field(name)) for name in table.column_names}
            )
        frame = frame_of(table)
        wanted = {name: self.dtypes[name] for name in frame.columns}
        return frame if dict(frame.schema) == wanted else frame.cast(wanted)  # type: ignore[arg-type]

    def _require_fit(self, exact: pq.ParquetFile, table: pa.Table, group: int) -> None:
        stamped = [
            field.name for field in table.schema if any_within(field.type, _is_in_nanoseconds)
        ]
        if not stamped:
            return
        stamps = exact.read_row_group(group, stamped).select(stamped)
        for name in stamped:
            try:
                stamps[name].cast(table.schema.field(name).type, safe=True)
            except pa.ArrowInvalid as error:
                if self.again is not None and self.again.fits(table[name], name, group):
                    continue
                raise SourceError(
                    f"{self.url} has INT96 timestamps in column {name!r} that nanoseconds of 64 "
                    "bits cannot hold. Pass int96='us' to read them as microseconds."
                ) from error


def _cast(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    if column.type == field.type or any_within(column.type, _is_nested_extension):
        # polars imports tensors, and casts no arrays to them.
        return column
    if isinstance(column.type, pa.BaseExtensionType):
        chunks = [chunk.storage for chunk in column.chunks]
        column = pa.chunked_array(chunks, column.type.storage_type)
    if _is_bytes(column.type) and pa.types.is_decimal128(field.type):
        chunks = [decimals(chunk, field.type) for chunk in column.chunks]
        return pa.chunked_array(chunks, field.type)
    if any_within(column.type, is_indirect):
        chunks = [spelled_out(chunk).cast(field.type) for chunk in column.chunks]
        return pa.chunked_array(chunks, field.type)
    # INT96 comes as microseconds where it was asked for: the frame is cast to that anyway.
    return column.cast(field.type)


def _is_bytes(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_fixed_size_binary(dtype) or pa.types.is_binary(dtype))


def _is_nested_extension(dtype: pa.DataType) -> bool:
    if not isinstance(dtype, pa.BaseExtensionType):
        return False
    return bool(pa.types.is_nested(dtype.storage_type))


def _is_in_nanoseconds(dtype: pa.DataType) -> bool:
    return pa.types.is_timestamp(dtype) and bool(dtype.unit == "ns")


def _is_text(dtype: pa.DataType) -> bool:
    if pa.types.is_dictionary(dtype):
        return any_within(dtype.value_type, _is_text)
    if isinstance(dtype, pa.BaseExtensionType):
        return any_within(dtype.storage_type, _is_text)
    return bool(
        pa.types.is_string(dtype)
        or pa.types.is_large_string(dtype)
        or pa.types.is_string_view(dtype)
    )


@contextmanager
def opened(
    source: ResolvedSource,
    file: DataFile,
    dtypes: Mapping[str, pl.DataType],
    decryption: FileDecryptionProperties | None,
) -> Iterator[OpenFile]:
    """Open one of the files of ``source``; its frames get the types ``dtypes``.

    Raises SourceError for one that cannot be opened, or has types that only polars reads."""
    columns = file.columns
    if columns.portable is None:
        raise SourceError(
            f"{file.url} has types that only polars has, which reads local files alone "
            "here. Copy it to this machine, or read it with the files of its own kind."
        )
    hint = _HINT if decryption is None else decrypting.HINT
    with reading(file.url, hint, remote=True):
        handle = source.open(file.path, random_access=True)
    # The handle is closed last; a ParquetFile of an open handle leaves it alone.
    with handle:
        with reading(file.url, hint, remote=True):
            options: dict[str, Any] = {
                "pre_buffer": source.remote,
                "page_checksum_verification": True,
            }
            if decryption is None:
                options["metadata"] = file.metadata or read_footer(handle, file.url).metadata
            else:
                options["decryption_properties"] = decryption
            unit = "us" if columns.microseconds else None
            parquet = pq.ParquetFile(handle, coerce_int96_timestamp_unit=unit, **options)
            exact = (
                pq.ParquetFile(handle, coerce_int96_timestamp_unit="us", **options)
                if columns.int96 and not columns.microseconds
                else None
            )
            groups = range(parquet.num_row_groups)
            rows = [parquet.metadata.row_group(group).num_rows for group in groups]
        again = SecondLook(file.url, file.path, handle, columns, source.remote)
        yield OpenFile(
            file.url,
            parquet,
            exact,
            rows,
            columns.portable,
            dtypes,
            hint,
            again if decryption is None else None,
        )
