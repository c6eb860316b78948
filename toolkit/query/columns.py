"""The names that columns of Parquet files have in SQL.

DuckDB compares names without the case of ASCII letters, and tells columns that are then the same
apart by numbers: ``a`` and ``A`` become ``a`` and ``A_1``. A column of a file can be asked for by
its name there only when all names of the file are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase

import duckdb

from toolkit.core.types import FileLocation

_FOLD = str.maketrans(ascii_uppercase, ascii_lowercase)
_KEPT = 4096


def address(location: FileLocation) -> str:
    """What DuckDB opens a file by."""
    return location.uri if location.path is None else str(location.path)


def folded(name: str) -> str:
    """A name as DuckDB compares it."""
    return name.translate(_FOLD)


def distinct_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names that ``read_parquet`` gives columns with these names, in this order."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for shown in names:
        while (key := folded(shown)) in seen:
            shown += f"_{seen[key]}"  # noqa: PLW2901
            seen[key] += 1
        seen[key] = 1
        found.append(shown)
    return tuple(found)


@dataclass(slots=True)
class FileColumns:
    """Looks up the names of files' columns, each file once: stored files do not change."""

    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, connection: duckdb.DuckDBPyConnection, location: FileLocation) -> tuple[str, ...]:
        """The columns of a Parquet file as they are named there, without those nested in others.

        Raises duckdb.Error for a file that cannot be read."""
        names = self._known.get(location.uri)
        if names is None:
            rows = connection.execute(
                "SELECT name, num_children FROM parquet_schema(?)", [address(location)]
            ).fetchall()
            names = tuple(_outermost(rows))
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[location.uri] = names
        return names


def _outermost(rows: Sequence[tuple[str, int | None]]) -> Iterator[str]:
    # The schema is a tree, written down root first, and each node before its children.
    inner = 0
    for name, children in rows[1:]:
        if inner:
            inner -= 1
        else:
            yield name
        inner += children or 0
