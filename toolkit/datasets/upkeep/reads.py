"""Counting how often versions are loaded, without a transaction for each load."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections import Counter
from contextlib import suppress
from functools import cache

from toolkit.core.errors import ToolkitError
from toolkit.core.interfaces import ICatalog
from toolkit.core.types import VersionId

_FLUSH_AT = 200
"""Loads between two writes."""


class ReadCounter:
    """Collects reads in memory and writes them now and then, at the end at the latest.

    A process that is killed loses what it had not written: the counts only advise ``optimize``.
    Safe to share between threads; a forked child starts from nothing."""

    def __init__(self, catalog: ICatalog) -> None:
        self._catalog = catalog
        self._pending = _Pending()
        weakref.finalize(self, _write, catalog, self._pending).atexit = False
        _counters.add(self)
        _write_at_exit()

    def note(self, version_id: VersionId) -> None:
        """Count one load."""
        if self._pending.add(version_id) >= _FLUSH_AT:
            self.flush()

    def flush(self) -> None:
        """Write what was counted; where the catalog is busy that is left for the next time."""
        _write(self._catalog, self._pending)


_counters: weakref.WeakSet[ReadCounter] = weakref.WeakSet()


@cache
def _write_at_exit() -> None:
    """To be called once there is a catalog: what is registered last runs first, and after the
    catalogs were closed a write would open one again, which nobody closes. Finalizers have no such
    order: they run where the first package registered one."""
    atexit.register(_write_all)


def _write_all() -> None:
    for counter in list(_counters):
        counter.flush()


class _Pending:
    """Counts that are not in the catalog yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[VersionId] = Counter()
        self._pid = os.getpid()

    def add(self, version_id: VersionId) -> int:
        if self._pid != os.getpid():
            # The parent writes what was counted before the fork, and its lock may be held.
            self.__init__()  # type: ignore[misc]
        with self._lock:
            self._counts[version_id] += 1
            return self._counts.total()

    def take(self) -> Counter[VersionId]:
        if self._pid != os.getpid():
            return Counter()
        with self._lock:
            taken, self._counts = self._counts, Counter()
            return taken


def _write(catalog: ICatalog, pending: _Pending) -> None:
    counts = pending.take()
    if counts:
        with suppress(ToolkitError), catalog.transaction() as tx:
            tx.versions.add_reads(counts)
