"""A lazy scan of Parquet files through pyarrow: for fsspec's filesystems, and for what polars' own
scan does not read.

pyarrow's own filters are not used: they answer comparisons with null and NaN differently from
polars. Predicates are evaluated by polars, on the columns they name, before any other column of a
row group is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from toolkit.core.io_sources import Request, lazy_frame
from toolkit.datasets.readers.parquet.files import DataFile
from toolkit.datasets.readers.parquet.opened import OpenFile, opened
from toolkit.datasets.readers.partitions import is_ruled_out
from toolkit.datasets.readers.sources import ResolvedSource

if TYPE_CHECKING:
    from pyarrow.parquet import FileDecryptionProperties


@dataclass(frozen=True, slots=True)
class ArrowScan:
    """The IO source of files with the same columns; opens nothing until the engine calls it."""

    source: ResolvedSource
    files: Sequence[DataFile]
    """Those of the source that are read, in their order."""
    partitions: Mapping[str, pl.DataType]
    decryption: FileDecryptionProperties | None = None

    def lazy(self) -> pl.LazyFrame:
        """The lazy frame over all files."""
        schema = pl.Schema({**self._dtypes, **self.partitions})
        return lazy_frame(self.read, schema, name="Parquet", detail=self.source.given)

    @property
    def _dtypes(self) -> pl.Schema:
        return self.files[0].columns.dtypes

    def read(self, request: Request) -> Iterator[pl.DataFrame]:
        """Answer a request. Raises SourceError."""
        pushed = request.pushed
        for file in self.files:
            if request.done:
                return
            constants = file.constants(self.partitions)
            if not is_ruled_out(pushed, constants):
                yield from self._read_file(file, request, pushed, constants)

    def _read_file(
        self,
        file: DataFile,
        request: Request,
        pushed: pl.Expr | None,
        constants: Sequence[pl.Expr],
    ) -> Iterator[pl.DataFrame]:
        stored = [name for name in request.columns if name not in self.partitions]
        # What goes wrong in a predicate is no damage, and is raised as it is.
        with opened(self.source, file, self._dtypes, self.decryption) as handle:
            for part in _parts(handle, stored, pushed, constants):
                yield request.answer(part)
                if request.done:
                    return


def _parts(
    file: OpenFile, stored: Sequence[str], pushed: pl.Expr | None, constants: Sequence[pl.Expr]
) -> Iterator[pl.DataFrame]:
    """The rows of a file, without row groups that have none for which ``pushed`` is true."""
    needed = set() if pushed is None else set(pushed.meta.root_names())
    first = [name for name in stored if name in needed]
    rest = [name for name in stored if name not in needed]
    # Group by group: one call for all of them would fetch all of them.
    for group in range(len(file.rows)):
        if pushed is None or not first or file.is_large(group):
            for part in file.parts(group, stored):
                yield part.with_columns(constants)
            continue
        deciding = file.group(group, first).with_columns(constants)
        if deciding.filter(pushed).is_empty():
            continue
        yield deciding.hstack(file.group(group, rest)) if rest else deciding
