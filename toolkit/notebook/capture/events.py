"""IPython's events around cells: which end is that of the cell that a person ran."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from toolkit.notebook.capture.capturing import CellCapture
from toolkit.notebook.capture.recorder import Cell
from toolkit.notebook.session import NotebookSession


@dataclass(frozen=True, slots=True)
class _Started:
    info: Any
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.perf_counter)


class CellEvents:
    """Follows cells, and cells that cells run, such as ``%%capture``: of these the outer one
    counts, which has not ended while one is on the stack."""

    def __init__(self, session: NotebookSession, capture: CellCapture) -> None:
        self._session = session
        self._capture = capture
        self._stack: list[_Started] = []

    def begun(self, info: Any) -> None:
        """A cell is about to run."""
        if info.store_history:
            # A person's own: of what is still there the end was never told.
            self._stack.clear()
        if not self._stack:
            self._capture.before()
        self._stack.append(_Started(info))

    def ended(self, result: Any) -> None:
        """A cell was run. The one that loads the extension, and empty ones, have no beginning."""
        info = getattr(result, "info", None)
        started = None
        if any(info is None or each.info is info for each in self._stack):
            started = self._stack.pop()
            while info is not None and started.info is not info:
                started = self._stack.pop()
        if self._stack:
            return
        started = started or _Started(info)
        info = info or started.info
        source = getattr(info, "raw_cell", None) or ""
        succeeded = bool(result is not None and result.success)
        seconds = time.perf_counter() - started.clock
        code = getattr(info, "transformed_cell", None)
        if code is None:
            code = self._session.ipython.transform_cell(source)
        reached = None if result is None else _line_reached(result, self._session.ipython.user_ns)
        self._capture.after(Cell(source, code, started.at, seconds, succeeded, reached))


def _line_reached(result: Any, namespace: Mapping[str, Any]) -> int | None:
    """The line at which a cell failed, for what is behind it was not run."""
    if result.error_before_exec is not None:
        return 0
    traceback = getattr(result.error_in_exec, "__traceback__", None)
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_globals is namespace and frame.f_code.co_name == "<module>":
            return int(traceback.tb_lineno)
        traceback = traceback.tb_next
    return None
