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
    """One bar for one thing at a time; ``widget`` is where it appears."""

    def __init__(self) -> None:
        self._bar = widgets.IntProgress(layout=widgets.Layout(width="200px"))
        self._label = widgets.HTML()
        self.widget = widgets.HBox(
            [self._bar, self._label], layout=widgets.Layout(display="none", flex="none")
        )

    @contextmanager
    def running(self, text: str, steps: int = 0) -> Iterator[Callable[[], None]]:
        """Show that something runs; the body calls what it is given after each of ``steps``.

        Without steps the bar moves with the seconds. ``text`` is plain and without markup."""
        self._bar.value, self._bar.max = 0, max(steps, 1)
        self._bar.bar_style = "info"
        over = threading.Event()
        began = time.monotonic()

        def tick() -> None:
            while not over.wait(AFTER):
                seconds = time.monotonic() - began
                self._label.value = f"{text} … {seconds:,.0f} s"
                if not steps:
                    self._bar.max, self._bar.value = 10, int(seconds) % 11
                self.widget.layout.display = "flex"

        def step() -> None:
            self._bar.value += 1

        # What the front end shows belongs to the message that is answered: the thread says so too.
        context = contextvars.copy_context()
        clock = threading.Thread(target=context.run, args=(tick,), daemon=True)
        clock.start()
        try:
            yield step
        finally:
            over.set()
            clock.join()
            self.widget.layout.display = "none"
