"""A record written in another way than the rest of the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from toolkit.datasets.readers.csv.layout import Layout
from toolkit.datasets.readers.csv.records.fields import Fields, Unit
from toolkit.datasets.readers.csv.records.profile import Profile
from toolkit.datasets.readers.csv.records.rules import Rules
from toolkit.datasets.readers.csv.records.types import Limits

_DELIMITERS = (",", ";", "\t", "|")
_QUOTES = {'"': "'", "'": '"'}
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
            units = self._whole(fields, raw)
            if units is None or len(units) != width:
                continue
            cells = [unit.cell for unit in units]
            padded = cells[:1] + [None] * (width - 1)
            certain = width > 2 or same or profile.cannot_be(padded)
            if certain and not profile.cannot_be(cells):
                return Other(cells, action)
        return None

    def line_end(self, text: bytes, start: int, end: int) -> int | None:
        """The first line end of another kind, where several rows were taken for one."""
        other = _LINE_ENDS.get(self._rules.dialect.newline)
        if other is None or other not in text[start:end]:
            return None
        for line in text[start:end].split(other):
            units = self._whole(self._fields, line)
            if units is None or len(units) != self._rules.width:
                return None
        return text.index(other, start)

    def _whole(self, fields: Fields, raw: bytes) -> list[Unit] | None:
        text = raw + fields.newline.encode()
        strict = fields.strict(text, 0, len(text))
        whole = strict is not None and strict.after == len(text)
        return strict.units if strict is not None and whole else None

    @cached_property
    def _others(self) -> list[tuple[Fields, str]]:
        return list(self._dialects())

    def _dialects(self) -> Iterator[tuple[Fields, str]]:
        dialect = self._rules.dialect
        layout = Layout(dialect, ("",) * self._rules.width, 0)
        for delimiter in _DELIMITERS:
            if delimiter != dialect.delimiter[0]:
                other = replace(layout, dialect=replace(dialect, delimiter=delimiter))
                yield Fields(Rules.of(other, Limits())), f"fields told apart by {delimiter!r}"
        quote = _QUOTES.get(dialect.quote or "")
        if quote is not None:
            escape = quote if dialect.escape == dialect.quote else dialect.escape
            other = replace(layout, dialect=replace(dialect, quote=quote, escape=escape))
            yield Fields(Rules.of(other, Limits())), f"fields quoted by {quote}"
