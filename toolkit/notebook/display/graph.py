"""Lineage drawn as SVG: sources to the left, the version that was asked for to the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

import polars as pl

from toolkit.notebook.display.words import cut, html_table, safe

MOST_NODES = 60
"""More than these are a list: a drawing of them would not be read."""

_BOX_HEIGHT = 30
_LETTER, _PADDING = 7, 18
"""Widths, of a letter at most and of what is around a name."""
_GAP_X, _GAP_Y = 36, 14
_LONGEST = 36


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float


Edges = tuple[tuple[str, str], ...]


def lineage_html(ref: str, lineage: pl.DataFrame) -> str:
    """The drawing for a version's ``lineage``, or a list of its edges when there are many."""
    if lineage.is_empty():
        return f"<p>{safe(ref, 150)} has no known inputs.</p>"
    edges: Edges = tuple(lineage.select("input", "ref").unique(maintain_order=True).iter_rows())
    names = dict.fromkeys(name for edge in edges for name in reversed(edge))
    if len(names) > MOST_NODES:
        rows = ([safe(made, 150), safe(source, 150)] for source, made in edges)
        return html_table(("version", "made from"), rows)
    kinds = {ref: "version", **dict(lineage.select("input", "kind").iter_rows())}
    return _draw(ref, edges, _layers(names, edges), kinds)


def _layers(names: Iterable[str], edges: Edges) -> dict[str, int]:
    """How many steps each node is from the end, by the longest way: arrows never go backwards."""
    layer = dict.fromkeys(names, 0)
    # A graph of n nodes without circles is settled after n rounds; the bound keeps one with
    # circles, which versions cannot form, from going on for ever.
    for _round in range(len(layer)):
        moved = False
        for source, made in edges:
            if layer[source] < layer[made] + 1:
                layer[source] = layer[made] + 1
                moved = True
        if not moved:
            break
    return layer


def _draw(ref: str, edges: Edges, layers: Mapping[str, int], kinds: Mapping[str, str]) -> str:
    columns: dict[int, list[str]] = {}
    for name, layer in layers.items():
        columns.setdefault(layer, []).append(name)
    order = sorted(columns, reverse=True)
    tallest = max(map(len, columns.values()))
    height = tallest * (_BOX_HEIGHT + _GAP_Y) + _GAP_Y
    shown = {name: _label(name, kinds.get(name, "version")) for name in layers}
    boxes: dict[str, _Box] = {}
    x = 2
    for layer in order:
        names = columns[layer]
        step = height / len(names)
        box_width = _PADDING + _LETTER * max(len(shown[name]) for name in names)
        for j, name in enumerate(names):
            boxes[name] = _Box(x, (j + 0.5) * step - _BOX_HEIGHT / 2, box_width)
        x += box_width + _GAP_X
    width = x - _GAP_X + 2
    lines = "".join(_line(boxes[source], boxes[made]) for source, made in edges)
    drawn = "".join(
        _drawn(name, shown[name], kinds.get(name, "version"), name == ref, box)
        for name, box in boxes.items()
    )
    label = escape(f"Lineage of {ref}")
    return (
        # Shrinks to the page's width as long as its words can be read.
        f'<svg class="toolkit-graph" role="img" aria-label="{label}" '
        f'viewBox="0 0 {width} {height}" '
        f'style="width:100%;max-width:{width}px;min-width:{width * 0.8:.0f}px">'
        '<defs><marker id="toolkit-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="currentColor"/></marker>'
        f"</defs>{lines}{drawn}</svg>"
    )


def _line(start: _Box, end: _Box) -> str:
    x1, y1 = start.x + start.width, start.y + _BOX_HEIGHT / 2
    x2, y2 = end.x, end.y + _BOX_HEIGHT / 2
    middle = (x1 + x2) / 2
    return (
        f'<path d="M{x1:.0f} {y1:.0f}C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} '
        f'{y2:.0f}" fill="none" stroke="currentColor" stroke-opacity=".5" '
        'marker-end="url(#toolkit-arrow)"/>'
    )


def _label(name: str, kind: str) -> str:
    """A version's reference, or the last part of a path; of long ones both ends."""
    label = cut(name if kind == "version" else name.rstrip("/").rpartition("/")[2], 300)
    half = _LONGEST // 2
    return label if len(label) <= _LONGEST else f"{label[: half - 1]}…{label[-half:]}"


def _drawn(name: str, shown: str, kind: str, asked: bool, box: _Box) -> str:
    dashes = "" if kind == "version" else ' stroke-dasharray="4 3"'
    weight = "2" if asked else "1"
    return (
        f'<g><title>{escape(cut(name, 300))}</title><rect x="{box.x:.0f}" y="{box.y:.0f}" '
        f'width="{box.width:.0f}" height="{_BOX_HEIGHT}" rx="5" fill="currentColor" '
        f'fill-opacity="{".12" if asked else ".04"}" stroke="currentColor" '
        f'stroke-width="{weight}" stroke-opacity=".6"{dashes}/>'
        f'<text x="{box.x + box.width / 2:.0f}" y="{box.y + _BOX_HEIGHT / 2 + 4:.0f}" '
        f'text-anchor="middle" font-size="12" fill="currentColor">{escape(shown)}</text></g>'
    )
