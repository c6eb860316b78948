"""The catalog of a workspace: transactions, listings, snapshots and settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.catalog import interrupts, listings, registry, settings, snapshot
from toolkit.catalog.events import bus_of
from toolkit.catalog.transaction import Transaction
from toolkit.core.interfaces import IEventBus

if TYPE_CHECKING:
    import os

    import polars as pl
    import pyarrow as pa


class Catalog:
    """One embedded DuckDB file, shared by threads and processes.

    ``path`` is the catalog file (``catalog.duckdb``), which is made with its folder at the first
    use; its lock files and its high-water mark lie beside it. ``timeout`` is how many seconds to
    wait for other threads and processes before CatalogBusyError. ``events`` is where its events go:
    by default to the one bus that all catalogs on this file have in a process.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout: float = 30.0,
        events: IEventBus | None = None,
    ) -> None:
        self.path = Path(path)
        self.timeout = timeout
        self._connection = registry.shared(self.path)
        self.events: IEventBus = bus_of(self._connection.path) if events is None else events
        self._kept = settings.KeptSettings(self.path)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit on success; roll back and re-raise on any BaseException.

        Events are published after the commit, when the catalog is free again. An interrupt of the
        main thread waits for the end of the block; one that came in it rolls back.

        Raises CatalogBusyError past the deadline, TransactionError when this thread has a
        transaction open already, or when a statement failed and the error was swallowed.
        """
        with self._connection.use(self.timeout) as database:
            transaction = Transaction(database, self._connection.mark)
            try:
                self._kept.require(transaction.query, self._connection.attachment)
                yield transaction
                interrupts.check()
                transaction.commit()
            except BaseException:
                transaction.roll_back()
                raise
        self.events.publish(transaction.events)

    def listing(self, name: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
        """One of the prepared listings (see ``listings.LISTINGS``) as a frame.

        Raises QueryError for an unknown name.
        """
        statement = listings.statement(name)
        with self.transaction() as transaction:
            rows = transaction.arrow(statement, parameters)
        # Outside: polars may hang in a forked child, and would keep everybody out for ever.
        return listings.frame(rows)

    def snapshot(self, tables: Iterable[str]) -> Mapping[str, pa.Table]:
        """The named catalog tables as they are now, all from one transaction.

        Raises QueryError for an unknown name, with what exists.
        """
        with self.transaction() as transaction:
            return snapshot.take(transaction, tables)

    def setting(self, key: str, default: str) -> str:
        """Return the stored setting; store and return ``default`` when there is none."""
        with self.transaction() as transaction:
            found = settings.stored(transaction.query, key)
            if found is None:
                settings.store(transaction.query, key, default)
            return default if found is None else found

    def keep(self, key: str, value: str, *, replace: bool = False) -> str:
        """Store a setting unless there is one; return the one that is stored from now on.

        ``replace`` stores it over another one while the catalog has no files. When ``value`` is
        returned, each later transaction finds it: it is written again to a catalog that was made
        anew, and CatalogError is raised where the catalog says something else."""
        with self.transaction() as transaction:
            # Other objects of this process that keep the setting have to look again.
            self._connection.attachment += 1
            return self._kept.keep(transaction.query, key, value, replace=replace)

    def close(self) -> None:
        """Give the file back. Idempotent; a later use opens it anew.

        Raises TransactionError inside a transaction of the same thread."""
        self._connection.close()
