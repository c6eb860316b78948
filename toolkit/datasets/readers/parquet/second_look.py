"""What is done where pyarrow gives none or the wrong answer, as is known of it, for a sound file.

It costs nothing before: the footer is read again then."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from toolkit.datasets.readers.parquet import pages
from toolkit.datasets.readers.parquet.footer import read_footer
from toolkit.datasets.readers.parquet.hadoop_lz4 import CODEC, unpacked
from toolkit.datasets.readers.parquet.layout import BYTE_ARRAY
from toolkit.datasets.readers.parquet.native import native_scan
from toolkit.datasets.readers.parquet.raw_values import fits
from toolkit.datasets.readers.parquet.types import Columns


@dataclass(frozen=True, slots=True)
class SecondLook:
    """A file that pyarrow has open, which is not encrypted."""

    url: str
    path: str
    handle: BinaryIO
    columns: Columns
    remote: bool

    def fits(self, column: pa.ChunkedArray, name: str, group: int) -> bool:
        """Whether INT96 timestamps are what pyarrow made nanoseconds of: it makes microseconds
        wrongly of times of day that are not of the day."""
        if not pa.types.is_timestamp(column.type):
            return False
        metadata = read_footer(self.handle, self.url).bare(name)
        file = pq.ParquetFile(self.handle, pre_buffer=self.remote, metadata=metadata)
        stored = file.read_row_group(group, [name])[name]
        return fits(stored.combine_chunks(), column.combine_chunks())

    def odd_decimals(self, group: int, names: Sequence[str]) -> pa.Table | None:
        """Columns of a row group with decimals of any number of bytes as these, of which pyarrow
        takes 1 to 16; None without such columns."""
        footer = read_footer(self.handle, self.url)
        decimals = [
            leaf.path[0]
            for leaf in footer.layout.leaves
            if leaf.type == BYTE_ARRAY
            and len(leaf.path) == 1
            and leaf.path[0] in names
            and isinstance(self.columns.dtypes.get(leaf.path[0]), pl.Decimal)
        ]
        if not decimals or self.columns.int96:
            return None
        file = pq.ParquetFile(self.handle, pre_buffer=self.remote, metadata=footer.bare(*decimals))
        return file.read_row_group(group, names).select(names)

    def packed_in_parts(self, group: int, names: Sequence[str]) -> pa.Table | None:
        """Columns of a row group whose pages Hadoop packed in several parts; None where it did
        not, or they cannot be unpacked."""
        footer = read_footer(self.handle, self.url)
        groups = footer.layout.groups
        if group >= len(groups) or all(chunk.codec != CODEC for chunk in groups[group].chunks):
            return None
        read = partial(pages.read_at, self.handle)
        try:
            file = unpacked(footer.content, footer.layout, group, names, read)
            unit = "us" if self.columns.microseconds else None
            found = pq.ParquetFile(io.BytesIO(file), coerce_int96_timestamp_unit=unit)
            return found.read_row_group(0, names).select(names)
        except (ValueError, KeyError, TypeError, OSError, pa.ArrowException):
            return None

    def rows(self, group: int, names: Sequence[str]) -> pl.DataFrame | None:
        """Columns of a row group, by polars, where pyarrow takes an empty page for the last; None
        where that is not the matter."""
        if self.remote or self.columns.scanned is None:
            return None
        groups = read_footer(self.handle, self.url).layout.groups
        if group >= len(groups) or not pages.begins_empty(
            groups[group], partial(pages.read_at, self.handle)
        ):
            return None
        before = sum(each.rows for each in groups[:group])
        frame = native_scan([self.path], self.columns, {}).slice(before, groups[group].rows)
        found = frame.select(names).collect()
        return found if found.height == groups[group].rows else None
