"""The chosen dataset: a version of it, and a tab for each question one may have about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import ipywidgets as widgets
import polars as pl

from toolkit.notebook.display import panes
from toolkit.notebook.display.actions import Actions, Guard
from toolkit.notebook.display.graph import lineage_html
from toolkit.notebook.display.interfaces import IViewedWorkspace
from toolkit.notebook.display.progress import Progress
from toolkit.notebook.display.words import many, safe, size

Look = Callable[[Callable[[], None]], None]
"""Runs what only reads, and shows an error in one line."""


class Details:
    """Tabs are filled when they are looked at, and once for each version."""

    def __init__(
        self, workspace: IViewedWorkspace, progress: Progress, look: Look, guard: Guard
    ) -> None:
        self._workspace = workspace
        self._progress = progress
        self._look = look
        self._name = ""
        self._history = pl.DataFrame()
        self._filled: set[str] = set()
        self._title = widgets.HTML()
        self._version = widgets.Dropdown(layout=widgets.Layout(width="150px"))
        self._version.observe(self._version_changed, names="value")
        self._html = {name: widgets.HTML() for name in ("Preview", "Columns", "Versions")}
        self._before, self._after = (
            widgets.Dropdown(layout=widgets.Layout(width="150px")) for _i in range(2)
        )
        self._changed, self._graph = widgets.HTML(), widgets.HTML()
        for chooser in (self._before, self._after):
            chooser.observe(self._compare_again, names="value")
        self._actions = Actions(workspace, guard)
        between = widgets.HBox([self._before, widgets.Label("→"), self._after])
        panels = {
            **self._html,
            "Changes": widgets.VBox([between, self._changed]),
            "Lineage": self._graph,
            "Actions": self._actions.widget,
        }
        self._names = tuple(panels)
        self._tabs = widgets.Tab(children=list(panels.values()), titles=self._names)
        self._tabs.observe(lambda _change: self._look(self._fill), names="selected_index")
        head = widgets.HBox([self._title, self._version])
        head.add_class("toolkit-top")
        self.widget = widgets.VBox([head, self._tabs], layout=widgets.Layout(display="none"))

    @property
    def name(self) -> str:
        """The dataset that is shown; empty when none is."""
        return self._name

    @property
    def version(self) -> int | None:
        """The number of the version that is shown."""
        return int(self._version.value) if self._name else None

    def show(self, name: str, version: int | None = None) -> None:
        """Show a version of a dataset; the newest one without a number, or where that version
        is gone. Raises CatalogError, DatasetNotFoundError."""
        self._history = self._workspace.history(name)
        self._name = name
        numbers = [str(n) for n in self._history["version"].reverse()]
        with self._quietly():
            self._version.options = [(f"version {n}", n) for n in numbers]
            self._version.value = str(version) if str(version) in numbers else numbers[0]
            for chooser, at in ((self._before, 1), (self._after, 0)):
                chooser.options = [(f"version {n}", n) for n in numbers]
                chooser.value = numbers[min(at, len(numbers) - 1)]
        self.widget.layout.display = ""
        self._begin()

    def hide(self) -> None:
        """Show no dataset, for there is none of this name any more."""
        self._name = ""
        self.widget.layout.display = "none"

    def _begin(self) -> None:
        version = self._row(self._version.value)
        facts = size(version["byte_size"])
        if version["kind"] == "frame":
            facts = (
                f"{many(version['rows'], 'row')} × {many(version['columns'], 'column')}, {facts}"
            )
        self._title.value = (
            f'<span class="toolkit-name">{safe(self._name, 130)}</span> '
            f'<span class="toolkit-dim">{facts}</span>'
        )
        self._filled.clear()
        self._fill()

    def _fill(self) -> None:
        """Fill the tab that is open."""
        shown = self._names[self._tabs.selected_index or 0]
        if not self._name or shown in self._filled:
            return
        version = self._row(self._version.value)
        ref = f"{self._name}@{version['version']}"
        fill: Mapping[str, Callable[[], None]] = {
            "Preview": lambda: self._preview(ref, version),
            "Columns": lambda: self._describe(ref, version),
            "Versions": lambda: self._put("Versions", panes.versions(self._history)),
            "Changes": self._compare,
            "Lineage": lambda: self._draw(ref),
            "Actions": lambda: self._actions.show(
                self._name, version["version"], list(version["tags"])
            ),
        }
        fill[shown]()
        # After it: what failed is tried again the next time it is looked at.
        self._filled.add(shown)

    def _preview(self, ref: str, version: Mapping[str, Any]) -> None:
        self._put("Preview", "")
        with self._progress.running(f"Reading {ref}"):
            self._put("Preview", panes.preview(self._workspace, ref, version))

    def _describe(self, ref: str, version: Mapping[str, Any]) -> None:
        self._put("Columns", "")
        steps = panes.column_steps(version)
        with self._progress.running(f"Looking at the columns of {ref}", steps) as step:
            self._put("Columns", panes.columns(self._workspace, ref, version, step))

    def _compare(self) -> None:
        self._changed.value = ""
        if self._history.height < 2:
            self._changed.value = "<p>There is one version: nothing to compare it with.</p>"
            return
        before, after = self._row(self._before.value), self._row(self._after.value)
        self._changed.value = panes.changes(self._workspace, before, after, self._name)

    def _draw(self, ref: str) -> None:
        self._graph.value = ""
        with self._progress.running(f"Tracing {ref}"):
            drawing = lineage_html(ref, self._workspace.lineage(ref))
            self._graph.value = f'<div class="toolkit-end">{drawing}</div>'

    def _put(self, tab: str, html: str) -> None:
        self._html[tab].value = html

    def _row(self, version: str) -> dict[str, Any]:
        return self._history.row(by_predicate=pl.col("version") == int(version), named=True)

    def _version_changed(self, _change: Any) -> None:
        self._look(self._begin)

    def _compare_again(self, _change: Any) -> None:
        self._look(self._compare)

    def _quietly(self) -> Any:
        """Set the choosers without being told of each step."""
        stack = ExitStack()
        for chooser, handler in (
            (self._version, self._version_changed),
            (self._before, self._compare_again),
            (self._after, self._compare_again),
        ):
            chooser.unobserve(handler, names="value")
            stack.callback(chooser.observe, handler, names="value")
        return stack
