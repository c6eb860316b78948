"""The browser of a workspace: everything that is stored, to be searched, sorted and looked into."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets
from polars.exceptions import PanicException

from toolkit.notebook.display.details import Details
from toolkit.notebook.display.interfaces import IViewedWorkspace
from toolkit.notebook.display.overview import DatasetRow, Overview, look
from toolkit.notebook.display.progress import Progress
from toolkit.notebook.display.style import STYLE
from toolkit.notebook.display.table import DatasetTable
from toolkit.notebook.display.words import one_line, safe


class Browser:
    """Widgets around a workspace; ``widget`` is the outermost. It saves nothing by looking.

    Errors are one line within it, never a traceback."""

    def __init__(
        self,
        workspace: IViewedWorkspace,
        overview: Overview,
        *,
        search: str = "",
        chosen: str = "",
        version: int | None = None,
    ) -> None:
        """``search`` fills the search box; ``chosen`` opens a dataset, at a ``version``."""
        self._workspace = workspace
        self._progress = Progress()
        refresh = widgets.Button(
            description="Refresh",
            tooltip="Read the catalog again",
            layout=widgets.Layout(width="auto"),
        )
        refresh.on_click(lambda _button: self._run(self._refresh))
        self._table = DatasetTable(self._choose, refresh)
        self._details = Details(workspace, self._progress, self._run, self._act)
        self._gone = widgets.HTML()
        self._status = widgets.HTML()
        self.widget = widgets.VBox(
            [
                widgets.HTML(STYLE, layout=widgets.Layout(display="none")),
                self._table.widget,
                self._gone,
                self._progress.widget,
                self._status,
                self._details.widget,
            ]
        )
        self.widget.add_class("toolkit-browser")
        self._table.search.value = search
        self._show(overview)
        if chosen:
            self._run(lambda: self._open(chosen, version))

    def _choose(self, dataset: DatasetRow) -> None:
        self._run(lambda: self._open(dataset.name))

    def _open(self, name: str, version: int | None = None) -> None:
        self._table.mark(name)
        self._details.show(name, version)

    def _refresh(self) -> None:
        overview = look(self._workspace)
        self._show(overview)
        name = self._details.name
        if name in {row.name for row in overview.rows}:
            self._details.show(name, self._details.version)
        elif name:
            self._details.hide()

    def _show(self, overview: Overview) -> None:
        self._table.show(overview)
        self._gone.value = (
            f'<span class="toolkit-dim">{safe(overview.farewell, 1_000)}</span>'
            if overview.gone
            else ""
        )

    def _run(self, action: Callable[[], None]) -> None:
        """Run what a click asks for; an error is a line in the browser."""
        self._say("")
        try:
            with self._progress.running("Asking the catalog"):
                action()
        # polars panics on some values that it stores, such as a year beyond 9999: not an Exception.
        except (Exception, PanicException) as error:
            self._say(one_line(error), failed=True)

    def _act(self, action: Callable[[], str]) -> None:
        done: list[str] = []

        def run() -> None:
            done.append(action())
            self._refresh()

        self._run(run)
        if done and not self._status.value:
            self._say(done[0])

    def _say(self, text: str, *, failed: bool = False) -> None:
        style = ' class="toolkit-failed"' if failed else ""
        self._status.value = f'<div role="status"{style}>{safe(text, 500)}</div>' if text else ""
