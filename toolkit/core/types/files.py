"""Stored files, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from toolkit.core.types.ids import FileId

FileState: TypeAlias = Literal["ready", "deleting"]

PARQUET_MEDIA_TYPE = "application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class ProducedFile:
    """What the one door returns: the file's row, and whether its bytes were already there."""

    file_id: FileId
    content_hash: str
    """``blake3:<hex>`` of the bytes."""
    uri: str
    """Absolute path or URL of the bytes."""
    byte_size: int
    deduplicated: bool
    """True when the bytes were stored before and only a reference was added."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A row of ``files``."""

    id: FileId
    content_hash: str
    key: str
    """The object's key below the storage root; relative, so that a workspace can be moved."""
    byte_size: int
    media_type: str
    ref_count: int
    """How many versions and holds use the file; at 0 it is garbage after its grace period."""
    state: FileState
    stamp: str
    """The backend's change token when the bytes were last verified (see ``ObjectStat.stamp``)."""
    created_at: datetime
    unreferenced_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewFile:
    """Bytes that are published in storage and not yet in the catalog."""

    content_hash: str
    key: str
    byte_size: int
    media_type: str
    stamp: str


@dataclass(frozen=True, slots=True)
class FileLocation:
    """Where an engine finds the bytes of a stored file."""

    uri: str
    """Absolute path (a local folder) or full URL."""
    path: Path | None
    """The local path, or None for a remote store."""
    filesystem: Any = None
    """The fsspec filesystem that opens ``fs_path``, or None for a local path."""
    fs_path: str = ""
