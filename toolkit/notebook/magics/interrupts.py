"""Ctrl-C, or the stop button of a notebook, while SQL runs.

DuckDB notices that a signal came, and then waits for a query that nobody has told to end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` when a person interrupts the block, which then raises KeyboardInterrupt.

    Only the main thread gets signals; in another one the block runs as it is."""
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if in_main else None
    if not callable(before):
        yield
        return
    came = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        stop()
        before(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    except Exception:
        if came:
            # What the engines make of it: an error of any kind, with our handler in its text.
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)
