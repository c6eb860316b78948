"""Capture: after each cell, every new or changed frame is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit.notebook.session import NotebookSession

MAGIC = "toolkit"


def register(ipython: Any, session: NotebookSession) -> Callable[[], None]:
    """Begin to capture, with ``%toolkit``; returns the function that ends both."""
    from toolkit.notebook.capture.capturing import CellCapture
    from toolkit.notebook.capture.events import CellEvents
    from toolkit.notebook.capture.settings_magic import settings_magic

    events = CellEvents(session, CellCapture(session))
    ipython.events.register("pre_run_cell", events.begun)
    ipython.events.register("post_run_cell", events.ended)
    ipython.register_magic_function(settings_magic(session), "line", MAGIC)

    def end() -> None:
        ipython.events.unregister("pre_run_cell", events.begun)
        ipython.events.unregister("post_run_cell", events.ended)
        ipython.magics_manager.magics["line"].pop(MAGIC, None)

    return end
