"""Records on one line whose fields are told apart by delimiters alone, though quotes are odd.

Most damage to quotes is of this kind. ``Examiner`` reads such a record as this does, only later:
when it has compared the other ways to read it.
"""

from __future__ import annotations

from typing import NamedTuple

from toolkit.datasets.readers.csv.records.canonical import Encoder
from toolkit.datasets.readers.csv.records.fields import Fields
from toolkit.datasets.readers.csv.records.grouping import (
    KEPT,
    ODD_QUOTE,
    UNTHINKABLE,
    Group,
    Grouping,
)
from toolkit.datasets.readers.csv.records.otherwise import DELIMITERS
from toolkit.datasets.readers.csv.records.rules import Rules
from toolkit.datasets.readers.csv.records.types import Finding, Kind

_LONGEST = 1 << 16
"""Bytes of a line that is looked at."""


class _Odd(NamedTuple):
    """A record of which every piece is a field."""

    written: list[str]
    """The fields as the engine's CSV."""
    kind: Kind
    open_ended: bool
    """Whether a quote opens a field and nothing closes it."""


class OddlyQuoted:
    """Reads the records that have as many pieces between delimiters as the table has columns."""

    def __init__(
        self,
        rules: Rules,
        headers: tuple[bytes, ...],
        fields: Fields,
        grouping: Grouping,
    ) -> None:
        self._rules, self._fields, self._grouping = rules, fields, grouping
        self._headers = headers
        self._quote, self._delimiter = rules.dialect.quote or "", rules.dialect.delimiter
        self._cell = Encoder(rules).cell
        others = [each for each in DELIMITERS if each != self._delimiter]
        self._openings = [(each + self._quote).encode() for each in others]
        """What begins a quoted field in another dialect."""
        self._possible = rules.passes and not rules.backslash and rules.width > 1

    def at(self, text: bytes, start: int, *, known: bool, on_their_line: bool) -> Finding | None:
        """The record at a place; None where it may be another, or has to be looked at closely.

        ``known``: all that may belong to it is there; ``on_their_line``: quotes span no lines."""
        if not self._possible:
            return None
        after = text.find(b"\n", start, start + _LONGEST) + 1
        if not after:
            return None
        end = after - 1
        if end > start and text[end - 1] == 13:
            end -= 1
        pieces = self._pieces(text[start:end])
        odd = self._odd(pieces) if pieces is not None else None
        if odd is None:
            return None
        if odd.open_ended and not (known and on_their_line and self._alone(text, start, end)):
            return None
        data = (self._delimiter.join(odd.written) + "\n").encode()
        return Finding(end, after, None, odd.kind, self._rules.width, KEPT, data)

    def _alone(self, text: bytes, start: int, end: int) -> bool:
        """Whether no quote that opens a field on the line is closed on a later one."""
        if any(text.find(opening, start, end) >= 0 for opening in self._openings):
            return False
        return self._fields.record(text, start) is None

    def _odd(self, pieces: list[str]) -> _Odd | None:
        """The pieces as a field each, if no other reading is as likely."""
        quote, groups, written = self._quote, list[Group](), list[str]()
        for index, piece in enumerate(pieces):
            if quote not in piece or self._well_quoted(piece):
                written.append(piece)
                continue
            group = self._grouping.single(piece)
            written.append(self._cell(group.unit.cell))
            if not group.cost:
                continue
            if self._goes_on(piece, group) and any(map(self._closes, pieces[index + 1 :])):
                return None
            groups.append(group)
        if len(groups) > 1:
            # One delimiter forgotten between them may explain both, see ``Grouping.restored``.
            return None
        cost = sum(group.cost for group in groups)
        if not 0 < cost < UNTHINKABLE:
            return None
        unquoted = [group.unit.text.lstrip(" ") for group in groups if not group.unit.quoted]
        opened = [text for text in unquoted if text.startswith(quote)]
        kind: Kind = "stray quote"
        if any(text.count(quote) == 1 for text in opened):
            kind = "unclosed quote"
        elif opened or cost > ODD_QUOTE * len(unquoted):
            kind = "misplaced quote"
        return _Odd(written, kind, open_ended=bool(opened))

    def _well_quoted(self, piece: str) -> bool:
        quote = self._quote
        return len(piece) > 1 and piece[0] == quote == piece[-1] and quote not in piece[1:-1]

    def _goes_on(self, piece: str, group: Group) -> bool:
        """Whether the piece may be the beginning of a field that a later one closes."""
        quote = self._quote
        if not piece.lstrip(" ").startswith(quote):
            return False
        # A quote that is neither doubled nor at the end is odd, whatever comes after it.
        alone = quote in piece[1:].replace(quote * 2, "")
        begins = group.unit.text.lstrip(" ").startswith(quote)
        return begins or (piece.startswith(quote) and not alone)

    def _closes(self, piece: str) -> bool:
        return piece.rstrip(" ").endswith(self._quote)

    def _pieces(self, raw: bytes) -> list[str] | None:
        """What stands between delimiters, if that are as many fields as the table has."""
        rules = self._rules
        if rules.quote is None or rules.quote not in raw or b"\r" in raw or raw in self._headers:
            return None
        if rules.comment is not None and raw.startswith(rules.comment):
            return None
        try:
            pieces = raw.decode().split(self._delimiter)
        except UnicodeDecodeError:
            return None
        return pieces if len(pieces) == rules.width else None
