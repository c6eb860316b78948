"""Settings of a workspace: a value under a key, some of which every catalog of it must have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from toolkit.core.errors import CatalogError

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]


def stored(query: Query, key: str) -> str | None:
    """The value of a setting, or None."""
    rows = query("SELECT value FROM settings WHERE key = ?", (key,))
    return str(rows[0][0]) if rows else None


def store(query: Query, key: str, value: str) -> None:
    """Set a setting, whatever it was."""
    if not query("UPDATE settings SET value = ? WHERE key = ? RETURNING 1", (value, key)):
        query("INSERT INTO settings VALUES (?, ?)", (key, value))


class KeptSettings:
    """What a catalog has to say, also one that was made anew because its folder was removed.

    Its owner asks before each transaction whether the catalog is still the one that was looked at;
    a look costs one statement and happens once each time that the file was attached."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, str] = {}
        self._looked_at: object = None

    def keep(self, query: Query, key: str, value: str, *, replace: bool) -> str:
        """Store a setting unless there is one, and return what is stored from now on.

        With ``replace`` another value is replaced as long as the catalog has no files."""
        found = stored(query, key)
        if found is None or (
            found != value and replace and not query("SELECT 1 FROM files LIMIT 1", ())
        ):
            store(query, key, value)
            found = value
        if found == value:
            self._values[key] = value
            self._looked_at = None
        return found

    def require(self, query: Query, attachment: object) -> None:
        """Write what is missing. Raises CatalogError where the catalog says something else."""
        if not self._values or attachment == self._looked_at:
            return
        missing = False
        for key, value in self._values.items():
            found = stored(query, key)
            if found is None:
                store(query, key, value)
                missing = True
            elif found != value:
                raise CatalogError(
                    f"The catalog {self._path} was opened with {key} {value!r}, and says {found!r} "
                    "now: it was set anew, or replaced. Close the workspace and open it again."
                )
        if not missing:
            # What was just written may be rolled back, and is looked at once more.
            self._looked_at = attachment
