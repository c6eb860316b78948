"""What a version consists of: its columns, its files, and the lineage edges to others."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from toolkit.catalog.repositories.base import Repository
from toolkit.catalog.repositories.files import FILE_COLUMNS, file_record
from toolkit.core.errors import FileMissingError
from toolkit.core.types import (
    ColumnRecord,
    Fragment,
    FragmentFile,
    InputRecord,
    NewVersion,
    VersionId,
)

if TYPE_CHECKING:
    from toolkit.core.types import FileId

_INSERT_FILES = """
    INSERT INTO version_files
    SELECT ?, unnest(?::INTEGER[]), unnest(?::BIGINT[]), unnest(?::BIGINT[]), NULL
"""

_INSERT_COLUMNS = """
    INSERT INTO columns
    SELECT ?, unnest(?::INTEGER[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]),
        unnest(?::BLOB[]), unnest(?::BIGINT[]), unnest(?::BLOB[])
"""

_INSERT_INPUTS = """
    INSERT INTO inputs
    SELECT ?, unnest(?::INTEGER[]), unnest(?::VARCHAR[]), unnest(?::BIGINT[]), unnest(?::VARCHAR[])
"""

_MANIFEST = f"""
    SELECT v.fragment, v.rows, v.columns, {FILE_COLUMNS}
    FROM version_files v JOIN files f ON f.id = v.file_id
    WHERE v.version_id = ? ORDER BY v.fragment, f.id
"""

_COLUMNS = """
    SELECT name, type, digest, null_count, block_digests
    FROM columns WHERE version_id = ? ORDER BY ordinal
"""


class Manifests(Repository):
    """Columns, fragments and inputs of versions."""

    def columns(self, version_id: VersionId) -> tuple[ColumnRecord, ...]:
        return tuple(ColumnRecord(*row) for row in self._query(_COLUMNS, (version_id,)))

    def manifest(self, version_id: VersionId) -> tuple[Fragment, ...]:
        rows = self._query(_MANIFEST, (version_id,))
        return tuple(
            Fragment(
                rows=count,
                files=tuple(
                    FragmentFile(file_record(file), None if held is None else tuple(held))
                    for _fragment, _rows, held, *file in parts
                ),
            )
            for (_number, count), parts in groupby(rows, key=lambda row: (row[0], row[1]))
        )

    def inputs(self, version_id: VersionId) -> tuple[InputRecord, ...]:
        sql = "SELECT ref, input_version_id, how FROM inputs WHERE version_id = ? ORDER BY ordinal"
        return tuple(InputRecord(*row) for row in self._query(sql, (version_id,)))

    def _stored_bytes(self, file_ids: list[FileId]) -> int:
        """Bytes of distinct files, all of which have to exist."""
        marks = ", ".join("?" * len(file_ids))
        ((count, total),) = self._query(
            f"SELECT count(*), coalesce(sum(byte_size), 0)::BIGINT FROM files WHERE id IN ({marks})"
            if len(file_ids) <= 8
            else "SELECT count(*), sum(byte_size)::BIGINT FROM files "
            "WHERE id IN (SELECT unnest(?::BIGINT[]))",
            file_ids if len(file_ids) <= 8 else (file_ids,),
        )
        if count != len(file_ids):
            raise FileMissingError(
                f"A version names {len(file_ids)} files, of which the catalog has {count}. "
                "Save the data again."
            )
        return int(total)

    def _insert_parts(self, version_id: VersionId, version: NewVersion) -> None:
        if version.fragments:
            rows, files = zip(*version.fragments, strict=True)
            self._query(
                _INSERT_FILES, (version_id, list(range(len(rows))), list(rows), list(files))
            )
        if version.columns:
            columns = version.columns
            self._query(
                _INSERT_COLUMNS,
                (
                    version_id,
                    list(range(len(columns))),
                    [column.name for column in columns],
                    [column.type for column in columns],
                    [column.digest for column in columns],
                    [column.null_count for column in columns],
                    [column.block_digests for column in columns],
                ),
            )
        if version.inputs:
            inputs = version.inputs
            self._query(
                _INSERT_INPUTS,
                (
                    version_id,
                    list(range(len(inputs))),
                    [edge.ref for edge in inputs],
                    [edge.version_id for edge in inputs],
                    [edge.how for edge in inputs],
                ),
            )

    def _delete_parts(self, version_id: VersionId) -> None:
        for table in ("version_files", "columns", "inputs"):
            self._query(f"DELETE FROM {table} WHERE version_id = ?", (version_id,))
        self._query(
            "UPDATE inputs SET input_version_id = NULL WHERE input_version_id = ?", (version_id,)
        )
