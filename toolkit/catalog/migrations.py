"""The catalog's schema, as numbered migrations.

Each runs in one transaction together with its record in ``schema_migrations``. A migration that was
released is never edited: add the next one.

There are no foreign keys (DuckDB refuses to delete parent and child in one transaction) and no
index on a column that is ever updated (an update would become a delete and an insert).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolkit.catalog.database import Database
from toolkit.catalog.folders import sync_folder
from toolkit.core.errors import CatalogDamagedError, CatalogVersionError

_INITIAL = (
    "CREATE SEQUENCE file_ids",
    "CREATE SEQUENCE dataset_ids",
    "CREATE SEQUENCE version_ids",
    "CREATE SEQUENCE hold_ids",
    """
    CREATE TABLE files (
        id BIGINT PRIMARY KEY,
        content_hash VARCHAR NOT NULL UNIQUE,
        uri VARCHAR NOT NULL,
        byte_size BIGINT NOT NULL,
        media_type VARCHAR NOT NULL,
        ref_count BIGINT NOT NULL,
        state VARCHAR NOT NULL,
        stamp VARCHAR NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        unreferenced_at TIMESTAMPTZ
    )
    """,
    """
    CREATE TABLE datasets (
        id BIGINT PRIMARY KEY,
        name VARCHAR NOT NULL,
        folded VARCHAR NOT NULL UNIQUE,
        last_version BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL
    )
    """,
    """
    CREATE TABLE versions (
        id BIGINT PRIMARY KEY,
        dataset_id BIGINT NOT NULL,
        number BIGINT NOT NULL,
        kind VARCHAR NOT NULL,
        fingerprint VARCHAR NOT NULL,
        rows BIGINT NOT NULL,
        byte_size BIGINT NOT NULL,
        schema BLOB NOT NULL,
        metadata VARCHAR NOT NULL,
        note VARCHAR NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        UNIQUE (dataset_id, number)
    )
    """,
    "CREATE INDEX versions_fingerprint ON versions (fingerprint)",
    """
    CREATE TABLE version_files (
        version_id BIGINT NOT NULL,
        fragment INTEGER NOT NULL,
        rows BIGINT NOT NULL,
        file_id BIGINT NOT NULL,
        columns INTEGER[]
    )
    """,
    """
    CREATE TABLE columns (
        version_id BIGINT NOT NULL,
        ordinal INTEGER NOT NULL,
        name VARCHAR NOT NULL,
        type VARCHAR NOT NULL,
        digest BLOB NOT NULL,
        null_count BIGINT NOT NULL,
        block_digests BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE inputs (
        version_id BIGINT NOT NULL,
        ordinal INTEGER NOT NULL,
        ref VARCHAR NOT NULL,
        input_version_id BIGINT,
        how VARCHAR NOT NULL
    )
    """,
    """
    CREATE TABLE tags (
        dataset_id BIGINT,
        tag VARCHAR,
        version_id BIGINT NOT NULL,
        PRIMARY KEY (dataset_id, tag)
    )
    """,
    """
    CREATE TABLE holds (
        id BIGINT PRIMARY KEY,
        version_id BIGINT,
        file_id BIGINT,
        reason VARCHAR NOT NULL,
        created_at TIMESTAMPTZ NOT NULL
    )
    """,
    """
    CREATE TABLE events (
        "at" TIMESTAMPTZ NOT NULL,
        kind VARCHAR NOT NULL,
        subject VARCHAR NOT NULL,
        detail VARCHAR NOT NULL
    )
    """,
    "CREATE TABLE settings (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)",
)

_SHARED_COLUMNS = (
    # A manifest names the columns of a file as the file calls them, and may begin inside of it.
    "ALTER TABLE version_files DROP COLUMN columns",
    "ALTER TABLE version_files ADD COLUMN columns VARCHAR[]",
    "ALTER TABLE version_files ADD COLUMN row_offset BIGINT",
    "ALTER TABLE columns ADD COLUMN byte_size BIGINT DEFAULT 0",
    "CREATE INDEX columns_digest ON columns (digest)",
    # DuckDB alters no table that has an index of its own name.
    "DROP INDEX versions_fingerprint",
    "ALTER TABLE versions ADD COLUMN new_bytes BIGINT DEFAULT 0",
    "UPDATE versions SET new_bytes = byte_size",
    "CREATE INDEX versions_fingerprint ON versions (fingerprint)",
    "CREATE TABLE reads (version_id BIGINT PRIMARY KEY, number BIGINT NOT NULL)",
)

_CAPTURE = (
    "CREATE SEQUENCE run_ids",
    """
    CREATE TABLE runs (
        id BIGINT PRIMARY KEY,
        notebook VARCHAR NOT NULL,
        session VARCHAR NOT NULL,
        source VARCHAR NOT NULL,
        started_at TIMESTAMPTZ NOT NULL,
        seconds DOUBLE NOT NULL,
        succeeded BOOLEAN NOT NULL
    )
    """,
    """
    CREATE TABLE bindings (
        run_id BIGINT NOT NULL,
        variable VARCHAR NOT NULL,
        version_id BIGINT,
        note VARCHAR NOT NULL
    )
    """,
    "CREATE TABLE captured (version_id BIGINT PRIMARY KEY)",
)

MIGRATIONS: Sequence[Sequence[str]] = (_INITIAL, _SHARED_COLUMNS, _CAPTURE)
"""The statements of migration 1, 2, …"""

_RECORDS = (
    "CREATE TABLE IF NOT EXISTS schema_migrations "
    "(number INTEGER PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL)",
    "CREATE TABLE IF NOT EXISTS commits (number BIGINT NOT NULL)",
    "INSERT INTO commits SELECT 0 WHERE NOT EXISTS (FROM commits)",
)

_STATE = (
    "SELECT (SELECT max(number) FROM schema_migrations), (SELECT max(number) FROM commits), "
    "(SELECT count(*) FROM commits)"
)

_IS_CATALOG = (
    "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() "
    "AND table_name IN ('schema_migrations', 'commits')"
)


def create(database: Database, path: Path, deadline: float) -> None:
    """Make an empty catalog, which is durable on return; the database has nothing attached.

    It is made under another name first: a crash must not leave half a catalog.
    """
    draft = path.with_name(path.name + ".new")
    for leftover in (draft, draft.with_name(draft.name + ".wal")):
        leftover.unlink(missing_ok=True)
    database.attach(draft, deadline)
    _in_transaction(database, _RECORDS)
    _apply(database, 0)
    database.detach(checkpoint_from=0)
    draft.rename(path)
    sync_folder(path.parent.parent)
    sync_folder(path.parent)


def upgrade(database: Database, path: Path) -> int:
    """Bring the attached catalog up to this release; returns the number of its last commit.

    Raises CatalogVersionError for a catalog of a newer release, CatalogDamagedError for a database
    that is not a catalog.
    """
    known = len(MIGRATIONS)
    schema, commits = _state(database, path)
    if schema > known:
        raise CatalogVersionError(
            f"The catalog {path} has schema {schema}; this toolkit knows up to {known}. "
            "Upgrade the toolkit package to open it."
        )
    if schema < known:
        _apply(database, schema)
    return commits


def _state(database: Database, path: Path) -> tuple[int, int]:
    try:
        ((schema, commits, rows),) = database.run(_STATE)
    except Exception as error:
        ((tables,),) = database.run(_IS_CATALOG)
        if tables == 2:
            raise
        raise CatalogDamagedError(
            f"{path} is a DuckDB database and not a catalog of this toolkit. "
            "Move it away, or choose another folder for the workspace."
        ) from error
    if rows != 1 or schema is None:
        raise CatalogDamagedError(
            f"The catalog {path} has lost its own records. Restore it and its .wal from a backup."
        )
    return schema, commits


def _apply(database: Database, applied: int) -> None:
    for number, statements in enumerate(MIGRATIONS[applied:], start=applied + 1):
        record = f"INSERT INTO schema_migrations VALUES ({number}, now())"
        _in_transaction(database, (*statements, record))


def _in_transaction(database: Database, statements: Sequence[str]) -> None:
    database.run("BEGIN")
    try:
        for statement in statements:
            database.run(statement)
        database.run("COMMIT")
    except BaseException:
        database.roll_back()
        raise
