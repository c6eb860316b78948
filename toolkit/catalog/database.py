"""The catalog's DuckDB instance: in memory, with the catalog file attached while it is in use.

Attaching costs about a millisecond where connecting costs 27. Nothing here knows of the lease:
whoever attaches holds it.
"""

from __future__ import annotations

import ctypes
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from toolkit.catalog import interrupts
from toolkit.catalog.sql import literal
from toolkit.core.errors import (
    CatalogBusyError,
    CatalogDamagedError,
    CatalogError,
    CatalogVersionError,
)

if TYPE_CHECKING:
    import pyarrow as pa

_ALIAS = "workspace"

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "memory_limit": "1GB",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "temp_directory": "",
}

_STATEMENTS = 512
"""How many parsed statements are kept. Parsing is up to half of a look-up's time."""

_FATAL = (duckdb.FatalException, duckdb.InternalException, duckdb.IOException)
"""After these the instance may refuse all further work."""

_INTERRUPTED = "Query interrupted"
"""The RuntimeError in which DuckDB hides the KeyboardInterrupt that a signal handler raised."""


class Database:
    """One DuckDB instance. One thread at a time: its owner has a mutex."""

    def __init__(self) -> None:
        with _interrupts():
            self._connection = duckdb.connect(":memory:", config=_CONFIG)
        self._statements: dict[str, duckdb.Statement] = {}
        self._path: Path | None = None
        self.broken = False
        """True after an error that the instance may not survive: it is to be closed."""
        self._execute("SET TimeZone = 'UTC'")
        # Only ``detach`` checkpoints: a log that turned out to be cut short must stay as it is.
        self._execute("SET checkpoint_on_detach = 'DISABLED'")
        self._execute("PRAGMA disable_checkpoint_on_shutdown")

    def attach(self, path: Path, deadline: float) -> None:
        """Attach a database file, creating it where there is none.

        Raises CatalogBusyError when another program has it open until ``deadline``,
        CatalogDamagedError when it is not a database, CatalogVersionError when DuckDB is too old.
        """
        while True:
            try:
                self._execute(f"ATTACH {literal(str(path))} AS {_ALIAS}")
                self._path = path
                self._execute(f"USE {_ALIAS}")
                return
            except duckdb.Error as error:
                text = str(error)
                if "Could not set lock" not in text:
                    self.broken = True
                    raise _attach_error(path, text) from error
                if time.monotonic() >= deadline:
                    raise CatalogBusyError(
                        f"Another program has the catalog {path} open. DuckDB says: {text} "
                        "Close it there and try again."
                    ) from error
                interrupts.check()
                time.sleep(random.uniform(0.005, 0.015))

    def detach(self, *, checkpoint_from: int | None) -> None:
        """Give the file back; a write-ahead log of so many bytes is folded into it first."""
        path, self._path = self._path, None
        if path is None:
            return
        wal = path.with_name(path.name + ".wal")
        if checkpoint_from is not None and _size(wal) >= checkpoint_from:
            try:
                self._execute(f"CHECKPOINT {_ALIAS}")
            except duckdb.Error:
                # Everything is in the log and fsynced there: the next detach tries again.
                self.broken = True
        self._execute("USE memory")
        self._execute(f"DETACH {_ALIAS}")

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows.

        Raises CatalogError where the medium fails, and duckdb.Error for everything else.
        """
        with self._reporting():
            return self._connection.execute(self._statement(sql), list(parameters)).fetchall()

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Run one query and return its rows as an Arrow table. Raises as ``run`` does."""
        with self._reporting():
            return self._connection.sql(sql, params=list(parameters)).to_arrow_table()

    def roll_back(self) -> None:
        """Roll back whatever is open; an instance that cannot is broken."""
        try:
            self._execute("ROLLBACK")
        except duckdb.TransactionException:
            # Nothing was open: DuckDB had rolled back by itself.
            return
        except duckdb.Error:
            # Closing the instance rolls back as well.
            self.broken = True
        except BaseException:
            self.broken = True
            raise

    def writes(self, sql: str) -> bool:
        """Whether a statement changes anything."""
        return self._statement(sql).type != duckdb.StatementType.SELECT

    def abandon(self, *, quiet: bool) -> None:
        """In a forked child: give the file up without writing, and keep the instance for ever.

        DuckDB's threads did not survive the fork, and its destructor waits for them. ``quiet`` says
        that no thread was inside at the fork: only then the file can be detached, which this
        process needs before it can attach it anew.
        """
        _leak(self._connection)
        for statement in self._statements.values():
            _leak(statement)
        if quiet:
            with suppress(duckdb.Error):
                self.roll_back()
                self.detach(checkpoint_from=None)

    def close(self) -> None:
        """End the instance. Idempotent."""
        self._statements.clear()
        self._connection.close()

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            with _interrupts():
                yield
        except _FATAL as error:
            self.broken = True
            raise CatalogError(
                f"The catalog {self._path} could not be read or written; nothing of this "
                "transaction was saved. Look whether the disk is full or read-only and try "
                f"again. DuckDB says: {error}"
            ) from error

    def _execute(self, sql: str) -> None:
        with _interrupts():
            self._connection.execute(sql)

    def _statement(self, sql: str) -> duckdb.Statement:
        statement = self._statements.get(sql)
        if statement is None:
            if len(self._statements) >= _STATEMENTS:
                self._statements.clear()
            (statement,) = self._connection.extract_statements(sql)
            self._statements[sql] = statement
        return statement


@contextmanager
def _interrupts() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if str(error) != _INTERRUPTED:
            raise
        raise KeyboardInterrupt from error


def _leak(value: object) -> None:
    """Add a reference that nobody ever gives back."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


def _attach_error(path: Path, text: str) -> CatalogError:
    if "version number" in text:
        return CatalogVersionError(
            f"The catalog {path} was written by a newer DuckDB. "
            f"Upgrade the duckdb package. DuckDB says: {text}"
        )
    if "not a valid DuckDB" in text or "WAL" in text or "checksum" in text.lower():
        return CatalogDamagedError(
            f"The catalog {path} cannot be opened. DuckDB says: {text} "
            "Restore the file and its .wal from a backup."
        )
    return CatalogError(f"The catalog {path} cannot be opened. DuckDB says: {text}")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
