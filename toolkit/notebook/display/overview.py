"""What there is to see in a workspace: a row a dataset, and what was let go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toolkit.notebook.display.interfaces import IViewedWorkspace
from toolkit.notebook.display.words import many

# A reference has no "@" but the last one.
_GONE = """
    SELECT split_part(subject, '@', 1) AS name, count(*) AS versions
    FROM catalog.events WHERE kind = 'version_expired'
    GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One dataset: its name, and its newest version."""

    name: str
    kind: str
    rows: int
    columns: int
    byte_size: int
    created_at: datetime
    versions: int
    newest: int
    """The number of the newest version."""
    tags: tuple[str, ...]

    @property
    def is_frame(self) -> bool:
        return self.kind == "frame"


@dataclass(frozen=True, slots=True)
class Overview:
    """A workspace at one moment."""

    rows: tuple[DatasetRow, ...]
    """By name."""
    stored_bytes: int
    gone: Mapping[str, int]
    """Captured versions that expired, by dataset: how many."""

    @property
    def headline(self) -> str:
        """``3 datasets, 7 versions``."""
        versions = sum(row.versions for row in self.rows)
        return f"{many(len(self.rows), 'dataset')}, {many(versions, 'version')}"

    @property
    def farewell(self) -> str:
        """What was let go, as a sentence; empty when nothing was."""
        if not self.gone:
            return ""
        names = [f"{name} ({number:,})" for name, number in self.gone.items()]
        shown = ", ".join(names[:10]) + (f" and {len(names) - 10:,} more" if names[10:] else "")
        return f"{many(sum(self.gone.values()), 'captured version')} let go, oldest first: {shown}"


def look(workspace: IViewedWorkspace) -> Overview:
    """Read the catalog. Raises CatalogError."""
    rows = tuple(_row(row) for row in workspace.datasets().iter_rows(named=True))
    stored = int(workspace.stats().item(0, "stored_bytes"))
    return Overview(rows, stored, dict(workspace.sql(_GONE).fetchall()))


def matching(rows: Iterable[DatasetRow], search: str) -> list[DatasetRow]:
    """The datasets that have every word of ``search`` in their name, kind or tags."""
    words = search.lower().split()
    return [
        row
        for row in rows
        if all(any(w in text.lower() for text in (row.name, row.kind, *row.tags)) for w in words)
    ]


def ordered(rows: Iterable[DatasetRow], column: str, *, descending: bool) -> list[DatasetRow]:
    """Sort by one of ``ORDERS``; datasets that are equal in it stay by name."""
    by_name = sorted(rows, key=ORDERS["name"])
    return sorted(by_name, key=ORDERS[column], reverse=descending)


ORDERS: Mapping[str, Callable[[DatasetRow], Any]] = {
    "name": lambda row: row.name.lower(),
    "kind": lambda row: row.kind,
    "rows": lambda row: row.rows,
    "columns": lambda row: row.columns,
    "size": lambda row: row.byte_size,
    # The newest dataset is the youngest: an ascending age begins with it.
    "age": lambda row: -row.created_at.timestamp(),
    "versions": lambda row: row.versions,
    "tags": lambda row: row.tags,
}
"""The columns of the table and what each is sorted by."""


def columns_of(row: DatasetRow) -> tuple[str, str]:
    """Rows and columns as text: a raw file has neither."""
    return (f"{row.rows:,}", f"{row.columns:,}") if row.is_frame else ("", "")


def _row(row: Mapping[str, Any]) -> DatasetRow:
    tags: Sequence[str] = row["tags"]
    return DatasetRow(
        name=row["name"],
        kind=row["kind"],
        rows=row["rows"],
        columns=row["columns"],
        byte_size=row["byte_size"],
        created_at=row["created_at"],
        versions=row["versions"],
        newest=row["version"],
        tags=tuple(tags),
    )
