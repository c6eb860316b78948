"""Canonical buffers: the one byte sequence that stands for a block of values.

Each array feeds, in this order and each behind its length as a little-endian uint64:

* validity: nothing when no value is null, else one bit a value, least significant bit first, unused
  bits 0;
* values: little-endian fixed-width values, 0 under nulls, every NaN as the quiet NaN with an empty
  payload; booleans as bits; text and binary as uint32 lengths (0 under nulls), then all bytes
  without gaps; lists as uint32 lengths, then the values of the lists that are not null; structs as
  their fields, each null where the struct is; dictionaries as the distinct values in the order in
  which they first appear, then uint32 positions in them.

The type's text (``logical_types``) is hashed once a column, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import blake3
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from toolkit.core.errors import UnsupportedTypeError

_LENGTH_LIMIT = 2**31 - 1
"""Parquet keeps the length of a value in a signed 32-bit number."""


def feed(hasher: blake3.blake3, array: pa.Array) -> int:
    """Hash one block of values and return how many are null.

    Raises UnsupportedTypeError for a value over 2 GiB."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    nulls = _FEEDERS.get(array.type.id, _feed_fixed)(hasher, array)
    return int(array.null_count) if nulls is None else nulls


def _put(hasher: blake3.blake3, data: Any) -> None:
    octets: Any = np.frombuffer(data, np.uint8) if memoryview(data).nbytes else b""
    hasher.update(len(octets).to_bytes(8, "little"))
    hasher.update(octets)


def _nulls(array: pa.Array) -> np.ndarray | None:
    """True where a value is null, or None when none is."""
    if array.null_count == 0:
        return None
    if array.type.id == pa.lib.Type_NA:
        return np.ones(len(array), dtype=bool)
    return ~_bits(array.buffers()[0], array.offset, len(array))


def _bits(buffer: pa.Buffer, offset: int, count: int) -> np.ndarray:
    start = offset // 8
    packed = np.frombuffer(buffer, np.uint8, count=(offset + count + 7) // 8 - start, offset=start)
    skip = offset - start * 8
    bits: np.ndarray = np.unpackbits(packed, bitorder="little")[skip : skip + count].view(bool)
    return bits


def _put_validity(hasher: blake3.blake3, nulls: np.ndarray | None) -> None:
    _put(hasher, b"" if nulls is None else np.packbits(~nulls, bitorder="little"))


def _feed_null(hasher: blake3.blake3, array: pa.Array) -> None:
    """Nothing beside the row count, which the block has already."""


def _feed_fixed(hasher: blake3.blake3, array: pa.Array) -> None:
    width = array.type.byte_width
    nulls = _nulls(array)
    count = len(array)
    data = array.buffers()[1]
    if width == 0 or count == 0 or data is None:
        values = np.zeros((count, width), np.uint8)
    else:
        values = np.frombuffer(data, np.uint8, count * width, array.offset * width)
        values = values.view(_WORDS[width]) if width in _WORDS else values.reshape(count, width)
    if array.type.id in _FLOATS:
        values = _one_nan(values.view(_FLOATS[array.type.id]))
    if nulls is not None:
        values = values.copy()
        values[nulls] = 0
    _put_validity(hasher, nulls)
    _put(hasher, values)


def _one_nan(values: np.ndarray) -> np.ndarray:
    nan = np.isnan(values)
    if nan.any():
        values = values.copy()
        values[nan] = np.nan
    return values


def _feed_bool(hasher: blake3.blake3, array: pa.Array) -> None:
    nulls = _nulls(array)
    bits = _bits(array.buffers()[1], array.offset, len(array)) if len(array) else np.zeros(0, bool)
    if nulls is not None:
        bits = bits & ~nulls
    _put_validity(hasher, nulls)
    _put(hasher, np.packbits(bits, bitorder="little"))


def _feed_bytes(hasher: blake3.blake3, array: pa.Array, offsets_type: type[np.integer]) -> None:
    nulls = _nulls(array)
    _, offsets_buffer, data = array.buffers()
    if len(array) == 0:
        offsets = np.zeros(1, offsets_type)
    else:
        width = np.dtype(offsets_type).itemsize
        offsets = np.frombuffer(offsets_buffer, offsets_type, len(array) + 1, array.offset * width)
    lengths = np.diff(offsets)
    if nulls is not None and lengths[nulls].any():
        # Bytes that lie under nulls: build the values again without them.
        without = pc.if_else(pa.array(nulls), pa.scalar(_EMPTY[array.type.id], array.type), array)
        _, offsets_buffer, data = without.buffers()
        offsets = np.frombuffer(offsets_buffer, offsets_type, len(array) + 1)
        lengths = np.diff(offsets)
    _put_validity(hasher, nulls)
    _put_lengths(hasher, lengths)
    first, last = int(offsets[0]), int(offsets[-1])
    _put(hasher, b"" if data is None else data.slice(first, last - first))


def _put_lengths(hasher: blake3.blake3, lengths: np.ndarray) -> None:
    if len(lengths) and int(lengths.max()) > _LENGTH_LIMIT:
        raise UnsupportedTypeError("a single value is over 2 GiB")
    _put(hasher, lengths.astype(np.uint32))


def _feed_via(convert: Callable[[pa.DataType], pa.DataType]) -> Callable[..., int]:
    """Values whose layout is changed to one that has a feeder."""

    def feed_converted(hasher: blake3.blake3, array: pa.Array) -> int:
        return feed(hasher, array.cast(convert(array.type)))

    return feed_converted


def _feed_decimal256(hasher: blake3.blake3, array: pa.Array) -> None:
    if array.type.precision <= 38:
        array = array.cast(pa.decimal128(array.type.precision, array.type.scale))
    _feed_fixed(hasher, array)


def _feed_list(hasher: blake3.blake3, array: pa.Array) -> None:
    nulls = _nulls(array)
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    _put_validity(hasher, nulls)
    _put_lengths(hasher, lengths)
    feed(hasher, array.flatten())


def _feed_array(hasher: blake3.blake3, array: pa.Array) -> None:
    _put_validity(hasher, _nulls(array))
    feed(hasher, array.flatten())


def _feed_struct(hasher: blake3.blake3, array: pa.Array) -> None:
    _put_validity(hasher, _nulls(array))
    for child in array.flatten():
        feed(hasher, child)


def _feed_map(hasher: blake3.blake3, array: pa.Array) -> None:
    pair = pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])
    feed(hasher, array.cast(pa.list_(pair)))


def _feed_dictionary(hasher: blake3.blake3, array: pa.DictionaryArray) -> int:
    distinct, positions = _distinct(array.dictionary)
    nulls = _nulls(array.indices)
    codes = _codes(array.indices)
    if nulls is not None:
        codes = codes[~nulls]
    if positions is not None:
        codes = positions[codes]
        hidden = codes < 0
        if hidden.any():
            # Codes that point at a null of the dictionary: these values are null.
            codes = codes[~hidden]
            nulls = np.zeros(len(array), bool) if nulls is None else nulls
            nulls[np.flatnonzero(~nulls)[hidden]] = True
    order, ranks = _first_appearance(codes, len(distinct))
    if nulls is not None:
        spread = np.zeros(len(array), np.uint32)
        spread[~nulls] = ranks
        ranks = spread
    _put_validity(hasher, nulls)
    feed(hasher, distinct.take(_indices(order)))
    _put(hasher, ranks)
    return 0 if nulls is None else int(nulls.sum())


def _codes(indices: pa.Array) -> np.ndarray:
    if len(indices) == 0:
        return np.zeros(0, np.uint32)
    width = indices.type.byte_width
    return np.frombuffer(indices.buffers()[1], _WORDS[width], len(indices), indices.offset * width)


def _distinct(dictionary: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    """The dictionary without repeated or null values, and where each entry went (-1: null); None
    where it has neither and every entry stays."""
    if dictionary.type.id in _VIEWS:
        dictionary = dictionary.cast(_VIEWS[dictionary.type.id])
    encoded = dictionary.dictionary_encode()
    if len(encoded.dictionary) == len(dictionary):
        return dictionary, None
    positions = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return encoded.dictionary, positions.astype(np.int64)


def _indices(positions: np.ndarray) -> pa.Array:
    # Not pa.array(): its first call in a process imports pandas where that is installed.
    return pa.Array.from_buffers(pa.int64(), len(positions), [None, pa.py_buffer(positions)])


def _first_appearance(codes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The codes that occur, in the order of their first use, and for each value its rank in it."""
    first = np.full(size, len(codes), np.int64)
    # With repeated indices the last assignment stays: reversed, that is the first use.
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    used = np.flatnonzero(first < len(codes))
    order = used[np.argsort(first[used], kind="stable")]
    rank = np.zeros(size, np.uint32)
    rank[order] = np.arange(len(order), dtype=np.uint32)
    return order, rank[codes]


_WORDS: Mapping[int, type[np.unsignedinteger]] = {
    1: np.uint8,
    2: np.uint16,
    4: np.uint32,
    8: np.uint64,
}
_FLOATS: Mapping[int, type[np.floating]] = {
    pa.lib.Type_HALF_FLOAT: np.float16,
    pa.lib.Type_FLOAT: np.float32,
    pa.lib.Type_DOUBLE: np.float64,
}
_EMPTY: Mapping[int, str | bytes] = {
    pa.lib.Type_STRING: "",
    pa.lib.Type_LARGE_STRING: "",
    pa.lib.Type_BINARY: b"",
    pa.lib.Type_LARGE_BINARY: b"",
}
_VIEWS: Mapping[int, pa.DataType] = {
    pa.lib.Type_STRING_VIEW: pa.large_string(),
    pa.lib.Type_BINARY_VIEW: pa.large_binary(),
}

_FEEDERS: Mapping[int, Callable[[blake3.blake3, pa.Array], int | None]] = {
    pa.lib.Type_NA: _feed_null,
    pa.lib.Type_BOOL: _feed_bool,
    pa.lib.Type_STRING: lambda h, a: _feed_bytes(h, a, np.int32),
    pa.lib.Type_BINARY: lambda h, a: _feed_bytes(h, a, np.int32),
    pa.lib.Type_LARGE_STRING: lambda h, a: _feed_bytes(h, a, np.int64),
    pa.lib.Type_LARGE_BINARY: lambda h, a: _feed_bytes(h, a, np.int64),
    pa.lib.Type_STRING_VIEW: _feed_via(lambda t: pa.large_string()),
    pa.lib.Type_BINARY_VIEW: _feed_via(lambda t: pa.large_binary()),
    pa.lib.Type_DECIMAL32: _feed_via(lambda t: pa.decimal128(t.precision, t.scale)),
    pa.lib.Type_DECIMAL64: _feed_via(lambda t: pa.decimal128(t.precision, t.scale)),
    pa.lib.Type_DECIMAL256: _feed_decimal256,
    pa.lib.Type_LIST: _feed_list,
    pa.lib.Type_LARGE_LIST: _feed_list,
    pa.lib.Type_FIXED_SIZE_LIST: _feed_array,
    pa.lib.Type_STRUCT: _feed_struct,
    pa.lib.Type_MAP: _feed_map,
    pa.lib.Type_DICTIONARY: _feed_dictionary,
}
