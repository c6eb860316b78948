"""The IO source of a version whose columns lie in several files.

Without a predicate the strands are read side by side. With one, the strand that can tell by itself
which rows match does so first, in the engine's own scan, so that statistics skip row groups; of the
other strands only the rows that are left are read (late materialization).

Source of the idea: Abadi et al., "Materialization Strategies in a Column-Oriented DBMS" (2007).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

import polars as pl

from toolkit.core.batches import batches_of
from toolkit.core.io_sources import Request, lazy_frame
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS
from toolkit.datasets.manifests.predicates import conjuncts, may_raise, names_of
from toolkit.datasets.manifests.scans import StrandScanner
from toolkit.datasets.manifests.strands import Layout, Strand

COUNT = "__toolkit_count__"
"""A column of nulls in front of the others. Whoever only counts rows is given it by the optimizer,
which takes the first column for that, and nothing is read."""

_GROWTH = 8
_LARGEST_WINDOW = 128 * BLOCK_ROWS
"""Rows between two looks at how many match. The first window is a row group, for ``head``."""

_FEW = 0.05
_FEW_OF_ONE = 0.001
"""The share of matching rows up to which a late read pays off, in general, and for a single column
beside those of the predicate, which is read in no time."""

_LARGEST_CHUNK = 1 << 18
"""Matching rows that are completed in one go."""

_SPARSE = 4
"""Rows of a range per match, from which on the matches are looked up, not the range read."""

_NO_CACHE = pl.QueryOptFlags(comm_subplan_elim=False)


@dataclass(frozen=True, slots=True)
class ZippedScan:
    """Reads the strands of a layout as one frame. Opens nothing until the engine calls it."""

    name: str
    layout: Layout
    dtypes: Callable[[], Mapping[str, pl.DataType]]

    def lazy(self) -> pl.LazyFrame:
        """The lazy frame of all columns."""
        files = len({p.location.uri for s in self.layout.strands for p in s.pieces})
        return lazy_frame(
            self._frames,
            lambda: pl.Schema({self._count: pl.Null(), **self.dtypes()}),
            name="Parquet",
            detail=f"{self.name}: {len(self.layout.columns)} columns of {files} files",
        ).select(self.layout.columns)

    @property
    def _count(self) -> str:
        name = COUNT
        while name in self.layout.columns:
            name += "_"
        return name

    def _frames(self, request: Request) -> Iterator[pl.DataFrame]:
        count, wanted = self._count, request.columns
        columns = [name for name in wanted if name != count]
        dtypes = self.dtypes()
        for frame in self._read(columns, request.predicate, request.at_most(self.layout.rows)):
            counted = frame.with_columns(pl.lit(None, dtype=pl.Null).alias(count))
            chosen = (counted if count in wanted else frame).select(wanted)
            if all(chosen.schema[name] == dtypes[name] for name in columns):
                yield chosen
            else:
                yield chosen.cast({name: dtypes[name] for name in columns})

    def _read(
        self, columns: Sequence[str], predicate: pl.Expr | None, rows: int
    ) -> Iterator[pl.DataFrame]:
        needed = set(columns)
        if predicate is not None:
            needed |= names_of(predicate)
        strands = [s for s in self.layout.strands if needed.intersection(s.columns)]
        if rows < self.layout.rows:
            strands = [strand.window(0, rows) for strand in strands]
        if not rows:
            return iter(())
        if not strands:
            empty = pl.DataFrame(height=rows)
            return iter([empty if predicate is None else empty.filter(predicate)])
        scanner = StrandScanner(self.layout.row_name, self.layout.origin, self.dtypes)
        if predicate is None:
            return _batches(_side_by_side(scanner, strands, columns))
        if len(strands) == 1:
            frame = scanner.filterable(strands[0], _of(strands[0], needed)).filter(predicate)
            # Without columns a lazy frame has no rows.
            return _batches(frame.select(columns) if columns else frame)
        return FilteredRead(scanner, strands, columns, predicate).frames(rows)


class FilteredRead:
    """One read with a predicate over several strands.

    It goes on in growing windows. Where few rows matched, the next window is read late; where many
    did, all strands are read side by side, which is faster then."""

    def __init__(
        self,
        scanner: StrandScanner,
        strands: Sequence[Strand],
        columns: Sequence[str],
        predicate: pl.Expr,
    ) -> None:
        self._scanner = scanner
        self._row = scanner.row
        self._strands = strands
        self._columns = columns
        self._own: dict[int, list[pl.Expr]] = {}
        """Terms that one strand can tell by itself, by the strand's position."""
        self._joint: list[pl.Expr] = []
        terms = conjuncts(predicate)
        for term in terms:
            position = self._alone(term)
            if position is None:
                self._joint.append(term)
            else:
                self._own.setdefault(position, []).append(term)
        if len(self._own) + bool(self._joint) > 1 and any(map(may_raise, terms)):
            self._own, self._joint = {}, [predicate]
        self._joint_names = {name for term in self._joint for name in names_of(term)}
        self._predicate = predicate
        self._needed = {*columns, *names_of(predicate)}
        looked_up = len(self._needed) - len(names_of(predicate))
        self._few = _FEW if looked_up > 1 else _FEW_OF_ONE

    def frames(self, rows: int) -> Iterator[pl.DataFrame]:
        """The matching rows of the first ``rows``, in their order."""
        read, start, size = self._late, 0, BLOCK_ROWS
        while start < rows:
            stop = min(start + size, rows)
            # What the end of a window is like tells most of the next one: rows may be sorted.
            end = max(start, stop - BLOCK_ROWS // 4)
            matching = 0
            for frame in read([strand.window(start, stop) for strand in self._strands]):
                matching += self._behind(frame, end) if read == self._late else frame.height
                yield frame
            seen = stop - (end if read == self._late else start)
            read = self._late if matching <= self._few * seen else self._side_by_side
            start, size = stop, min(size * _GROWTH, _LARGEST_WINDOW)

    def _behind(self, frame: pl.DataFrame, row: int) -> int:
        rows = frame[self._row]
        return rows.len() - int(rows.search_sorted(row + self._scanner.origin))

    def _side_by_side(self, strands: Sequence[Strand]) -> Iterator[pl.DataFrame]:
        frame = _side_by_side(self._scanner, strands, self._needed)
        return _batches(frame.filter(self._predicate))

    def _late(self, strands: Sequence[Strand]) -> Iterator[pl.DataFrame]:
        for chunk in _chunks(_batches(self._first(strands))):
            complete = self._complete(chunk)
            if complete.height:
                yield complete

    def _alone(self, term: pl.Expr) -> int | None:
        names = names_of(term)
        for position, strand in enumerate(self._strands):
            if names <= set(strand.columns):
                return position
        return None

    def _first(self, strands: Sequence[Strand]) -> pl.LazyFrame:
        """Row numbers, and the columns that were read to find them."""
        if self._own:
            position, terms = next(iter(self._own.items()))
            strand = strands[position]
            kept = _of(strand, {*self._columns, *self._joint_names})
            read = _of(strand, {*kept, *(name for term in terms for name in names_of(term))})
            frame = self._scanner.filterable(strand, read, numbered=True)
            return frame.filter(reduce(and_, terms)).select(self._row, *kept)
        holders = [s for s in strands if self._joint_names.intersection(s.columns)]
        frames = [
            self._scanner.filterable(strand, _of(strand, self._joint_names), numbered=not index)
            for index, strand in enumerate(holders)
        ]
        kept = [name for name in self._columns if name in self._joint_names]
        frame = pl.concat(frames, how="horizontal").filter(reduce(and_, self._joint))
        return frame.select(self._row, *kept)

    def _complete(self, chunk: pl.DataFrame) -> pl.DataFrame:
        """The rows with all columns, without those that another term takes out."""
        waiting = self._joint if self._own else []
        first = next(iter(self._own), None)
        # Strands that take rows out come before those that are only looked up.
        order = sorted(
            (p for p in range(len(self._strands)) if p != first),
            key=lambda p: (p not in self._own, not self._names(p, self._joint_names)),
        )
        for position in order:
            if chunk.is_empty():
                return chunk
            strand = self._strands[position]
            names = {*self._columns, *(self._joint_names if waiting else ())}
            missing = [name for name in _of(strand, names) if name not in chunk.columns]
            chunk = self._extend(chunk, strand, missing, self._own.get(position, []))
            if waiting and self._joint_names.issubset(chunk.columns):
                chunk = chunk.filter(reduce(and_, waiting))
                waiting = []
        return chunk

    def _extend(
        self, chunk: pl.DataFrame, strand: Strand, columns: Sequence[str], terms: list[pl.Expr]
    ) -> pl.DataFrame:
        asked = {name for term in terms for name in names_of(term)}
        read = _of(strand, {*columns, *asked})
        if not read:
            return chunk
        rows = chunk[self._row]
        low, high = rows[0], rows[-1]
        origin = self._scanner.origin
        part = strand.window(low - origin, high - origin + 1)
        span = high - low + 1
        if span < _SPARSE * len(rows):
            frame = _collect(self._scanner.plain(part, read))
            if len(rows) < span:
                frame = frame.select(pl.all().gather(rows - low))
            chunk = chunk.hstack(frame.select(name for name in read if name not in chunk.columns))
            chunk = chunk.filter(terms) if terms else chunk
            return chunk.drop(asked.difference(self._columns, self._joint_names))
        lazy = self._scanner.filterable(part, read, numbered=True)
        lazy = lazy.filter(reduce(and_, [pl.col(self._row).is_in(rows.implode()), *terms]))
        frame = _collect(lazy.select(self._row, *columns))
        if frame.height < chunk.height:
            chunk = chunk.filter(pl.col(self._row).is_in(frame[self._row].implode()))
        return chunk.hstack(frame.drop(self._row))

    def _names(self, position: int, names: set[str]) -> bool:
        return bool(names.intersection(self._strands[position].columns))


def _side_by_side(
    scanner: StrandScanner, strands: Sequence[Strand], columns: Iterable[str]
) -> pl.LazyFrame:
    frames = [scanner.plain(strand, _of(strand, columns)) for strand in strands]
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="horizontal")


def _of(strand: Strand, names: Iterable[str]) -> list[str]:
    """The names that the strand has, in its order."""
    asked = set(names)
    return [name for name in strand.columns if name in asked]


def _batches(frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    return batches_of(frame, None, optimizations=_NO_CACHE)


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect(engine="streaming", optimizations=_NO_CACHE)


def _chunks(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in few frames: each costs a look-up."""
    held: list[pl.DataFrame] = []
    size = 0
    for frame in frames:
        if frame.is_empty():
            continue
        held.append(frame)
        size += frame.height
        if size >= _LARGEST_CHUNK:
            yield pl.concat(held)
            held, size = [], 0
    if held:
        yield pl.concat(held)
