"""The end of the process while the engine still runs Python code of the toolkit.

Before Python 3.14 a thread that comes back to Python when the interpreter is gone is ended by it,
and frames of the engine that it unwinds abort the process: exit code 134 behind a good result. So
code that the engine runs says when it is at work, and is stopped and waited for at exit.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Iterator
from typing import TypeVar

_T = TypeVar("_T")

_PATIENCE = 10.0
"""Seconds that a read may take to come to its next part, from a slow store for instance."""
_LOOK = 0.01
_QUIET = 5
"""Looks in a row at which no code was at work: the engine does not come back at once then."""


class _Work:
    """One iterator that the engine takes from."""

    __slots__ = ("busy", "stopped")

    def __init__(self) -> None:
        self.busy = False
        self.stopped = False


_all: set[_Work] = set()


class ProcessEndsError(RuntimeError):
    """A query was given up with its process."""


def stoppable(parts: Iterator[_T]) -> Iterator[_T]:
    """The same parts, for a thread of the engine; at exit the next one is an error."""
    work = _Work()
    _all.add(work)
    try:
        while not work.stopped:
            work.busy = True
            try:
                part = next(parts)
            except StopIteration:
                return
            finally:
                work.busy = False
            yield part
        # To end as after the last part would make half a result a whole one.
        raise ProcessEndsError("the process ends")
    finally:
        work.busy = True
        try:
            if hasattr(parts, "close"):
                parts.close()
        finally:
            _all.discard(work)


def stop_all() -> None:
    """Stop what the engine runs now, and wait until none of it is at work."""
    for work in list(_all):
        work.stopped = True
    given_up, quiet = time.monotonic() + _PATIENCE, 0
    while _all and quiet < _QUIET and time.monotonic() < given_up:
        quiet = 0 if any(work.busy for work in list(_all)) else quiet + 1
        time.sleep(_LOOK)


atexit.register(stop_all)
if hasattr(os, "register_at_fork"):
    # The threads at work are not there in a child, which would wait for them.
    os.register_at_fork(after_in_child=_all.clear)
