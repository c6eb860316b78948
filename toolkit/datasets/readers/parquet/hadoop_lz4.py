"""Pages packed by Hadoop's LZ4 codec in several parts, which pyarrow and polars do not unpack.

Hadoop writes the size of what it packed, then parts, each behind its own size, until that many
bytes are told. Both engines take one part only, as Hadoop makes of up to 256 KB. Here the pages of
a row group are unpacked, into a file of that row group alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

import pyarrow as pa

from toolkit.datasets.readers.parquet.layout import Chunk, Fields, FileLayout
from toolkit.datasets.readers.parquet.pages import Read
from toolkit.datasets.readers.parquet.thrift import (
    join,
    join_list,
    number_field,
    read_struct,
    split,
    split_list,
)

CODEC = 5
"""LZ4 in parquet.thrift, since deprecated for LZ4_RAW."""
_MAGIC = b"PAR1"
_FRAME = bytes.fromhex("04224d18607073")
"""The header of LZ4's frame format: independent blocks of up to 4 MB, no checksums."""
_GROUPS, _ROWS, _CHUNKS, _ROWS_OF_GROUP = 4, 3, 1, 3
_META, _CODEC, _SIZE, _DATA_PAGE, _DICTIONARY = 3, 4, 7, 9, 11
_ELSEWHERE = (4, 5, 6, 7)
"""Where the index of a chunk is."""
_BLOOM_FILTER = (14, 15)
_UNPACKED, _STORED, _CHECKSUM, _V2 = 2, 3, 4, 8


def unpacked(
    footer: bytes, layout: FileLayout, group: int, names: Collection[str], read: Read
) -> bytes:
    """A file of one row group with the top-level columns ``names``, whose pages are not packed.

    Raises ValueError or pyarrow.ArrowException where they cannot be unpacked."""
    top = split(footer)
    kind, groups = split_list(top[_GROUPS][1])
    told = split(groups[group])
    out, chunks = bytearray(_MAGIC), []
    of, members = split_list(told[_CHUNKS][1])
    columns = zip(layout.leaves, layout.groups[group].chunks, members, strict=True)
    for leaf, chunk, member in columns:
        if leaf.path[0] not in names:
            chunks.append(member)
            continue
        raw = {at: field for at, field in split(member).items() if at not in _ELSEWHERE}
        meta = split(raw[_META][1])
        begin = len(out)
        first = _append_pages(out, chunk, read)
        meta |= {
            _CODEC: number_field(0 if chunk.codec == CODEC else chunk.codec),
            _SIZE: number_field(len(out) - begin, wide=True),
            _DATA_PAGE: number_field(first, wide=True),
        }
        if _DICTIONARY in meta:
            meta[_DICTIONARY] = number_field(begin, wide=True)
        kept = {at: field for at, field in meta.items() if at not in _BLOOM_FILTER}
        chunks.append(join({**raw, _META: (raw[_META][0], join(kept))}))
    told[_CHUNKS] = told[_CHUNKS][0], join_list(of, chunks)
    top[_GROUPS] = top[_GROUPS][0], join_list(kind, [join(told)])
    top[_ROWS] = told[_ROWS_OF_GROUP]
    made = join(top)
    return bytes(out) + made + len(made).to_bytes(4, "little") + _MAGIC


def _append_pages(out: bytearray, chunk: Chunk, read: Read) -> int:
    """Append the pages of a chunk; returns where the first data page begins."""
    data = read(chunk.stored, chunk.start)
    at, first = 0, len(out)
    while at < len(data):
        header, begin = read_struct(data, at)
        end = begin + cast(int, header[_STORED])
        if at + chunk.start == chunk.data_page:
            first = len(out)
        if chunk.codec == CODEC:
            body = _unpacked_page(header, data[begin:end])
            raw = split(data[at:begin])
            raw.pop(_CHECKSUM, None)
            out += join({**raw, _STORED: number_field(len(body))}) + body
        else:
            out += data[at:end]
        at = max(end, begin)
    return first


def _unpacked_page(header: Fields, body: bytes) -> bytes:
    size = cast(int, header[_UNPACKED])
    second = cast(Fields, header.get(_V2, {}))
    levels = cast(int, second.get(5, 0)) + cast(int, second.get(6, 0))
    if not second.get(7, True):
        return body
    found = body[:levels] + _unpack(body[levels:], size - levels)
    if len(found) != size:
        raise ValueError("a page unpacks to another size than it says")
    return found


def _unpack(body: bytes, size: int) -> bytes:
    out, at = bytearray(), 0
    while at + 8 <= len(body) and len(out) < size:
        wanted = len(out) + int.from_bytes(body[at : at + 4], "big")
        at += 4
        while len(out) < min(wanted, size) and at + 4 <= len(body):
            length = int.from_bytes(body[at : at + 4], "big")
            out += _block(body[at + 4 : at + 4 + length])
            at += 4 + length
    return bytes(out)


def _block(packed: bytes) -> bytes:
    # pyarrow does not tell to what size a block unpacks, but in a frame it does.
    frame = _FRAME + len(packed).to_bytes(4, "little") + packed + bytes(4)
    with pa.CompressedInputStream(pa.BufferReader(frame), "lz4") as stream:
        return cast(bytes, stream.read())
