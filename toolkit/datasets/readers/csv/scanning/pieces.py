"""A local file in pieces of whole records, read and worked on by several threads, in order.

A piece ends behind a line feed. Whether that stands within quotes is told by their number: every
piece begins outside of quotes, so an odd one leaves one open, and the next is a part of it.
"""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import polars as pl

_FIRST, _LARGEST = 1 << 19, 1 << 23
"""Bytes of the first piece, which is what a look at the first rows costs, and of those far behind
it: each is twice as large as the one before."""
_AT_ONCE = 1 << 28
"""Bytes of all pieces that are begun: with many threads these are smaller."""
_LONGEST = 1 << 26
"""Bytes of a piece beyond which a quote is thought to be open by mistake."""
_WINDOW = 1 << 14
"""Bytes in which the end of a line is looked for at once."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class UncutError(Exception):
    """No end of a record was found in more bytes than one is thought to have."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole records, if the quotes of the file stand where they should."""

    text: bytes
    quotes: int
    """How many there are."""

    def followed(self, piece: Piece) -> Piece:
        return Piece(self.text + piece.text, self.quotes + piece.quotes)


def each_piece(
    path: str, start: int, quote: str | None, do: Callable[[Piece], Result], *, limited: bool
) -> Generator[Result, None, None]:
    """What ``do`` makes of the pieces from the offset ``start`` to the end of the file, in order.
    The offset counts behind a byte order mark.

    It runs in as many threads as the engine has; ``limited``, where only the first rows are
    wanted, one piece after the other as they are taken. Where ``quote`` is None no quotes are
    counted. Raises UncutError, OSError, and what ``do`` raises."""
    # As many again keep the engine at work while some are read or taken.
    ahead = 0 if limited else 2 * pl.thread_pool_size()
    file = _File(path)
    spans = _spans(file, file.mark + start, min(_LARGEST, _AT_ONCE // max(ahead, 1)))
    read = partial(_read, file, quote.encode() if quote else None)
    pool = ThreadPoolExecutor(max(ahead, 1), thread_name_prefix="toolkit-csv")
    try:
        parts = _in_order(pool, read, spans, ahead // 2)
        yield from _in_order(pool, do, _whole(parts), ahead)
    finally:
        # The engine drops a query in whatever thread has the interpreter next, which may be one of
        # these: to wait for it would be to wait for oneself.
        pool.shutdown(wait=False, cancel_futures=True)


def _whole(parts: Iterable[Piece]) -> Iterator[Piece]:
    """The parts of a file, each with those after it that a quote in it leaves open."""
    begun: Piece | None = None
    for part in parts:
        piece = begun.followed(part) if begun else part
        begun = piece if piece.quotes % 2 else None
        if begun is None:
            yield piece
        elif len(piece.text) > _LONGEST:
            raise UncutError
    if begun:
        yield begun


def _in_order(
    pool: Executor, do: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Iterator[Result]:
    """What ``do`` makes of the items, in their order. It is begun for ``ahead`` of them before
    they are asked for."""
    begun: deque[Future[Result]] = deque()
    for item in items:
        begun.append(pool.submit(do, item))
        if len(begun) > ahead:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


class _File:
    """A file that is open until nobody has it any more, threads that still read it included."""

    __slots__ = ("_handle",)

    def __init__(self, path: str) -> None:
        self._handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))

    def __del__(self) -> None:
        # Without one, opening it failed.
        if hasattr(self, "_handle"):
            os.close(self._handle)

    @property
    def mark(self) -> int:
        """The bytes of a byte order mark."""
        return len(BOM_UTF8) if self.read(0, len(BOM_UTF8)) == BOM_UTF8 else 0

    @property
    def size(self) -> int:
        return os.fstat(self._handle).st_size

    def read(self, start: int, end: int) -> bytes:
        return os.pread(self._handle, end - start, start)


def _read(file: _File, quote: bytes | None, span: tuple[int, int]) -> Piece:
    text = file.read(*span)
    # Most texts have none at all, which is seen in a fraction of the time.
    if quote is None or quote not in text:
        return Piece(text, 0)
    return Piece(text, int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord(quote))))


def _spans(file: _File, start: int, largest: int) -> Iterator[tuple[int, int]]:
    """Where lines begin and end that make a piece."""
    size, total = min(_FIRST, largest), file.size
    while start < total:
        end = _end_of_line(file, start, size, total)
        yield start, end
        start, size = end, min(2 * size, largest)


def _end_of_line(file: _File, start: int, size: int, total: int) -> int:
    """Where the last line ends of those that end within ``size`` bytes from ``start``, or within
    as many more of them as it takes."""
    low, high = start, start + size
    while high < total:
        behind = high
        while behind > low:
            first = max(behind - _WINDOW, low)
            found = file.read(first, behind).rfind(b"\n")
            if found >= 0:
                return first + found + 1
            behind = first
        if high - start > _LONGEST:
            raise UncutError
        low, high = high, high + size
    return total
