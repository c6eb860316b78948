"""Failures of the medium as StorageError: what happened, to which object, and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from toolkit.core.errors import ObjectNotFoundError, StorageError, ToolkitError

_ADVICE: Mapping[int, str] = {
    errno.ENOSPC: "Free space there, or choose another storage root.",
    errno.EDQUOT: "Free space within the quota, or choose another storage root.",
    errno.EFBIG: "Raise the limit on file sizes (ulimit -f), or choose another storage root.",
    errno.EACCES: "Check the permissions and credentials, or choose another storage root.",
    errno.EPERM: "Check the permissions and credentials, or choose another storage root.",
    errno.ENOENT: "Create the bucket or folder first, or choose another storage root.",
    errno.EROFS: "Mount the file system writable, or choose another storage root.",
    errno.ENOTDIR: "A file is where a folder is needed: move it away.",
    errno.EISDIR: "A folder is where a file is needed: move it away.",
    errno.EMFILE: "Close files, or raise the limit on open files (ulimit -n).",
    errno.ENAMETOOLONG: "Choose a storage root with a shorter path.",
    errno.EIO: "The device reports an error: check it, and restore from a copy if needed.",
}
_CODES: Mapping[type[OSError], int] = {
    PermissionError: errno.EACCES,
    FileNotFoundError: errno.ENOENT,
    NotADirectoryError: errno.ENOTDIR,
    IsADirectoryError: errno.EISDIR,
}
"""Object stores raise these without an errno."""
_ELSE = "Check that the storage root can be reached and written, then try again."


def object_missing(subject: str) -> ObjectNotFoundError:
    """The error for a key under which there is nothing."""
    error = ObjectNotFoundError(
        f"There is no object {subject}: it was deleted, or never written. "
        "Run a check to see what else is missing."
    )
    error.errno = errno.ENOENT
    return error


def object_exists(subject: str) -> StorageError:
    """The error for a key that is taken: objects are immutable."""
    error = StorageError(
        f"Could not write {subject}: an object with this key exists, and objects are never "
        "overwritten. Choose a key that was not used before."
    )
    error.errno = errno.EEXIST
    return error


def storage_error(action: str, subject: str, reason: str, code: int | None = None) -> StorageError:
    """A StorageError whose message is built from its parts; ``code`` is an errno."""
    advice = _ADVICE.get(code, _ELSE) if code is not None else _ELSE
    error = StorageError(f"Could not {action} {subject}: {reason.rstrip('. ')}. {advice}")
    error.errno = code
    return error


def deadline_passed(action: str, subject: str, seconds: float) -> StorageError:
    """The error for a store that does not answer."""
    error = StorageError(
        f"Could not {action} {subject}: the store gave no sign of life for {seconds:g} s. "
        "Check the network and the endpoint, or pass a longer timeout."
    )
    error.errno = errno.ETIMEDOUT
    return error


def code_of(error: BaseException) -> int | None:
    """The errno of an exception, also where only its class tells."""
    if not isinstance(error, OSError):
        return None
    if error.errno is not None:
        return error.errno
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), None)


@contextmanager
def local_failures(action: str, subject: object) -> Iterator[None]:
    """Raise what the operating system refuses within the block as StorageError.

    Errors of our own tree pass: the blocks treat the cases that they expect themselves.
    """
    try:
        yield
    except ToolkitError:
        raise
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        named = str(error.filename or subject)
        where = f" ({named})" if named != str(subject) else ""
        raise storage_error(action, str(subject), f"{reason}{where}", error.errno) from error
