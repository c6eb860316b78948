"""A record written in another way than the rest of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from toolkit.datasets.readers.csv.layout import Layout
from toolkit.datasets.readers.csv.records.fields import Fields, Strict
from toolkit.datasets.readers.csv.records.profile import Profile
from toolkit.datasets.readers.csv.records.rules import Rules
from toolkit.datasets.readers.csv.records.types import Limits

DELIMITERS = (",", ";", "\t", "|", " ")
QUOTES = {'"': "'", "'": '"'}
_LONGEST = 1 << 16
"""Bytes of a line in which another line end is looked for, once for each row in it."""
_MOST_FUTILE = 100
"""Searches in vain over lines, one after the other, after which there are no more."""
_LINE_ENDS = {"\n": b"\r", "\r": b"\n"}


def opens(raw: bytes, delimiter: bytes, quote: bytes) -> bool:
    """Whether a quote begins a field of a record."""
    return quote != b"" and (raw.startswith(quote) or delimiter + quote in raw)


class Other(NamedTuple):
    """The cells of a record in another dialect."""

    cells: list[str | None]
    action: str
    after: int = 0
    """Where the next record begins, of one over several lines."""


class Otherwise:
    """Tries the other delimiters, the other quote and the other line end on a single record."""

    def __init__(self, rules: Rules, fields: Fields) -> None:
        self._rules, self._fields = rules, fields
        self._futile = 0

    def read(self, raw: bytes, found: int, profile: Profile) -> Other | None:
        """A reading with exactly the table's fields, each of which goes with its column."""
        width = self._rules.width
        if found == 1 and width > 1:
            cells = self.unwrapped(raw)
            if cells is not None and self._are_row(cells, profile):
                return Other(cells, "read without the quotes around the whole row")
        for fields, action in self._others:
            if self._may_be(fields, raw, found):
                strict = self._whole(fields, raw)
                if strict is not None and len(strict.units) == width:
                    cells = [unit.cell for unit in strict.units]
                    if self._is_certain(cells, found, profile, fields.delimiter):
                        return Other(cells, action)
        return None

    def unwrapped(self, raw: bytes) -> list[str | None] | None:
        """The fields within a single one, if they are as many as the table's: a record that was
        quoted once more as a whole."""
        quote, strict = self._rules.quote, None
        if quote is not None and raw.startswith(quote) and raw.rstrip().endswith(quote):
            strict = self._whole(self._fields, raw)
        if strict is None or len(strict.units) != 1:
            return None
        row = self._row(strict.units[0].text.encode())
        return None if row is None else [unit.cell for unit in row.units]

    def _are_row(self, cells: list[str | None], profile: Profile) -> bool:
        """Whether the fields within a text are a row: the delimiters of sentences have blanks
        behind."""
        spaced = any(cell is not None and cell.startswith(" ") for cell in cells)
        return profile.knows(cells) or not (spaced or profile.cannot_be(cells))

    def over_lines(self, text: bytes, start: int, profile: Callable[[], Profile]) -> Other | None:
        """A reading by another delimiter in which a quoted field goes on in the next line."""
        quote = self._rules.quote
        line = self._rules.line(text, start)
        if quote is None or line is None or self._futile >= _MOST_FUTILE:
            return None
        for fields, action in self._others:
            opens = fields.delimiter.encode() + quote
            if fields.delimiter == self._rules.dialect.delimiter or fields.quote != quote.decode():
                continue
            if opens not in text[start : line[0]]:
                continue
            strict = fields.record(text, start)
            if strict is not None and strict.after > line[1]:
                cells = [unit.cell for unit in strict.units]
                if len(cells) == self._rules.width and profile().knows(cells):
                    self._futile = 0
                    return Other(cells, action, strict.after)
            self._futile += 1
        return None

    def _may_be(self, fields: Fields, raw: bytes, found: int) -> bool:
        """Whether a record has what it takes to be a row in another dialect."""
        delimiter, quote = fields.delimiter.encode(), (fields.quote or "").encode()
        if fields.quote != self._rules.dialect.quote and not opens(raw, delimiter, quote):
            return False
        # Blanks are in every text.
        few = found == 1 or fields.delimiter != " " or bool(quote and quote in raw)
        return few and raw.count(delimiter) >= self._rules.width - 1

    def _is_certain(
        self, cells: list[str | None], found: int, profile: Profile, delimiter: str
    ) -> bool:
        """Whether cells in another dialect are a row of the table."""
        width = self._rules.width
        # An empty cell may be quoted for the sake of the other delimiter only.
        if profile.cannot_be(cells) and profile.cannot_be([cell or None for cell in cells]):
            return False
        if delimiter == self._rules.dialect.delimiter:
            return True
        # Another delimiter shows in a record that has hardly any of the table's own.
        padded = cells[:1] + [None] * (width - 1)
        hardly = found * 2 <= width and (width > 2 or profile.cannot_be(padded))
        return (hardly and delimiter != " ") or profile.knows(cells)

    def line_end(self, raw: bytes) -> Strict | None:
        """The first row of a record in which a line end of another kind stands between two."""
        other = _LINE_ENDS.get(self._rules.dialect.newline)
        # In one column each text is a row, and nothing tells its own line end from that of rows.
        if other is None or other not in raw or self._rules.width == 1 or len(raw) > _LONGEST:
            return None
        place = raw.index(other)
        second = raw.find(other, place + 1)
        rest = raw[place + 1 :] if second < 0 else raw[place + 1 : second]
        first = self._row(raw[:place])
        return first if first is not None and self._row(rest) is not None else None

    def _row(self, raw: bytes) -> Strict | None:
        strict = self._whole(self._fields, raw)
        return strict if strict is not None and len(strict.units) == self._rules.width else None

    def _whole(self, fields: Fields, raw: bytes) -> Strict | None:
        text = raw + fields.newline.encode()
        strict = fields.strict(text, 0, len(text))
        whole = strict is not None and strict.after == len(text)
        return strict if whole else None

    @cached_property
    def _others(self) -> list[tuple[Fields, str]]:
        return list(self._dialects())

    def _dialects(self) -> Iterator[tuple[Fields, str]]:
        dialect = self._rules.dialect
        layout = Layout(dialect, ("",) * self._rules.width, 0)
        quotes = (QUOTES[dialect.quote], dialect.quote) if dialect.quote in QUOTES else (None,)
        for quote in quotes:
            escape = quote if dialect.escape == dialect.quote else dialect.escape
            for delimiter in (*DELIMITERS, dialect.delimiter):
                if delimiter == dialect.delimiter and quote == dialect.quote:
                    continue
                told = replace(dialect, delimiter=delimiter, quote=quote, escape=escape)
                other = replace(layout, dialect=told)
                action = f"fields told apart by {delimiter!r}"
                if delimiter == dialect.delimiter:
                    action = f"fields quoted by {quote}"
                yield Fields(Rules.of(other, Limits())), action
