"""Drafts of versions: what is about to be recorded, and where it will lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from toolkit.core.types import (
    ColumnRecord,
    FileId,
    FileRecord,
    Fragment,
    NewFragment,
    NewFragmentFile,
    ProducedFile,
    VersionKind,
)
from toolkit.datasets.fingerprint.tree import frame_fingerprint
from toolkit.datasets.frames.sources import Extras
from toolkit.datasets.loading import ARROW_ONLY, stored_files

NEW_FILE: FileId = 0
"""Stands in a layout for the file that is being written. No row of the catalog has this id."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a version is, apart from its name, its number and where it lies."""

    kind: VersionKind
    fingerprint: str
    rows: int
    columns: tuple[ColumnRecord, ...] = ()
    schema: bytes = b""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a version that is about to be recorded will lie."""

    fragments: tuple[NewFragment, ...]
    stored: tuple[FileRecord, ...] = ()
    """The files among them that the store has already."""
    byte_size: int = 0
    """Bytes of what is shared of them: whole files, or the chunks of some columns."""


def whole_file(rows: int) -> Layout:
    """The new file has everything."""
    return Layout((NewFragment.whole(rows, NEW_FILE),))


def describe(
    schema: pa.Schema,
    extras: Extras,
    columns: tuple[ColumnRecord, ...],
    rows: int,
    *,
    arrow_only: bool,
) -> Content:
    """The content of a frame from its columns' digests."""
    metadata: dict[str, Any] = {}
    if extras.pandas:
        metadata["pandas"] = extras.pandas
    if extras.identity:
        metadata["identity"] = extras.identity
    if arrow_only:
        metadata[ARROW_ONLY] = True
    return Content(
        kind="frame",
        fingerprint=frame_fingerprint(columns, rows, extras.identity),
        rows=rows,
        columns=columns,
        schema=schema.serialize().to_pybytes(),
        metadata=metadata,
    )


def as_layout(manifest: Sequence[Fragment], byte_size: int) -> Layout:
    """The same manifest, to be recorded for another version."""
    fragments = tuple(
        NewFragment(
            fragment.rows,
            tuple(
                NewFragmentFile(part.file.id, part.columns, part.offset) for part in fragment.files
            ),
        )
        for fragment in manifest
    )
    return Layout(fragments, stored_files(manifest), byte_size)


def settled(
    fragments: tuple[NewFragment, ...], new: ProducedFile | None
) -> tuple[NewFragment, ...]:
    """The fragments with the new file's id in its place."""
    if new is None:
        return fragments
    return tuple(
        replace(
            fragment,
            files=tuple(
                replace(part, file_id=new.file_id) if part.file_id == NEW_FILE else part
                for part in fragment.files
            ),
        )
        for fragment in fragments
    )
