"""Garbage collection: deletes what nothing uses, and what crashes left behind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from toolkit.core.durations import in_seconds
from toolkit.core.errors import StorageError
from toolkit.core.interfaces import ICatalog
from toolkit.core.types import Event, FileRecord, GcReport, PartlyUsedFile
from toolkit.storage.backends.leftovers import sweep_folder
from toolkit.storage.interfaces import IStorageBackend, ObjectStat
from toolkit.storage.services.publication import OBJECTS
from toolkit.storage.services.staging import is_staged_name

_BATCH = 500
"""Files between two commits: an interrupted collection has little to do again."""

_HOLD_SECONDS = 0.5
"""How long orphans are deleted before others get their turn at the catalog."""

_YOUNGEST_ORPHAN = timedelta(hours=1)
"""A save publishes its object before its row: younger objects may be about to get theirs."""


class Sweep(Protocol):
    """Deletes old leftovers; see ``IStorageBackend.sweep``."""

    def __call__(self, before: datetime, *, dry_run: bool) -> Sequence[int]: ...


class GarbageCollector:
    """An implementation of ``IGarbageCollector``.

    A file is marked ``deleting`` and committed, its bytes are deleted, then its row: whatever
    interrupts this, a later collection goes on with it, and a save that meets the row meanwhile
    stores bytes of its own under another key. Any number of collections and saves may run at once.
    """

    def __init__(self, backend: IStorageBackend, catalog: ICatalog, staging: Path) -> None:
        """``staging`` is the local folder that the producer uses for backends without one."""
        self._backend = backend
        self._catalog = catalog
        self._staging = staging

    def collect(self, *, grace: timedelta | float, dry_run: bool) -> GcReport:
        """Delete the files at 0 references since longer than ``grace`` (a number: seconds), then
        sweep orphans.

        Orphans are objects that no row names, and leftovers in the staging folders, that are older
        than ``grace`` and than one hour; what has no known age stays. With ``dry_run`` nothing is
        deleted and the report has the same figures.

        Raises InvalidArgumentError for a ``grace`` that is negative or no length of time, and
        StorageError, after everything else was collected, when bytes could not be deleted: their
        rows stay for the next time.
        """
        grace = timedelta(seconds=in_seconds(grace, "grace period"))
        now = datetime.now(UTC)
        failures: list[StorageError] = []
        gone = self._garbage(now - grace) if dry_run else self._collect_files(now - grace, failures)
        waiting = self._waiting(now - grace)
        orphans = self._sweep(now - max(grace, _YOUNGEST_ORPHAN), failures, dry_run=dry_run)
        if failures:
            raise failures[0]
        partly = self._partly_used() if dry_run else ()
        return GcReport(
            files=len(gone),
            bytes=sum(file.byte_size for file in gone),
            orphans=len(orphans),
            orphan_bytes=sum(orphans),
            waiting=len(waiting),
            waiting_bytes=sum(file.byte_size for file in waiting),
            dry_run=dry_run,
            partly_used=len(partly),
            unused_bytes=sum(found.file.byte_size - found.used_bytes for found in partly),
        )

    def _partly_used(self) -> Sequence[PartlyUsedFile]:
        with self._catalog.transaction() as transaction:
            return transaction.versions.partly_used()

    def _unreferenced(self) -> Sequence[FileRecord]:
        with self._catalog.transaction() as transaction:
            return transaction.files.unreferenced()

    def _garbage(self, cutoff: datetime) -> list[FileRecord]:
        return [file for file in self._unreferenced() if _is_due(file, cutoff)]

    def _waiting(self, cutoff: datetime) -> list[FileRecord]:
        return [file for file in self._unreferenced() if not _is_due(file, cutoff)]

    def _collect_files(self, cutoff: datetime, failures: list[StorageError]) -> list[FileRecord]:
        removed: list[FileRecord] = []
        tried: set[tuple[int, str]] = set()
        while True:
            with self._catalog.transaction() as transaction:
                marked = transaction.files.mark_garbage(cutoff, _BATCH)
            batch = [file for file in marked if (file.id, file.key) not in tried]
            if not batch:
                return removed
            tried.update((file.id, file.key) for file in batch)
            deleted = [file for file in batch if self._delete(file.key, failures)]
            removed += self._remove_rows(deleted)

    def _remove_rows(self, files: list[FileRecord]) -> list[FileRecord]:
        """Delete rows whose bytes are gone; returns those that no save took over meanwhile."""
        with self._catalog.transaction() as transaction:
            gone = set(transaction.files.remove(files))
            removed = [file for file in files if file.id in gone]
            for file in removed:
                transaction.emit(
                    Event(
                        kind="file_deleted",
                        subject=file.content_hash,
                        detail={
                            "uri": self._backend.locate(file.key).uri,
                            "byte_size": file.byte_size,
                        },
                    )
                )
        return removed

    def _delete(self, key: str, failures: list[StorageError]) -> bool:
        try:
            self._backend.delete(key)
        except StorageError as error:
            failures.append(error)
            return False
        return True

    def _sweep(self, cutoff: datetime, failures: list[StorageError], *, dry_run: bool) -> list[int]:
        """The sizes of the orphans that were, or would be, deleted."""
        listed = [
            found
            for found in self._backend.list(OBJECTS)
            if found.modified_at is not None and found.modified_at < cutoff
        ]
        orphans = self._without_row(listed)
        sizes = (
            [found.byte_size for found in orphans]
            if dry_run
            else self._delete_orphans(orphans, failures)
        )
        sweeps: tuple[Sweep, ...] = (
            self._backend.sweep,
            # The folder was handed to us: only what has our names is known to be ours.
            partial(sweep_folder, self._staging, ours=is_staged_name),
        )
        for sweep in sweeps:
            try:
                sizes += sweep(cutoff, dry_run=dry_run)
            except StorageError as error:
                failures.append(error)
        return sizes

    def _without_row(self, listed: Sequence[ObjectStat]) -> list[ObjectStat]:
        # Read after the listing: of the objects that are listed, most have their rows by now.
        with self._catalog.transaction() as transaction:
            known = transaction.files.known_keys()
        return [found for found in listed if found.key not in known]

    def _delete_orphans(self, orphans: list[ObjectStat], failures: list[StorageError]) -> list[int]:
        """Delete within transactions, each after a look at the rows.

        A save may have slept between publishing its object and registering it, or its upload took
        longer than an orphan has to be old. It cannot register the object meanwhile, and afterwards
        finds it gone."""
        sizes: list[int] = []
        waiting = list(orphans)
        while waiting:
            with self._catalog.transaction() as transaction:
                known = transaction.files.known_keys()
                until = time.monotonic() + _HOLD_SECONDS
                while waiting:
                    found = waiting.pop()
                    if found.key not in known and self._delete(found.key, failures):
                        sizes.append(found.byte_size)
                    if time.monotonic() >= until:
                        break
        return sizes


def _is_due(file: FileRecord, cutoff: datetime) -> bool:
    return file.state == "deleting" or (
        file.unreferenced_at is not None and file.unreferenced_at <= cutoff
    )
