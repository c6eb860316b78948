"""Damaged quoted fields that go on over several lines."""

from __future__ import annotations

import re
from typing import NamedTuple

from toolkit.datasets.readers.csv.records.fields import Fields, decode
from toolkit.datasets.readers.csv.records.grouping import DOUBTFUL, Grouping, Reading
from toolkit.datasets.readers.csv.records.rules import Rules

_MOST_CLOSINGS = 20
_MOST_FOLLOWING = 50


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
        self._any = re.compile(quote)
        self._closing = re.compile(quote + rb" *(?=" + delimiter + rb"|\r|\n)")

    def damaged(self, text: bytes, start: int, after: int, *, right: bool) -> Span | None:
        """The first end that gives all fields, where the lines up to it are no rows themselves.

        ``after`` is where the second line begins, ``right`` whether the first alone has all fields.
        """
        rules = self._rules
        if right and self._row(text, after) is not None:
            return None
        limit = min(len(text), start + rules.limits.bytes)
        lines, position = 1, after
        for attempt in range(_MOST_CLOSINGS):
            # The next quote may close the field though no delimiter follows; else one with it does.
            wanted = self._closing if attempt else self._any
            closing = wanted.search(text, position, limit)
            line = rules.line(text, closing.end()) if closing is not None else None
            if line is None or line[1] > limit:
                break
            lines += rules.lines(text, position, line[1])
            if lines > rules.limits.lines:
                break
            end, position = line
            decoded = decode(text[start:end])[0]
            pieces = self._fields.split(decoded)
            found = len(self._grouping.natural(pieces).units)
            reading = self._grouping.exactly(pieces, rules.width)
            if reading is None or reading.cost > DOUBTFUL or _breaks_unquoted(reading):
                reading = self._grouping.restored(decoded, rules.width)
            if reading is not None:
                if not self._keeps_rows(text, after, position, right=right):
                    break
                return Span(reading, end, position, found)
        return None

    def rowless(self, text: bytes, start: int, end: int) -> bool:
        """Whether no line between is a row if read by itself."""
        return self._keeps_rows(text, start, end, right=True)

    def _keeps_rows(self, text: bytes, start: int, end: int, *, right: bool) -> bool:
        """Whether none of the lines between are rows if read by themselves, or only a few where
        the first line is no row either."""
        good = bad = 0
        while start < end and good + bad < _MOST_FOLLOWING:
            after = self._row(text, start)
            if after is not None:
                if right:
                    return False
                good, start = good + 1, after
            else:
                line = self._rules.line(text, start)
                bad, start = bad + 1, line[1] if line is not None else end
        return good == 0 or good * 2 < bad

    def _row(self, text: bytes, start: int) -> int | None:
        """Where the next record begins, if a good row stands at ``start``."""
        strict = self._fields.record(text, start)
        good = strict is not None and len(strict.units) == self._rules.width
        return strict.after if strict is not None and good else None


def _breaks_unquoted(reading: Reading) -> bool:
    return any(not unit.quoted and re.search(r"[\r\n]", unit.text) for unit in reading.units)
