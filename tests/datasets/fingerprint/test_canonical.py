"""The documented byte format, spelled out by hand: nothing here asks the code how it does it."""

from __future__ import annotations

import struct
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from blake3 import blake3

from toolkit.datasets.fingerprint.canonical import feed

NONE_NULL = struct.pack("<Q", 0)
"""Validity where no value is null."""


def behind_length(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data


def uint32s(*values: int) -> bytes:
    return behind_length(struct.pack(f"<{len(values)}I", *values))


BUFFERS: dict[str, tuple[pa.Array, bytes]] = {
    "integers": (
        pa.array([1, -2, 3], pa.int16()),
        NONE_NULL + behind_length(struct.pack("<3h", 1, -2, 3)),
    ),
    "integers with a null": (
        pa.array([1, None, 3], pa.int32()),
        behind_length(bytes([0b101])) + behind_length(struct.pack("<3i", 1, 0, 3)),
    ),
    "validity of nine values": (
        pa.array([None, *range(8)], pa.uint8()),
        behind_length(bytes([0b11111110, 0b1])) + behind_length(bytes([0, *range(8)])),
    ),
    "floats": (
        pa.array([0.0, -0.0, float("nan")]),
        NONE_NULL + behind_length(struct.pack("<ddQ", 0.0, -0.0, 0x7FF8000000000000)),
    ),
    "booleans": (
        pa.array([True, False, None, True]),
        behind_length(bytes([0b1011])) + behind_length(bytes([0b1001])),
    ),
    "text": (
        pa.array(["é", None, "", "ab"]),
        behind_length(bytes([0b1101])) + uint32s(2, 0, 0, 2) + behind_length("éab".encode()),
    ),
    "binary": (
        pa.array([b"\xff\x00", b""]),
        NONE_NULL + uint32s(2, 0) + behind_length(b"\xff\x00"),
    ),
    "fixed binary": (
        pa.array([b"abc", None], pa.binary(3)),
        behind_length(bytes([0b01])) + behind_length(b"abc\0\0\0"),
    ),
    "decimal": (
        pa.array([None, 1], pa.decimal128(5, 2)),
        behind_length(bytes([0b10])) + behind_length(bytes(16) + (100).to_bytes(16, "little")),
    ),
    "list": (
        pa.array([[7, None], None, [], [8]], pa.list_(pa.int8())),
        behind_length(bytes([0b1101]))
        + uint32s(2, 0, 0, 1)
        + behind_length(bytes([0b101]))
        + behind_length(bytes([7, 0, 8])),
    ),
    "fixed list": (
        pa.array([[1, 2], [3, 4]], pa.list_(pa.uint8(), 2)),
        NONE_NULL + NONE_NULL + behind_length(bytes([1, 2, 3, 4])),
    ),
    "struct": (
        pa.array([{"a": 1, "b": True}, None], pa.struct({"a": pa.int8(), "b": pa.bool_()})),
        behind_length(bytes([0b01]))
        + behind_length(bytes([0b01]))
        + behind_length(bytes([1, 0]))
        + behind_length(bytes([0b01]))
        + behind_length(bytes([0b1])),
    ),
    "map": (
        pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int8())),
        NONE_NULL
        + uint32s(1, 0)
        + NONE_NULL
        + (NONE_NULL + uint32s(1) + behind_length(b"k"))
        + (NONE_NULL + behind_length(bytes([1]))),
    ),
    "dictionary": (
        pa.DictionaryArray.from_arrays(pa.array([2, None, 0, 2], pa.int8()), ["x", "unused", "y"]),
        behind_length(bytes([0b1101]))
        + (NONE_NULL + uint32s(1, 1) + behind_length(b"yx"))
        + uint32s(0, 0, 1, 0),
    ),
    "null": (pa.nulls(3), b""),
    "no values": (pa.array([], pa.int64()), NONE_NULL + behind_length(b"")),
    "no text": (pa.array([], pa.string()), NONE_NULL + behind_length(b"") + behind_length(b"")),
}


@pytest.mark.parametrize("array", [a for a, _ in BUFFERS.values()], ids=list(BUFFERS))
def test_nulls_are_counted(array: pa.Array) -> None:
    assert feed(blake3(), array) == array.null_count


@pytest.mark.parametrize(("array", "expected"), BUFFERS.values(), ids=list(BUFFERS))
def test_array_feeds_the_documented_bytes(array: pa.Array, expected: bytes) -> None:
    hasher = blake3()
    feed(hasher, array)
    assert hasher.hexdigest() == blake3(expected).hexdigest()


@pytest.mark.parametrize(("array", "expected"), BUFFERS.values(), ids=list(BUFFERS))
@pytest.mark.parametrize("offset", [1, 5, 8, 13])
def test_slice_at_any_bit_offset_feeds_the_same_bytes(
    array: pa.Array, expected: bytes, offset: int
) -> None:
    before = array.take(pa.nulls(offset, pa.int64())) if len(array) else array
    shifted = pa.concat_arrays([before, array, array]).slice(len(before), len(array))
    hasher = blake3()
    feed(hasher, shifted)
    assert hasher.hexdigest() == blake3(expected).hexdigest()


def number(value: int) -> bytes:
    return struct.pack("<Q", value)


def text(value: str) -> bytes:
    return behind_length(value.encode())


def column_digest(type_: str, rows: int, buffers: bytes) -> bytes:
    block = blake3(number(rows) + buffers).digest()
    return blake3(b"toolkit column 1" + text(type_) + number(rows) + block).digest()


def test_fingerprint_is_the_documented_tree(fingerprint: Any) -> None:
    ids = column_digest("int64", 2, NONE_NULL + behind_length(struct.pack("<2q", 7, 8)))
    names = column_digest(
        "string", 2, behind_length(bytes([0b01])) + uint32s(1, 0) + behind_length(b"a")
    )
    frame = blake3(
        b"toolkit frame 1" + number(2) + number(2) + text("id") + ids + text("näme") + names
    )
    assert (
        fingerprint(pl.DataFrame({"id": [7, 8], "näme": ["a", None]})) == f"tk1:{frame.hexdigest()}"
    )


def test_bytes_that_lie_under_nulls_are_not_hashed() -> None:
    garbage = pa.array(["a", "garbage", "b"])
    mask = pa.array([True, False, True]).buffers()[1]
    hidden = pa.StringArray.from_buffers(3, garbage.buffers()[1], garbage.buffers()[2], mask)
    clean, dirty = blake3(), blake3()
    feed(clean, pa.array(["a", None, "b"]))
    feed(dirty, hidden)
    assert hidden.to_pylist() == ["a", None, "b"]
    assert dirty.digest() == clean.digest()
