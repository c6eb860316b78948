"""A record written in another way than the rest of the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from toolkit.datasets.readers.csv.layout import Layout
from toolkit.datasets.readers.csv.records.fields import Fields, Strict
from toolkit.datasets.readers.csv.records.profile import Profile
from toolkit.datasets.readers.csv.records.rules import Rules
from toolkit.datasets.readers.csv.records.types import Limits

DELIMITERS = (",", ";", "\t", "|")
QUOTES = {'"': "'", "'": '"'}
_LONGEST = 1 << 16
"""Bytes of a line in which another line end is looked for, once for each row in it."""
_LINE_ENDS = {"\n": b"\r", "\r": b"\n"}


class Other(NamedTuple):
    """The cells of a record in another dialect."""

    cells: list[str | None]
    action: str


class Otherwise:
    """Tries the other delimiters, the other quote and the other line end on a single record."""

    def __init__(self, rules: Rules, fields: Fields) -> None:
        self._rules, self._fields = rules, fields

    def read(self, raw: bytes, found: int, profile: Profile) -> Other | None:
        """A reading with exactly the table's fields, each of which goes with its column."""
        width = self._rules.width
        for fields, action in self._others:
            quote, delimiter = fields.quote or "", fields.delimiter
            same = delimiter == self._rules.dialect.delimiter
            wanted = quote if same else delimiter
            # Another delimiter shows in a record that has hardly any of the table's own.
            if wanted.encode() not in raw or (not same and found * 2 > width):
                continue
            strict = self._whole(fields, raw)
            if strict is None or len(strict.units) != width:
                continue
            cells = [unit.cell for unit in strict.units]
            padded = cells[:1] + [None] * (width - 1)
            certain = width > 2 or same or profile.cannot_be(padded)
            if certain and not profile.cannot_be(cells):
                return Other(cells, action)
        return None

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
        for delimiter in DELIMITERS:
            if delimiter != dialect.delimiter[0]:
                other = replace(layout, dialect=replace(dialect, delimiter=delimiter))
                yield Fields(Rules.of(other, Limits())), f"fields told apart by {delimiter!r}"
        quote = QUOTES.get(dialect.quote or "")
        if quote is not None:
            escape = quote if dialect.escape == dialect.quote else dialect.escape
            other = replace(layout, dialect=replace(dialect, quote=quote, escape=escape))
            yield Fields(Rules.of(other, Limits())), f"fields quoted by {quote}"
