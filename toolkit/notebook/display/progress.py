"""A progress bar that appears when something has taken a second, and goes when it is over."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ipywidgets as widgets

AFTER = 1.0
"""Seconds before a bar is shown, and between two looks at the clock."""


class Progress:
    """One bar; ``widget`` is where it appears."""

    def __init__(self) -> None:
        self._bar = widgets.IntProgress(bar_style="info", layout=widgets.Layout(width="200px"))
        self._label = widgets.HTML()
        self.widget = widgets.HBox(
            [self._bar, self._label], layout=widgets.Layout(display="none", flex="none")
        )
        self._text = ""
        self._steps = 0
        self._began = 0.0

    @contextmanager
    def running(self, text: str, steps: int = 0) -> Iterator[Callable[[], None]]:
        """Show that something runs; the body calls what it is given after each of ``steps``.

        With fewer than two steps the bar moves with the seconds. Within another one, this is what
        is shown as long as it runs. ``text`` is plain and without markup."""
        outer = self._text, self._steps, self._began
        self._text, self._steps, self._began = text, steps, time.monotonic()
        self._bar.value, self._bar.max = 0, steps if steps > 1 else 10
        clock = None if outer[0] else _Clock(self._tick)
        try:
            yield self._step
        finally:
            self._text, self._steps, self._began = outer
            if clock is not None:
                clock.stop()
                self.widget.layout.display = "none"

    def _step(self) -> None:
        if self._steps > 1:
            self._bar.value += 1

    def _tick(self) -> None:
        seconds = time.monotonic() - self._began
        self._label.value = f"{self._text} … {seconds:,.0f} s"
        if self._steps < 2:
            self._bar.value = int(seconds) % 11
        self.widget.layout.display = "flex"


class _Clock:
    """Calls something every ``AFTER`` seconds, in a thread of its own, until it is stopped."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._over = threading.Event()
        self._tick = tick
        # What the front end shows belongs to the message that is answered: the thread says so too.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(AFTER):
            self._tick()
