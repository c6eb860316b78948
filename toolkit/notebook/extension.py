"""Loading and unloading: makes the session and lets every part register what it adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit.core.errors import ToolkitError
from toolkit.notebook import capture, display, magics
from toolkit.notebook.interfaces import OpenWorkspace
from toolkit.notebook.session import NotebookSession

Register = Callable[[Any, NotebookSession], Callable[[], None]]

_PARTS: tuple[Register, ...] = (capture.register, magics.register, display.register)
"""What each part adds to the shell; each returns the function that takes it away again."""

_LOADED = "_toolkit_undo"


def load(ipython: Any, open_workspace: OpenWorkspace) -> None:
    """Add the extension to a shell, once: loading it again changes nothing. Raises UsageError,
    which is shown as one line, where there can be no workspace."""
    if getattr(ipython, _LOADED, None) is not None:
        return
    try:
        session = NotebookSession(ipython, open_workspace)
    except ToolkitError as error:
        from IPython.core.error import UsageError

        raise UsageError(f"%load_ext toolkit: {error}") from None
    undo: list[Callable[[], None]] = []
    setattr(ipython, _LOADED, undo)
    try:
        # One after the other: what was registered is undone when the next one fails.
        undo.extend(register(ipython, session) for register in _PARTS)
    except BaseException:
        unload(ipython)
        raise
    for problem in session.problems:
        print(f"toolkit: {problem}")


def unload(ipython: Any) -> None:
    """Take away what ``load`` added; what was captured stays."""
    undo = getattr(ipython, _LOADED, None) or []
    setattr(ipython, _LOADED, None)
    while undo:
        undo.pop()()
