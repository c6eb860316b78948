"""Durable steps on a local file system: folders, links and their fsync."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a crash of the machine."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folders(folder: Path) -> None:
    """Create a folder and the parents that are missing, each one durable in its parent."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        # Another writer may be first; its fsync may still be under way, so ours follows anyway.
        with suppress(FileExistsError):
            new.mkdir()
        sync_folder(new.parent)


def move_new(source: Path, target: Path) -> None:
    """Give a file another name on the same file system, durably, and never replace a file.

    Raises FileExistsError when the target exists. After any failure or interrupt the target is not
    this file, and the source is still there.
    """
    try:
        _link_new(source, target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _rename_new(source, target)


def _link_new(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
        sync_folder(target.parent)
    except BaseException:
        # Also an interrupt between the link and its fsync: what tells is the file itself.
        with suppress(OSError):
            if os.path.samefile(source, target):
                target.unlink()
        raise
    # The target is durable: a name that stays behind in staging is swept later.
    with suppress(OSError):
        source.unlink()


def _rename_new(source: Path, target: Path) -> None:
    """Move where the file system has no hard links (exFAT, some network mounts).

    A rename would replace the target. So a writer first claims the target's name with a file beside
    the source; a claim that a crash leaves behind blocks nothing but this one name.
    """
    claim = source.with_name(f"claim-{blake2b(os.fsencode(target), digest_size=16).hexdigest()}")
    os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    try:
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        try:
            source.rename(target)
            sync_folder(target.parent)
        except BaseException:
            if not source.exists():
                target.rename(source)
            raise
    finally:
        claim.unlink(missing_ok=True)
