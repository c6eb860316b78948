"""A value that every process makes for itself, when it is first used."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_INHERITED: list[object] = []
"""What forked children got from their parents: ending it may wait for threads that are gone."""


class PerProcess(Generic[T]):
    """Makes a value at the first use, and anew in a forked child. Safe to share between threads."""

    _value: T | None

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._renew()

    def get(self) -> T:
        """The value. Threads that are first at once may each make one; all get the same."""
        self._notice_fork()
        value = self._value
        if value is None:
            # Without the lock: making it may wait for others, and a fork copies a lock as it is.
            made = self._make()
            with self._lock:
                value = self._value = made if self._value is None else self._value
        return value

    def take(self) -> T | None:
        """The value, which is forgotten; None where this process has made none."""
        self._notice_fork()
        with self._lock:
            value, self._value = self._value, None
        return value

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            _INHERITED.append(self._value)
            self._renew()

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._value = None
        self._pid = os.getpid()
