"""Read-only copies of catalog tables, for queries that run elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from toolkit.catalog.sql import identifier
from toolkit.core.errors import QueryError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

    from toolkit.catalog.transaction import Transaction

TABLES = (
    "files",
    "datasets",
    "versions",
    "version_files",
    "columns",
    "inputs",
    "reads",
    "runs",
    "bindings",
    "captured",
    "tags",
    "holds",
    "events",
    "settings",
    "commits",
    "schema_migrations",
)


def take(transaction: Transaction, tables: Iterable[str]) -> Mapping[str, pa.Table]:
    """The tables as Arrow tables by name; timestamps are in UTC.

    Raises QueryError for a name that is not one of ``TABLES``.
    """
    names = list(dict.fromkeys(tables))
    for name in names:
        if name not in TABLES:
            raise QueryError(
                f'There is no catalog table "{name}". '
                + did_you_mean(name, TABLES, noun="catalog tables")
            )
    return {name: transaction.arrow(f"FROM {identifier(name)}") for name in names}
