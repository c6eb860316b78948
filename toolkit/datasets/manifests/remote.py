"""A piece of a Parquet file on an fsspec filesystem: only the row groups and columns in need.

Unlike the scan of a reader (``readers/parquet/scan.py``) it begins at any row of the file, knows
the version's names, and numbers the rows, so that a predicate on the numbers chooses row groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import polars as pl
import pyarrow.parquet as pq

from toolkit.core.io_sources import Request, lazy_frame
from toolkit.core.types import FileLocation
from toolkit.datasets.manifests.predicates import conjuncts, names_of
from toolkit.datasets.manifests.strands import Piece
from toolkit.datasets.readers.failures import reading
from toolkit.datasets.readers.parquet.files import read_schema
from toolkit.datasets.readers.sources import ResolvedSource

_HINT = "The file is damaged, was replaced while it was read, or its store cannot be reached."


def remote_schema(location: FileLocation) -> pl.Schema:
    """The columns of a file, from its footer."""
    with reading(location.uri, _HINT, remote=True):
        return read_schema(_source(location), location.fs_path, location.uri)


@dataclass(frozen=True, slots=True)
class RemotePiece:
    """The IO source of one piece; opens nothing until it is called by the engine."""

    piece: Piece
    dtypes: Mapping[str, pl.DataType]
    """The columns to read and their types in the version."""
    row: str | None
    """The name of the column of row numbers, if there is to be one."""
    first: int
    """The number of the piece's first row."""

    def lazy(self) -> pl.LazyFrame:
        """The piece as a lazy frame: row numbers, if wanted, and the columns."""
        numbers = {} if self.row is None else {self.row: pl.get_index_type()}
        schema = pl.Schema({**numbers, **self.dtypes})
        return lazy_frame(self._frames, schema, name="Parquet", detail=self.piece.location.uri)

    def _frames(self, request: Request) -> Iterator[pl.DataFrame]:
        rows = request.at_most(self.piece.rows)
        with self._file() as file:
            for group, start, length, number in self._ranges(file, rows):
                part = _Part(self, file, group, start, length, number)
                frame = part.read(request.columns, request.predicate)
                if frame is not None:
                    yield frame.select(request.columns)

    @contextmanager
    def _file(self) -> Iterator[pq.ParquetFile]:
        place = self.piece.location
        with reading(place.uri, _HINT, remote=True):
            handle = _source(place).open(place.fs_path, random_access=True)
        with handle:
            with reading(place.uri, _HINT, remote=True):
                file = pq.ParquetFile(handle, pre_buffer=True)
            with file:
                yield file

    def _ranges(self, file: pq.ParquetFile, rows: int) -> Iterator[tuple[int, int, int, int]]:
        """Row group, the first row in it, how many rows, and the number of the first."""
        offset = self.piece.offset or 0
        begin = 0
        for group in range(file.num_row_groups):
            height = file.metadata.row_group(group).num_rows
            start, stop = max(offset, begin), min(offset + rows, begin + height)
            if start < stop:
                yield group, start - begin, stop - start, self.first + start - offset
            begin += height


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of one row group."""

    owner: RemotePiece
    file: pq.ParquetFile
    group: int
    start: int
    length: int
    number: int

    def read(self, wanted: Sequence[str], predicate: pl.Expr | None) -> pl.DataFrame | None:
        """The rows that match, or None. What a predicate needs is fetched first."""
        row = self.owner.row
        numbers = self._numbers()
        if predicate is None:
            return self._fetch(wanted, numbers)
        for term in conjuncts(predicate):
            # Row numbers are known without a fetch; no term on them alone can raise.
            if row is not None and names_of(term) == {row} and numbers.filter(term).is_empty():
                return None
        needed = names_of(predicate)
        frame = self._fetch([name for name in self.owner.dtypes if name in needed], numbers)
        mask = frame.select(predicate.alias("mask")).to_series()
        if mask.len() != frame.height:  # a predicate without columns
            mask = mask.new_from_index(0, frame.height)
        if not mask.any():
            return None
        rest = [name for name in wanted if name not in needed and name != row]
        if rest:
            frame = frame.hstack(self._fetch(rest, pl.DataFrame(height=self.length)))
        return frame.filter(mask)

    def _numbers(self) -> pl.DataFrame:
        if self.owner.row is None:
            return pl.DataFrame(height=self.length)
        dtype = pl.get_index_type()
        stop = self.number + self.length
        return pl.int_range(self.number, stop, dtype=dtype, eager=True).to_frame(self.owner.row)

    def _fetch(self, columns: Sequence[str], beside: pl.DataFrame) -> pl.DataFrame:
        """``beside`` with more columns, under their names and in their types in the version."""
        columns = [name for name in columns if name in self.owner.dtypes]
        if not columns:
            return beside
        names = self.owner.piece.names or {}
        stored = list(dict.fromkeys(names.get(name, name) for name in columns))
        with reading(self.owner.piece.location.uri, _HINT, remote=True):
            table = self.file.read_row_group(self.group, stored).slice(self.start, self.length)
            # A dotted name also selects a field of a struct: keep what was asked for.
            frame = cast(pl.DataFrame, pl.from_arrow(table.select(stored)))
        chosen = frame.select(pl.col(names.get(name, name)).alias(name) for name in columns)
        return beside.hstack(chosen.cast({name: self.owner.dtypes[name] for name in columns}))


def _source(location: FileLocation) -> ResolvedSource:
    return ResolvedSource(location.uri, (location.fs_path,), (location.uri,), location.filesystem)
