"""Reading Thrift's compact protocol: the footers and page headers of Parquet files.

The engines abort the process on some of what damaged footers say; this reads bytes, in one pass, in
bounded depth and memory, and raises ValueError for anything that is not Thrift. A struct can also
be taken apart and put together again with other fields: its length is written nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

Value: TypeAlias = "bool | int | bytes | list[Value] | dict[int, Value]"
"""Structs are mappings from field number to value; a double is its eight bytes."""

RawStruct: TypeAlias = dict[int, tuple[int, bytes]]
"""The fields of a struct by number: the kind of each, and its bytes as they are stored."""

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY = 1, 2, 3, 4, 5, 6, 7, 8
_LIST, _SET, _STRUCT = 9, 10, 12
_DEPTH = 40


def read_struct(data: bytes, at: int = 0) -> tuple[dict[int, Value], int]:
    """The struct that begins at ``at``, and where it ends."""
    try:
        return _struct(data, at, 0)
    except IndexError:
        raise ValueError("a structure is cut short") from None


def read_until(data: bytes, field: int) -> tuple[dict[int, Value], Iterator[tuple[Value, int]]]:
    """The fields of a struct before the list ``field``, and its members with where each begins,
    decoded as they are asked for: a list of millions costs only those that are looked at."""
    try:
        before, at = _struct(data, 0, 0, field)
    except IndexError:
        raise ValueError("a structure is cut short") from None
    return before, _members(data, at) if field in before else iter(())


def split(data: bytes) -> RawStruct:
    """The fields of the struct at the beginning."""
    try:
        return _split(data)
    except IndexError:
        raise ValueError("a structure is cut short") from None


def join(fields: RawStruct) -> bytes:
    """The struct of these fields."""
    out, last = bytearray(), 0
    for number, (kind, body) in sorted(fields.items()):
        step = number - last
        out += bytes([step << 4 | kind]) if step < 16 else bytes([kind]) + _coded(number << 1)
        out += body
        last = number
    return bytes(out) + b"\0"


def split_list(body: bytes) -> tuple[int, list[bytes]]:
    """The kind of the members of a list, and the bytes of each."""
    count, kind, at = _list_head(body, 0)
    found = []
    for _ in range(count):
        begin = at
        _, at = _value(body, at, kind, 1)
        found.append(body[begin:at])
    return kind, found


def join_list(kind: int, members: Sequence[bytes]) -> bytes:
    """The list of these members."""
    count = len(members)
    head = bytes([count << 4 | kind]) if count < 15 else bytes([0xF0 | kind]) + _coded(count)
    return head + b"".join(members)


def number_field(number: int, *, wide: bool = False) -> tuple[int, bytes]:
    """A field of 32 bits, or of 64, with a number from 0."""
    return _I64 if wide else _I32, _coded(number << 1)


def texts_field(texts: Sequence[str]) -> tuple[int, bytes]:
    """A field with a list of texts."""
    raw = [text.encode() for text in texts]
    return _LIST, join_list(_BINARY, [_coded(len(text)) + text for text in raw])


def _split(data: bytes) -> RawStruct:
    found: RawStruct = {}
    field = at = 0
    while head := data[at]:
        kind = head & 0x0F
        at += 1
        if step := head >> 4:
            field += step
        else:
            coded, at = _varint(data, at)
            field = (coded >> 1) ^ -(coded & 1)
        begin = at
        if kind not in (_TRUE, _FALSE):
            _, at = _value(data, at, kind, 0)
        found[field] = kind, data[begin:at]
    return found


def _coded(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _members(data: bytes, at: int) -> Iterator[tuple[Value, int]]:
    count, kind, at = _list_head(data, at)
    for _ in range(count):
        begin = at
        try:
            value, at = _value(data, at, kind, 1)
        except IndexError:
            raise ValueError("a list is cut short") from None
        yield value, begin


def _struct(data: bytes, at: int, depth: int, until: int = 0) -> tuple[dict[int, Value], int]:
    if depth > _DEPTH:
        raise ValueError("structures are nested too deeply")
    found: dict[int, Value] = {}
    field = 0
    while head := data[at]:
        at += 1
        if step := head >> 4:
            field += step
        else:
            coded, at = _varint(data, at)
            field = (coded >> 1) ^ -(coded & 1)
        kind = head & 0x0F
        if until and field == until and kind == _LIST:
            found[field] = 0
            return found, at
        if _I16 <= kind <= _I64:
            # The most frequent by far, and mostly of one byte.
            coded = data[at]
            at += 1
            if coded >= 0x80:
                coded, at = _varint(data, at - 1)
            found[field] = (coded >> 1) ^ -(coded & 1)
        elif kind in (_TRUE, _FALSE):
            found[field] = kind == _TRUE
        else:
            found[field], at = _value(data, at, kind, depth)
    return found, at + 1


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[Value, int]:
    if kind == _BINARY:
        size, at = _varint(data, at)
        return _bytes(data, at, size)
    if kind == _STRUCT:
        return _struct(data, at, depth + 1)
    if kind in (_LIST, _SET):
        return _list(data, at, depth + 1)
    if _I16 <= kind <= _I64:
        coded, at = _varint(data, at)
        return (coded >> 1) ^ -(coded & 1), at
    if kind in (_TRUE, _FALSE, _BYTE):
        # In a list a truth takes a byte, unlike in a struct.
        return data[at], at + 1
    if kind == _DOUBLE:
        return _bytes(data, at, 8)
    raise ValueError(f"a field has the unknown kind {kind}")


def _list(data: bytes, at: int, depth: int) -> tuple[list[Value], int]:
    if depth > _DEPTH:
        raise ValueError("lists are nested too deeply")
    count, kind, at = _list_head(data, at)
    found: list[Value] = []
    for _ in range(count):
        value, at = _value(data, at, kind, depth)
        found.append(value)
    return found, at


def _list_head(data: bytes, at: int) -> tuple[int, int, int]:
    head = data[at]
    count, at = (head >> 4, at + 1) if head < 0xF0 else _varint(data, at + 1)
    if count > len(data) - at:
        raise ValueError(f"a list claims {count} members")
    return count, head & 0x0F, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number has more than 64 bits")


def _bytes(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    end = at + size
    if end > len(data):
        raise ValueError("a value is longer than what holds it")
    return data[at:end], end
