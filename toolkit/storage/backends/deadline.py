"""Calls that may hang, such as those to a server that accepts and never answers.

The time limits of client libraries count per request and are multiplied by their retries, so a call
can hold its caller for minutes. Here the caller gets control back at a deadline of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, wait
from typing import TypeVar

T = TypeVar("T")
V = TypeVar("V")


class DeadlineError(Exception):
    """A call gave no sign of life for the time that it was allowed."""


class Heartbeat:
    """When a call last made progress, on the monotonic clock."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def beat(self) -> None:
        self.last = time.monotonic()


def call_within(
    seconds: float,
    function: Callable[[], T],
    *,
    heartbeat: Heartbeat | None = None,
    alive: Callable[[], bool] | None = None,
    undo: Callable[[], object] | None = None,
) -> T:
    """Return what ``function`` returns or raises, or raise DeadlineError.

    The function runs in a thread of its own, which outlives a deadline or an interrupt, because a
    blocked thread cannot be ended. The deadline is ``seconds`` after the start or after the last
    beat of ``heartbeat``. At the deadline ``alive`` is asked, and True grants as much time again.

    ``undo`` takes back a success that nobody waits for any more: it runs once the function has
    returned after its caller left with a deadline or any BaseException.
    """
    outcome: Future[T] = Future()

    def work() -> None:
        try:
            result = function()
        except BaseException as error:
            _settle(outcome.set_exception, error)
        else:
            if not _settle(outcome.set_result, result) and undo is not None:
                _quietly(undo)

    pulse = heartbeat or Heartbeat()
    try:
        # A daemon: at the interpreter's exit nobody waits for a server that does not answer.
        threading.Thread(target=work, name="toolkit-storage", daemon=True).start()
        while not wait([outcome], pulse.last + seconds - time.monotonic()).done:
            if time.monotonic() < pulse.last + seconds:
                continue
            if alive is None or not alive():
                raise DeadlineError
            pulse.beat()
    except BaseException:
        succeeded = not outcome.cancel() and outcome.exception() is None
        if succeeded and undo is not None:
            _quietly(undo)
        raise
    return outcome.result()


def _settle(deliver: Callable[[V], None], value: V) -> bool:
    """Deliver an outcome; False when the caller has cancelled, which is when it left."""
    try:
        deliver(value)
    except InvalidStateError:
        return False
    return True


def _quietly(undo: Callable[[], object]) -> None:
    """Undo as far as possible: the caller already gets the error that matters."""
    try:
        undo()
    except Exception:
        return
