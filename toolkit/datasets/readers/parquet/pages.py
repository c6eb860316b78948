"""Looks at page headers before polars believes what they say of sizes.

polars makes room for what a header announces, and the process ends where that cannot be had;
pyarrow checks by itself. Some 20 µs a page, so a reader looks at a few of them only."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, TypeAlias, cast

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.parquet.layout import (
    BIT_PACKED,
    FIXED,
    WIDTHS,
    Chunk,
    Fields,
    FileLayout,
    Leaf,
    RowGroup,
)
from toolkit.datasets.readers.parquet.thrift import read_struct

PAGES_LOOKED_AT = 20
"""Page headers that one reader looks at: well under 1 ms."""
_HEADER = 256
"""Bytes that nearly every header fits in; one that does not is left to the engine."""
_DICTIONARY_HEADER = 7
"""Its field in a page header."""
_LARGE = 64 << 20
_DAMAGED = "It is damaged: fetch it again"

Read: TypeAlias = Callable[[int, int], bytes]
"""Reads up to so many bytes of the file, from an offset."""


def read_at(handle: BinaryIO, size: int, offset: int) -> bytes:
    """A ``Read`` of an open file that has no file descriptor."""
    handle.seek(offset)
    return handle.read(size)


def check_levels(url: str, layout: FileLayout, read: Read) -> None:
    """Look at one page of a file that is far away and may have levels that are not read right: a
    writer of such levels writes all of them so. Raises SourceError."""
    for leaf, chunk in layout.chunks():
        if BIT_PACKED in chunk.encodings and (leaf.optional or leaf.repeated):
            try:
                header, _ = read_struct(read(_HEADER, chunk.data_page))
            except ValueError:
                return
            _require(url, leaf, _problem_of_levels(leaf, header))
            return


def check_pages(url: str, layout: FileLayout, read: Read, budget: int) -> int:
    """Look at the pages of an open file; returns what is left of ``budget``.

    Raises SourceError for a size that cannot be true."""
    for leaf, chunk in layout.chunks():
        at, end = chunk.start, chunk.start + chunk.stored
        while at < end:
            if budget <= 0:
                return 0
            budget -= 1
            try:
                header, length = read_struct(read(_HEADER, at))
            except ValueError:
                break
            _require(url, leaf, _problem_of_levels(leaf, header))
            _require(url, leaf, _problem(leaf, chunk, header))
            at += length + cast(int, header.get(3, 0))
    return budget


def begins_empty(group: RowGroup, read: Read) -> bool:
    """Whether the first data page of a column of an open file has no values though others of the
    row group have: pyarrow takes it for the last."""
    return any(chunk.values > 0 and _begins_empty(chunk, read) for chunk in group.chunks)


def _begins_empty(chunk: Chunk, read: Read) -> bool:
    at = chunk.data_page
    try:
        header, length = read_struct(read(_HEADER, at))
        if _DICTIONARY_HEADER in header:  # the offset is that of the dictionary
            at += length + cast(int, header.get(3, 0))
            header, _ = read_struct(read(_HEADER, at))
    except ValueError:
        return False
    data = header.get(5, header.get(8))
    return isinstance(data, dict) and data.get(1) == 0


def _require(url: str, leaf: Leaf, problem: str) -> None:
    if problem:
        raise SourceError(
            f"{url} could not be read: a page of column {'.'.join(leaf.path)!r} {problem}."
        )


def _problem_of_levels(leaf: Leaf, header: Fields) -> str:
    data = header.get(5)
    if isinstance(data, dict) and (
        (leaf.optional and data.get(3) == BIT_PACKED)
        or (leaf.repeated and data.get(4) == BIT_PACKED)
    ):
        return (
            "has its levels in bits of the order of 2013, which no engine here reads right: write "
            "it anew with the library that wrote it"
        )
    return ""


def _problem(leaf: Leaf, chunk: Chunk, header: Fields) -> str:
    unpacked, stored = header.get(2), header.get(3)
    if not isinstance(unpacked, int) or not isinstance(stored, int) or unpacked < 0 or stored < 0:
        return f"has no sizes. {_DAMAGED}"
    if unpacked > max(chunk.unpacked, _LARGE):
        return (
            f"claims to unpack to {unpacked:,} bytes, its column to {chunk.unpacked:,}. {_DAMAGED}"
        )
    dictionary = header.get(_DICTIONARY_HEADER)
    if isinstance(dictionary, dict):
        values = dictionary.get(1, 0)
        width = leaf.length if leaf.type == FIXED else WIDTHS.get(leaf.type, 0)
        if not isinstance(values, int) or values < 0 or values * width > unpacked:
            return f"claims {values!r} values in {unpacked:,} bytes. {_DAMAGED}"
        if leaf.type == FIXED and values * width != unpacked:
            return f"has {values} values of {width} bytes in {unpacked:,} bytes. {_DAMAGED}"
    return ""
