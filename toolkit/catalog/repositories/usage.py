"""Who uses which bytes: the columns of files that manifests name, and how often they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from toolkit.catalog.repositories.base import Repository
from toolkit.catalog.repositories.files import FILE_COLUMNS, file_record
from toolkit.core.types import FileId, PartlyUsedFile, SpreadVersion, VersionId

_UNITS = """
    named AS (
        SELECT vf.file_id, v.dataset_id, vf.columns IS NULL AS whole,
            CASE WHEN vf.columns IS NULL THEN c.name ELSE vf.columns[c.ordinal + 1] END AS held,
            c.byte_size * (vf.rows / greatest(v.rows, 1)) AS bytes
        FROM version_files vf
        JOIN versions v ON v.id = vf.version_id
        LEFT JOIN columns c ON c.version_id = vf.version_id
        WHERE {chosen}
    ),
    uses AS (SELECT * FROM named WHERE held IS NOT NULL OR whole),
    parts AS (
        SELECT file_id, coalesce(held, '') AS held, max(coalesce(bytes, 0)) AS bytes,
            count(DISTINCT dataset_id) AS users, any_value(dataset_id) AS dataset_id
        FROM uses GROUP BY ALL
    ),
    known AS (
        SELECT p.file_id, sum(p.bytes) AS bytes, count(*) AS parts,
            (SELECT bool_or(u.whole) FROM uses u WHERE u.file_id = p.file_id) AS whole
        FROM parts p GROUP BY p.file_id
    ),
    units AS (
        SELECT p.file_id, p.held, p.users, p.dataset_id,
            CASE
                WHEN k.bytes = 0 THEN f.byte_size / k.parts
                WHEN k.whole OR k.bytes > f.byte_size THEN p.bytes * f.byte_size / k.bytes
                ELSE p.bytes
            END AS bytes
        FROM parts p JOIN known k ON k.file_id = p.file_id JOIN files f ON f.id = p.file_id
    )
"""
UNITS = _UNITS.format(chosen="true")
"""Common table expressions: ``units`` has a row for each column of a file that some manifest names,
and how many datasets use it. Bytes of a column over several files are shared out by rows."""

_NAMED_IN_PART = "vf.file_id IN (SELECT file_id FROM version_files WHERE columns IS NOT NULL)"

_PARTLY_USED = f"""
    WITH {_UNITS.format(chosen=_NAMED_IN_PART)},
    used AS (
        SELECT file_id, sum(bytes)::BIGINT AS bytes, list(held ORDER BY held) AS held
        FROM units GROUP BY file_id
    )
    SELECT u.bytes, u.held, {FILE_COLUMNS}
    FROM used u JOIN files f ON f.id = u.file_id JOIN known k ON k.file_id = u.file_id
    WHERE NOT k.whole AND k.bytes > 0 AND f.state = 'ready'
        -- A footer is no column.
        AND f.byte_size - u.bytes > greatest(?, f.byte_size / 20)
    ORDER BY f.byte_size - u.bytes DESC, f.id
"""

_SMALLEST_WASTE = 4096
"""Unused bytes of a file that are worth a look."""

_SPREAD = """
    SELECT v.id, any_value(v.byte_size), coalesce(any_value(r.number), 0) AS reads,
        count(DISTINCT vf.file_id)
    FROM version_files vf
    JOIN versions v ON v.id = vf.version_id
    LEFT JOIN reads r ON r.version_id = v.id
    WHERE v.kind = 'frame'
    GROUP BY v.id HAVING count(DISTINCT vf.file_id) > 1
    ORDER BY reads DESC, v.id DESC
"""

_INCOMPLETE = """
    SELECT version_id FROM (
        SELECT vf.version_id, vf.fragment, c.ordinal,
            count(*) FILTER (vf.columns IS NULL OR vf.columns[c.ordinal + 1] IS NOT NULL) AS homes
        FROM version_files vf JOIN columns c ON c.version_id = vf.version_id
        GROUP BY ALL
    ) WHERE homes <> 1
    UNION
    SELECT v.id FROM versions v
    LEFT JOIN (
        SELECT version_id, sum(rows) AS rows
        FROM (SELECT DISTINCT version_id, fragment, rows FROM version_files)
        GROUP BY version_id
    ) s ON s.version_id = v.id
    WHERE v.kind = 'frame' AND coalesce(s.rows, 0) <> v.rows
    ORDER BY 1
"""

_ADD_READS = """
    INSERT INTO reads
    SELECT id, n FROM (SELECT unnest(?::BIGINT[]) AS id, unnest(?::BIGINT[]) AS n)
    WHERE id IN (SELECT id FROM versions)
    ON CONFLICT (version_id) DO UPDATE SET number = reads.number + excluded.number
"""


class Usage(Repository):
    """Questions about the use of files by versions."""

    def partly_used(self) -> Sequence[PartlyUsedFile]:
        """See ``IVersionRepository``."""
        return [
            PartlyUsedFile(file_record(file), used, tuple(held))
            for used, held, *file in self._query(_PARTLY_USED, (_SMALLEST_WASTE,))
        ]

    def users(self, file_id: FileId) -> Sequence[VersionId]:
        """The versions whose manifest names a file, oldest first."""
        rows = self._query(
            "SELECT DISTINCT version_id FROM version_files WHERE file_id = ? ORDER BY version_id",
            (file_id,),
        )
        return [version_id for (version_id,) in rows]

    def spread(self) -> Sequence[SpreadVersion]:
        """See ``IVersionRepository``."""
        return [SpreadVersion(*row) for row in self._query(_SPREAD)]

    def incomplete(self) -> Sequence[VersionId]:
        """See ``IVersionRepository``."""
        return [version_id for (version_id,) in self._query(_INCOMPLETE)]

    def add_reads(self, reads: Mapping[VersionId, int]) -> None:
        """Count reads of versions; those that were dropped meanwhile are left out."""
        if reads:
            self._query(_ADD_READS, (list(reads), list(reads.values())))
