"""Tags: names for versions of a dataset."""

from __future__ import annotations

from toolkit.catalog.repositories.base import Repository
from toolkit.core.errors import HeldError
from toolkit.core.names import validate_tag
from toolkit.core.types import VersionId, VersionRecord

_TAGGED = """
    SELECT t.dataset_id, t.version_id, v.number
    FROM tags t JOIN datasets d ON d.id = t.dataset_id JOIN versions v ON v.id = t.version_id
    WHERE d.folded = ? AND t.tag = ?
"""

_INSERT = "INSERT INTO tags SELECT dataset_id, ?, id FROM versions WHERE id = ?"


class Tags(Repository):
    """Tags are case-sensitive; one names at most one version of a dataset."""

    def tag(self, version: VersionRecord, tag: str, *, move: bool) -> None:
        """Name a version. The tag it has already is not an error.

        Raises InvalidNameError for what is not a tag (a number would mean a version), HeldError
        when another version has the tag and ``move`` is False.
        """
        validate_tag(tag)
        rows = self._query(_TAGGED, (version.dataset.lower(), tag))
        if not rows:
            self._query(_INSERT, (tag, version.id))
            return
        ((dataset_id, version_id, number),) = rows
        if version_id == version.id:
            return
        if not move:
            raise HeldError(
                f'The tag "{tag}" is on {version.dataset}@{number} already. '
                "Pass move=True to move it, or choose another tag."
            )
        self._query(
            "UPDATE tags SET version_id = ? WHERE dataset_id = ? AND tag = ?",
            (version.id, dataset_id, tag),
        )

    def untag(self, dataset: str, tag: str) -> bool:
        """Remove a tag; False when there is none."""
        rows = self._query(_TAGGED, (dataset.lower(), tag))
        if not rows:
            return False
        self._query("DELETE FROM tags WHERE dataset_id = ? AND tag = ?", (rows[0][0], tag))
        return True

    def tags(self, version_id: VersionId) -> tuple[str, ...]:
        """The tags of a version in alphabetical order."""
        rows = self._query("SELECT tag FROM tags WHERE version_id = ? ORDER BY tag", (version_id,))
        return tuple(tag for (tag,) in rows)
