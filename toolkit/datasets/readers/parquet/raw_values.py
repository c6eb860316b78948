"""Values that pyarrow has no way to read, from the bytes in which they are stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_DECIMAL = 16
_INT96 = np.dtype([("nanoseconds", "<i8"), ("day", "<i4")])
_EPOCH = 2_440_588
"""The Julian day of 1970-01-01."""
_DAY, _SECOND = 86_400, 10**9


def decimals(stored: pa.FixedSizeBinaryArray | pa.BinaryArray, dtype: pa.DataType) -> pa.Array:
    """Decimals of ``dtype`` in any number of bytes, big end first; 0 in none.

    Raises pyarrow.ArrowInvalid for one that has more digits."""
    if pa.types.is_binary(stored.type):
        stored = _of_one_width(stored.to_pylist())
    raw = _bytes(stored)
    low = raw[:, -_DECIMAL:]
    sign = np.where(low[:, 0] & 0x80, 0xFF, 0)[:, None]
    valid = stored.is_valid()
    lost = (raw[:, :-_DECIMAL] != sign).any(axis=1)
    if (lost & valid.to_numpy(zero_copy_only=False)).any():
        raise pa.ArrowInvalid(f"a value has more digits than {dtype}")
    little = pa.py_buffer(np.ascontiguousarray(low[:, ::-1]))
    found = pa.Array.from_buffers(dtype, len(stored), [None, little])
    found = pc.if_else(valid, found, pa.scalar(None, dtype))
    found.validate(full=True)
    return found


def fits(stored: pa.FixedSizeBinaryArray, nanoseconds: pa.TimestampArray) -> bool:
    """Whether the INT96 timestamps that are ``stored`` are all what 64 bits made of them. The time
    of day may be one of a day before or after, as Impala wrote some."""
    valid = stored.is_valid().to_numpy(zero_copy_only=False)
    parts = _bytes(stored).view(_INT96)[:, 0][valid]
    seconds = (parts["day"].astype("i8") - _EPOCH) * _DAY + parts["nanoseconds"] // _SECOND
    told = nanoseconds.view(pa.int64()).drop_null().to_numpy()
    return bool((seconds == told // _SECOND).all())


def _of_one_width(values: Sequence[bytes | None]) -> pa.FixedSizeBinaryArray:
    width = max((len(value or b"") for value in values), default=0)
    width = max(width, _DECIMAL)
    signs = (b"\xff" if value and value[0] & 0x80 else b"\0" for value in values)
    padded = [
        value if value is None else value.rjust(width, sign)
        for value, sign in zip(values, signs, strict=True)
    ]
    return pa.array(padded, pa.binary(width))


def _bytes(stored: pa.FixedSizeBinaryArray) -> NDArray[np.uint8]:
    width = stored.type.byte_width
    raw = np.frombuffer(stored.buffers()[1] or b"", np.uint8)
    return raw[stored.offset * width : (stored.offset + len(stored)) * width].reshape(-1, width)
