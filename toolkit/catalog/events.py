"""The event bus: tells listeners what was committed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

from toolkit.core.types import Event


class EventBus:
    """Delivers events in the publisher's thread, in order, to listeners in subscription order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[tuple[object, Callable[[Event], None]], ...] = ()

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``listener`` with every later event; returns the function that ends it.

        A listener that is subscribed twice is called twice; ending is idempotent.
        """
        key = object()
        with self._lock:
            self._listeners = (*self._listeners, (key, listener))

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(entry for entry in self._listeners if entry[0] is not key)

        return unsubscribe

    def publish(self, events: Iterable[Event]) -> None:
        """Deliver events in order.

        A listener that raises an Exception is reported as a RuntimeWarning and stops nothing.
        """
        for event in events:
            for _key, listener in self._listeners:
                try:
                    listener(event)
                except Exception as error:
                    _report(listener, event, error)


_buses: dict[Path, EventBus] = {}


def bus_of(catalog: Path) -> EventBus:
    """The process's bus of a catalog file. It outlives the objects that use the file: whoever
    listens hears of all of them, and of later ones."""
    return _buses.setdefault(catalog, EventBus())


def _report(listener: Callable[[Event], None], event: Event, error: Exception) -> None:
    try:
        warnings.warn(
            f"A listener ({listener!r}) failed on {event.kind} of {event.subject}: {error!r}. "
            "What it was told about is saved.",
            RuntimeWarning,
            stacklevel=4,
        )
    except RuntimeWarning:
        # Warnings are errors here, and the transaction is committed: there is nothing to undo.
        return
