"""Versions of datasets, their columns, lineage and protection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from toolkit.core.types.files import ProducedFile
from toolkit.core.types.ids import VersionId

if TYPE_CHECKING:
    from toolkit.core.types.manifests import NewFragment

VersionKind: TypeAlias = Literal["frame", "file"]


@dataclass(frozen=True, slots=True)
class ColumnRecord:
    """One column of one version."""

    name: str
    type: str
    """The logical type's canonical text, the same whichever engine made the column."""
    digest: bytes
    """32 bytes: BLAKE3 over type, row count and values; independent of the column's name."""
    null_count: int
    block_digests: bytes = b""
    """32 bytes for each full block of 131,072 rows, in order: appending continues from them."""
    byte_size: int = field(default=0, compare=False)
    """Bytes of its column chunks, as stored; 0 while that is not known. No part of what it is."""


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What a save is about to record."""

    dataset: str
    kind: VersionKind
    fingerprint: str
    rows: int
    columns: tuple[ColumnRecord, ...]
    schema: bytes
    """The frame's Arrow schema as an IPC message; empty for a raw file."""
    fragments: tuple[NewFragment, ...]
    byte_size: int
    """Bytes of what the manifest names: whole files, or the column chunks of a shared one."""
    new_bytes: int = 0
    """Bytes that the save added to the store."""
    inputs: tuple[InputRecord, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What a frame carries beside columns, such as a pandas index; part of its identity."""
    note: str = ""
    captured: bool = False
    """Saved by the notebook extension: it may expire until a person saves, tags or holds it."""


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A row of ``versions`` with its dataset's name."""

    id: VersionId
    dataset: str
    number: int
    kind: VersionKind
    fingerprint: str
    rows: int
    byte_size: int
    """Bytes of what the manifest names: whole files, or the column chunks of a shared one."""
    schema: bytes
    metadata: Mapping[str, Any]
    created_at: datetime

    @property
    def ref(self) -> str:
        return f"{self.dataset}@{self.number}"


@dataclass(frozen=True, slots=True)
class InputRecord:
    """One edge of lineage: a version of this workspace or a source outside of it."""

    ref: str
    """``name@3`` for a version, else the URI or path of the source."""
    version_id: VersionId | None = None
    """None for an outside source, or for a version that was dropped since."""
    how: str = ""
    """The code or the operation that derived the version, as far as it is known."""


@dataclass(frozen=True, slots=True)
class HoldRecord:
    """A hold: a named reason why files must stay although no version asks for them."""

    id: int
    reason: str
    ref: str
    """``name@3`` for a held version, empty for a file of its own."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a save returns: a version, its files, and what it cost."""

    id: VersionId
    name: str
    version: int
    kind: VersionKind
    rows: int
    byte_size: int
    """Bytes of the version's distinct files, as stored."""
    new_bytes: int
    """Bytes that this save added to the storage root; 0 when everything was there."""
    fingerprint: str
    files: tuple[ProducedFile, ...]
    deduplicated: bool
    """True when the very content was stored before: nothing was encoded or written."""
    created_at: datetime
    columns: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """``name@version``, as every method of the workspace takes it."""
        return f"{self.name}@{self.version}"

    def __str__(self) -> str:
        state = "already stored" if self.deduplicated else "new"
        return f"{self.ref}: {self.rows:,} rows, {self.byte_size:,} bytes, {state}"


@dataclass(frozen=True, slots=True)
class DataRef:
    """A parsed reference to data: ``name`` (newest), ``name@3`` (version) or ``name@tag``."""

    name: str
    version: int | None = None
    tag: str | None = None

    def __str__(self) -> str:
        if self.version is not None:
            return f"{self.name}@{self.version}"
        return f"{self.name}@{self.tag}" if self.tag is not None else self.name
