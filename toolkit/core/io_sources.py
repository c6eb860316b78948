"""Lazy frames of sources that polars does not read itself: what it asks for, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from polars.io.plugins import register_io_source

from toolkit.core.ending import stoppable


@dataclass(slots=True)
class Request:
    """One read of a source: of its first rows those that match, with some of its columns."""

    columns: Sequence[str]
    """Names of the columns to give, in this order; none where rows are only counted."""
    predicate: pl.Expr | None = None
    remaining: int | None = None
    """How many of the source's rows are still to be read; None: all. They are counted before the
    predicate: a source that skips rows which do not match may do so only where this is None."""
    batch_rows: int | None = None
    """How many rows a frame had best have; None: as the source has them."""

    @property
    def done(self) -> bool:
        """Whether all rows that were asked for are answered."""
        return self.remaining == 0

    @property
    def pushed(self) -> pl.Expr | None:
        """The predicate, where rows that do not match it may be skipped."""
        return self.predicate if self.remaining is None else None

    def at_most(self, rows: int) -> int:
        """How many of ``rows``, which is all that the source has, are asked for."""
        return rows if self.remaining is None else min(self.remaining, rows)

    def answer(self, frame: pl.DataFrame, *, matching: bool = False) -> pl.DataFrame:
        """What the engine is to be given of the source's next rows, which become fewer by them.

        ``frame`` has at least ``columns`` and those of the predicate; it may have too many rows.
        ``matching``: it has only those that the predicate lets pass."""
        if self.remaining is not None:
            frame = frame.head(self.remaining)
            self.remaining -= frame.height
        if self.predicate is not None and not matching:
            frame = frame.filter(self.predicate)
        # Without columns a frame is its height, which a selection of none would lose. One of all
        # costs seconds of planning for some ten thousand columns.
        if not self.columns or frame.columns == list(self.columns):
            return frame
        return frame.select(self.columns)


def lazy_frame(
    read: Callable[[Request], Iterator[pl.DataFrame]],
    schema: pl.Schema | Callable[[], pl.Schema],
    *,
    name: str,
    detail: str = "",
) -> pl.LazyFrame:
    """The lazy frame of a source. ``read`` is called each time that it is collected, not before; it
    gives frames as ``Request.answer`` makes them, in order, and must give the same each time.

    ``name`` and ``detail`` stand for the source in ``explain()``."""
    names: list[str] = []

    def frames(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        if with_columns is None and not names:
            names.extend(schema() if callable(schema) else schema)
        columns = names if with_columns is None else with_columns
        return stoppable(read(Request(columns, predicate, n_rows, batch_size)))

    return register_io_source(
        frames, schema=schema, is_pure=True, explain_name=name, explain_detail=detail
    )
