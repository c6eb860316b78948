"""The connections of a process: one for each catalog file, closed at exit and renewed by a fork."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from contextlib import suppress
from pathlib import Path

from toolkit.catalog import interrupts
from toolkit.catalog.connection import Connection
from toolkit.catalog.interrupts import Deferred

_connections: weakref.WeakValueDictionary[str, Connection] = weakref.WeakValueDictionary()
_connections_lock = threading.Lock()


def shared(path: Path) -> Connection:
    """The process's connection to a catalog file, however the path is spelled."""
    resolved = path.resolve()
    with _connections_lock:
        connection = _connections.get(str(resolved))
        if connection is None:
            connection = _connections[str(resolved)] = Connection(resolved)
        return connection


def _close_all() -> None:
    with Deferred():
        for connection in list(_connections.values()):
            with suppress(Exception):
                connection.close_at_exit()


def _before_fork() -> None:
    _connections_lock.acquire()
    for connection in list(_connections.values()):
        connection.before_fork()


def _after_fork_in_parent() -> None:
    for connection in list(_connections.values()):
        connection.after_fork_in_parent()
    _connections_lock.release()


def _after_fork_in_child() -> None:
    interrupts.forget_after_fork()
    for connection in list(_connections.values()):
        connection.forget()
    _connections_lock.release()


# After the interpreter is torn down DuckDB's objects would be reported as leaked.
atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
