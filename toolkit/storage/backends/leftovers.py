"""Files in local staging folders: which are being written, and which a dead process left.

A file that is being written is locked by whoever writes it, because its times tell nothing of an
engine that computes for hours before it writes. The lock ends with its process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from toolkit.core.errors import StorageError
from toolkit.storage.backends.failures import local_failures


def mark_in_use(descriptor: int) -> None:
    """Lock an open staged file, until ``end_use``, or until its process has ended.

    Where a file system has no locks, only the file's age protects it."""
    with suppress(OSError):
        lock_descriptor(descriptor, blocking=False)


def end_use(descriptor: int) -> None:
    """Unlock and close: a forked child may have the file open too, and closing is not enough."""
    with suppress(OSError):
        unlock_descriptor(descriptor)
    os.close(descriptor)


def sweep_folder(
    folder: Path, before: datetime, *, dry_run: bool, ours: Callable[[str], bool] = bool
) -> list[int]:
    """Delete the files last written before a time and not in use; returns their sizes.

    ``ours`` tells by its name whether a file may be touched. Raises StorageError, after all others
    were tried, for a file that cannot be deleted."""
    failures: list[StorageError] = []
    sizes = [
        size
        for path, size in _old_files(folder, before)
        if ours(path.name) and not _in_use(path) and (dry_run or _unlink(path, failures))
    ]
    if failures:
        raise failures[0]
    return sizes


def _old_files(folder: Path, before: datetime) -> Iterator[tuple[Path, int]]:
    with local_failures("list", folder):
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if entry.is_file(follow_symlinks=False) and status.st_mtime < before.timestamp():
                yield Path(entry.path), status.st_size


def _in_use(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not lock_descriptor(descriptor, blocking=False)
    except OSError:
        return False
    finally:
        end_use(descriptor)


def _unlink(path: Path, failures: list[StorageError]) -> bool:
    try:
        with local_failures("delete", path):
            path.unlink(missing_ok=True)
    except StorageError as error:
        failures.append(error)
        return False
    return True
