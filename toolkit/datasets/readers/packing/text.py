"""The bytes of a text file as UTF-8, whatever its compression and encoding, in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Generator
from contextlib import closing
from itertools import chain

from toolkit.datasets.readers.failures import AdvisedError, first_line
from toolkit.datasets.readers.packing.codecs import codec_of
from toolkit.datasets.readers.packing.unpacking import unpacked
from toolkit.datasets.readers.sources import ResolvedSource
from toolkit.datasets.readers.sources.handles import read_fully

__all__ = ["chunks", "codec_of", "first_bytes", "is_utf8", "prefix"]

_UTF8 = "utf-8"


def is_utf8(encoding: str) -> bool:
    """Whether an encoding's name means UTF-8. Raises LookupError for an unknown name."""
    return codecs.lookup(encoding).name == _UTF8


def chunks(
    source: ResolvedSource, path: str, encoding: str = _UTF8
) -> Generator[bytes, None, None]:
    """The unpacked file as UTF-8. UTF-8 itself passes unchecked.

    Raises UnpackingError for packed data that is damaged or unpacks to too much, AdvisedError for
    bytes that the encoding does not have, OSError, and what the file system raises.
    """
    with closing(unpacked(source, path)) as parts:
        if is_utf8(encoding):
            yield from parts
            return
        decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
        lines = 0
        for part, final in chain(((part, False) for part in parts), [(b"", True)]):
            try:
                text = decoder.decode(part, final=final)
            except UnicodeError as error:
                raise AdvisedError(_misread(error, encoding, lines)) from error
            lines += text.count("\n")
            yield text.encode()


def _misread(error: UnicodeError, encoding: str, lines: int) -> str:
    """What bytes were met that an encoding does not have, after so many lines of the file."""
    advice = "Pass encoding=… as what it is, or leave it out to have it found out"
    if not isinstance(error, UnicodeDecodeError):
        return f"it is not {encoding}: {first_line(error)}. {advice}"
    lines += error.object[: error.start].decode(encoding, "replace").count("\n")
    found = " ".join(f"{byte:#04x}" for byte in error.object[error.start : error.end])
    return f"line {lines + 1:,}: {found} is no character in {encoding}. {advice}"


def prefix(source: ResolvedSource, path: str, limit: int) -> bytes:
    """The first bytes of the unpacked file; fewer than ``limit`` where it has no more.

    Raises what ``chunks`` does."""
    found = bytearray()
    with closing(unpacked(source, path)) as parts:
        for part in parts:
            found += part
            if len(found) >= limit:
                break
    return bytes(found[:limit])


def first_bytes(source: ResolvedSource, path: str, size: int) -> bytes:
    """The file's own first bytes, packed as they are; fewer than ``size`` where it has no more."""
    with source.open(path) as handle:
        return read_fully(handle, size)
