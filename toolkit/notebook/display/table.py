"""The table of datasets: searched, sorted, and a click on a name chooses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from toolkit.notebook.display.overview import (
    ORDERS,
    DatasetRow,
    Overview,
    columns_of,
    matching,
    ordered,
)
from toolkit.notebook.display.words import age, safe, size

PAGE = 50
"""Rows that are shown before a person asks for more."""

_NUMBERS = frozenset({"rows", "columns", "size", "versions"})


class DatasetTable:
    """Shows an overview; calls ``choose`` with the dataset whose name is clicked."""

    def __init__(self, choose: Callable[[DatasetRow], None], corner: Any) -> None:
        """``corner`` is a widget that stands beside the search box, to the right."""
        self._choose = choose
        self._overview = Overview((), 0, {})
        self._order, self._descending = "name", False
        self._limit = PAGE
        self._chosen = ""
        self._pool: list[_Row] = []
        self._style = widgets.ButtonStyle()
        self._plain = widgets.Layout()
        self.search = widgets.Text(
            placeholder="Search names, kinds and tags", layout=widgets.Layout(width="320px")
        )
        self.search.observe(self._searched, names="value")
        self._count = widgets.HTML()
        self._heads = {name: self._heading(name) for name in ORDERS}
        first, *rest = self._heads.values()
        grid = widgets.Box(rest)
        grid.add_class("toolkit-grid")
        grid.add_class("toolkit-cells")
        head = widgets.HBox([first, grid])
        head.add_class("toolkit-head")
        self._body = widgets.VBox(layout=widgets.Layout(max_height="280px", overflow="hidden auto"))
        self._body.add_class("toolkit-body")
        self._more = widgets.Button(description="Show more", layout=widgets.Layout(display="none"))
        self._more.on_click(self._show_more)
        top = widgets.HBox([self.search, self._count, corner])
        top.add_class("toolkit-top")
        self.widget = widgets.VBox([top, head, self._body, self._more])

    def show(self, overview: Overview) -> None:
        """Show what there is now, as it was searched and sorted before."""
        self._overview = overview
        self._draw()

    def mark(self, name: str) -> None:
        """Let the row of a dataset stand out."""
        self._chosen = name
        for row in self._pool:
            row.mark(name)

    def _draw(self) -> None:
        found = matching(self._overview.rows, self.search.value)
        shown = ordered(found, self._order, descending=self._descending)[: self._limit]
        while len(self._pool) < len(shown):
            self._pool.append(_Row(self._style, self._plain, self._choose))
        for row, dataset in zip(self._pool, shown, strict=False):
            row.show(dataset)
            row.mark(self._chosen)
        self._body.children = tuple(row.widget for row in self._pool[: len(shown)])
        total = len(self._overview.rows)
        self._count.value = (
            f'<span class="toolkit-dim">{len(found):,} of {total:,} datasets</span>'
            if len(found) < total
            else f'<span class="toolkit-dim">{safe(self._overview.headline)}, '
            f"{size(self._overview.stored_bytes)} stored</span>"
        )
        self._more.layout.display = "none" if len(found) <= self._limit else ""
        for name, button in self._heads.items():
            arrow = "" if name != self._order else " ▼" if self._descending else " ▲"
            button.description = name + arrow

    def _heading(self, name: str) -> Any:
        button = widgets.Button(
            description=name, tooltip=f"Sort by {name}", style=self._style, layout=self._plain
        )
        if name in _NUMBERS:
            button.add_class("toolkit-num")
        button.on_click(lambda _button: self._sort(name))
        return button

    def _sort(self, name: str) -> None:
        self._descending = not self._descending if name == self._order else False
        self._order = name
        self._draw()

    def _searched(self, _change: Any) -> None:
        self._limit = PAGE
        self._draw()

    def _show_more(self, _button: Any) -> None:
        self._limit += PAGE
        self._draw()


class _Row:
    """A button with the name, and the other cells as one piece of HTML: few widgets a row."""

    def __init__(self, style: Any, layout: Any, choose: Callable[[DatasetRow], None]) -> None:
        self._dataset: DatasetRow | None = None
        self._button = widgets.Button(style=style, layout=layout)
        self._cells = widgets.HTML(layout=layout)
        self._cells.add_class("toolkit-cells")
        self._button.on_click(lambda _b: choose(self._dataset) if self._dataset else None)
        self.widget = widgets.HBox([self._button, self._cells], layout=layout)
        self.widget.add_class("toolkit-row")

    def show(self, dataset: DatasetRow) -> None:
        self._dataset = dataset
        self._button.description = dataset.name
        self._button.tooltip = f"Show {dataset.name}"
        rows, columns = columns_of(dataset)
        cells = (
            ("", dataset.kind),
            ("toolkit-num", rows),
            ("toolkit-num", columns),
            ("toolkit-num", size(dataset.byte_size)),
            ("", age(dataset.created_at)),
            ("toolkit-num", f"{dataset.versions:,}"),
            ("", ", ".join(dataset.tags)),
        )
        drawn = "".join(f'<span class="{style}">{safe(text)}</span>' for style, text in cells)
        self._cells.value = f'<div class="toolkit-grid">{drawn}</div>'

    def mark(self, name: str) -> None:
        chosen = self._dataset is not None and self._dataset.name == name
        change = self.widget.add_class if chosen else self.widget.remove_class
        change("toolkit-chosen")
