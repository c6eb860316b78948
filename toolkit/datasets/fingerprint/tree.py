"""The Merkle tree of a frame, scheme version 1.

    block digest  = BLAKE3(rows, canonical buffers)             for 131,072 rows of one column
    column digest = BLAKE3("toolkit column 1", type, rows, block digests…)
    fingerprint   = BLAKE3("toolkit frame 1", rows, (name, column digest)…, identity metadata)

Numbers are little-endian uint64, texts are UTF-8 behind their length. The scheme is written into
the fingerprint (``tk1:<hex>``), so that a later one can live beside it. Its test vectors are in
``tests/datasets/fingerprint/``.

Sources: Merkle, "A Digital Signature Based on a Conventional Encryption Function" (1987); the hash
is BLAKE3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, 2020).
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import blake3
import pyarrow as pa

from toolkit.core.errors import UnsupportedTypeError
from toolkit.core.types import ColumnRecord
from toolkit.datasets.fingerprint.canonical import feed
from toolkit.datasets.fingerprint.logical_types import logical_type

BLOCK_ROWS = 131_072
"""Rows of a block of the tree, and of a row group of the file that is written."""

SCHEME = "tk1"
DIGEST_BYTES = 32

_PARALLEL_CELLS = 1 << 16
"""Below this many values a single thread is faster than handing work over."""


class Block(Protocol):
    """At most BLOCK_ROWS rows of a frame."""

    rows: int

    def column(self, index: int) -> pa.Array:
        """One column's values in these rows; called from worker threads."""


class ColumnHasher:
    """Collects the block digests of one column."""

    def __init__(self, name: str, type_: str) -> None:
        self.name = name
        self.type = type_
        self.rows = 0
        self.null_count = 0
        self._full = bytearray()
        self._last = b""

    def resume(self, block_digests: bytes, type_: str) -> None:
        """Continue behind full blocks whose digests are known. Their nulls are not counted."""
        self._full += block_digests
        self.rows = len(block_digests) // DIGEST_BYTES * BLOCK_ROWS
        self.type = type_

    def add(self, rows: int, nulls: int, digest: bytes) -> None:
        """Add the next block. Only the last one may be shorter than BLOCK_ROWS."""
        if self._last:
            raise ValueError("a block follows one that was not full")
        self.rows += rows
        self.null_count += nulls
        if rows == BLOCK_ROWS:
            self._full += digest
        else:
            self._last = digest

    def finish(self) -> ColumnRecord:
        hasher = blake3.blake3(b"toolkit column 1")
        _text(hasher, self.type)
        _number(hasher, self.rows)
        hasher.update(bytes(self._full) + self._last)
        return ColumnRecord(
            self.name, self.type, hasher.digest(), self.null_count, bytes(self._full)
        )


class FrameHasher:
    """Hashes blocks of a frame in order, in parallel; use as a context manager.

    ``add`` takes blocks of exactly BLOCK_ROWS rows, the last one excepted. At most two blocks are
    in work at a time, which bounds the memory."""

    def __init__(self, fields: Sequence[pa.Field]) -> None:
        self._fields = fields
        self.columns: list[ColumnHasher] | None = None
        self.rows = 0
        self._pool: ThreadPoolExecutor | None = None
        self._pending: deque[list[Future[tuple[int, int, bytes]]]] = deque()
        self._workers = os.cpu_count() or 1

    def __enter__(self) -> FrameHasher:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def start(self, sample: Block | None) -> list[ColumnHasher]:
        """Settle the columns' types; ``sample`` holds the categories of ordered dictionaries."""
        if self.columns is None:
            self.columns = [
                ColumnHasher(field.name, _type(field, i, sample))
                for i, field in enumerate(self._fields)
            ]
        return self.columns

    def add(self, block: Block) -> None:
        """Hash the next block."""
        columns = self.start(block)
        rows = block.rows
        self.rows += rows
        if rows * len(columns) < _PARALLEL_CELLS or self._workers == 1:
            self._drain(0)
            for index, column in enumerate(columns):
                column.add(*_digest(column.name, block, index))
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="toolkit-hash")
        submit = self._pool.submit
        self._pending.append(
            [submit(_digest, column.name, block, i) for i, column in enumerate(columns)]
        )
        self._drain(1)

    def finish(self) -> tuple[ColumnRecord, ...]:
        """The columns' records, in order."""
        self._drain(0)
        return tuple(column.finish() for column in self.start(None))

    def _drain(self, keep: int) -> None:
        while len(self._pending) > keep:
            for column, future in zip(self.start(None), self._pending.popleft(), strict=True):
                column.add(*future.result())


def _type(field: pa.Field, index: int, sample: Block | None) -> str:
    has_categories = pa.types.is_dictionary(field.type) or pa.types.is_nested(field.type)
    return logical_type(field, sample.column(index) if sample and has_categories else None)


def _digest(name: str, block: Block, index: int) -> tuple[int, int, bytes]:
    array = block.column(index)
    hasher = blake3.blake3(len(array).to_bytes(8, "little"))
    try:
        nulls = feed(hasher, array)
    except UnsupportedTypeError as error:
        raise UnsupportedTypeError(
            f"Column {name!r} cannot be saved: {error}. Nothing was written."
        ) from None
    return len(array), nulls, hasher.digest()


def frame_fingerprint(
    columns: Iterable[ColumnRecord], rows: int, identity: Mapping[str, Any] | None = None
) -> str:
    """``tk1:<hex>`` of a frame, from its columns' digests alone.

    ``identity`` is what the frame carries beside columns (a pandas index), if anything."""
    columns = tuple(columns)
    hasher = blake3.blake3(b"toolkit frame 1")
    _number(hasher, rows)
    _number(hasher, len(columns))
    for column in columns:
        _text(hasher, column.name)
        hasher.update(column.digest)
    if identity:
        _text(hasher, json.dumps(identity, sort_keys=True, ensure_ascii=False))
    return f"{SCHEME}:{hasher.hexdigest()}"


def _number(hasher: blake3.blake3, value: int) -> None:
    hasher.update(value.to_bytes(8, "little"))


def _text(hasher: blake3.blake3, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    _number(hasher, len(data))
    hasher.update(data)
