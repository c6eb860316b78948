"""polars' own scan behind an external reader of polars, so that damage is an error of ours.

What the engine raises or panics at deep in a file would else reach the person as it is, out of
whatever query the frame became part of. Projection, slices (also those from the end) and predicates
still reach the file. Decoding costs what it costs without; handing batches over adds a tenth to
queries that do nearly nothing with the values, as a sum does, and less to all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename

import polars as pl
from polars.io.external_reader import (
    FileReader,
    FileReaderBuilder,
    FilterExpr,
    ReaderCapabilities,
    scan_external_reader,
)

from toolkit.core.batches import batches_of
from toolkit.core.errors import SourceError
from toolkit.datasets.readers.failures import ENGINE_FAILURES, reading
from toolkit.datasets.readers.parquet.native import native_scan
from toolkit.datasets.readers.parquet.types import Columns

_KEPT_OUTSIDE = ("dynamic_pred", "python_udf")
"""Predicates that the engine evaluates by itself: one that it makes while the query runs has no
place in another plan, and a person's function is called once."""


@dataclass(frozen=True)
class GuardedScan(FileReaderBuilder):
    """The scan of local files with the same columns, as one source; see native_scan."""

    paths: Sequence[str]
    columns: Columns
    partitions: Mapping[str, pl.DataType]
    rows: int
    """Of all files, as their footers say."""
    hint: str

    def lazy(self) -> pl.LazyFrame:
        """The lazy frame over all files."""
        # polars would look for hive keys in the folders of a path, which the scan within does.
        name = basename(self.paths[0])
        return scan_external_reader(self, sources=[name], schema=self.schema)

    @property
    def schema(self) -> pl.Schema:
        return pl.Schema({**self.columns.dtypes, **self.partitions})

    def reader_capabilities(self) -> ReaderCapabilities:
        return ReaderCapabilities(
            pre_slice=True, negative_pre_slice=True, supported_filter="partial"
        )

    def build_file_reader(
        self, source: str | bytes, multi_scan_context: dict[object, object]
    ) -> FileReader:
        return _GuardedReader(self)

    def explain_properties(self) -> dict[str, str]:
        return {"engine": "polars", "files": str(len(self.paths))}


class _GuardedReader(FileReader):
    def __init__(self, scan: GuardedScan) -> None:
        self._scan = scan

    def schema(self) -> pl.Schema:
        return self._scan.schema

    def n_rows_in_file(self, limit: int | None = None) -> int:
        return self._scan.rows if limit is None else min(self._scan.rows, limit)

    def collect_batches(
        self,
        *,
        columns: Sequence[str],
        row_index: tuple[str, int] | None,
        pre_slice: tuple[int, int] | None,
        filters: Sequence[FilterExpr],
        num_pipelines: int,
    ) -> Iterator[pl.DataFrame]:
        predicates = [each.expr for each in filters if _has_a_place_within(each.expr)]
        announced = _sliced(self._scan.rows, pre_slice)
        if not columns:
            yield pl.DataFrame(height=announced)
            return
        frame = self._frame(self._scan.paths)
        if pre_slice is not None:
            frame = frame.slice(*pre_slice)
        rows = 0
        try:
            for batch in _run(frame.filter(*predicates).select(columns), counted=not predicates):
                rows += batch.height
                yield batch
        except ENGINE_FAILURES as error:
            self._find_damage(columns)
            # The files are sound: a cast in a predicate failed, for instance.
            raise error
        if not predicates and rows != announced:
            self._find_damage(columns)
            raise SourceError(
                f"{self._scan.paths[0]} could not be read: of {announced:,} rows its engine gave "
                f"{rows:,}. {self._scan.hint}"
            )

    def _frame(self, paths: Sequence[str]) -> pl.LazyFrame:
        return native_scan(paths, self._scan.columns, self._scan.partitions)

    def _find_damage(self, columns: Sequence[str]) -> None:
        """Raise SourceError for the first file whose ``columns`` cannot be read."""
        for path in self._scan.paths:
            with reading(path, self._scan.hint):
                for _ in batches_of(self._frame([path]).select(columns), None):
                    pass


def _run(frame: pl.LazyFrame, *, counted: bool) -> Iterator[pl.DataFrame]:
    """The batches of a query. polars' own iterator costs less than ours, and may end after a panic
    as if all were well, which is noticed where the rows are ``counted``."""
    if counted:
        return frame.collect_batches(maintain_order=True)
    return batches_of(frame, None)


def _has_a_place_within(predicate: pl.Expr) -> bool:
    shown = str(predicate)
    return not any(kind in shown for kind in _KEPT_OUTSIDE)


def _sliced(rows: int, slice_: tuple[int, int] | None) -> int:
    """How many of ``rows`` a slice has, which counts from the end where its offset is negative."""
    if slice_ is None:
        return rows
    offset, length = slice_
    first = offset if offset >= 0 else rows + offset
    return max(min(first + length, rows) - max(first, 0), 0)
