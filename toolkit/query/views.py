"""The SQL text of a dataset's view, and quoting: what is pasted into SQL passes through here."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from toolkit.core.errors import QueryError
from toolkit.core.types import FileLocation, VersionRecord


def quote_name(name: str) -> str:
    """An identifier as SQL reads it, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A string constant."""
    return "'" + text.replace("'", "''") + "'"


def qualified(schema: str, table: str) -> str:
    """A table's name with its schema, if it has one."""
    return f"{quote_name(schema)}.{quote_name(table)}" if schema else quote_name(table)


def create_view(name: str, version: VersionRecord, locations: Sequence[FileLocation]) -> str:
    """CREATE VIEW for a version's files, whose rows come in the order of the files.

    Raises QueryError for a version that has no rows and columns to show."""
    _require_columns(version)
    files = ", ".join(quote_text(_address(location)) for location in locations)
    return (
        # Folders named like `x=1` above the store are not columns of the data.
        f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{files}], hive_partitioning = false)"
    )


def has_columns(version: VersionRecord) -> bool:
    """Whether the version is a frame with at least one column: only those can be a view."""
    return version.kind == "frame" and len(pa.ipc.read_schema(pa.py_buffer(version.schema))) > 0


def _require_columns(version: VersionRecord) -> None:
    if version.kind != "frame":
        raise QueryError(
            f"{version.ref} is a raw file and has no columns to query. Open it by its path instead."
        )
    if not has_columns(version):
        raise QueryError(f"{version.ref} has no columns, so SQL has nothing to select from it.")


def _address(location: FileLocation) -> str:
    return location.uri if location.path is None else str(location.path)
