"""Whether the quotes of a text stand where every reader of CSV takes them for the same.

Within a field, as in ``5" pipe``, or behind a quote that closed, as in ``"Smith, "Bob""``, polars
drops quotes, or takes all up to the next one for a field, rows included, depending on which columns
are read. Nothing in its frame tells. All quotes of a text are looked at here, in runs: whether one
begins within a quoted field follows from how many there were before it.

Most files have none at all, which is seen at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from toolkit.datasets.readers.csv.byte_search import contains
from toolkit.datasets.readers.csv.layout import Dialect
from toolkit.datasets.readers.csv.planning import FilePlan, planned_text
from toolkit.datasets.readers.sources import ResolvedSource

Quotes: TypeAlias = Literal["none", "sound", "unsound"]

_Bytes = npt.NDArray[np.uint8]


def quotes_of(source: ResolvedSource, plan: FilePlan) -> Quotes:
    """What the quotes of a plain local file's table are like; reads all of it.

    Raises OSError."""
    start, dialect = plan.layout.start, plan.layout.dialect
    if dialect.quote is None:
        return "none"
    quote = dialect.quote.encode()
    if quote not in plan.head[start:] and not contains(plan.path, quote, start):
        return "none"
    with closing(planned_text(source, plan)) as parts:
        return "sound" if quotes_are_sound(_from_byte(start, parts), dialect) else "unsound"


def quotes_are_sound(parts: Iterable[bytes], dialect: Dialect) -> bool:
    """Whether each quote of a table's text, given in parts, opens or closes a field or is escaped.

    For dialects whose delimiter is one byte, whose records end in a line feed, and where a quote is
    escaped by another one or not at all."""
    if dialect.quote is None:
        return True
    quote = dialect.quote.encode()
    check = _Check(dialect)
    before, rest = b"\n", b""
    for part in parts:
        text = rest + part
        if quote not in text:
            before, rest = text[-1:] or before, b""
            continue
        # What follows a run of quotes must be in sight.
        known = len(text.rstrip(quote))
        if known == len(text):
            known -= 1
        if not check.take(before + text[:known] + text[known : known + 1]):
            return False
        before, rest = text[known - 1 : known] or before, text[known:]
    return check.take(before + rest + b"\n") and check.outside


class _Check:
    """Goes through successive pieces of a text. Of each the first and last byte are neighbours."""

    def __init__(self, dialect: Dialect) -> None:
        assert dialect.quote is not None
        self._quote = ord(dialect.quote)
        self._doubled = dialect.escape == dialect.quote
        self.outside = True
        self._before, self._after = (np.zeros(256, np.bool_) for _ in range(2))
        self._before[[ord(dialect.delimiter), ord("\n")]] = True
        self._after[[ord(dialect.delimiter), ord("\n"), ord("\r")]] = True

    def take(self, text: bytes) -> bool:
        """Whether the quotes between its first and its last byte are sound."""
        array: _Bytes = np.frombuffer(text, np.uint8)
        where = np.flatnonzero(array[1:-1] == self._quote) + 1
        if not len(where):
            return True
        first = np.append(True, np.diff(where) > 1)
        starts = where[first]
        counts = np.diff(np.append(np.flatnonzero(first), len(where)))
        odd = counts % 2 == 1
        outside = (np.cumsum(odd) - odd) % 2 == (0 if self.outside else 1)
        self.outside ^= bool(odd.sum() % 2)
        opens = self._before[array[starts - 1]]
        closes = self._after[array[starts + counts]]
        # A run that leaves the field: an even one from outside, an odd one from within.
        leaves = outside != odd
        sound = (opens | ~outside) & (closes | ~leaves)
        if not self._doubled:
            sound &= (counts == 1) | (outside & (counts == 2))
        return bool(sound.all())


def _from_byte(start: int, parts: Iterable[bytes]) -> Iterator[bytes]:
    for part in parts:
        if start < len(part):
            yield part[start:] if start else part
        start = max(start - len(part), 0)
