"""Packed files: gzip, zstd, bzip2, xz and zip, known by their content."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile

import pyarrow as pa

from .case import Case, case

TEXT = 'id;name;price\n1;"alpha; a";10,5\n2;beta;7,25\n3;gamma;12\n'
COLUMNS = "id|name|price"
ROWS = ("1|alpha; a|10,5", "2|beta|7,25", "3|gamma|12")


def zipped(data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.writestr("folder/table.csv", data)
    return target.getvalue()


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


def packed(name: str, data: bytes) -> Case:
    return case(name, data, COLUMNS, *ROWS)


DATA = TEXT.encode()
HALF = len(DATA) // 2

CASES = (
    packed("gzip", gzip.compress(DATA, mtime=0)),
    packed("gzip of two members", gzip.compress(DATA[:HALF], mtime=0)
           + gzip.compress(DATA[HALF:], mtime=0)),
    packed("zstd", zstd(DATA)),
    packed("zstd of two frames", zstd(DATA[:HALF]) + zstd(DATA[HALF:])),
    packed("bzip2", bz2.compress(DATA)),
    packed("bzip2 of two streams", bz2.compress(DATA[:HALF]) + bz2.compress(DATA[HALF:])),
    packed("xz", lzma.compress(DATA)),
    packed("zip with one member", zipped(DATA)),
    packed("zip with one stored member", zipped(DATA, zipfile.ZIP_STORED)),
    packed("gzip of CRLF with a mark",
           gzip.compress(b"\xef\xbb\xbf" + DATA.replace(b"\n", b"\r\n"), mtime=0)),
    case("gzip of UTF-16",
         gzip.compress("id\tname\r\n1\tÄ\r\n2\tö\r\n3\tß\r\n".encode("utf-16"), mtime=0),
         "id|name", "1|Ä", "2|ö", "3|ß"),
    case("zip of Latin-1", zipped("id,name\n1,Älter\n2,Öl\n3,Süß\n".encode("latin-1")),
         "id|name", "1|Älter", "2|Öl", "3|Süß"),
    case("zstd with a short row", zstd(b"id,name,n\n1,a,5\n2,b\n3,c,7\n4,d,8\n"),
         "id|name|n", "1|a|5", "2|b|", "3|c|7", "4|d|8", problems=("too few fields",)),
)  # fmt: skip
