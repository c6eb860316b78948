"""A lazy scan of Parquet files on an fsspec filesystem.

pyarrow's own filters are not used: they answer comparisons with null and NaN differently from
polars. Predicates are evaluated by polars, on the columns they name, before any other column of a
row group is fetched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import polars as pl
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from polars.io.plugins import register_io_source

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.failures import reading
from toolkit.datasets.readers.partitions import constant_columns
from toolkit.datasets.readers.sources import ResolvedSource

_HINT = "The file is damaged, was replaced while it was read, or its store cannot be reached."


def read_schema(source: ResolvedSource, path: str, url: str) -> pl.Schema:
    """The columns of one file, from its footer."""
    with source.open(path, random_access=True) as handle:
        schema = pq.read_schema(handle)
    repeated = [name for name, times in Counter(schema.names).items() if times > 1]
    if repeated:
        raise repeated_name(url, f"column with name {repeated[0]!r} has more than one occurrence")
    return cast(pl.DataFrame, pl.from_arrow(schema.empty_table())).schema


class RandomAccessHandler(pafs.FSSpecHandler):  # type: ignore[misc]
    """Lets pyarrow open files without fsspec's read-ahead."""

    def open_input_file(self, path: str) -> pa.PythonFile:
        return pa.PythonFile(self.fs.open(path, "rb", cache_type="none"), mode="r")


def repeated_name(url: str, detail: str) -> SourceError:
    """The error for a file with two columns of one name, which no frame can hold."""
    return SourceError(f"{url} cannot be a frame: {detail}. Write it anew with distinct names.")


@dataclass(frozen=True, slots=True)
class RemoteScan:
    """The IO source of one reader; opens nothing until it is called by the engine."""

    source: ResolvedSource
    schema: pl.Schema
    """All columns, those of the partitions included."""
    partitions: Mapping[str, pl.DataType]

    def lazy(self) -> pl.LazyFrame:
        """The lazy frame over all files."""
        return register_io_source(
            self._frames,
            schema=self.schema,
            is_pure=True,
            explain_name="Parquet",
            explain_detail=self.source.given,
        )

    def _frames(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        # The engine asks for n_rows of the source, before the predicate.
        wanted = list(self.schema) if with_columns is None else with_columns
        stored = [name for name in wanted if name not in self.partitions]
        remaining = n_rows
        for index, path in enumerate(self.source.paths):
            if remaining == 0:
                return
            constants = self._constants(index)
            if remaining is None and predicate is not None and _excluded(predicate, constants):
                continue
            with (
                reading(self.source.urls[index], _HINT, remote=True),
                self.source.open(path, random_access=True) as handle,
                pq.ParquetFile(handle, pre_buffer=True) as file,
            ):
                if remaining is None:
                    parts = _row_groups(file, stored, predicate, constants)
                else:
                    parts = _first_rows(file, stored, constants, remaining)
                for part in parts:
                    if remaining is not None:
                        remaining -= part.height
                    frame = part.select(wanted)
                    yield frame if predicate is None else frame.filter(predicate)

    def _constants(self, index: int) -> list[pl.Expr]:
        if not self.partitions:
            return []
        return constant_columns(self.source.partitions[index], self.partitions)


def _row_groups(
    file: pq.ParquetFile,
    stored: Sequence[str],
    predicate: pl.Expr | None,
    constants: Sequence[pl.Expr],
) -> Iterator[pl.DataFrame]:
    needed = set() if predicate is None else set(predicate.meta.root_names())
    first = [name for name in stored if name in needed]
    rest = [name for name in stored if name not in needed]
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if predicate is None or not first:
            yield _frame(file.read_row_group(group, stored), stored, rows, constants)
            continue
        deciding = _frame(file.read_row_group(group, first), first, rows, constants)
        if deciding.filter(predicate).is_empty():
            continue
        if rest:
            deciding = deciding.hstack(_frame(file.read_row_group(group, rest), rest, rows, ()))
        yield deciding


def _first_rows(
    file: pq.ParquetFile, stored: Sequence[str], constants: Sequence[pl.Expr], limit: int
) -> Iterator[pl.DataFrame]:
    # Group by group: one call for all of them would fetch all of them.
    for group in range(file.num_row_groups):
        rows = min(file.metadata.row_group(group).num_rows, limit)
        limit -= rows
        table = file.read_row_group(group, stored)
        yield _frame(table.slice(0, rows), stored, rows, constants)
        if not limit:
            return


def _frame(
    table: pa.Table, columns: Sequence[str], rows: int, constants: Sequence[pl.Expr]
) -> pl.DataFrame:
    if not columns:
        return pl.DataFrame(height=rows).with_columns(constants)
    # A dotted name also selects a field of a struct: keep what was asked for.
    frame = cast(pl.DataFrame, pl.from_arrow(table.select(list(columns))))
    return frame.with_columns(constants)


def _excluded(predicate: pl.Expr, constants: Sequence[pl.Expr]) -> bool:
    """Whether the partition values of a file alone make the predicate false."""
    names = {constant.meta.output_name() for constant in constants}
    roots = predicate.meta.root_names()
    if not roots or not set(roots) <= names:
        return False
    return pl.select(constants).filter(predicate).is_empty()
