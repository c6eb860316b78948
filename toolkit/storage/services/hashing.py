"""The content hash: BLAKE3 of a file's bytes, written ``blake3:<hex>``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from blake3 import blake3

_PREFIX = "blake3:"
_THREADS_FROM = 16 << 20
"""Bytes from which a pool of threads is worth its start (60 µs) and its contention."""

_WINDOW = 4 << 20
"""Bytes read at a time: enough for every thread's share to be worth handing out."""


def large_hasher() -> blake3:
    """A hasher for large updates, with threads of its own.

    Not ``blake3.AUTO``: its threads are one pool for the process, which does not survive a fork,
    so that hashing in the child would wait for ever.
    """
    return blake3(max_threads=os.cpu_count() or 1)


def content_hash(hasher: blake3) -> str:
    """The content hash of what a hasher was given."""
    return _PREFIX + hasher.hexdigest()


def hex_digest(text: str) -> str:
    """The hexadecimal part of a content hash."""
    return text.removeprefix(_PREFIX)


def hash_chunks(chunks: Iterable[bytes]) -> str:
    """The content hash of chunks, in one pass."""
    hasher = large_hasher()
    for chunk in chunks:
        hasher.update(chunk)
    return content_hash(hasher)


def hash_file(path: Path, byte_size: int) -> str:
    """The content hash of a local file, in bounded memory.

    Not ``update_mmap``: mapped pages count as memory of the process, the whole file at its end.
    """
    hasher = large_hasher() if byte_size >= _THREADS_FROM else blake3()
    window = memoryview(bytearray(min(_WINDOW, max(byte_size, 1))))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(window):
            hasher.update(window[:count])
    return content_hash(hasher)
