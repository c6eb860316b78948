"""One transaction on the catalog."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import duckdb

from toolkit.catalog.database import Database
from toolkit.catalog.mark import HighWaterMark
from toolkit.catalog.repositories.files import FileRepository
from toolkit.catalog.repositories.versions import VersionRepository
from toolkit.core.errors import CatalogError, TransactionError
from toolkit.core.types import Event

if TYPE_CHECKING:
    import pyarrow as pa

PERSISTED_EVENTS = frozenset({"version_dropped", "version_expired", "file_deleted"})
"""Events that are also rows of ``events``: the others can be read from what they left behind."""

_COUNT = "UPDATE commits SET number = number + 1 RETURNING number"
_COUNTER = "SELECT number FROM commits"
_INSERT_EVENTS = """
    INSERT INTO events
    SELECT now(), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[])
"""


class Transaction:
    """Reads and writes that are committed together or not at all.

    Made by ``Catalog.transaction()``, which ends it; it is bound to its thread and process.
    DuckDB's own transaction begins with the first statement that writes: until then the lease and
    the mutex, which are held from the start to the end, keep every other writer out. With nobody
    else there are no conflicts either, and nothing is ever repeated.
    """

    def __init__(self, database: Database, mark: HighWaterMark) -> None:
        self._database = database
        self._mark = mark
        self._pid = os.getpid()
        self._events: list[Event] = []
        self._ended = False
        self._begun = False
        self._failure: BaseException | None = None
        self.committed = False
        """True once the commit is durable, and when it is not known whether it is: what a
        transaction names may be thrown away only when this is False."""
        self.files = FileRepository(self.query)
        self.versions = VersionRepository(self.query)

    @property
    def events(self) -> tuple[Event, ...]:
        """What was emitted, in order."""
        return tuple(self._events)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement with bound values and return its rows.

        Raises TransactionError after the end or after a failed statement.
        """
        self._require_usable()
        try:
            if not self._begun and self._database.writes(sql):
                self._begun = True
                self._database.run("BEGIN")
            return self._database.run(sql, parameters)
        except BaseException as error:
            self._failure = error
            raise

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Run one query with bound values and return its rows as an Arrow table."""
        self._require_usable()
        try:
            table = self._database.arrow(sql, parameters)
        except BaseException as error:
            self._failure = error
            raise
        return table

    def emit(self, event: Event) -> None:
        """Publish an event once the transaction is committed; drop it otherwise."""
        self._require_usable()
        self._events.append(event)

    def commit(self) -> None:
        """Make everything durable, and raise the high-water mark when something was written.

        Raises TransactionError, with everything rolled back, when a statement had failed.
        """
        self._require_usable()
        self._persist_events()
        if not self._begun:
            self._ended = self.committed = True
            return
        number = self.query(_COUNT)[0][0]
        self._ended = self.committed = True
        try:
            self._database.run("COMMIT")
        except duckdb.Error as error:
            # Where the log could not be written, DuckDB calls it a failed transaction: it has
            # taken the log back to where it was, or the instance would be unusable.
            self.committed = False
            self._database.broken = True
            raise CatalogError(
                "The catalog could not commit; nothing of this transaction was saved. Look whether "
                f"the disk is full or read-only and try again. DuckDB says: {error}"
            ) from error
        except CatalogError:
            # The medium failed, perhaps after the last byte: only opening it again could tell.
            self._database.roll_back()
            raise
        except BaseException:
            # An interrupt may fall on either side of the commit: look which one it was.
            self._database.roll_back()
            self.committed = self._database.run(_COUNTER) == [(number,)]
            if self.committed:
                self._mark.write(number)
            raise
        self._mark.write(number)

    def roll_back(self) -> None:
        """Undo everything. Does nothing after the end, and in a forked child."""
        if not self._ended and self._pid == os.getpid():
            self._ended = True
            if self._begun:
                self._database.roll_back()

    def _persist_events(self) -> None:
        kept = [event for event in self._events if event.kind in PERSISTED_EVENTS]
        if kept:
            self.query(
                _INSERT_EVENTS,
                (
                    [event.kind for event in kept],
                    [event.subject for event in kept],
                    [json.dumps(dict(event.detail), default=str) for event in kept],
                ),
            )

    def _require_usable(self) -> None:
        if self._pid != os.getpid():
            raise TransactionError(
                f"This transaction belongs to process {self._pid} and cannot be used after a "
                "fork. Begin a new one."
            )
        if self._ended:
            raise TransactionError("This transaction has ended. Begin a new one.")
        if self._failure is not None:
            raise TransactionError(
                "A statement of this transaction failed, so that nothing of it can be saved: "
                f"{self._failure}. Let the error end the transaction, and begin a new one."
            ) from self._failure
