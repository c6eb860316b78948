"""The members of an archive that a URL names: ``zip://member.csv::archive.zip``."""

from __future__ import annotations

import io
import weakref
from collections.abc import Generator
from functools import partial
from typing import Any

import fsspec

from toolkit.datasets.readers.failures import first_line
from toolkit.datasets.readers.packing.codecs import MAGIC_BYTES, codec_of
from toolkit.datasets.readers.packing.limits import UnpackingError, UnpackLimits
from toolkit.datasets.readers.packing.zipped import BUFFER_BYTES, DAMAGE, require_readable
from toolkit.datasets.readers.sources.handles import pieces
from toolkit.datasets.readers.sources.spooling import SpoolingFileSystem

ARCHIVES = frozenset({"tar", "zip"})
"""Protocols of archives that are opened here: fsspec opens them only where a server has ranges, and
takes the compression of a tar archive from its name."""


def archive_filesystem(protocol: str, handle: Any) -> Any:
    """fsspec's file system of an archive, of an open file with random access, which is closed where
    it is no such archive."""
    buffered = io.BufferedReader(handle, BUFFER_BYTES)
    try:
        options = {}
        if protocol == "tar":
            options["compression"] = codec_of(buffered.peek(MAGIC_BYTES)[:MAGIC_BYTES])
        archive = fsspec.filesystem(protocol, fo=buffered, **options)
    except BaseException:
        buffered.close()
        raise
    # A reader of packed data that goes away leaves the file below it open.
    weakref.finalize(archive, buffered.close)
    return archive


def member_filesystem(archive: Any, limits: UnpackLimits) -> SpoolingFileSystem:
    """The members of fsspec's file system of an archive, with random access and within limits.

    A member that is packed unpacks from its beginning only, at each step backwards anew."""
    opened = partial(_Member, archive, limits)

    def parts(path: str) -> Generator[bytes, None, None]:
        with opened(path) as member:
            yield from pieces(member)

    return SpoolingFileSystem(parts, opened)


class _Member:
    """One member, read in order."""

    def __init__(self, archive: Any, limits: UnpackLimits, path: str) -> None:
        self._limits = limits
        info = archive.info(path)
        # Only zip archives pack each member by itself.
        self._packed: int | None = None
        if "compress_type" in info:
            self._packed = info["compress_size"]
            require_readable(path, info["flag_bits"], info["compress_type"])
        self._file = archive.open(path, "rb")
        self._read = 0

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def read(self, size: int = -1) -> bytes:
        try:
            part = bytes(self._file.read(size))
        except DAMAGE as error:
            raise UnpackingError(
                f"it is damaged in its archive ({first_line(error)}): fetch that again"
            ) from error
        self._read += len(part)
        if self._packed is not None:
            self._limits.require(self._packed, self._read)
        return part
