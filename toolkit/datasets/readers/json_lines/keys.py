"""Whether the objects of some lines have keys that no column has: told from the bytes, in a part of
the time that it takes to parse them, where the bytes alone are enough to tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

_SPACE, _QUOTE, _COLON, _BACKSLASH, _OPEN, _CLOSE = b' ":\\{}'

_UNKNOWN = -1
"""Where a key leads that its object does not have."""
_BELOW = 0
"""Where all keys lead that have no columns, as those of an object that is read as text."""
_TOP = 1
"""The object of a line."""

_WORD = 8
"""Bytes that are compared as one number."""
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(_WORD + 1)], np.uint64)

_SLICE = 1 << 17
"""Bytes that are looked at in one go: what is made of them stays in the processor's cache."""

_Words = NDArray[np.uint64]
_Bytes = NDArray[np.uint8]
_Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Names:
    """Names as numbers, by which many keys are compared with them at once."""

    mixed: _Words
    """The sums of their words, in order, to find the only name that a key may have. Keys that come
    in the order of their names, as most do, are then found fastest."""
    first: _Words
    further: Sequence[_Words]
    """The words from the eighth byte on, from the sixteenth on, and so forth. The last word of a
    name is that of its last eight bytes; beyond there are zeros."""
    sizes: _Numbers
    numbers: _Numbers

    @staticmethod
    def of(names: Mapping[bytes, int]) -> _Names:
        """``names`` with their numbers."""
        texts = list(names)
        sizes = np.array([len(text) for text in texts], np.intp)
        first = _words(text[:_WORD] for text in texts)
        further = [
            _words(
                text[min(at, len(text) - _WORD) :][:_WORD] if len(text) > at else b""
                for text in texts
            )
            for at in range(_WORD, int(sizes.max(initial=0)), _WORD)
        ]
        mixed = np.add.reduce([first, *further])
        order = np.argsort(mixed)
        numbers = np.array(list(names.values()), np.intp)
        return _Names(
            mixed[order],
            first[order],
            [column[order] for column in further],
            sizes[order],
            numbers[order],
        )


def _words(texts: Iterable[bytes]) -> _Words:
    return np.array([int.from_bytes(text, "little") for text in texts], np.uint64)


class KnownKeys:
    """The keys of the objects that some columns hold, and of those within them."""

    def __init__(self, columns: Mapping[str, pl.DataType]) -> None:
        self._names: dict[bytes, int] = {}
        self._paths: dict[tuple[int, int], int] = {}
        self._objects = _TOP
        self._add(_TOP, pl.Struct(columns))
        # A name with a backslash is never written as it is; another one with an escape may look so.
        self._known = _Names.of({n: i for n, i in self._names.items() if b"\\" not in n})
        # A row for each object, with the object that each name leads to. The last is any other.
        self._next = np.full((self._objects + 1, len(self._names) + 1), _UNKNOWN, np.intp)
        self._next[_BELOW] = _BELOW
        for (place, name), below in self._paths.items():
            self._next[place, name] = below

    def _add(self, place: int, dtype: pl.Struct) -> None:
        for field in dtype.fields:
            name = self._names.setdefault(field.name.encode(), len(self._names))
            below = field.dtype
            while isinstance(below, pl.List):
                below = below.inner
            if isinstance(below, pl.Struct):
                self._objects += 1
                self._paths[place, name] = self._objects
                self._add(self._objects, below)
            else:
                self._paths[place, name] = _BELOW

    def cover(self, data: bytes) -> bool:
        """Whether lines have no other keys. False as well where that is not certain: for keys with
        escapes or with blanks before the colon. What is no JSON may be either."""
        start = 0
        while start < len(data):
            end = data.find(b"\n", start + _SLICE) + 1 or len(data)
            if not self._cover(data[start:end]):
                return False
            start = end
        return True

    def _cover(self, data: bytes) -> bool:
        text = np.frombuffer(data, np.uint8)
        quotes = np.flatnonzero(text == _QUOTE)
        if b"\\" in data:
            escaped = text[quotes - 1] == _BACKSLASH
            if (text[quotes[escaped] - 2] == _BACKSLASH).any():
                return False
            quotes = quotes[~escaped]
        opening, closing = quotes[0::2], quotes[1::2]
        if len(opening) != len(closing) or (len(quotes) and quotes[-1] == len(text) - 1):
            return False
        after = text[closing + 1]
        if (after <= _SPACE).any() and ((text[:-1] <= _SPACE) & (text[1:] == _COLON)).any():
            return False
        is_key = after == _COLON
        starts, ends = opening[is_key] + 1, closing[is_key]
        names = self._named(data, starts, ends - starts)
        if self._objects == _TOP and (names >= 0).all():
            return True
        return self._lead_on(names, _depths(text, quotes, ends))

    def _named(self, data: bytes, starts: _Numbers, sizes: _Numbers) -> _Numbers:
        """The number of each key's name; -1 where no column has it."""
        if not len(self._known.sizes):
            return np.full(len(starts), -1, np.intp)
        # The eight bytes from each position on, as one number.
        words = np.ndarray((len(data),), "<u8", data + bytes(_WORD), strides=(1,))
        known, longest = self._known, int(self._known.sizes.max())
        first = words[starts] & _MASKS[np.minimum(sizes, _WORD)]
        mixed = first.copy()
        further = []
        long = np.flatnonzero((sizes > _WORD) & (sizes <= longest))
        for at in range(_WORD, longest, _WORD):
            long = long[sizes[long] > at]
            # The last eight bytes may be some that were had before.
            word = words[starts[long] + np.minimum(at, sizes[long] - _WORD)]
            mixed[long] += word
            further.append((long, word))
        near = np.searchsorted(known.mixed, mixed).clip(max=len(known.sizes) - 1)
        same = (known.first[near] == first) & (known.sizes[near] == sizes)
        for (long, word), column in zip(further, known.further, strict=True):
            same[long] &= column[near[long]] == word
        return np.where(same, known.numbers[near], -1)

    def _lead_on(self, names: _Numbers, depths: _Numbers) -> bool:
        """Whether each key is one of the object in which it stands."""
        places = np.full(len(names), _BELOW, np.intp)
        for depth in range(1, int(depths.max(initial=0)) + 1):
            here = np.flatnonzero(depths == depth)
            # An object is in the value of the last key that stands a depth less.
            above = np.flatnonzero(depths == depth - 1)
            around = places[above[np.searchsorted(above, here) - 1]] if depth > 1 else _TOP
            places[here] = self._next[around, names[here]]
            if (places[here] == _UNKNOWN).any():
                return False
        return True


def _depths(text: _Bytes, quotes: _Numbers, keys: _Numbers) -> _Numbers:
    """In how many objects each key is."""
    braces = np.flatnonzero((text == _OPEN) | (text == _CLOSE))
    braces = braces[np.searchsorted(quotes, braces) % 2 == 0]
    depth = np.cumsum(np.where(text[braces] == _OPEN, 1, -1))
    return depth[np.searchsorted(braces, keys) - 1]
