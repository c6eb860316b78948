"""Parquet files written byte by byte: what no writer here writes, legacy forms and lies alike.

Thrift's compact protocol and the numbers of fields are those of parquet-format's parquet.thrift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED = range(8)
REQUIRED, OPTIONAL, REPEATED = range(3)
PLAIN, RLE, BIT_PACKED, DELTA_BINARY, RLE_DICTIONARY = 0, 3, 4, 5, 8
UTF8, MAP, MAP_KEY_VALUE, LIST, ENUM, DECIMAL = range(6)
UNCOMPRESSED, SNAPPY, GZIP, LZO, BROTLI, LZ4_HADOOP, ZSTD, LZ4_RAW = range(8)
MAGIC = b"PAR1"


class I32(int):
    """A number of 32 bits, where a plain int has 64."""


class I8(int):
    """A number of 8 bits."""


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def zigzag(number: int) -> bytes:
    return varint((number << 1) ^ (number >> 127))


def thrift(fields: Mapping[int, Any]) -> bytes:
    """A struct; fields that are None are left out."""
    out, last = bytearray(), 0
    for number, value in sorted(fields.items()):
        if value is None:
            continue
        kind = (1 if value else 2) if isinstance(value, bool) else _kind(value)
        step = number - last
        out += bytes([step << 4 | kind]) if 0 < step < 16 else bytes([kind]) + zigzag(number)
        out += b"" if isinstance(value, bool) else _value(value)
        last = number
    return bytes(out) + b"\0"


def _kind(value: Any) -> int:
    kinds = {bool: 1, I8: 3, I32: 5, int: 6, bytes: 8, str: 8, list: 9, dict: 12}
    return kinds[type(value)]


def _value(value: Any) -> bytes:
    if isinstance(value, I8):
        return bytes([value & 0xFF])
    if isinstance(value, int):
        return zigzag(value)
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return varint(len(value)) + value
    if isinstance(value, dict):
        return thrift(value)
    kind = _kind(value[0]) if value else 12
    head = bytes([len(value) << 4 | kind]) if len(value) < 15 else bytes([0xF0 | kind])
    return head + (b"" if len(value) < 15 else varint(len(value))) + b"".join(map(_value, value))


def element(
    name: str,
    type: int | None = None,
    repetition: int | None = OPTIONAL,
    *,
    children: int | None = None,
    length: int | None = None,
    converted: int | None = None,
    scale: int | None = None,
    precision: int | None = None,
    logical: dict[int, Any] | None = None,
) -> dict[int, Any]:
    """A SchemaElement."""
    values = (type, length, repetition, None, children, converted, scale, precision)
    made: dict[int, Any] = {
        index: I32(number) for index, number in enumerate(values, 1) if number is not None
    }
    return {**made, 4: name, 10: logical}


def levels(*values: int, prefixed: bool = True) -> bytes:
    """Levels as runs of one each; version 1 of data pages puts the length first."""
    body = b"".join(b"\x02" + bytes([value]) for value in values)
    return len(body).to_bytes(4, "little") + body if prefixed else body


def page(
    body: bytes, count: int, encoding: int = PLAIN, *, unpacked: int | None = None, **more: int
) -> bytes:
    """A data page of version 1 whose levels and values are ``body``, as it is stored."""
    kind = I32(more.get("levels", RLE))
    return (
        thrift(
            {
                1: I32(0),
                2: I32(len(body) if unpacked is None else unpacked),
                3: I32(more.get("stored", len(body))),
                5: {1: I32(count), 2: I32(encoding), 3: kind, 4: kind},
            }
        )
        + body
    )


def page_v2(
    definitions: bytes, body: bytes, count: int, nulls: int, *, unpacked: int | None = None
) -> bytes:
    """A data page of version 2 of an optional column; ``unpacked`` is the size of the values."""
    size = len(body) if unpacked is None else unpacked
    numbers_ = (count, nulls, count, PLAIN, len(definitions), 0)
    header = {
        1: I32(3),
        2: I32(len(definitions) + size),
        3: I32(len(definitions) + len(body)),
        8: {index: I32(number) for index, number in enumerate(numbers_, 1)},
    }
    return thrift(header) + definitions + body


def dictionary(body: bytes, count: int) -> bytes:
    size = I32(len(body))
    return thrift({1: I32(2), 2: size, 3: size, 7: {1: I32(count), 2: I32(PLAIN)}}) + body


def texts(*values: str | bytes) -> bytes:
    """PLAIN values of BYTE_ARRAY."""
    raw = [value.encode() if isinstance(value, str) else value for value in values]
    return b"".join(len(value).to_bytes(4, "little") + value for value in raw)


def numbers(*values: int, width: int = 4) -> bytes:
    """PLAIN values of INT32, or of another width."""
    return b"".join(value.to_bytes(width, "little", signed=True) for value in values)


@dataclass
class Chunk:
    """One column of the row group."""

    path: str
    type: int
    pages: list[bytes]
    count: int
    codec: int = UNCOMPRESSED
    dictionary: bytes = b""
    statistics: dict[int, Any] | None = None
    encodings: tuple[int, ...] = (PLAIN, RLE)
    meta: dict[int, Any] = field(default_factory=dict)
    """Fields of ColumnMetaData to lie about."""
    outer: dict[int, Any] = field(default_factory=dict)
    """Fields of ColumnChunk to lie about."""


def parquet(
    schema: Sequence[dict[int, Any]],
    chunks: Sequence[Chunk],
    rows: int,
    *,
    footer: Mapping[int, Any] | None = None,
    group: Mapping[int, Any] | None = None,
) -> bytes:
    """A file of one row group; ``schema`` is without its root."""
    out = bytearray(MAGIC)
    made = []
    for chunk in chunks:
        start = len(out)
        out += chunk.dictionary
        first = len(out)
        out += b"".join(chunk.pages)
        size = len(out) - start
        meta = {
            1: I32(chunk.type),
            2: [I32(encoding) for encoding in chunk.encodings],
            3: chunk.path.split("."),
            4: I32(chunk.codec),
            5: chunk.count,
            6: size,
            7: size,
            9: first,
            11: start if chunk.dictionary else None,
            12: chunk.statistics,
            **chunk.meta,
        }
        made.append({2: start, 3: meta, **chunk.outer})
    content = {
        1: I32(1),
        2: [element("schema", None, None, children=_top(schema)), *schema],
        3: rows,
        4: [{1: made, 2: len(out) - 4, 3: rows, **(group or {})}],
        6: "handmade",
        **(footer or {}),
    }
    return closed(bytes(out), thrift(content))


def closed(data: bytes, footer: bytes) -> bytes:
    """A file of these bytes and this footer."""
    return data + footer + len(footer).to_bytes(4, "little") + MAGIC


def _top(schema: Sequence[dict[int, Any]]) -> int:
    count, position = 0, 0
    while position < len(schema):
        count += 1
        open_ = 1
        while open_ and position < len(schema):
            open_ += schema[position].get(5, 0) - 1
            position += 1
    return count
