"""Who may use the catalog file, and for how long: mutex, lease, attachment, idle release.

Every catalog object of a process that names the same file shares one ``Connection``. A use takes
the process's mutex, then the lease, then attaches the file; the file stays attached while uses
follow each other, and a background thread gives it back soon after the last one.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolkit.catalog import interrupts, migrations
from toolkit.catalog.database import Database
from toolkit.catalog.interrupts import Deferred
from toolkit.catalog.lease import Lease
from toolkit.catalog.mark import HighWaterMark
from toolkit.core.errors import (
    CatalogBusyError,
    CatalogDamagedError,
    CatalogError,
    TransactionError,
)

KEEP_SECONDS = 0.05
"""How long the lease is kept: after the last use when nobody waits, in total when someone does."""

_TICK_SECONDS = 0.01
"""How often an idle holder looks whether someone waits."""

_CHECKPOINT_BYTES = 8 << 10
"""Write-ahead log size from which an idle holder folds it into the file. Replaying the log costs
the next attach 0.2 ms a KB, a checkpoint takes 12 ms (1,000,000 files: 28)."""

_CONTENDED_CHECKPOINT_BYTES = 64 << 10
"""The same while others wait, who would wait for the checkpoint too."""

_LOOK_SECONDS = 0.05
"""How often a thread that waits for another one looks whether it was interrupted."""

_EXIT_SECONDS = 5.0
"""How long the end of the process waits for a transaction of another thread."""

_FORK_SECONDS = 5.0
"""How long a fork waits for a transaction of another thread."""


class Connection:
    """The process's one way to a catalog file. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mark = HighWaterMark(path.with_suffix(".mark"))
        self._lease = Lease(path.with_suffix(".lock"), path.with_suffix(".turnstile"))
        self._database: Database | None = None
        self.attachment = 0
        """Counts how often the file was attached: it may be another file each time."""
        self._lost = False
        """True in a child that was forked while another thread was inside of DuckDB."""
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._mutex = threading.RLock()
        self._owner: int | None = None
        self._attached = False
        self._attached_at = self._used_at = 0.0
        self._identity: tuple[int, int] | None = None
        self._releaser: threading.Thread | None = None
        self._quiet = False

    @contextmanager
    def use(self, timeout: float) -> Iterator[Database]:
        """Have the catalog attached, for this thread alone.

        Raises CatalogBusyError when it is not to be had within ``timeout`` seconds, and
        TransactionError when this thread uses it already.
        """
        if self._pid != os.getpid():
            self.forget()
        pid = self._pid
        self._refuse_nesting()
        with Deferred():
            deadline = time.monotonic() + timeout
            self._take_mutex(timeout)
            self._owner = threading.get_ident()
            try:
                yield self._open(deadline)
            finally:
                if pid == os.getpid():
                    self._end_use()

    def close(self) -> None:
        """Give the file back and end the DuckDB instance. Idempotent; a later use opens anew.

        Waits for transactions of other threads; raises TransactionError inside one's own.
        """
        if self._pid != os.getpid():
            self.forget()
        self._refuse_nesting()
        with Deferred():
            self._take_mutex(math.inf)
            try:
                self._discard()
            finally:
                self._mutex.release()

    def close_at_exit(self) -> None:
        """Close even inside a transaction (which is rolled back), without waiting for long."""
        if self._pid == os.getpid() and self._mutex.acquire(timeout=_EXIT_SECONDS):
            try:
                self._discard()
            finally:
                self._mutex.release()

    def before_fork(self) -> None:
        """Keep other threads out of DuckDB while this process is copied."""
        self._quiet = self._mutex.acquire(timeout=_FORK_SECONDS)

    def after_fork_in_parent(self) -> None:
        if self._quiet:
            self._quiet = False
            self._mutex.release()

    def forget(self) -> None:
        """In a forked child: leave transaction, lease and file to the parent and start anew."""
        database, self._database = self._database, None
        if database is not None:
            database.abandon(quiet=self._quiet)
            self._lost = self._lost or (self._lease.held and not self._quiet)
        self._lease.abandon()
        self._reset()

    def _refuse_nesting(self) -> None:
        if self._owner == threading.get_ident():
            raise TransactionError(
                f"A transaction on {self.path} is open in this thread already, and DuckDB has no "
                "nested ones. Pass the open transaction on, or end it first."
            )

    def _take_mutex(self, timeout: float) -> None:
        started = time.monotonic()
        wait = max(timeout, 0)
        while not self._mutex.acquire(timeout=min(wait, _LOOK_SECONDS)):
            interrupts.check()
            wait = timeout - (time.monotonic() - started)
            if wait <= 0:
                raise self._busy(timeout)

    def _busy(self, waited: float) -> CatalogBusyError:
        if not self._lease.held:
            # The thread that has the mutex waits as well, for another process.
            return self._lease.busy(waited)
        return CatalogBusyError(
            f"The catalog {self.path} is in use by another thread of this process "
            f"({os.getpid()}); waited {waited:.1f} s. Try again when its work is done."
        )

    def _end_use(self) -> None:
        self._owner = None
        try:
            self._after_use()
        finally:
            self._mutex.release()

    def _after_use(self) -> None:
        self._used_at = time.monotonic()
        if self._database is not None and self._database.broken:
            self._discard()
        elif self._attached and (
            self._releaser is None
            or (self._used_at - self._attached_at >= KEEP_SECONDS and self._lease.contended())
        ):
            self._give_back()

    def _open(self, deadline: float) -> Database:
        if self._attached and self._database is not None:
            if self._in_place():
                return self._database
            # The folder was removed, moved or replaced: what is written here would be lost.
            self._discard()
        if self._lost:
            raise CatalogError(
                f"The catalog {self.path} cannot be used in this process ({os.getpid()}): it was "
                "forked while another thread used the catalog, whose file is open in it for ever. "
                "Start worker processes with the method 'spawn' or 'forkserver', or fork when no "
                "other thread saves or loads."
            )
        try:
            self._lease.acquire(deadline)
            if self._database is None:
                self._database = Database()
            self._attach(self._database, deadline)
            self._attached = True
            self.attachment += 1
            self._attached_at = self._used_at = time.monotonic()
            self._start_releaser()
        except BaseException:
            self._discard()
            raise
        return self._database

    def _attach(self, database: Database, deadline: float) -> None:
        if not self.path.exists():
            self._create(database, deadline)
        database.attach(self.path, deadline)
        self._identity = _identity(self.path)
        self.mark.check(migrations.upgrade(database, self.path), self.path)

    def _create(self, database: Database, deadline: float) -> None:
        self.mark.check(0, self.path)
        wal = self.path.with_name(self.path.name + ".wal")
        if wal.exists():
            raise CatalogDamagedError(
                f"The catalog {self.path} is gone while its write-ahead log {wal.name} is there. "
                "Restore the catalog from a backup, or move the log away to start anew."
            )
        migrations.create(database, self.path, deadline)

    def _give_back(self) -> None:
        """Detach, then unlock: in this order whatever happens."""
        self._attached = False
        try:
            if self._database is not None:
                self._detach(self._database, busy=self._lease.contended())
                if self._database.broken:
                    self._discard()
        except BaseException:
            self._discard()
            raise
        finally:
            self._lease.release()

    def _detach(self, database: Database, *, busy: bool) -> None:
        """Detach, after a checkpoint unless another catalog took the place: its log would go."""
        checkpoint_from = _CONTENDED_CHECKPOINT_BYTES if busy else _CHECKPOINT_BYTES
        database.detach(checkpoint_from=checkpoint_from if self._in_place() else None)

    def _in_place(self) -> bool:
        """Whether the files that are open are still the ones that the paths name."""
        return self._lease.intact() and _identity(self.path) == self._identity

    def _discard(self) -> None:
        """End the instance, which gives the file back too, then unlock."""
        database, self._database = self._database, None
        attached, self._attached = self._attached, False
        try:
            if database is not None:
                with suppress(Exception):
                    if attached and not database.broken:
                        database.roll_back()
                        self._detach(database, busy=False)
                database.close()
        finally:
            self._lease.release()

    def _start_releaser(self) -> None:
        """A thread for as long as the file is attached: an idle process has none."""
        thread = threading.Thread(
            target=self._release_when_idle,
            args=(self._attached_at,),
            name="toolkit-catalog-release",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError:
            # At the end of the interpreter no thread can be started: give back after each use.
            self._releaser = None
        else:
            self._releaser = thread

    def _release_when_idle(self, attached_at: float) -> None:
        while True:
            time.sleep(_TICK_SECONDS)
            if not self._mutex.acquire(blocking=False):
                continue
            try:
                if not self._attached or self._attached_at != attached_at:
                    return
                idle = time.monotonic() - self._used_at
                if idle >= KEEP_SECONDS or (idle >= _TICK_SECONDS and self._lease.contended()):
                    self._give_back()
                    return
            finally:
                self._mutex.release()


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file a path names, or None."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
