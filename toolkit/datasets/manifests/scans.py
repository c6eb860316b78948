"""A strand as a lazy frame of the engine's own scans, or of remote pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

import polars as pl

from toolkit.datasets.manifests.remote import RemotePiece
from toolkit.datasets.manifests.strands import Piece, Strand


class StrandScanner:
    """Makes lazy frames of strands of one version."""

    def __init__(
        self, row: str, origin: int, dtypes: Callable[[], Mapping[str, pl.DataType]]
    ) -> None:
        self.row = row
        """The name of the column of row numbers."""
        self.origin = origin
        """The number of the version's first row."""
        self._dtypes = dtypes

    def plain(self, strand: Strand, columns: Sequence[str]) -> pl.LazyFrame:
        """These columns of all rows, for a reader that filters nothing."""
        frames = []
        for piece in strand.pieces:
            if piece.location.path is None:
                frames.append(self._remote(piece, columns, numbered=False))
                continue
            frame = _select(self._scan([piece]), piece, columns, None)
            # Cheaper than a filter by row number, and no predicate is kept from the file by it.
            frames.append(frame if piece.offset is None else frame.slice(piece.offset, piece.rows))
        return _stacked(frames)

    def filterable(
        self, strand: Strand, columns: Sequence[str], *, numbered: bool = False
    ) -> pl.LazyFrame:
        """These columns; predicates reach the files. ``numbered`` adds the rows' numbers, those
        of the version counted from ``origin``, in front."""
        return _stacked(list(self._filterable(strand, columns, numbered)))

    def _filterable(
        self, strand: Strand, columns: Sequence[str], numbered: bool
    ) -> Iterator[pl.LazyFrame]:
        for whole, group in groupby(strand.pieces, key=_is_whole):
            if whole:
                pieces = list(group)
                frame = self._scan(pieces, numbered=numbered)
                if numbered or list(columns) != list(strand.columns):
                    frame = frame.select(*([self.row] if numbered else []), *columns)
                yield frame
                continue
            for piece in group:
                if piece.location.path is None:
                    yield self._remote(piece, columns, numbered=numbered)
                    continue
                part = piece.offset is not None
                frame = self._scan([piece], numbered=numbered or part)
                if part:
                    first = piece.start + self.origin
                    # A slice would keep predicates from the file.
                    frame = frame.filter(pl.col(self.row).is_between(first, first + piece.rows - 1))
                yield _select(frame, piece, columns, self.row if numbered else None)

    def _scan(self, pieces: Sequence[Piece], *, numbered: bool = False) -> pl.LazyFrame:
        first = pieces[0]
        return pl.scan_parquet(
            [piece.location.path for piece in pieces if piece.location.path is not None],
            glob=False,
            hive_partitioning=False,
            row_index_name=self.row if numbered else None,
            row_index_offset=first.start - (first.offset or 0) + self.origin,
        )

    def _remote(self, piece: Piece, columns: Sequence[str], *, numbered: bool) -> pl.LazyFrame:
        known = self._dtypes()
        dtypes = {name: known[name] for name in columns}
        row = self.row if numbered else None
        return RemotePiece(piece, dtypes, row, piece.start + self.origin).lazy()


def _is_whole(piece: Piece) -> bool:
    """Whether the file is the version's rows as they are: neighbours are then one scan."""
    return piece.names is None and piece.offset is None and piece.location.path is not None


def _select(
    frame: pl.LazyFrame, piece: Piece, columns: Sequence[str], row: str | None
) -> pl.LazyFrame:
    names = piece.names or {}
    chosen = [pl.col(names.get(column, column)).alias(column) for column in columns]
    return frame.select(*([] if row is None else [row]), *chosen)


def _stacked(frames: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="vertical")
