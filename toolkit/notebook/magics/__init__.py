"""Magics: SQL, what came back after a restart, lineage, and names completed while typing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit.notebook.magics import completion, lineage, restore, sql
from toolkit.notebook.session import NotebookSession


def register(ipython: Any, session: NotebookSession) -> Callable[[], None]:
    """Add the magics and the completion to a shell; returns the function that takes them away."""
    undo: list[Callable[[], None]] = []

    def remove() -> None:
        while undo:
            undo.pop()()

    try:
        for part in (sql, restore, lineage, completion):
            undo.append(part.register(ipython, session))  # noqa: PERF401
    except BaseException:
        remove()
        raise
    return remove
