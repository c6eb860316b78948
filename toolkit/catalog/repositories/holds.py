"""Holds: reasons why files must stay although no version asks for them."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.catalog.repositories.base import Query, Repository, timestamp
from toolkit.catalog.repositories.files import FileRepository
from toolkit.core.errors import DatasetNotFoundError, InvalidArgumentError
from toolkit.core.types import FileId, HoldRecord, VersionId

_SELECT = """
    SELECT h.id, h.reason, coalesce(d.name || '@' || v.number, ''), epoch_us(h.created_at)
    FROM holds h
    LEFT JOIN versions v ON v.id = h.version_id
    LEFT JOIN datasets d ON d.id = v.dataset_id
"""


class Holds(Repository):
    """A hold counts each distinct file of its version, or its one file, once more."""

    def __init__(self, query: Query) -> None:
        super().__init__(query)
        self._files = FileRepository(query)

    def hold(self, *, version_id: VersionId | None, file_id: FileId | None, reason: str) -> int:
        """Record a hold on a version or on a file, and count its files; returns the hold's id.

        Raises InvalidArgumentError unless exactly one of both is given, DatasetNotFoundError and
        FileMissingError when it does not exist.
        """
        if (version_id is None) == (file_id is None):
            raise InvalidArgumentError("A hold is on a version or on a file: pass one of both.")
        if version_id is not None and not self._query(
            "SELECT 1 FROM versions WHERE id = ?", (version_id,)
        ):
            raise DatasetNotFoundError(f"There is no version with the id {version_id} to hold.")
        self._files.add_references(dict.fromkeys(self._held_files(version_id, file_id), 1))
        ((hold_id,),) = self._query(
            "INSERT INTO holds VALUES (nextval('hold_ids'), ?, ?, ?, now()) RETURNING id",
            (version_id, file_id, reason),
        )
        return int(hold_id)

    def release_hold(self, hold_id: int) -> bool:
        """Delete a hold and release its files; False when there is none."""
        rows = self._query("SELECT version_id, file_id FROM holds WHERE id = ?", (hold_id,))
        if not rows:
            return False
        self._files.add_references(dict.fromkeys(self._held_files(*rows[0]), -1))
        self._query("DELETE FROM holds WHERE id = ?", (hold_id,))
        return True

    def release_file_hold(self, file_id: FileId) -> bool:
        """Delete the oldest hold that names the file itself; False when there is none."""
        rows = self._query("SELECT min(id) FROM holds WHERE file_id = ?", (file_id,))
        hold_id = rows[0][0]
        return hold_id is not None and self.release_hold(hold_id)

    def holds(self, version_id: VersionId | None = None) -> tuple[HoldRecord, ...]:
        """The holds on a version, or all of them, oldest first."""
        rows = (
            self._query(f"{_SELECT} ORDER BY h.id")
            if version_id is None
            else self._query(f"{_SELECT} WHERE h.version_id = ? ORDER BY h.id", (version_id,))
        )
        return tuple(
            HoldRecord(id=hold_id, reason=reason, ref=ref, created_at=timestamp(created))
            for hold_id, reason, ref, created in rows
        )

    def _held_files(self, version_id: VersionId | None, file_id: FileId | None) -> Sequence[FileId]:
        if file_id is not None:
            return [file_id]
        rows = self._query(
            "SELECT DISTINCT file_id FROM version_files WHERE version_id = ?", (version_id,)
        )
        return [held for (held,) in rows]
