"""The batches of a lazy frame, as an iterator that fails when the engine does."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any

from toolkit.core.ending import stop_all

if TYPE_CHECKING:
    import polars as pl

_AHEAD = 2
"""Batches that wait to be taken while the engine goes on."""
_PATIENCE = 0.05
"""Seconds after which each side looks whether the other is still there."""


_running: dict[threading.Thread, threading.Event] = {}
"""The engines at work, and what tells each to stop."""


class _End:
    """Follows the last batch."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def batches_of(frame: pl.LazyFrame, size: int | None, **how: Any) -> Iterator[pl.DataFrame]:
    """Run a query and give its rows in order, in batches of about ``size`` rows (None: as the
    engine has them), in bounded memory. Given up early, it lets the engine stop soon after.
    ``how`` goes to ``sink_batches``.

    Raises what the query raises. ``LazyFrame.collect_batches`` of polars 2.1 does not always: when
    a thread of the engine panics, at a damaged file for instance, it may end after some of the
    rows as if these were all. ``sink_batches`` raises, and gives each batch to a function; here
    that runs in a thread of its own.
    """
    handed: Queue[pl.DataFrame | _End] = Queue(_AHEAD)
    given_up = threading.Event()

    def hand(item: pl.DataFrame | _End) -> bool:
        while not given_up.is_set():
            try:
                handed.put(item, timeout=_PATIENCE)
            except Full:
                continue
            return False
        return True

    def run() -> None:
        error: BaseException | None = None
        try:
            frame.sink_batches(
                hand, chunk_size=size, maintain_order=True, engine="streaming", **how
            )
        except BaseException as raised:
            error = raised
        hand(_End(error))
        _running.pop(threading.current_thread(), None)

    engine = threading.Thread(target=run, name="toolkit-batches", daemon=True)
    _running[engine] = given_up
    try:
        engine.start()
        while True:
            try:
                item = handed.get(timeout=_PATIENCE * 20)
            except Empty:
                continue
            if not isinstance(item, _End):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                return
    finally:
        # A query that sorts, say, notices only when it has its first batch: that is not waited for.
        _end(engine, given_up, 1.0)


def _end(engine: threading.Thread, given_up: threading.Event, seconds: float) -> None:
    given_up.set()
    if engine.ident is None:
        # It was interrupted before it began.
        _running.pop(engine, None)
    else:
        engine.join(seconds)


def _end_all() -> None:
    """A thread that the interpreter's end finds in the engine would abort the process."""
    for engine, given_up in list(_running.items()):
        _end(engine, given_up, 10.0)
    # An engine that is told to stop asks its sources once more.
    stop_all()


atexit.register(_end_all)
