"""Unpacks files piece by piece, in bounded memory: gzip, bzip2, xz, zstd, and zip of one member.

The content decides, never the suffix. Files of several members or frames, one after the other, are
one text, as their own tools have it. A damaged or cut file raises UnpackingError, after what came
before the damage; so does one that unpacks to more than the source's limits allow.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol, cast

import pyarrow as pa

from toolkit.datasets.readers.packing.codecs import MAGIC_BYTES, codec_of
from toolkit.datasets.readers.packing.limits import UnpackingError, UnpackLimits
from toolkit.datasets.readers.packing.zipped import zip_member
from toolkit.datasets.readers.sources import ResolvedSource
from toolkit.datasets.readers.sources.handles import read_fully

CHUNK = 1 << 20

_LAYERS = 2
"""A zip archive whose member is packed itself is as deep as tables come."""


def unpacked(source: ResolvedSource, path: str) -> Generator[bytes, None, None]:
    """The content of a file, unpacked if it is packed, in pieces of at most 1 MiB.

    Raises UnpackingError, and what the file system raises."""
    with source.open(path) as handle:
        first = read_fully(handle, MAGIC_BYTES)
        codec = codec_of(first)
        if codec != "zip":
            parts = _read(handle, first)
            yield from parts if codec is None else _bounded(codec, parts, source.limits)
            return
    with (
        source.open(path, random_access=True) as handle,
        zip_member(handle, source.select) as member,
    ):
        # The archive says how many bytes are packed: they are not counted when they are read.
        meter = _Meter(source.limits, packed=member.packed)
        yield from meter.limited(_layers(member.parts(CHUNK), 1))


@dataclass(slots=True)
class _Meter:
    """Counts what goes in and what comes out."""

    limits: UnpackLimits
    packed: int = 0
    unpacked: int = 0

    def counted(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        for part in parts:
            self.packed += len(part)
            yield part

    def limited(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        for part in parts:
            self.unpacked += len(part)
            self.limits.require(self.packed, self.unpacked)
            yield part


def _bounded(codec: str, parts: Iterator[bytes], limits: UnpackLimits) -> Iterator[bytes]:
    meter = _Meter(limits)
    return meter.limited(_layers(_CODECS[codec](meter.counted(parts)), 1))


def _layers(parts: Iterator[bytes], depth: int) -> Iterator[bytes]:
    first = next(parts, b"")
    codec = codec_of(first) if len(first) >= MAGIC_BYTES else None
    again = _chained(first, parts)
    if codec in _CODECS and depth < _LAYERS:
        return _layers(_CODECS[cast(str, codec)](again), depth + 1)
    return again


def _chained(first: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from parts


def _read(handle: Any, first: bytes = b"") -> Iterator[bytes]:
    if first:
        yield first
    while part := handle.read(CHUNK):
        yield part


class _Decompressor(Protocol):
    """What zlib, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _standard(
    name: str, new: Callable[[], _Decompressor], parts: Iterable[bytes]
) -> Iterator[bytes]:
    """One member after the other; zero bytes between and after them are padding."""
    current: _Decompressor | None = None
    for part in parts:
        data = part
        while True:
            if current is None:
                data = data.lstrip(b"\0")
                if not data:
                    break
                current = new()
            try:
                out = current.decompress(data, CHUNK)
            except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
                raise UnpackingError(
                    f"the {name} data in it is damaged ({error}): fetch it again"
                ) from error
            if out:
                yield out
            if current.eof:
                data, current = current.unused_data, None
                continue
            # zlib hands back what it did not take, the others keep it.
            data = getattr(current, "unconsumed_tail", b"")
            if not data and len(out) < CHUNK:
                break
    if current is not None:
        raise UnpackingError(f"the {name} data in it is cut short: fetch it again")


def _zstd(parts: Iterator[bytes]) -> Iterator[bytes]:
    packed = pa.PythonFile(_Joined(parts), mode="r")
    with closing(pa.CompressedInputStream(packed, "zstd")) as stream:
        while True:
            try:
                part = stream.read(CHUNK)
            except (pa.ArrowException, OSError) as error:
                short = "runcated" in str(error)
                what = "is cut short" if short else f"is damaged ({error})"
                raise UnpackingError(f"the zstd data in it {what}: fetch it again") from error
            if not part:
                return
            yield part


class _Joined(io.RawIOBase):
    """Pieces as a file that is read once, from its beginning."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._parts, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _zlib() -> _Decompressor:
    return cast(_Decompressor, zlib.decompressobj(wbits=31))


def _lzma() -> _Decompressor:
    # A header can ask for a dictionary of 4 GiB; xz -9 needs 65 MB.
    return lzma.LZMADecompressor(memlimit=1 << 29)


_CODECS: Mapping[str, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    "gzip": lambda parts: _standard("gzip", _zlib, parts),
    "bz2": lambda parts: _standard("bzip2", bz2.BZ2Decompressor, parts),
    "xz": lambda parts: _standard("xz", _lzma, parts),
    "zstd": _zstd,
}
