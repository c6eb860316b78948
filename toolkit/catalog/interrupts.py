"""Ctrl-C while the catalog is in use: noted at once, raised where nothing is half-done.

Python raises an interrupt between any two steps of the main thread, also at the first step of the
code that would give a lock back: no ``finally`` helps there, and a notebook that keeps the
traceback keeps the lock. Here the handler only takes a note; who waits or is done looks at it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_PATIENCE_SECONDS = 5.0
"""So long after an interrupt that nobody looked at, another one is raised wherever it falls."""


class _Note:
    """A handler of SIGINT that remembers instead of raising."""

    def __init__(self, previous: Callable[[int, FrameType | None], Any]) -> None:
        self.previous = previous
        self.thread = threading.get_ident()
        self._since: float | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._since is None:
            self._since = now
        elif now - self._since >= _PATIENCE_SECONDS:
            self.previous(number, frame)

    def raise_noted(self) -> None:
        """Let the previous handler say what the interrupt means, once."""
        if self._since is not None:
            self._since = None
            self.previous(signal.SIGINT, None)


class Deferred:
    """A block in which interrupts are noted; one that was is raised at the end of the block.

    Does nothing outside of the main thread, where none is raised, in a block inside of another,
    and where SIGINT is not handled in Python.
    """

    def __init__(self) -> None:
        self._note: _Note | None = None

    def __enter__(self) -> None:
        previous = signal.getsignal(signal.SIGINT)
        if (
            callable(previous)
            and not isinstance(previous, _Note)
            and threading.current_thread() is threading.main_thread()
        ):
            note = _Note(previous)
            signal.signal(signal.SIGINT, note)
            self._note = note

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        note = self._note
        current: object = signal.getsignal(signal.SIGINT)
        if note is None or current is not note:
            return
        signal.signal(signal.SIGINT, note.previous)
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            note.raise_noted()


def check() -> None:
    """Raise an interrupt that was noted. For whoever waits, and before what cannot be undone."""
    note = signal.getsignal(signal.SIGINT)
    if isinstance(note, _Note) and note.thread == threading.get_ident():
        note.raise_noted()


def forget_after_fork() -> None:
    """In a forked child: the block of a thread that is not here any more will not end."""
    note = signal.getsignal(signal.SIGINT)
    if isinstance(note, _Note) and note.thread != threading.get_ident():
        signal.signal(signal.SIGINT, note.previous)
