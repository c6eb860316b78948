"""The lease: one process at a time may use the catalog file.

DuckDB reads a file's header before it locks the file, so two processes that open and close one in
turn can lose an acknowledged commit. The lease closes that gap with two lock files beside the
catalog. A process takes the turnstile, waits there for the lock, and leaves the turnstile once it
has it: a process that gives the lease back and wants it again queues behind the one that waited.
Both are locks of the operating system on open descriptors: they end with their process, so there
are no stale locks.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from toolkit.catalog import interrupts
from toolkit.catalog.folders import make_folder
from toolkit.core.errors import CatalogBusyError, CatalogError

_HEAD_PAUSE = (0.0005, 0.0015)
"""Seconds between attempts of the one process that is next."""

_QUEUE_PAUSE = (0.002, 0.005)
"""Seconds between attempts of the processes behind it."""

_PID_OFFSET = 64
"""Where the holder's pid stands: on Windows the first byte is locked and cannot be read."""


class Lease:
    """An exclusive lock between processes, held until ``release`` or the end of the process.

    Not safe to share between threads by itself: its owner has a mutex.
    """

    def __init__(self, lock: Path, turnstile: Path) -> None:
        self._lock_path = lock
        self._turnstile_path = turnstile
        self._lock: int | None = None
        self._turnstile: int | None = None

    @property
    def held(self) -> bool:
        return self._lock is not None

    def acquire(self, deadline: float) -> None:
        """Wait for the lease until ``deadline`` (``time.monotonic`` seconds).

        Raises CatalogBusyError naming the holder's pid, and CatalogError where the lock files
        cannot be opened. On any BaseException nothing stays locked.
        """
        started = time.monotonic()
        try:
            self._turnstile = self._wait(self._turnstile_path, deadline, _QUEUE_PAUSE, started)
            lock = self._wait(self._lock_path, deadline, _HEAD_PAUSE, started)
            self._lock = lock
            os.lseek(lock, _PID_OFFSET, os.SEEK_SET)
            os.write(lock, b"%-20d" % os.getpid())
            unlock_descriptor(self._turnstile)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give the lease back. Idempotent."""
        lock, self._lock = self._lock, None
        turnstile, self._turnstile = self._turnstile, None
        for descriptor in (lock, turnstile):
            if descriptor is not None:
                # A forked child shares the open file, so that closing alone would not unlock it.
                with suppress(OSError):
                    unlock_descriptor(descriptor)
                os.close(descriptor)

    def abandon(self) -> None:
        """Close what a forked child inherited, without unlocking it under its parent."""
        lock, self._lock = self._lock, None
        turnstile, self._turnstile = self._turnstile, None
        for descriptor in (lock, turnstile):
            if descriptor is not None:
                os.close(descriptor)

    def intact(self) -> bool:
        """Whether others still meet at this lock: its file may have been removed or replaced."""
        return self._lock is not None and _is_at(self._lock, self._lock_path)

    def contended(self) -> bool:
        """Whether another process waits. To be asked by the holder only."""
        if self._turnstile is None:
            return False
        if not lock_descriptor(self._turnstile, blocking=False):
            return True
        unlock_descriptor(self._turnstile)
        return False

    def _wait(self, path: Path, deadline: float, pause: tuple[float, float], started: float) -> int:
        """Open and lock a file; the descriptor is closed again on any failure."""
        while True:
            descriptor = _open(path)
            try:
                self._poll(descriptor, deadline, pause, started)
                if _is_at(descriptor, path):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            # Someone removed the lock file: this lock would keep nobody out.
            os.close(descriptor)

    def _poll(
        self, descriptor: int, deadline: float, pause: tuple[float, float], started: float
    ) -> None:
        while not lock_descriptor(descriptor, blocking=False):
            interrupts.check()
            now = time.monotonic()
            if now >= deadline:
                raise self.busy(now - started)
            time.sleep(min(random.uniform(*pause), deadline - now))

    def busy(self, waited: float) -> CatalogBusyError:
        """The error of someone who waited in vain: it names the holder's pid."""
        holder = self._holder()
        who = f"process {holder}" if holder is not None else "another process"
        return CatalogBusyError(
            f"The catalog of {self._lock_path.parent} is in use by {who}; waited {waited:.1f} s. "
            "Wait until its work is done, or end that process, and try again."
        )

    def _holder(self) -> int | None:
        try:
            with self._lock_path.open("rb") as file:
                file.seek(_PID_OFFSET)
                return int(file.read(20))
        except (OSError, ValueError):
            return None


def _open(path: Path) -> int:
    try:
        make_folder(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise CatalogError(
            f"Cannot open the lock file {path}: {error.strerror}. "
            "The workspace's folder has to be writable."
        ) from error


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the descriptor is of the file that the path names now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return False
