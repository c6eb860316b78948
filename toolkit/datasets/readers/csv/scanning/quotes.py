"""Whether the quotes of a text stand where every reader of CSV takes them for the same.

Within a field, as in ``5" pipe``, or behind a quote that closed, as in ``"Smith, "Bob""``, polars
drops quotes, or takes all up to the next one for a field, rows included, depending on which columns
are read. Nothing in its frame tells.
"""

from __future__ import annotations

import numpy as np

from toolkit.datasets.readers.csv.layout import Dialect
from toolkit.datasets.readers.csv.records.bits import Bytes, earlier, later, matches, within

_PART = 1 << 18
"""Bytes that are looked at together; they stay in a core's cache."""
_LF, _CR = 10, 13


def are_sound(text: bytes, dialect: Dialect, *, part: int = _PART) -> bool:
    """Whether each quote opens or closes a whole field, or is escaped within one, and the last one
    closes. The text begins with a record.

    For dialects whose delimiter is one byte, whose records end in a line feed, and where a quote is
    escaped by another one or not at all. ``part`` is the number of bytes looked at together."""
    if dialect.quote is None:
        return True
    look = _Look(dialect)
    array = np.frombuffer(text, np.uint8)
    return all(look.on(array[at : at + part + 1], part) for at in range(0, len(array), part)) and (
        not look.inside
    )


class _Look:
    """The way through a text."""

    def __init__(self, dialect: Dialect) -> None:
        assert dialect.quote is not None
        self._quote, self._delimiter = ord(dialect.quote), ord(dialect.delimiter)
        self._doubled = dialect.escape == dialect.quote
        self._leaders = {self._delimiter, _LF}
        if self._doubled:
            # Before one that opens it is the one that closed.
            self._leaders.add(self._quote)
        self._begun = True
        """Whether a field may begin at the next byte."""
        self.inside = False

    def on(self, text: Bytes, size: int) -> bool:
        """Whether the quotes of the next ``size`` bytes are sound; ``text`` has one more of them,
        or is the end."""
        if len(text) <= size:
            # The end of the text ends a record.
            text = np.append(text, np.uint8(_LF))
        last = len(text) - 1
        quotes = matches(text, self._quote)
        edges = matches(text, self._delimiter) | matches(text, _LF)
        followers = edges | matches(text, _CR)
        if self._doubled:
            followers |= quotes
        # The last byte is only there to follow.
        quotes[last >> 6] &= ~np.uint64(1 << (last & 63))
        inside = within(quotes)
        opening = quotes & (~inside if self.inside else inside)
        closing = quotes ^ opening
        leaders = edges | closing if self._doubled else edges
        wrong = opening & ~later(leaders, first=self._begun)
        wrong |= closing & ~earlier(followers)
        self.inside ^= bool(np.bitwise_count(quotes).sum() & 1)
        self._begun = int(text[last - 1]) in self._leaders
        return not wrong.any()
