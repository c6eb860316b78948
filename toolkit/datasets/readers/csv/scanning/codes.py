"""Whether a field of a text may be a code: digits behind a zero, or behind a plus sign.

As an integer it would say less than its text (``exactness``). Where no field of a text can be one,
the engine may read integers itself, which takes it a fraction of the time of making them of texts.
"""

from __future__ import annotations

import numpy as np

from toolkit.datasets.readers.csv.records.bits import Bits, earlier, later, matches, pack

_PART = 1 << 18
"""Bytes that are looked at together; they stay in a core's cache."""
_LF, _ZERO, _PLUS, _MINUS = b"\n0+-"


def may_have_codes(text: bytes, delimiter: str, *, part: int = _PART) -> bool:
    """Whether a field of records without quotes begins as a code does; the text begins with one.

    ``part`` is the number of bytes looked at together."""
    array = np.frombuffer(text, np.uint8)
    # Each part begins with the last byte of the one before, and ends with two of the next.
    return any(
        _has_codes(array[max(at - 1, 0) : at + part + 2], ord(delimiter), begun=at == 0)
        for at in range(0, len(array), part)
    )


def _has_codes(text: np.ndarray, delimiter: int, *, begun: bool) -> bool:
    begins = later(matches(text, delimiter) | matches(text, _LF), first=begun)
    if (begins & matches(text, _PLUS)).any():
        return True
    zeros = matches(text, _ZERO)
    negative = begins & matches(text, _MINUS)
    coded: Bits = zeros & (begins | later(negative))
    # Most that begin with a zero are less than one: 0.5.
    return bool(coded.any()) and bool((coded & earlier(pack(text - _ZERO < 10))).any())
