"""Damaged quoted fields that go on over several lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from toolkit.datasets.readers.csv.records.fields import Fields, decode
from toolkit.datasets.readers.csv.records.grouping import (
    DOUBTFUL,
    LOST_QUOTE,
    Grouping,
    Reading,
)
from toolkit.datasets.readers.csv.records.rules import Rules

_MOST_CLOSINGS = 10
_MOST_FUTILE = 100
"""Searches in vain, one after the other, after which quotes no longer are taken to span lines: in
such a text they do not mean fields, and each search may look through a megabyte."""


class Span(NamedTuple):
    """A record over several lines."""

    reading: Reading
    end: int
    after: int
    found: int
    """Fields when it is read from the left."""


class Spans:
    """Reads records over several lines, but never so that rows are swallowed."""

    def __init__(self, rules: Rules, fields: Fields, grouping: Grouping) -> None:
        self._rules, self._fields, self._grouping = rules, fields, grouping
        quote, delimiter = re.escape(rules.quote or b""), re.escape(rules.delimiter)
        self._futile = 0
        self._any = re.compile(quote)
        self._closing = re.compile(quote + rb" *(?=" + delimiter + rb"|\r|\n)")

    @property
    def given_up(self) -> bool:
        return self._futile >= _MOST_FUTILE

    def damaged(self, text: bytes, start: int, after: int) -> Span | None:
        """The first end that gives all fields, no line up to it being a row itself.

        ``after`` is where the second line begins.
        """
        if self.given_up or self._row(text, after) is not None:
            return None
        for end, position in self._ends(text, start, after):
            decoded = decode(text[start:end])[0]
            pieces = self._fields.split(decoded)
            if len(pieces) < self._rules.width - 1:
                continue
            reading = self._grouping.exactly(pieces, self._rules.width, DOUBTFUL)
            if reading is None or reading.cost > DOUBTFUL or _breaks_unquoted(reading):
                reading = self._grouping.restored(decoded, self._rules.width)
            elif reading.cost >= LOST_QUOTE:
                # One delimiter that was forgotten explains two odd quotes better.
                reading = self._grouping.restored(decoded, self._rules.width) or reading
            if reading is not None and self.rowless(text, after, position):
                self._futile = 0
                return Span(reading, end, position, len(self._grouping.natural(pieces).units))
        self._futile += 1
        return None

    def _ends(self, text: bytes, start: int, after: int) -> Iterator[tuple[int, int]]:
        """The ends of lines up to which the record may go, and where the next lines begin."""
        rules = self._rules
        limit = min(len(text), start + rules.limits.bytes)
        lines, position = 1, after
        for attempt in range(_MOST_CLOSINGS):
            # The next quote may close the field though no delimiter follows; else one with it does.
            wanted = self._closing if attempt else self._any
            closing = wanted.search(text, position, limit)
            line = rules.line(text, closing.end()) if closing is not None else None
            if line is None or line[1] > limit:
                return
            lines += rules.lines(text, position, line[1])
            if lines > rules.limits.lines:
                return
            position = line[1]
            yield line

    def rowless(self, text: bytes, start: int, end: int) -> bool:
        """Whether no line between is a row if read by itself."""
        while start < end:
            if self._row(text, start) is not None:
                return False
            line = self._rules.line(text, start)
            start = end if line is None else line[1]
        return True

    def _row(self, text: bytes, start: int) -> int | None:
        """Where the next record begins, if a good row stands at ``start``."""
        strict = self._fields.record(text, start)
        good = strict is not None and len(strict.units) == self._rules.width
        return strict.after if strict is not None and good else None


def _breaks_unquoted(reading: Reading) -> bool:
    return any(not unit.quoted and re.search(r"[\r\n]", unit.text) for unit in reading.units)
