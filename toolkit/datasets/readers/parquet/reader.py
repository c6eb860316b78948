"""The Parquet reader: polars' own scan for local files, row groups through pyarrow elsewhere."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from toolkit.datasets.readers.agreement import require_same_columns
from toolkit.datasets.readers.base import LazyFrameReader
from toolkit.datasets.readers.failures import first_line, reading
from toolkit.datasets.readers.partitions import parse_value, partition_schema, partition_values
from toolkit.datasets.readers.remote_parquet import (
    RandomAccessHandler,
    RemoteScan,
    read_schema,
    repeated_name,
)

if TYPE_CHECKING:
    import pyarrow.dataset as pads

MAGIC = b"PAR1"


def looks_like_parquet(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a Parquet file."""
    return head.startswith(MAGIC)


class ParquetDatasetReader(LazyFrameReader):
    """Reads Parquet files that have the same columns, with their hive partitions.

    The footer of every file is read once, at the first call of a method, so that a file that is
    not Parquet or has other columns is named at once. ``arrow()`` is a pyarrow dataset.
    """

    hint = "If it is a Parquet file, it is damaged or cut short: fetch it again."

    def polars(self) -> pl.LazyFrame:
        schema = self._file_schema
        if self._source.remote:
            full = pl.Schema({**schema, **self._partition_schema})
            return RemoteScan(self._source, full, self._partition_schema).lazy()
        if not self._partition_schema:
            return pl.scan_parquet(list(self._source.paths), glob=False, hive_partitioning=False)
        return self._hive_scan(schema)

    def arrow(self) -> pads.Dataset:
        import pyarrow.dataset as pads
        import pyarrow.fs as pafs

        schema = self.schema()
        format_ = pads.ParquetFileFormat()
        filesystem = (
            pafs.PyFileSystem(RandomAccessHandler(self._source.filesystem))
            if self._source.remote
            else pafs.LocalFileSystem()
        )
        with self._reading():
            fragments = [
                format_.make_fragment(path, filesystem, partition_expression=expression)
                for path, expression in zip(self._source.paths, self._expressions(), strict=True)
            ]
            return pads.FileSystemDataset(fragments, schema, format_, filesystem)

    @cached_property
    def _file_schema(self) -> pl.Schema:
        first = self._footer(0)
        for index in range(1, len(self._source.paths)):
            require_same_columns(
                self._source.given,
                (self._source.urls[0], first),
                (self._source.urls[index], self._footer(index)),
            )
        return first

    @cached_property
    def _partition_schema(self) -> dict[str, pl.DataType]:
        return partition_schema(self._source.partitions, self._source.urls)

    def _footer(self, index: int) -> pl.Schema:
        path, url = self._source.paths[index], self._source.urls[index]
        with reading(url, self.hint, remote=self._source.remote):
            if self._source.remote:
                return read_schema(self._source, path, url)
            try:
                # Of a path polars would make a glob.
                with self._source.open(path) as handle:
                    return pl.Schema(pl.read_parquet_schema(handle))
            except pl.exceptions.DuplicateError as error:
                raise repeated_name(url, first_line(error)) from error

    def _hive_scan(self, schema: pl.Schema) -> pl.LazyFrame:
        # polars takes keys from the whole path, also from above the folder that was passed: those
        # have to be declared, and are dropped again.
        declared = self._partition_schema
        above = [
            key
            for key in partition_values(self._source.paths[0], "/")
            if key not in declared and key not in schema
        ]
        frame = pl.scan_parquet(
            list(self._source.paths),
            glob=False,
            hive_partitioning=True,
            hive_schema={**dict.fromkeys(above, pl.String()), **declared},
        )
        return frame.drop(above) if above else frame

    def _expressions(self) -> list[pads.Expression | None]:
        if not self._partition_schema:
            return [None] * len(self._source.paths)
        return [self._expression(values) for values in self._source.partitions]

    def _expression(self, values: Mapping[str, str | None]) -> pads.Expression:
        import pyarrow.dataset as pads

        terms = [
            pads.field(key).is_null()
            if values[key] is None
            else pads.field(key) == parse_value(values[key], dtype)
            for key, dtype in self._partition_schema.items()
        ]
        return functools.reduce(operator.and_, terms)
