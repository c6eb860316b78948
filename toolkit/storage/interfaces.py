"""The storage protocol: a few verbs over keys below one root."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from toolkit.core.types import FileLocation

DEFAULT_CHUNK_SIZE = 1 << 20
"""Bytes a chunk of a streaming read or write has (measured: docs/figures.md)."""


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What a backend knows of an object without reading it."""

    key: str
    byte_size: int
    stamp: str
    """A token that changes when the object's bytes are replaced: modification time and size in a
    folder, the ETag in an object store, empty where the store has neither."""
    modified_at: datetime | None
    """When the object was last written, with time zone; None where the store does not say."""


class IStorageBackend(Protocol):
    """Objects under keys (``objects/ab/abcd….parquet``: relative, ``/``-separated, no ``..``).

    Guarantees that every backend gives, and the contract tests attack:

    * An object is visible under its key only when it is complete; a write that fails or is
      interrupted (any BaseException) leaves nothing under the key.
    * When ``write_stream`` or ``publish`` returns, the object is durable: it survives a crash of
      the machine (a folder: fsync of file and folder; an object store: the acknowledged upload).
    * A key that exists is never overwritten: a second write raises StorageError.
    * Failures of the medium are StorageError (a missing object ObjectNotFoundError), naming it.
    """

    @property
    def root(self) -> str:
        """The storage root as an absolute path or URL, without credentials."""

    @property
    def staging(self) -> Path | None:
        """A local folder from which ``publish`` is a rename, or None when it has to be a copy."""

    def write_stream(self, key: str, chunks: Iterable[bytes]) -> ObjectStat:
        """Write a new object from chunks, in bounded memory."""

    def publish(self, key: str, source: Path) -> ObjectStat:
        """Make a complete local file the object ``key``. The file may be moved away by it."""

    def read_stream(self, key: str, chunk_size: int = DEFAULT_CHUNK_SIZE) -> Iterator[bytes]:
        """The object's bytes in order, at most ``chunk_size`` at a time."""

    def stat(self, key: str) -> ObjectStat:
        """Raises ObjectNotFoundError. Never answers from a cache."""

    def delete(self, key: str) -> None:
        """Remove the object. A missing one is not an error."""

    def list(self, prefix: str = "") -> Iterator[ObjectStat]:
        """Every complete object whose key starts with ``prefix``, unordered, never from a cache."""

    def sweep(self, before: datetime, *, dry_run: bool) -> Sequence[int]:
        """Delete what interrupted writes left in the store's own staging place and nobody has
        touched since ``before``; returns the sizes. With ``dry_run`` nothing is deleted. No object
        is concerned, nor a write under way. Raises StorageError, after everything else was tried,
        for what cannot be deleted."""

    def locate(self, key: str) -> FileLocation:
        """Where an engine opens the object. Does not look whether it exists."""


class IStorageFactory(Protocol):
    """Makes the backend for a storage root."""

    def create(
        self, root: str | os.PathLike[str], *, storage_options: Mapping[str, Any] | None = None
    ) -> IStorageBackend:
        """A backend for a folder, a ``file://`` URL or any URL that fsspec knows.

        Raises InvalidArgumentError for a URL that names a user or password, or whose protocol
        fsspec does not know or whose package is not installed, naming the package."""
