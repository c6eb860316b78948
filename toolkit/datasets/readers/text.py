"""The bytes of a text file as UTF-8, whatever its compression and encoding, in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Generator
from contextlib import closing
from typing import BinaryIO, cast

import pyarrow as pa

from toolkit.datasets.readers.sources import ResolvedSource

CHUNK = 1 << 20
_CODECS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
_UTF8 = "utf-8"


def codec_of(head: bytes) -> str | None:
    """The compression that the first bytes of a file announce: gzip, zstd, bz2 or None."""
    return next((codec for magic, codec in _CODECS.items() if head.startswith(magic)), None)


def is_utf8(encoding: str) -> bool:
    """Whether an encoding's name means UTF-8. Raises LookupError for an unknown name."""
    return codecs.lookup(encoding).name == _UTF8


def chunks(
    source: ResolvedSource, path: str, encoding: str = _UTF8
) -> Generator[bytes, None, None]:
    """The unpacked file as UTF-8. UTF-8 itself passes unchecked.

    Raises UnicodeDecodeError for bytes that the encoding does not have, OSError, ArrowException.
    """
    with source.open(path) as handle, _unpacked(handle) as unpacked:
        if is_utf8(encoding):
            while chunk := unpacked.read(CHUNK):
                yield chunk
            return
        decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
        while chunk := unpacked.read(CHUNK):
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()


def prefix(source: ResolvedSource, path: str, limit: int, encoding: str = _UTF8) -> bytes:
    """The first ``limit`` bytes of ``chunks``, about."""
    found = bytearray()
    with closing(chunks(source, path, encoding)) as parts:
        for part in parts:
            found += part
            if len(found) >= limit:
                break
    return bytes(found[:limit])


def first_bytes(source: ResolvedSource, path: str, size: int) -> bytes:
    """The file's own first bytes, packed as they are."""
    with source.open(path) as handle:
        return handle.read(size)


def _unpacked(handle: BinaryIO) -> BinaryIO:
    codec = codec_of(handle.read(4))
    handle.seek(0)
    if codec is None:
        return handle
    return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(handle, mode="r"), codec))
