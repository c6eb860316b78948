"""A manifest turned by a quarter: columns that lie together, each with its pieces of files.

A manifest names fragments (row ranges) and the files of each. A reader wants it the other way
round: which columns can be read together, and from which files, one after the other. Those are a
strand; a version of whole files has a single one, which the engine scans by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from toolkit.core.types import FileLocation, LocatedFile, LocatedFragment

ROW = "__toolkit_row__"
"""Column of row numbers, on the way from one strand to another."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive rows of a version in one file."""

    location: FileLocation
    start: int
    """The first row, in the version."""
    rows: int
    names: Mapping[str, str] | None
    """From the version's columns to the file's. None: the file has the version's, and no other."""
    offset: int | None
    """The first row, in the file. None: the piece is all of the file."""


@dataclass(frozen=True, slots=True)
class Strand:
    """Columns of a version that lie together, from its first row to its last."""

    columns: tuple[str, ...]
    pieces: tuple[Piece, ...]

    def window(self, start: int, stop: int) -> Strand:
        """The same columns in the rows from ``start`` to before ``stop``."""
        return replace(self, pieces=tuple(_cut(self.pieces, start, stop)))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a version's data lies."""

    columns: tuple[str, ...]
    rows: int
    strands: tuple[Strand, ...]

    @property
    def row_name(self) -> str:
        """A name for row numbers that no column has."""
        taken = set(self.columns)
        for strand in self.strands:
            for piece in strand.pieces:
                taken.update((piece.names or {}).values())
        name = ROW
        while name in taken:
            name += "_"
        return name

    @property
    def origin(self) -> int:
        """The number of the first row. It is not 0 where rows stand in a file further behind than
        in the version: an engine cannot number a file from below zero."""
        pieces = [piece for strand in self.strands for piece in strand.pieces]
        return max(((piece.offset or 0) - piece.start for piece in pieces), default=0)


def lay_out(columns: Sequence[str], fragments: Sequence[LocatedFragment]) -> Layout:
    """The strands of a manifest; columns keep their order, strands that of their first column."""
    rows = sum(fragment.rows for fragment in fragments)
    # A file is opened for its rows, or, when there are none at all, for its types.
    filled = [fragment for fragment in fragments if fragment.rows] or list(fragments[:1])
    tracks: dict[tuple[int, ...], list[int]] = {}
    for ordinal in range(len(columns)):
        track = tuple(_holder(fragment, ordinal) for fragment in filled)
        tracks.setdefault(track, []).append(ordinal)
    if not columns:
        tracks = {(0,) * len(filled): []}
    strands = tuple(
        Strand(
            tuple(columns[ordinal] for ordinal in ordinals),
            tuple(_joined(_pieces(columns, ordinals, track, filled))),
        )
        for track, ordinals in tracks.items()
    )
    return Layout(tuple(columns), rows, strands)


def _holder(fragment: LocatedFragment, ordinal: int) -> int:
    for index, file in enumerate(fragment.files):
        if file.columns is None or file.columns[ordinal] is not None:
            return index
    raise ValueError(f"no file of a fragment has column {ordinal}")


def _pieces(
    columns: Sequence[str],
    ordinals: Sequence[int],
    track: Sequence[int],
    fragments: Sequence[LocatedFragment],
) -> Iterable[Piece]:
    start = 0
    for fragment, index in zip(fragments, track, strict=True):
        file = fragment.files[index]
        names = _names(columns, ordinals, file)
        yield Piece(file.location, start, fragment.rows, names, file.offset)
        start += fragment.rows


def _names(
    columns: Sequence[str], ordinals: Sequence[int], file: LocatedFile
) -> Mapping[str, str] | None:
    if file.columns is None and len(ordinals) == len(columns):
        return None
    held = columns if file.columns is None else file.columns
    return {columns[ordinal]: held[ordinal] or "" for ordinal in ordinals}


def _joined(pieces: Iterable[Piece]) -> Iterable[Piece]:
    """Pieces of one file that follow each other there as here, as one."""
    last: Piece | None = None
    for piece in pieces:
        if last is not None and _follows(last, piece):
            last = replace(last, rows=last.rows + piece.rows)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last


def _follows(last: Piece, piece: Piece) -> bool:
    return (
        last.offset is not None
        and piece.offset == last.offset + last.rows
        and piece.location.uri == last.location.uri
        and piece.names == last.names
    )


def _cut(pieces: Iterable[Piece], start: int, stop: int) -> Iterable[Piece]:
    for piece in pieces:
        first, end = max(start, piece.start), min(stop, piece.start + piece.rows)
        if first >= end:
            continue
        if end - first == piece.rows:
            yield piece
        else:
            offset = (piece.offset or 0) + first - piece.start
            yield replace(piece, start=first, rows=end - first, offset=offset)
