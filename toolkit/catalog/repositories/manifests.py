"""What a version consists of: its columns, its files, and the lineage edges to others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from toolkit.catalog.repositories.base import Repository
from toolkit.catalog.repositories.files import FILE_COLUMNS, file_record
from toolkit.core.types import (
    ColumnRecord,
    Fragment,
    FragmentFile,
    InputRecord,
    NewFragment,
    NewFragmentFile,
    NewVersion,
    StoredColumn,
    VersionId,
)

_INSERT_FILES = """
    INSERT INTO version_files (version_id, fragment, rows, file_id, columns, row_offset)
    SELECT ?, unnest(?::INTEGER[]), unnest(?::BIGINT[]), unnest(?::BIGINT[]),
        unnest(?::VARCHAR[][]), unnest(?::BIGINT[])
"""

_INSERT_WHOLE_FILE = """
    INSERT INTO version_files (version_id, fragment, rows, file_id) VALUES (?, 0, ?, ?)
"""

_INSERT_COLUMNS = """
    INSERT INTO columns
        (version_id, ordinal, name, type, digest, null_count, block_digests, byte_size)
    SELECT ?, unnest(?::INTEGER[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]),
        unnest(?::BLOB[]), unnest(?::BIGINT[]), unnest(?::BLOB[]), unnest(?::BIGINT[])
"""

_INSERT_INPUTS = """
    INSERT INTO inputs
    SELECT ?, unnest(?::INTEGER[]), unnest(?::VARCHAR[]), unnest(?::BIGINT[]), unnest(?::VARCHAR[])
"""

_EXPLAIN_INPUT = "UPDATE inputs SET how = ? WHERE version_id = ? AND ref = ? AND how = ''"

_NOTE = "UPDATE versions SET note = ? WHERE id = ? AND note = ''"

_DESCENDANTS = """
    WITH RECURSIVE below(id) AS (
        SELECT ?::BIGINT
        UNION SELECT i.version_id FROM inputs i JOIN below b ON i.input_version_id = b.id
    )
    SELECT id FROM below
"""

_MANIFEST = f"""
    SELECT v.fragment, v.rows, v.columns, v.row_offset, {FILE_COLUMNS}
    FROM version_files v JOIN files f ON f.id = v.file_id
    WHERE v.version_id = ? ORDER BY v.fragment, f.id
"""

_TWINS = """
    SELECT digest, byte_size, version_id, ordinal FROM columns
    WHERE digest = ? ORDER BY version_id DESC LIMIT ?
"""

_COLUMNS = """
    SELECT name, type, digest, null_count, block_digests, byte_size
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
                    FragmentFile(file_record(file), None if held is None else tuple(held), offset)
                    for _fragment, _rows, held, offset, *file in parts
                ),
            )
            for (_number, count), parts in groupby(rows, key=lambda row: (row[0], row[1]))
        )

    def inputs(self, version_id: VersionId) -> tuple[InputRecord, ...]:
        sql = "SELECT ref, input_version_id, how FROM inputs WHERE version_id = ? ORDER BY ordinal"
        return tuple(InputRecord(*row) for row in self._query(sql, (version_id,)))

    def add_inputs(self, version_id: VersionId, inputs: Sequence[InputRecord], note: str) -> None:
        """See ``IVersionRepository``. Nothing that was recorded before is replaced."""
        known = {edge.ref: edge.how for edge in self.inputs(version_id)}
        for edge in inputs:
            if edge.how and known.get(edge.ref) == "":
                self._query(_EXPLAIN_INPUT, (edge.how, version_id, edge.ref))
        new = [edge for edge in inputs if edge.ref not in known]
        if any(edge.version_id is not None for edge in new):
            below = {found for (found,) in self._query(_DESCENDANTS, (version_id,))}
            new = [edge for edge in new if edge.version_id not in below]
        if new:
            self._insert_inputs(version_id, new, len(known))
        if note:
            self._query(_NOTE, (note, version_id))

    def with_digests(self, digests: Sequence[bytes], limit: int) -> tuple[StoredColumn, ...]:
        """See ``IVersionRepository``. A look-up a digest: each is one probe of the index, where
        one query for all of them would read the whole table."""
        rows = [
            row for digest in dict.fromkeys(digests) for row in self._query(_TWINS, (digest, limit))
        ]
        return tuple(StoredColumn(*row) for row in rows)

    def insert_fragments(self, version_id: VersionId, fragments: Sequence[NewFragment]) -> None:
        """Record where a version's data lies."""
        parts = [(i, part.rows, file) for i, part in enumerate(fragments) for file in part.files]
        if not parts:
            return
        if len(parts) == 1 and parts[0][2] == NewFragmentFile(parts[0][2].file_id):
            # The most frequent manifest, in half of the general statement's time.
            self._query(_INSERT_WHOLE_FILE, (version_id, parts[0][1], parts[0][2].file_id))
            return
        self._query(
            _INSERT_FILES,
            (
                version_id,
                [number for number, _rows, _file in parts],
                [rows for _number, rows, _file in parts],
                [file.file_id for _number, _rows, file in parts],
                [file.columns for _number, _rows, file in parts],
                [file.offset for _number, _rows, file in parts],
            ),
        )

    def _insert_parts(self, version_id: VersionId, version: NewVersion) -> None:
        self.insert_fragments(version_id, version.fragments)
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
                    [column.byte_size for column in columns],
                ),
            )
        if version.inputs:
            self._insert_inputs(version_id, version.inputs, 0)

    def _insert_inputs(
        self, version_id: VersionId, inputs: Sequence[InputRecord], start: int
    ) -> None:
        self._query(
            _INSERT_INPUTS,
            (
                version_id,
                list(range(start, start + len(inputs))),
                [edge.ref for edge in inputs],
                [edge.version_id for edge in inputs],
                [edge.how for edge in inputs],
            ),
        )

    def _delete_parts(self, version_id: VersionId) -> None:
        for table in ("version_files", "columns", "inputs", "reads", "captured"):
            self._query(f"DELETE FROM {table} WHERE version_id = ?", (version_id,))
        self._query(
            "UPDATE inputs SET input_version_id = NULL WHERE input_version_id = ?", (version_id,)
        )
