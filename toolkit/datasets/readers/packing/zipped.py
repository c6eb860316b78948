"""The one data file in a zip archive."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from toolkit.datasets.readers.packing.limits import UnpackingError

# What zipfile lets through of a damaged archive; RuntimeError includes NotImplementedError.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
BUFFER_BYTES = 1 << 20
"""Of an archive at a time: zipfile reads 4 KiB, each of which would be a request to a store."""
_ENCRYPTED = 0x1
_METHODS = {9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstd", 95: "xz", 99: "AES"}
_BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A member that is being read."""

    name: str
    packed: int
    """Bytes that it has in the archive, which are not more than the archive has."""
    _file: Any

    def parts(self, size: int) -> Iterator[bytes]:
        """Its content in pieces of at most ``size`` bytes. Raises UnpackingError."""
        while part := self._read(size):
            yield part

    def _read(self, size: int) -> bytes:
        try:
            return bytes(self._file.read(size))
        except DAMAGE as error:
            raise UnpackingError(
                f"the zip data in it is damaged ({error}): fetch it again"
            ) from error


@contextmanager
def zip_member(
    archive: Any, select: Callable[[Sequence[str]], Sequence[str]] | None
) -> Iterator[ZipMember]:
    """Open the only data file of an archive (an open file with random access).

    Where there are several files, ``select`` picks those that are data. Raises UnpackingError when
    that is not one, and for an archive that is damaged or encrypted."""
    buffered = io.BufferedReader(archive, BUFFER_BYTES)
    try:
        size = buffered.seek(0, io.SEEK_END)
        with _opened(buffered) as found:
            info = found.getinfo(_only(found, select))
            with _member(found, info) as member:
                yield ZipMember(info.filename, min(info.compress_size, size), member)
    finally:
        # The archive itself is its opener's to close.
        buffered.detach()


def _opened(buffered: io.BufferedReader) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(buffered)
    except DAMAGE as error:
        raise UnpackingError(
            f"it is a damaged or cut zip archive ({error}): fetch it again"
        ) from error


def _only(archive: zipfile.ZipFile, select: Callable[[Sequence[str]], Sequence[str]] | None) -> str:
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if "[Content_Types].xml" in names:
        raise UnpackingError("it is an Office document: save its table as CSV or Parquet")
    files = [name for name in names if not _is_clutter(name)]
    chosen = list(select(files)) if select is not None and len(files) > 1 else files
    if len(chosen) == 1:
        return chosen[0]
    if not files:
        raise UnpackingError("it is a zip archive without files: fetch it again")
    shown = ", ".join((chosen or files)[:_SHOWN])
    more = f" and {len(chosen or files) - _SHOWN} more" if len(chosen or files) > _SHOWN else ""
    both = ', or all of a kind, as in "zip://*.csv::<the archive>"' if chosen else ""
    raise UnpackingError(
        f"it is a zip archive of several files ({shown}{more}). Name one as "
        f'"zip://{(chosen or files)[0]}::<the archive>"{both}'
    )


def _is_clutter(name: str) -> bool:
    """What Finder and its kin put into archives."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")


def require_readable(name: str, flags: int, method: int) -> None:
    """Raise UnpackingError for a member that is encrypted, or that zipfile would not unpack in
    bounded memory: it gives everything that some packed bytes have, but for deflate."""
    if flags & _ENCRYPTED:
        raise UnpackingError(f"its member {name} is encrypted: unpack it first")
    if method not in _BOUNDED:
        how = _METHODS.get(method, f"method {method}")
        raise UnpackingError(f"its member {name} is packed by {how}: unpack it first")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Any:
    require_readable(info.filename, info.flag_bits, info.compress_type)
    try:
        return archive.open(info)
    except DAMAGE as error:
        raise UnpackingError(
            f"its member {info.filename} is damaged or of an odd kind ({error}): unpack it first"
        ) from error
