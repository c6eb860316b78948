"""Whether a byte occurs in a large local file: all cores, no copy of it, little memory."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event

import polars as pl

_PIECE = 1 << 19
"""What stays in a core's cache."""
_SHARE = 1 << 23
"""Bytes for which a thread is worth starting."""


def contains(path: str, byte: bytes, start: int = 0) -> bool:
    """Whether a file has a byte at ``start`` or behind it, by as many threads as the engine has.

    Raises OSError."""
    size = os.path.getsize(path) - start
    threads = max(1, min(pl.thread_pool_size(), size // _SHARE))
    cuts = [start + size * part // threads for part in range(threads + 1)]
    stop = Event()
    with ThreadPoolExecutor(threads) as pool:
        try:
            parts = [
                pool.submit(_search, path, byte, first, last, stop)
                for first, last in pairwise(cuts)
            ]
            return any(part.result() for part in parts)
        finally:
            stop.set()


def _search(path: str, byte: bytes, first: int, last: int, stop: Event) -> bool:
    piece = bytearray(_PIECE)
    view = memoryview(piece)
    with open(path, "rb", buffering=0) as file:
        file.seek(first)
        while first < last and not stop.is_set():
            size = file.readinto(view[: min(_PIECE, last - first)])
            if not size:
                break
            if piece.find(byte, 0, size) >= 0:
                stop.set()
                return True
            first += size
    return False
