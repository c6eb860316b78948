"""Texts to numbers that say all that the text said.

The engine's own cast reads ``007`` as 7, ``+49301234`` as 49301234 and ``123e456`` as infinity.
Types are inferred from a part of a file: further down such a text is a value that does not fit, as
a word would be.
"""

from __future__ import annotations

import math
import re

import numpy as np
import polars as pl

_CODE = r"^(?:-?0[0-9]|\+)"
"""What an integer as it is written never begins with."""
_TWO = np.arange(1 << 16)
_FIRST, _SECOND = _TWO & 0xFF, _TWO >> 8
_ZERO, _NINE, _PLUS, _MINUS = b"09+-"
_SUSPECT = ((_FIRST == _ZERO) & (_SECOND >= _ZERO) & (_SECOND <= _NINE)) | (_FIRST == _PLUS)
_SUSPECT |= (_FIRST == _MINUS) & (_SECOND == _ZERO)
"""By the first two bytes of a text, as a number of 16 bits: whether it may be a code."""


class InexactNumberError(pl.exceptions.ComputeError):
    """A text would lose something as a number."""


def exact_integers(texts: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The integers that texts are; null for an empty one.

    Raises InexactNumberError if one would lose a leading zero or a plus sign, and what the cast
    raises for a text that is no integer of 64 bits."""
    if _may_have_codes(texts):
        codes = texts.filter(texts.str.contains(_CODE))
        if len(codes):
            raise InexactNumberError(f"{codes[0]!r} is more than an integer")
    values = texts.cast(dtype, strict=False)
    if values.null_count() != texts.null_count():
        return texts.set(texts == "", None).cast(dtype)
    return values


def integers_or_null(texts: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The same with null for every other text."""
    values = texts.cast(dtype, strict=False)
    return values.set(texts.str.contains(_CODE), None)


def exact_floats(texts: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The floats that texts are.

    Raises InexactNumberError if digits make infinity, and what the cast raises for a text that is
    no number."""
    values = texts.cast(dtype)
    if _has_infinity(values):
        lost = texts.filter(_overflows(texts, values))
        if len(lost):
            raise InexactNumberError(f"{lost[0]!r} is beyond the floats")
    return values


def floats_or_null(texts: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The same with null for every other text."""
    values = texts.cast(dtype, strict=False)
    return values.set(_overflows(texts, values), None) if _has_infinity(values) else values


def require_finite(values: pl.Series) -> None:
    """Raise InexactNumberError for an infinite float of the engine's parser: only its text tells if
    that was said."""
    if _has_infinity(values):
        raise InexactNumberError("a number may be beyond the floats")


def _has_infinity(values: pl.Series) -> bool:
    # The sum of finite numbers is, but for those near the end of the range; it takes a fraction of
    # the time.
    if math.isfinite(values.sum()):
        return False
    return values.max() == math.inf or values.min() == -math.inf


def _overflows(texts: pl.Series, values: pl.Series) -> pl.Series:
    return (values.is_infinite() & texts.str.contains("[0-9]")).fill_null(False)


def is_code(text: str) -> bool:
    """Whether a text of digits, perhaps with a sign, would lose something as an integer."""
    return re.fullmatch(r"[-+]?[0-9]+", text) is not None and re.match(_CODE, text) is not None


def _may_have_codes(texts: pl.Series) -> bool:
    """Whether a text may begin as a code does, in a tenth of the time that a pattern takes.

    A text view of the Arrow format is 16 bytes: the length in four, then the first four bytes of
    the text, zeros where it is shorter."""
    # The engine panics at a name with a zero byte.
    array = texts.alias("").to_arrow(compat_level=pl.CompatLevel.newest())
    views = array.buffers()[1]
    if views is None:
        return False
    words = np.frombuffer(views, "<u2")[8 * array.offset :][: 8 * len(array)]
    return bool(_SUSPECT[words[2::8]].any())
