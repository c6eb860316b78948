"""polars' own parser on pieces of a CSV file, in which nothing that it hides can hide.

polars pads short rows with nulls and takes blank lines for rows of nulls, without a word. Such a
null cannot hide: a row that lacks a field lacks all that follow, so it has a null in the right-most
column that is read, and in each to the right of it. One of these, one without nulls of its own if
there is any, is watched: the first null in it makes the scan verify the file's records.

polars refuses a row that is too long only when it reads all columns. Otherwise one column more than
the file has is read: a value in it is the field too many.

Both cost some percent of a scan, as the look at quotes does. What one scan to the end has shown
holds until the file changes: the next one goes without.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.datasets.readers.csv.engine_text import engine_text
from toolkit.datasets.readers.csv.planning import FilePlan
from toolkit.datasets.readers.csv.scanning.codes import may_have_codes
from toolkit.datasets.readers.csv.scanning.pieces import Piece
from toolkit.datasets.readers.csv.scanning.quotes import are_sound
from toolkit.datasets.readers.csv.typed_file import TypedFile

_BEYOND = "\0beyond"
"""The column that no file has."""
_BYTES_AN_INTEGER = 30
"""Bytes in which codes are looked for in the time that one integer of a text takes, as measured."""


class HiddenError(Exception):
    """polars gives other rows than the file has."""


class UnsoundQuotesError(HiddenError):
    """It takes quotes for others than they are."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What polars made of a piece."""

    frame: pl.DataFrame
    suspicious: bool
    """Whether a row may lack fields, have too many or be none: see the module."""
    quoted: bool
    """Whether there were quotes."""


def is_native(plan: FilePlan) -> bool:
    """Whether polars parses pieces of the file as they are, and has its dialect."""
    dialect, layout = plan.layout.dialect, plan.layout
    return (
        plan.plain
        and plan.local
        and len(dialect.delimiter) == 1
        and dialect.escape in (dialect.quote, None)
        and dialect.newline == "\n"
        and dialect.comment is None
        and layout.end is None
    )


@dataclass(frozen=True, slots=True)
class _Way:
    """What polars is told of a file."""

    file: TypedFile
    schema: dict[str, pl.DataType]
    read: list[str]
    """The columns that it is to parse."""


class Wanted:
    """What of a file the engine asks for."""

    def __init__(
        self,
        file: TypedFile,
        constants: Sequence[pl.Expr],
        columns: Sequence[str],
        predicate: pl.Expr | None,
    ) -> None:
        self.file, self.constants, self.predicate = file, constants, predicate
        names = list(file.columns)
        asked = set(columns)
        self.read = [name for name in names if name in asked] or names[:1]
        """The columns that must be read of the file: one at least, which tells the rows."""
        self.reach = names.index(self.read[-1])
        """The right-most of them."""
        right = names[self.reach :]
        self._watched = next((name for name in right if name in file.full), right[0])
        self.proven = names.index(self._watched)
        """The column up to which a scan with nothing suspicious shows that all rows have fields."""
        self._partly = len(self.read) < len(names)

    def parser(
        self, *, watched: bool, sound: bool, trusted: Collection[str]
    ) -> Callable[[Piece], Parsed]:
        """polars' way through a piece; ``watched`` with what tells the rows that polars makes up.

        ``sound``: the quotes of the file are known to be. ``trusted`` are columns whose numbers are
        known to be written as such. It raises UnsoundQuotesError, and what the engine
        raises."""
        dialect = self.file.plan.layout.dialect
        usual = self._way(trusted, watched=watched)
        integers = [name for name in self.read if usual.file.columns[name].tells_codes]
        # To look for codes costs by the byte, to make integers of texts by the integer.
        looks = len(integers) * _BYTES_AN_INTEGER > self.file.plan.bytes_a_row
        plain = self._way([*trusted, *integers], watched=watched) if looks else usual

        def parse(piece: Piece) -> Parsed:
            if piece.quotes and not (sound or are_sound(piece.text, dialect)):
                raise UnsoundQuotesError
            coded = looks and (piece.quotes or may_have_codes(piece.text, dialect.delimiter))
            way = usual if coded else plain
            scan = pl.scan_csv(
                engine_text(piece.text),
                has_header=False,
                separator=dialect.delimiter,
                # Without quotes polars is faster.
                quote_char=dialect.quote if piece.quotes else None,
                schema=way.schema,
                missing_columns="insert" if _BEYOND in way.schema else None,
            )
            raw = scan.select(way.read).collect(engine="in-memory")
            frame = self._matching(way.file, raw)
            return Parsed(frame, watched and self._suspicious(raw), piece.quotes > 0)

        return parse

    def _way(self, trusted: Collection[str], *, watched: bool) -> _Way:
        file = self.file.trusting(trusted)
        schema: dict[str, pl.DataType] = dict(file.engine_schema)
        read = list(self.read)
        if watched and self._watched not in self.read:
            read.append(self._watched)
            # What its values are is not asked.
            schema[self._watched] = pl.String()
        if watched and self._partly:
            read.append(_BEYOND)
            schema[_BEYOND] = pl.String()
        return _Way(file, schema, read)

    def _matching(self, file: TypedFile, raw: pl.DataFrame) -> pl.DataFrame:
        """The rows that match, of a frame of the engine's, as they are wanted."""
        asked = [] if self.predicate is None else self.predicate.meta.root_names()
        if self.predicate is None or not file.is_parsed(asked):
            return self.filtered(self._completed(file.typed(raw, self.read)))
        # What is left out is not converted, but a number by which it is must be one.
        for name in asked:
            file.columns[name].finished(raw[name])
        return self._completed(file.typed(raw.select(self.read).filter(self.predicate), self.read))

    def _completed(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(self.constants) if self.constants else frame

    def _suspicious(self, raw: pl.DataFrame) -> bool:
        if raw[self._watched].null_count():
            return True
        return self._partly and raw[_BEYOND].null_count() < raw.height

    def filtered(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that match, with the types of the reader's and the partition columns."""
        return frame if self.predicate is None else frame.filter(self.predicate)
