"""Manifests: where the rows and columns of a version lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from toolkit.core.types.files import FileLocation, FileRecord
from toolkit.core.types.ids import FileId, VersionId

HeldColumns: TypeAlias = "tuple[str | None, ...] | None"
"""For each column of a version its name in a file, or None where another file of the fragment has
it. None as a whole: the file has the version's columns under their names, in order, and no more."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A range of a version's rows and the files that hold it."""

    rows: int
    files: tuple[FragmentFile, ...]


@dataclass(frozen=True, slots=True)
class FragmentFile:
    """A file of a fragment, and which of the version's columns it holds there."""

    file: FileRecord
    columns: HeldColumns = None
    offset: int | None = None
    """The row of the file at which the fragment begins. None: its rows are the file's, all."""


@dataclass(frozen=True, slots=True)
class LocatedFragment:
    """A fragment whose files an engine can open."""

    rows: int
    files: tuple[LocatedFile, ...]


@dataclass(frozen=True, slots=True)
class LocatedFile:
    """A ``FragmentFile`` after a look that its bytes are the ones that were stored."""

    location: FileLocation
    columns: HeldColumns = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class NewFragment:
    """A ``Fragment`` that is about to be recorded."""

    rows: int
    files: tuple[NewFragmentFile, ...]

    @classmethod
    def whole(cls, rows: int, file_id: FileId) -> NewFragment:
        """Rows of which one file has every column."""
        return cls(rows, (NewFragmentFile(file_id),))


@dataclass(frozen=True, slots=True)
class NewFragmentFile:
    """A ``FragmentFile`` that is about to be recorded."""

    file_id: FileId
    columns: HeldColumns = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column of some version, as a later save may share it."""

    digest: bytes
    byte_size: int
    """Bytes of its column chunks, as stored."""
    version_id: VersionId
    ordinal: int


@dataclass(frozen=True, slots=True)
class PartlyUsedFile:
    """A file that manifests name for some of its columns only."""

    file: FileRecord
    used_bytes: int
    columns: tuple[str, ...]
    """The columns in use, by their names in the file."""


@dataclass(frozen=True, slots=True)
class SpreadVersion:
    """A version that lies in several files."""

    id: VersionId
    byte_size: int
    reads: int
    """How often it was loaded, as far as it was counted."""
    files: int
