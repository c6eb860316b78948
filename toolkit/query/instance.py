"""A DuckDB instance that reads below the storage root and nowhere else.

It is in memory and shares nothing with the catalog's. Each query gets a session: a connection and
an attached in-memory database of its own that holds its views. DuckDB binds a relation again
whenever it is read, so the views under it must stay as they were for as long as any relation of the
connection lives; when the last one is gone the database is detached.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import weakref
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from toolkit.query.quoting import quote_name, quote_text

_FORKED: list[object] = []
"""Instances that a forked child inherited: their threads are gone and closing them would hang."""


@dataclass(frozen=True, slots=True)
class Session:
    """One query's connection and the name of its database, which no other session ever has."""

    connection: duckdb.DuckDBPyConnection
    name: str


class Instance:
    """The locked-down instance of one process. Made when it is first used; safe between threads."""

    def __init__(self, allowed_root: str) -> None:
        self._allowed_root = allowed_root
        self._lock = threading.Lock()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._pid = os.getpid()
        self._token = uuid4().hex[:8]
        self._numbers = itertools.count(1)
        self._left: deque[str] = deque()
        self._live: weakref.WeakSet[duckdb.DuckDBPyConnection] = weakref.WeakSet()

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A connection that has no database of its own yet: enough to parse."""
        with self._lock:
            root = self._open()
            while self._left:
                root.execute(f"DETACH DATABASE IF EXISTS {quote_name(self._left.popleft())}")
            return root.cursor()

    def session(self, connection: duckdb.DuckDBPyConnection) -> Session:
        """Give a connection its database, which lives until the connection is forgotten."""
        name = f"toolkit_{self._token}_{next(self._numbers)}"
        connection.execute(f"ATTACH ':memory:' AS {name}; USE {name}")
        with self._lock:
            self._live.add(connection)
        # A finalizer may run anywhere, also while this thread holds a lock of DuckDB: it only takes
        # a note, and the next query detaches.
        weakref.finalize(connection, self._left.append, name).atexit = False
        return Session(connection, name)

    def register(self, filesystem: Any) -> None:
        """Let SQL read through an fsspec filesystem, below the storage root only."""
        protocol = filesystem.protocol
        names = {protocol} if isinstance(protocol, str) else set(protocol)
        with self._lock:
            root = self._open()
            if names.isdisjoint(root.list_filesystems()):
                root.register_filesystem(filesystem)

    def interrupt(self) -> None:
        """Stop what runs. Takes no lock: it is called by signal handlers and from other threads."""
        for connection in list(self._live):
            connection.interrupt()

    @property
    def databases(self) -> int:
        """How many sessions the instance holds, those without relations included."""
        with self._lock:
            found = self._open().execute(
                "SELECT count(*) FROM duckdb_databases() WHERE starts_with(database_name, ?)",
                [f"toolkit_{self._token}_"],
            )
            return int(found.fetchall()[0][0])

    def close(self) -> None:
        """Close every connection. Idempotent; a later use starts a new instance."""
        with self._lock:
            if os.getpid() != self._pid or self._root is None:
                return
            for connection in list(self._live):
                connection.close()
            self._root.close()
            self._forget()

    def abandon(self) -> None:
        """Forget an instance that DuckDB declared unusable; the next query starts a new one."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._root = None
        self._live = weakref.WeakSet()
        self._left = deque()

    def _open(self) -> duckdb.DuckDBPyConnection:
        if os.getpid() != self._pid:
            _FORKED.append((self._root, list(self._live)))
            self._forget()
            self._pid = os.getpid()
        if self._root is None:
            self._root = _start(allowed_directories(self._allowed_root))
        return self._root


def allowed_directories(root: str) -> tuple[str, ...]:
    """What the lockdown lets through for a storage root, in each way DuckDB may spell it."""
    if "://" not in root:
        return (str(Path(root).absolute()),)
    import fsspec

    protocol = root.partition("://")[0]
    stripped = fsspec.get_filesystem_class(protocol)._strip_protocol(root)
    # DuckDB lists a registered filesystem's files by the paths it answers: memory:// has a slash
    # before its first folder, s3:// has none.
    return tuple(dict.fromkeys((root, f"{protocol}://{stripped}")))


def _start(directories: tuple[str, ...]) -> duckdb.DuckDBPyConnection:
    spill = Path(tempfile.gettempdir()) / f"toolkit-sql-{uuid4().hex}"
    root = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            # A variable of the caller that is named like a table would be read in its place.
            "python_enable_replacements": False,
            "temp_directory": str(spill),
        },
    )
    try:
        allowed = ", ".join(map(quote_text, directories))
        root.execute(f"SET allowed_directories = [{allowed}]")
        # Times with a zone come out in the session's, which is the machine's: results would differ
        # from one machine to the next, and UTC columns would not be the ones that were saved.
        root.execute("SET GLOBAL TimeZone = 'UTC'")
        root.execute("SET enable_external_access = false")
        root.execute("SET lock_configuration = true")
    except BaseException:
        root.close()
        raise
    return root
