"""Sets of positions in a text as bits: one for each byte, 64 in a word, the lowest first.

Whether a newline stands within quotes depends on all quotes before it. On bits that is a prefix
XOR, which takes a few operations for 64 bytes (Langdale and Lemire, "Parsing Gigabytes of JSON per
Second", 2019), where a walk over bytes takes one or more for each.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Bits: TypeAlias = NDArray[np.uint64]
Index: TypeAlias = NDArray[np.int64]

_PIECE = 1 << 17
"""Bytes worked on at a time, a multiple of 64: with their masks they stay in a core's cache."""

_ONE = np.uint64(1)
_TOP = np.uint64(63)


def matches(text: Bytes, byte: int) -> Bits:
    """Where a byte stands in a text."""
    bits = np.empty(-(-len(text) // 64) * 8, np.uint8)
    mask = np.empty(min(len(text), _PIECE), np.bool_)
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE]
        found = np.equal(piece, byte, out=mask[: len(piece)])
        packed = np.packbits(found, bitorder="little")
        bits[start >> 3 : (start >> 3) + len(packed)] = packed
    bits[-(-len(text) // 8) :] = 0
    return bits.view("<u8")


def pack(mask: NDArray[np.bool_]) -> Bits:
    """The bits of a mask; those beyond its end are 0."""
    return matches(mask.view(np.uint8), 1)


def unpack(bits: Bits, size: int) -> NDArray[np.bool_]:
    """The mask of the first ``size`` bits."""
    return np.unpackbits(bits.view(np.uint8), bitorder="little", count=size).view(np.bool_)


def positions(bits: Bits) -> Index:
    """Where the bits are 1, in order."""
    words = np.flatnonzero(bits)
    if len(words) * 8 < len(bits):
        rows, columns = np.nonzero(unpack(bits[words], len(words) * 64).reshape(-1, 64))
        return words[rows] * 64 + columns
    size = _PIECE // 64
    found = [
        np.flatnonzero(unpack(part, len(part) * 64)) + start * 64
        for start in range(0, len(bits), size)
        if len(part := bits[start : start + size])
    ]
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def later(bits: Bits, *, first: bool = False) -> Bits:
    """Each bit moved to the next position; ``first`` comes in at the beginning."""
    moved = np.left_shift(bits, _ONE)
    moved[1:] |= bits[:-1] >> _TOP
    if first and len(moved):
        moved[0] |= _ONE
    return moved


def earlier(bits: Bits) -> Bits:
    """Each bit moved to the position before."""
    moved = np.right_shift(bits, _ONE)
    moved[:-1] |= bits[1:] << _TOP
    return moved


def within(marks: Bits) -> Bits:
    """From each odd mark on to the one before the next: the inside of quotes, without the last."""
    inside, shifted = marks.copy(), np.empty_like(marks)
    for shift in (1, 2, 4, 8, 16, 32):
        inside ^= np.left_shift(inside, np.uint64(shift), out=shifted)
    carried = np.bitwise_xor.accumulate(np.right_shift(inside, _TOP, out=shifted))
    inside[1:] ^= np.negative(carried[:-1], out=shifted[1:])
    return inside


def bit(bits: Bits, position: int) -> bool:
    """Whether one position is in the set."""
    return bool(int(bits[position >> 6]) >> (position & 63) & 1)


class Ranks:
    """How many positions of a set lie before a given one."""

    __slots__ = ("_before", "_bits")

    def __init__(self, bits: Bits) -> None:
        self._bits = np.append(bits, np.uint64(0))
        self._before = np.zeros(len(bits) + 1, np.int64)
        np.cumsum(np.bitwise_count(bits), out=self._before[1:])

    def at(self, position: int) -> int:
        word = position >> 6
        below = int(self._bits[word]) & ((1 << (position & 63)) - 1)
        return int(self._before[word]) + below.bit_count()

    def all_at(self, where: Index) -> Index:
        words = where >> 6
        below = (_ONE << (where & 63).astype(np.uint64)) - _ONE
        found: Index = self._before[words] + np.bitwise_count(self._bits[words] & below)
        return found
