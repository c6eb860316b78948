"""polars' own scan within an IO source, so that damage is an error of ours.

What the engine raises or panics at deep in a file would else reach the person as it is, out of
whatever query the frame became part of. Projection, predicates and first rows still reach the file;
the last rows, and the rows that a sort may drop early, do not. What polars gives up on may be read
by pyarrow all the same: pages of another kind between, or ones of nothing but null.

In polars 2.1 nothing else gives both. Its external readers pass these on too, and abort or hang a
process that ends with rows not taken; what a LazyFrameResolver resolves to gets them as well, but
then is the engine's own scan, with its own errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.core.batches import batches_of
from toolkit.core.errors import SourceError
from toolkit.core.io_sources import Request, lazy_frame
from toolkit.datasets.readers.failures import ENGINE_FAILURES, first_line, reading
from toolkit.datasets.readers.parquet.native import native_scan
from toolkit.datasets.readers.parquet.types import Columns


@dataclass(frozen=True, slots=True)
class GuardedScan:
    """The scan of local files with the same columns; see native_scan."""

    paths: Sequence[str]
    columns: Columns
    partitions: Mapping[str, pl.DataType]
    rows: int
    """Of all files, as their footers say."""
    hint: str
    otherwise: Callable[[Request], Iterator[pl.DataFrame]] | None = None
    """Answers a request by another engine, with the same rows; None where there is none."""

    def lazy(self) -> pl.LazyFrame:
        """The lazy frame over all files."""
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        schema = pl.Schema({**self.columns.dtypes, **self.partitions})
        detail = f"by polars: {self.paths[0]}{more}"
        return lazy_frame(self._read, schema, name="Parquet", detail=detail)

    def _read(self, request: Request) -> Iterator[pl.DataFrame]:
        announced = request.at_most(self.rows)
        if not request.columns and request.predicate is None:
            yield pl.DataFrame(height=announced)
            return
        frame = self._frame(self.paths)
        if request.remaining is not None:
            frame = frame.head(request.remaining)
        if request.predicate is not None:
            frame = frame.filter(request.predicate)
        names = list(request.columns) or [next(iter(self.columns.dtypes))]
        rows = 0
        try:
            for batch in _run(frame.select(names), counted=request.predicate is None):
                rows += batch.height
                yield batch if request.columns else pl.DataFrame(height=batch.height)
        except ENGINE_FAILURES as error:
            damage = self._damage(names) or self._panic(error)
            if damage is None:
                # The files are sound: a cast in a predicate failed, for instance.
                raise
            yield from self._by_the_other(request, rows, damage)
            return
        if request.predicate is None and rows != announced:
            damage = self._damage(names) or SourceError(
                f"{self.paths[0]} could not be read: of {announced:,} rows its engine gave "
                f"{rows:,}. {self.hint}"
            )
            yield from self._by_the_other(request, rows, damage)

    def _frame(self, paths: Sequence[str]) -> pl.LazyFrame:
        return native_scan(paths, self.columns, self.partitions)

    def _damage(self, names: Sequence[str]) -> SourceError | None:
        """What is wrong with the first file whose columns ``names`` cannot be read."""
        for path in self.paths:
            try:
                with reading(path, self.hint):
                    for _ in batches_of(self._frame([path]).select(names), None):
                        pass
            except SourceError as error:
                return error
        return None

    def _panic(self, error: BaseException) -> SourceError | None:
        """A panic, of which no query is the cause: a page can be one with a predicate only."""
        if not isinstance(error, pl.exceptions.PanicException):
            return None
        what = f"{self.paths[0]} could not be read: {first_line(error)}"
        return SourceError(f"{what}. {self.hint}")

    def _by_the_other(
        self, request: Request, given: int, damage: SourceError
    ) -> Iterator[pl.DataFrame]:
        """What is left of an answer of which ``given`` rows were given."""
        if self.otherwise is None:
            raise damage
        try:
            for part in self.otherwise(request):
                if part.height > given:
                    yield part.slice(given)
                given = max(given - part.height, 0)
        except SourceError as error:
            raise damage from error


def _run(frame: pl.LazyFrame, *, counted: bool) -> Iterator[pl.DataFrame]:
    """The batches of a query. polars' own iterator costs less than ours, and may end after a panic
    as if all were well, which is noticed where the rows are ``counted``."""
    if counted:
        return frame.collect_batches(maintain_order=True)
    return batches_of(frame, None)
