"""What many cells look like, at once: their lengths, their letters, and their shapes as numbers.

A shape is what ``profile.shape`` makes of a text: runs of letters as ``a``, of digits as ``9``.
Here it is a polynomial modulo 2**64 over its bytes: that of a part of the text comes from prefix
sums, that of cells put together from those of the cells.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolkit.datasets.readers.csv.records.bits import Bytes, Index, Ranks, pack
from toolkit.datasets.readers.csv.records.profile import DIGITS, LETTERS

Words: TypeAlias = NDArray[np.uint64]

_LETTER, _DIGIT = ord("a"), ord("9")
_BASE = 0x9E3779B97F4A7C15
"""Odd, so that it has an inverse."""
_MODULUS = 1 << 64
_SEED = 20240131
_SURROGATES, _LAST = 0xD800, 0x10FFFF


class Look(NamedTuple):
    """Cells of one column, an element for each."""

    shape: Words
    kept: Index
    """The length of the shape, in bytes."""
    letters: Index
    """How many bytes of letters there are."""
    length: Index
    """In characters."""

    def at(self, rows: Index) -> Look:
        """The looks of some of them."""
        return Look(self.shape[rows], self.kept[rows], self.letters[rows], self.length[rows])


def joined(looks: list[Look], between: bytes) -> Look:
    """The looks of cells put together, with something between that has no letters or digits."""
    shape, kept, letters, length = looks[0]
    middle = of_text(between)
    for other in looks[1:]:
        shape = shape + middle.shape * _powers(kept)
        kept = kept + middle.kept
        shape = shape + other.shape * _powers(kept)
        kept = kept + other.kept
        letters = letters + other.letters
        length = length + middle.length + other.length
    return Look(shape, kept, letters, length)


def of_text(text: bytes) -> Look:
    """The look of a single text."""
    looks = Looks(text + b"\n")
    return looks.of(np.zeros(1, np.int64), np.full(1, len(text)))


class Looks:
    """The looks of any cells of a text, each between bytes that are neither letters nor digits."""

    def __init__(self, text: bytes) -> None:
        classes = _classes(text)
        size = len(text)
        run = (classes == _LETTER) | (classes == _DIGIT)
        keep = np.ones(size, np.bool_)
        keep[1:] = ~run[1:] | (classes[1:] != classes[:-1])
        kept = classes[keep]
        powers, self._inverses = _tables(len(kept))
        terms = _values()[kept]
        terms *= powers[: len(kept)]
        self._shapes = np.zeros(len(kept) + 1, np.uint64)
        np.cumsum(terms, out=self._shapes[1:])
        self._kept = Ranks(pack(keep))
        self._letters = Ranks(pack(classes == _LETTER))
        self._lengths = None
        if not text.isascii():
            self._lengths = Ranks(pack((np.frombuffer(text, np.uint8) & 0xC0) != 0x80))

    def of(self, starts: Index, ends: Index) -> Look:
        first, last = self._kept.all_at(starts), self._kept.all_at(ends)
        shape = (self._shapes[last] - self._shapes[first]) * self._inverses[first]
        letters = self._letters.all_at(ends) - self._letters.all_at(starts)
        length = ends - starts
        if self._lengths is not None:
            length = self._lengths.all_at(ends) - self._lengths.all_at(starts)
        return Look(shape, last - first, letters, length)


def _powers(exponents: Index) -> Words:
    powers, _ = _tables(int(exponents.max(initial=0)) + 1)
    return powers[exponents]


_growing: list[tuple[Words, Words]] = []


def _tables(size: int) -> tuple[Words, Words]:
    """The powers of the base and of its inverse."""
    if not _growing or len(_growing[-1][0]) <= size:
        length = 1 << max(size, 1 << 12).bit_length()
        _growing[:] = [(_series(_BASE, length), _series(pow(_BASE, -1, _MODULUS), length))]
    return _growing[-1]


def _series(base: int, length: int) -> Words:
    factors = np.full(length, base, np.uint64)
    factors[0] = 1
    found: Words = np.multiply.accumulate(factors)
    return found


@cache
def _values() -> Words:
    return np.random.default_rng(_SEED).integers(1, _MODULUS - 1, 256, np.uint64)


def _classes(text: bytes) -> Bytes:
    """Each byte as it is, but those of letters and of digits as one of them."""
    classes: Bytes = np.frombuffer(text.translate(_ASCII), np.uint8)
    if text.isascii():
        return classes
    classes, array = classes.copy(), np.frombuffer(text, np.uint8)
    begins = np.flatnonzero(array >= 0xC0)
    first = array[begins].astype(np.int64)
    sizes = 2 + (first >= 0xE0).astype(np.int64) + (first >= 0xF0)
    points = first & (0x7F >> sizes)
    for offset in (1, 2, 3):
        where = np.minimum(begins + offset, len(text) - 1)
        points = np.where(sizes > offset, points << 6 | (array[where] & 0x3F), points)
    kinds = _foreign()[np.minimum(points, _LAST)]
    for offset in range(4):
        known = (kinds > 0) & (sizes > offset) & (begins + offset < len(text))
        classes[begins[known] + offset] = kinds[known]
    return classes


def _table(characters: str) -> Bytes:
    """The class of each character: 0 for one that is no letter and no digit."""
    table = np.zeros(ord(characters[-1]) + 1, np.uint8)
    for pattern, value in ((LETTERS, _LETTER), (DIGITS, _DIGIT)):
        for found in pattern.finditer(characters):
            table[ord(found.group()[0]) : ord(found.group()[-1]) + 1] = value
    return table


def _ascii() -> bytes:
    table = np.arange(256, dtype=np.uint8)
    classes = _table("".join(map(chr, range(128))))
    table[:128] = np.where(classes > 0, classes, table[:128])
    return table.tobytes()


_ASCII = _ascii()


@cache
def _foreign() -> Bytes:
    return _table("".join(map(chr, [*range(_SURROGATES), *range(_SURROGATES + 0x800, _LAST + 1)])))
