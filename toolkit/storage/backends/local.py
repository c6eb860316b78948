"""Objects in a local folder."""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from toolkit.core.errors import InvalidArgumentError
from toolkit.core.types import FileLocation
from toolkit.storage.backends.failures import local_failures, object_exists, object_missing
from toolkit.storage.backends.folders import make_folders, move_new
from toolkit.storage.backends.keys import (
    is_key,
    validate_chunk_size,
    validate_key,
    validate_prefix,
)
from toolkit.storage.backends.leftovers import mark_in_use, sweep_folder
from toolkit.storage.interfaces import DEFAULT_CHUNK_SIZE, ObjectStat

_STAGING = ".staging"
_PUBLISHED_MODE = 0o444
"""An object is immutable: a stray write to it fails instead of changing what was stored."""

_NOTHING_THERE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class LocalStorageBackend:
    """Objects as files below one folder; an implementation of ``IStorageBackend``.

    A write goes to ``<root>/.staging`` (0700, its files 0600), is synced, and gets its final name,
    mode 0444, by a hard link, which the operating system refuses where the name is taken. Where a
    file system has no hard links, names are claimed in the staging folder instead. Whatever an
    interrupt or failure leaves is removed at once; what a killed process leaves is in staging only.

    Symbolic links and files whose name is outside the rule of keys are no objects: they are not
    listed, so nothing takes them for its own.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        """Nothing is created before the first write."""
        self._root = Path(os.path.abspath(Path(root).expanduser()))
        self._staging = self._root / _STAGING

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._root)!r})"

    @property
    def root(self) -> str:
        return str(self._root)

    @property
    def staging(self) -> Path:
        """The staging folder, which this creates: whoever asks is about to write into it."""
        with local_failures("create the staging folder", self._staging):
            if not self._staging.is_dir():
                make_folders(self._root)
                self._staging.mkdir(mode=0o700, exist_ok=True)
        return self._staging

    def write_stream(self, key: str, chunks: Iterable[bytes]) -> ObjectStat:
        target = self._path(key)
        self._refuse_existing(target)
        staged = self.staging / uuid4().hex
        try:
            self._fill(staged, chunks, target)
            return self._publish_staged(staged, key, target)
        except BaseException:
            _remove(staged)
            raise

    def publish(self, key: str, source: Path) -> ObjectStat:
        """Make a complete local file the object ``key``.

        A file in the staging folder is renamed. Any other one is copied and stays: it may be on
        another file system, or be changed by its owner later. A file whose publication fails stays.

        Raises InvalidArgumentError when the source is not a regular file.
        """
        target = self._path(key)
        source = Path(os.path.abspath(source))
        self._refuse_existing(target)
        if not _is_file(source):
            raise InvalidArgumentError(
                f"Cannot publish {source} as {key}: there is no regular file at this path."
            )
        if source.parent == self._staging:
            return self._publish_staged(source, key, target)
        return self.write_stream(key, _file_chunks(source, DEFAULT_CHUNK_SIZE))

    def read_stream(self, key: str, chunk_size: int = DEFAULT_CHUNK_SIZE) -> Iterator[bytes]:
        """The object's bytes; raises ObjectNotFoundError here, not at the first chunk."""
        validate_chunk_size(chunk_size)
        self.stat(key)
        return _file_chunks(self._path(key), chunk_size)

    def stat(self, key: str) -> ObjectStat:
        path = self._path(key)
        with local_failures("look at", path):
            try:
                found = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                raise object_missing(str(path)) from None
        if not modes.S_ISREG(found.st_mode):
            raise object_missing(str(path))
        return _object_stat(key, found)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with local_failures("delete", path), suppress(*_NOTHING_THERE):
            path.unlink()

    def list(self, prefix: str = "") -> Iterator[ObjectStat]:
        validate_prefix(prefix)
        folder, _, start = prefix.rpartition("/")
        return self._walk(self._root / folder, f"{folder}/" if folder else "", start)

    def sweep(self, before: datetime, *, dry_run: bool) -> Sequence[int]:
        return sweep_folder(self._staging, before, dry_run=dry_run)

    def locate(self, key: str) -> FileLocation:
        path = self._path(key)
        return FileLocation(uri=str(path), path=path)

    def _path(self, key: str) -> Path:
        return self._root / validate_key(key)

    def _refuse_existing(self, target: Path) -> None:
        """Save the work when the key is taken; the link at the end is what guarantees it."""
        if os.path.lexists(target):
            raise object_exists(str(target))

    def _fill(self, staged: Path, chunks: Iterable[bytes], target: Path) -> None:
        # Only the medium's own failures are translated: what ``chunks`` raises is its caller's.
        with local_failures("write", target):
            handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(handle, "wb", buffering=0) as file:
            mark_in_use(handle)
            for chunk in chunks:
                rest = memoryview(chunk)
                with local_failures("write", target):
                    while rest:
                        rest = rest[file.write(rest) :]

    def _publish_staged(self, staged: Path, key: str, target: Path) -> ObjectStat:
        with local_failures("write", target):
            handle = os.open(staged, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                # Some file systems know no modes; the mode is a help, not a guarantee.
                with suppress(PermissionError):
                    os.fchmod(handle, _PUBLISHED_MODE)
                os.fsync(handle)
                written = os.fstat(handle)
            finally:
                os.close(handle)
            make_folders(target.parent)
            try:
                move_new(staged, target)
            except FileExistsError:
                raise object_exists(str(target)) from None
        return _object_stat(key, written)

    def _walk(self, folder: Path, parent: str, start: str = "") -> Iterator[ObjectStat]:
        with local_failures("list", folder):
            try:
                with os.scandir(folder) as scan:
                    entries = list(scan)
            except (FileNotFoundError, NotADirectoryError):
                return
        for entry in entries:
            key = parent + entry.name
            if not entry.name.startswith(start) or not is_key(key):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(folder / entry.name, f"{key}/")
                continue
            with local_failures("list", folder), suppress(FileNotFoundError):
                found = entry.stat(follow_symlinks=False)
                if modes.S_ISREG(found.st_mode):
                    yield _object_stat(key, found)


def _object_stat(key: str, found: os.stat_result) -> ObjectStat:
    # The inode is left out: moving or restoring a workspace gives every file a new one. A copy that
    # keeps the times needs no second look; one that does not is verified by its hash.
    return ObjectStat(
        key=key,
        byte_size=found.st_size,
        stamp=f"{found.st_mtime_ns}-{found.st_size}",
        modified_at=datetime.fromtimestamp(found.st_mtime, UTC),
    )


def _file_chunks(path: Path, chunk_size: int) -> Iterator[bytes]:
    with local_failures("read", path):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise object_missing(str(path)) from None
    with open(handle, "rb", buffering=0) as file:
        while True:
            with local_failures("read", path):
                chunk = file.read(chunk_size)
            if not chunk:
                return
            yield chunk


def _is_file(path: Path) -> bool:
    try:
        return modes.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _remove(path: Path) -> None:
    """Clean up as far as possible: the error that matters is already on its way."""
    with suppress(OSError):
        path.unlink()
