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
from toolkit.datasets.readers.parquet.layout import FileLayout
from toolkit.datasets.readers.parquet.native import native_scan
from toolkit.datasets.readers.parquet.types import Columns

_MANY_ROWS = 1 << 19
"""Rows of a batch, where they are narrow: every batch passes from one engine into another, which
for two columns of numbers costs more than what they weigh."""
_BATCH_BYTES = 64 << 20
_LEAST_BYTES = 16
"""Of a value in memory: text has that many, however well it is packed."""


@dataclass(frozen=True, slots=True)
class GuardedScan:
    """The scan of local files with the same columns; see native_scan."""

    paths: Sequence[str]
    columns: Columns
    partitions: Mapping[str, pl.DataType]
    rows: int
    """Of all files, as their footers say."""
    hint: str
    layout: FileLayout | None = None
    """Of the first file, if it is known."""
    otherwise: Callable[[Request], Iterator[pl.DataFrame]] | None = None
    """Answers a request by another engine, with the same rows; None where there is none."""

    def lazy(self) -> pl.LazyFrame:
        """The lazy frame over all files."""
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        schema = pl.Schema({**self.columns.dtypes, **self.partitions})
        detail = f"by polars: {self.paths[0]}{more}"
        return lazy_frame(self.read, schema, name="Parquet", detail=detail)

    def read(self, request: Request) -> Iterator[pl.DataFrame]:
        """Answer a request. Raises SourceError."""
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
            for batch in self._run(frame.select(names), names, counted=request.predicate is None):
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

    def _run(
        self, frame: pl.LazyFrame, names: Sequence[str], *, counted: bool
    ) -> Iterator[pl.DataFrame]:
        """The batches of a query. polars' own iterator costs less than ours, and may end after a
        panic as if all were well, which is noticed where the rows are ``counted``."""
        if counted:
            return frame.collect_batches(maintain_order=True, chunk_size=self._batch_rows(names))
        return batches_of(frame, None)

    def _batch_rows(self, names: Sequence[str]) -> int | None:
        """Rows of a batch of some columns; None: as the engine has them."""
        groups = self.layout.groups[:1] if self.layout is not None else ()
        if self.layout is None or not groups or not groups[0].rows:
            return None
        wanted = set(names)
        width = sum(
            max(chunk.unpacked / groups[0].rows, _LEAST_BYTES)
            for leaf, chunk in zip(self.layout.leaves, groups[0].chunks, strict=True)
            if leaf.path[0] in wanted
        )
        return _MANY_ROWS if width * _MANY_ROWS <= _BATCH_BYTES else None
