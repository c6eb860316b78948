"""Whether the quotes of a text stand where every reader of CSV takes them for the same.

Within a field, as in ``5" pipe``, or behind a quote that closed, as in ``"Smith, "Bob""``, polars
drops quotes, or takes all up to the next one for a field, rows included, depending on which columns
are read. Nothing in its frame tells. All quotes of a file are looked at here, by as many threads as
the engine has. Most files have none at all, which is seen at the speed of reading them.

Where a thread begins is known to lie within quotes or without only when those before it are done:
it takes both for possible until it meets a quote that is wrong for one of them.
"""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from threading import Event
from typing import Literal, TypeAlias

import numpy as np
import polars as pl

from toolkit.datasets.readers.csv.layout import Dialect, Layout
from toolkit.datasets.readers.csv.records.bits import Bits, Bytes, earlier, later, matches, within

Quotes: TypeAlias = Literal["none", "sound", "unsound"]

_PIECE = 1 << 18
"""Bytes that are looked at together; they stay in a core's cache."""
_SHARE = 1 << 23
"""Bytes for which a thread is worth starting."""
_LF, _CR = 10, 13


def quotes_of(path: str, layout: Layout, *, piece: int = _PIECE, share: int = _SHARE) -> Quotes:
    """What the quotes of the table in a local file are like, which is UTF-8 and not packed.

    For dialects whose delimiter is one byte, whose records end in a line feed, and where a quote is
    escaped by another one or not at all. ``piece`` and ``share`` are bytes: those that are looked
    at together, and the fewest of a thread. Raises OSError."""
    dialect = layout.dialect
    if dialect.quote is None:
        return "none"
    start = _mark(path) + layout.start
    size = max(os.path.getsize(path) - start, 0)
    threads = max(1, min(pl.thread_pool_size(), size // share))
    cuts = [start + size * part // threads for part in range(threads + 1)]
    stop = Event()
    with ThreadPoolExecutor(threads) as pool:
        try:
            looks = [_Look(path, dialect, piece, stop, start) for _ in range(threads)]
            parts = list(pool.map(_Look.over, looks, *zip(*pairwise(cuts), strict=True)))
        finally:
            stop.set()
    inside = False
    for part in parts:
        if not part.sound[inside]:
            return "unsound"
        inside ^= part.odd
    if inside:
        return "unsound"
    return "sound" if any(part.found for part in parts) else "none"


def _mark(path: str) -> int:
    """The bytes of a byte order mark."""
    with open(path, "rb") as file:
        return len(BOM_UTF8) if file.read(len(BOM_UTF8)) == BOM_UTF8 else 0


@dataclass(slots=True)
class _Part:
    """What the quotes of a part of a file are like."""

    sound: list[bool]
    """If it begins outside of quotes; if it begins within."""
    found: bool = False
    odd: bool = False


class _Look:
    """One thread's way through a part of a file."""

    def __init__(self, path: str, dialect: Dialect, piece: int, stop: Event, start: int) -> None:
        assert dialect.quote is not None
        self._path, self._piece, self._stop, self._start = path, piece, stop, start
        self._quote, self._delimiter = ord(dialect.quote), ord(dialect.delimiter)
        self._doubled = dialect.escape == dialect.quote
        self._leaders = {self._delimiter, _LF}
        if self._doubled:
            # Before one that opens it is the one that closed.
            self._leaders.add(self._quote)

    def over(self, first: int, last: int) -> _Part:
        part = _Part([True, first > self._start])
        for before, text in self._pieces(first, last):
            self._take(part, before, text)
            if not any(part.sound):
                # The file is unsound, however the part begins.
                self._stop.set()
                break
        return part

    def _pieces(self, first: int, last: int) -> Iterator[tuple[int, Bytes]]:
        """Those with quotes: each with the byte behind it, and the byte before it."""
        held = bytearray(self._piece + 2)
        view, array = memoryview(held), np.frombuffer(held, np.uint8)
        with open(self._path, "rb") as file:
            while first < last and not self._stop.is_set():
                size = min(self._piece, last - first)
                known = 0 if first == self._start else 1
                held[0] = _LF
                file.seek(first - known)
                got = file.readinto(view[1 - known : size + 2]) - known
                if got <= size:
                    # The end of the file ends a record.
                    size = max(got, 0)
                    held[size + 1] = _LF
                if not size:
                    return
                if held.find(self._quote, 1, size + 1) >= 0:
                    yield held[0], array[1 : size + 2]
                first += size

    def _take(self, part: _Part, before: int, text: Bytes) -> None:
        quotes = matches(text, self._quote)
        edges = matches(text, self._delimiter) | matches(text, _LF)
        followers = edges | matches(text, _CR)
        if self._doubled:
            followers |= quotes
        # The last byte is only there to follow.
        last = len(text) - 1
        quotes[last >> 6] &= ~np.uint64(1 << (last & 63))
        inside = within(quotes)
        for phase in (False, True):
            if part.sound[phase]:
                opening = quotes & (inside if phase == part.odd else ~inside)
                part.sound[phase] = self._is_sound(
                    opening, quotes, edges, followers, begun=before in self._leaders
                )
        part.found = True
        part.odd ^= bool(np.bitwise_count(quotes).sum() & 1)

    def _is_sound(
        self, opening: Bits, quotes: Bits, edges: Bits, followers: Bits, *, begun: bool
    ) -> bool:
        """Whether the quotes that open follow an edge, and an edge follows those that close."""
        closing = quotes ^ opening
        leaders = edges | closing if self._doubled else edges
        wrong = opening & ~later(leaders, first=begun)
        wrong |= closing & ~earlier(followers)
        return not wrong.any()
