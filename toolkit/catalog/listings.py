"""Named listings of the catalog, as polars frames. Timestamps are in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.catalog.repositories.usage import UNITS
from toolkit.core.errors import QueryError, did_you_mean

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

_DATASETS = """
    WITH newest AS (
        SELECT dataset_id, count(*) AS versions, max(number) AS number
        FROM versions GROUP BY dataset_id
    ),
    widths AS (
        SELECT version_id, count(*) AS columns FROM columns
        WHERE version_id IN (
            SELECT v.id FROM versions v JOIN newest n USING (dataset_id, number)
        )
        GROUP BY version_id
    ),
    marks AS (SELECT dataset_id, list(tag ORDER BY tag) AS tags FROM tags GROUP BY dataset_id)
    SELECT d.name, v.kind, n.versions, v.number AS version, v.rows,
        coalesce(w.columns, 0) AS columns, v.byte_size, v.created_at,
        coalesce(m.tags, []::VARCHAR[]) AS tags
    FROM newest n
    JOIN datasets d ON d.id = n.dataset_id
    JOIN versions v ON v.dataset_id = n.dataset_id AND v.number = n.number
    LEFT JOIN widths w ON w.version_id = v.id
    LEFT JOIN marks m ON m.dataset_id = d.id
    ORDER BY d.folded
"""

_HISTORY = """
    WITH chosen AS (
        SELECT v.* FROM versions v JOIN datasets d ON d.id = v.dataset_id
        WHERE d.folded = lower(?)
    ),
    widths AS (
        SELECT version_id, count(*) AS columns FROM columns
        WHERE version_id IN (SELECT id FROM chosen) GROUP BY version_id
    ),
    sources AS (
        SELECT version_id, list(ref ORDER BY ordinal) AS inputs,
            first(how ORDER BY ordinal) FILTER (how <> '') AS how
        FROM inputs
        WHERE version_id IN (SELECT id FROM chosen) GROUP BY version_id
    ),
    marks AS (SELECT version_id, list(tag ORDER BY tag) AS tags FROM tags GROUP BY version_id)
    SELECT c.number AS version, c.kind, c.rows, coalesce(w.columns, 0) AS columns, c.byte_size,
        c.new_bytes, greatest(c.byte_size - c.new_bytes, 0) AS shared_bytes, c.fingerprint,
        c.created_at,
        coalesce(s.inputs, []::VARCHAR[]) AS inputs, coalesce(nullif(c.note, ''), s.how, '') AS how,
        coalesce(m.tags, []::VARCHAR[]) AS tags,
        c.id IN (SELECT version_id FROM holds WHERE version_id IS NOT NULL) AS held
    FROM chosen c
    LEFT JOIN widths w ON w.version_id = c.id
    LEFT JOIN sources s ON s.version_id = c.id
    LEFT JOIN marks m ON m.version_id = c.id
    ORDER BY c.number
"""

_DU = f"""
    WITH {UNITS},
    owned AS (
        SELECT u.dataset_id, n.bytes, n.users, n.file_id
        FROM (SELECT DISTINCT file_id, coalesce(held, '') AS held, dataset_id FROM uses) u
        JOIN units n ON n.file_id = u.file_id AND n.held = u.held
    ),
    held AS (
        SELECT dataset_id, count(DISTINCT file_id) AS files,
            coalesce(sum(bytes) FILTER (users = 1), 0) AS exclusive,
            coalesce(sum(bytes) FILTER (users > 1), 0) AS shared
        FROM owned GROUP BY dataset_id
    ),
    logical AS (
        SELECT dataset_id, count(*) AS versions, sum(byte_size) AS bytes
        FROM versions GROUP BY dataset_id
    )
    SELECT d.name, l.versions, coalesce(h.files, 0) AS files, l.bytes::BIGINT AS logical_bytes,
        coalesce(h.exclusive, 0)::BIGINT AS exclusive_bytes,
        coalesce(h.shared, 0)::BIGINT AS shared_bytes
    FROM logical l
    JOIN datasets d ON d.id = l.dataset_id
    LEFT JOIN held h ON h.dataset_id = l.dataset_id
    ORDER BY exclusive_bytes DESC, d.folded
"""

_STATS = """
    WITH stored AS (
        SELECT count(*) AS files, coalesce(sum(ref_count), 0) AS refs,
            coalesce(sum(byte_size), 0) AS bytes,
            count(*) FILTER (ref_count = 0) AS garbage_files,
            coalesce(sum(byte_size) FILTER (ref_count = 0), 0) AS garbage_bytes
        FROM files
    ),
    logical AS (
        SELECT count(DISTINCT dataset_id) AS datasets, count(*) AS versions,
            coalesce(sum(byte_size), 0) AS bytes
        FROM versions
    ),
    expired AS (SELECT count(*) AS versions FROM events WHERE kind = 'version_expired')
    SELECT l.datasets, l.versions, s.files, s.refs::BIGINT AS "references",
        s.bytes::BIGINT AS stored_bytes, l.bytes::BIGINT AS logical_bytes,
        s.garbage_files, s.garbage_bytes::BIGINT AS garbage_bytes,
        (l.bytes - s.bytes + s.garbage_bytes)::BIGINT AS shared_bytes,
        e.versions AS expired_versions
    FROM stored s, logical l, expired e
"""

LISTINGS = {"datasets": _DATASETS, "history": _HISTORY, "stats": _STATS, "du": _DU}
"""``datasets``: a row a dataset that has versions; the columns other than ``versions`` and ``tags``
are of the newest one. ``history`` (parameter: a dataset's name): a row a version, oldest first.
``byte_size`` is what a version is made of, ``new_bytes`` what its save added, ``shared_bytes`` what
was there before. ``stats``: one row; ``shared_bytes`` is how much less is stored than the versions
have in all, ``expired_versions`` how many captured ones were let go. ``du``: a row a dataset;
``exclusive_bytes`` are of columns that only its versions use, ``shared_bytes`` of those that others
use too. Sizes are in bytes."""


def statement(name: str) -> str:
    """The SQL of a listing. Raises QueryError for an unknown name."""
    sql = LISTINGS.get(name)
    if sql is None:
        raise QueryError(
            f'There is no listing "{name}". ' + did_you_mean(name, LISTINGS, noun="listings")
        )
    return sql


def frame(rows: pa.Table) -> pl.DataFrame:
    """What a listing's statement returned, as a frame."""
    import polars as pl

    made = pl.from_arrow(rows)
    assert isinstance(made, pl.DataFrame)
    return made
