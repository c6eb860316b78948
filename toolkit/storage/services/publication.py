"""How a sealed file becomes part of the store: bytes first, then the row that names them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from toolkit.core.errors import ObjectNotFoundError, StorageError
from toolkit.core.interfaces import ICatalog, ITransaction
from toolkit.core.types import Event, FileRecord, NewFile, ProducedFile
from toolkit.storage.interfaces import IStorageBackend
from toolkit.storage.services.hashing import hex_digest
from toolkit.storage.services.staging import SealedFile
from toolkit.storage.services.stored_files import StoredFiles

T = TypeVar("T")
Record = Callable[[ITransaction, ProducedFile], T]

OBJECTS = "objects/"
"""The prefix of every object that the services write, and the only one that they sweep."""

_LOOK_AGAIN_AFTER = 600.0
"""Seconds from the publication of an object to its row after which a sweep could have taken it."""


def new_key(content_hash: str, suffix: str) -> str:
    """A key that was never used before: deleting an old object late cannot hurt a new one."""
    digest = hex_digest(content_hash)
    return f"{OBJECTS}{digest[:2]}/{digest}-{os.urandom(8).hex()}{suffix}"


@dataclass(frozen=True, slots=True)
class _Known:
    """A row with the same content hash, and whether its bytes are really there."""

    row: FileRecord
    usable: bool


@dataclass(slots=True)
class _Published:
    """An object that is being registered."""

    file: NewFile
    started: float
    in_use: bool = False
    """A row names the object, once the transaction is committed."""
    transaction: ITransaction | None = None

    @property
    def may_be_in_use(self) -> bool:
        """False when the row certainly was rolled back; an interrupt can follow a commit."""
        return self.in_use and self.transaction is not None and self.transaction.committed


class Publication:
    """Publishes sealed files of one media type; a ``Publish``."""

    def __init__(
        self, backend: IStorageBackend, catalog: ICatalog, *, media_type: str, suffix: str
    ) -> None:
        self._backend = backend
        self._catalog = catalog
        self._files = StoredFiles(backend, catalog)
        self._media_type = media_type
        self._suffix = suffix

    def __call__(self, sealed: SealedFile, record: Record[T]) -> T:
        known = self._known(sealed.content_hash)
        if known is not None and known.usable:
            reused = self._reuse(known.row, record)
            if reused is not None:
                return reused[0]
        return self._publish(sealed, partial(self._register, record, known))

    def _known(self, content_hash: str) -> _Known | None:
        with self._catalog.transaction() as transaction:
            row = transaction.files.by_hash(content_hash)
        if row is None or row.state != "ready":
            return None
        # Outside of the transaction: it may ask a remote store, or hash a file again.
        return _Known(row, self._files.usable(row))

    def _reuse(self, known: FileRecord, record: Record[T]) -> tuple[T] | None:
        """Count one more use of a row, or None when the row is no longer the one that was seen."""
        with self._catalog.transaction() as transaction:
            row = transaction.files.by_hash(known.content_hash)
            if row is None or row.state != "ready" or row.key != known.key:
                return None
            transaction.files.add_references({row.id: 1})
            return (self._finish(transaction, row, record, deduplicated=True),)

    def _publish(self, sealed: SealedFile, register: Callable[[_Published], T]) -> T:
        """Make the bytes an object and register it; an object that no row names is deleted."""
        key = new_key(sealed.content_hash, self._suffix)
        published: _Published | None = None
        started = time.time()
        try:
            stat = self._backend.publish(key, sealed.path)
            new = NewFile(
                content_hash=sealed.content_hash,
                key=key,
                byte_size=sealed.byte_size,
                media_type=self._media_type,
                stamp=stat.stamp,
            )
            published = _Published(new, started)
            result = register(published)
        except BaseException:
            if published is None or not published.may_be_in_use:
                self._delete(key)
            raise
        if not published.in_use:
            self._delete(key)
        return result

    def _register(self, record: Record[T], known: _Known | None, published: _Published) -> T:
        """Count one use of the object, or of the row that another process was faster with."""
        with self._catalog.transaction() as transaction:
            published.transaction = transaction
            self._require_there(published.file.key, published.started)
            row, published.in_use = _reference(transaction, published.file, known)
            return self._finish(transaction, row, record, deduplicated=not published.in_use)

    def _require_there(self, key: str, started: float) -> None:
        """Notice a machine that slept between both steps while another one collected garbage."""
        if time.time() - started < _LOOK_AGAIN_AFTER:
            return
        try:
            self._backend.stat(key)
        except ObjectNotFoundError:
            raise StorageError(
                f"The object {key} was swept as an orphan because its save was suspended for "
                f"{time.time() - started:,.0f} s. Save again."
            ) from None

    def _finish(
        self, transaction: ITransaction, row: FileRecord, record: Record[T], *, deduplicated: bool
    ) -> T:
        produced = ProducedFile(
            file_id=row.id,
            content_hash=row.content_hash,
            uri=self._backend.locate(row.key).uri,
            byte_size=row.byte_size,
            deduplicated=deduplicated,
        )
        transaction.emit(
            Event(
                kind="file_deduplicated" if deduplicated else "file_produced",
                subject=row.content_hash,
                detail={"uri": produced.uri, "byte_size": row.byte_size},
            )
        )
        return record(transaction, produced)

    def _delete(self, key: str) -> None:
        # Best effort: an object that stays is an orphan, which a later gc sweeps.
        with suppress(StorageError):
            self._backend.delete(key)


def _reference(
    transaction: ITransaction, new: NewFile, known: _Known | None
) -> tuple[FileRecord, bool]:
    """Count the use, and point a row whose bytes were lost or damaged at the new ones."""
    row, in_use = transaction.files.reference(new)
    if in_use or known is None or known.usable or row.key != known.row.key:
        return row, in_use
    transaction.files.relocate(row.id, new)
    return transaction.files.by_id(row.id) or row, True
