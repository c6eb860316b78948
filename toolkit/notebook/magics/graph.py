"""A graph of lineage as Mermaid, as a drawing and as text. Names are data: each form escapes them.

Of outside sources only the last part of the path is shown: outputs are kept in notebooks, which are
compared and given away."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from toolkit.notebook.display.graph import lineage_html

Edge = tuple[str, str, str]
"""What was derived, from what, and what that is: ``version``, ``source`` or ``dropped``."""

_LONGEST = 80
_MOST_EDGES = 200
_ESCAPED = re.compile(r"[^A-Za-z0-9_.@ -]")
_JUPYTER_SERVER = "JPY_SESSION_NAME"
"""Set by the server of JupyterLab and Notebook, and by nothing else."""

_SHAPES: Mapping[str, tuple[str, str]] = {
    "version": ('["', '"]'),
    "source": ('[("', '")]'),
    "dropped": ('(["', '"])'),
}
"""How Mermaid draws a version, a file or URL, and a version that is there no more."""


@dataclass(frozen=True, slots=True)
class Graph:
    """What ``ref`` was derived from: its value in a notebook is a drawing."""

    ref: str
    edges: tuple[Edge, ...] = ()
    """Each once, nearest first, with the names that are shown."""

    @classmethod
    def of(cls, ref: str, edges: Iterable[Edge]) -> Graph:
        """A graph of edges with full names, as ``Workspace.lineage`` has them."""
        found = tuple(dict.fromkeys(edges))
        labels = _labels({source: kind for _derived, source, kind in found})
        return cls(ref, tuple((derived, labels[source], kind) for derived, source, kind in found))

    def __repr__(self) -> str:
        return "\n".join(self._tree())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        drawing = self.html()
        if len(self.edges) <= _MOST_EDGES:
            bundle["text/vnd.mermaid"] = self.mermaid()
            if _JUPYTER_SERVER in os.environ and drawing.startswith("<svg"):
                # JupyterLab shows HTML rather than Mermaid where it has both, an image after it.
                svg = drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
                return {**bundle, "image/svg+xml": svg}
        return {**bundle, "text/html": drawing}

    def mermaid(self) -> str:
        """A flow chart from the sources on the left to what was asked for on the right."""
        kinds = {source: kind for _derived, source, kind in self.edges}
        names = dict.fromkeys([self.ref, *(name for edge in self.edges for name in edge[:2])])
        numbers = {name: f"n{i}" for i, name in enumerate(names)}
        lines = ["flowchart LR"]
        for name, number in numbers.items():
            before, after = _SHAPES[kinds.get(name, "version")]
            label = _ESCAPED.sub(lambda found: f"#{ord(found[0])};", name)
            lines.append(f"    {number}{before}{label}{after}")
        lines += [
            f"    {numbers[source]} --> {numbers[derived]}" for derived, source, _kind in self.edges
        ]
        return "\n".join(lines)

    def html(self) -> str:
        """A drawing as SVG, or a table where it would be too large to be read."""
        frame = pl.DataFrame(
            self.edges, schema=dict.fromkeys(("ref", "input", "kind"), pl.String), orient="row"
        )
        return lineage_html(self.ref, frame)

    def _tree(self) -> Iterator[str]:
        """The lines of a tree: what came from several ways is followed once."""
        sources: dict[str, list[str]] = {}
        for derived, source, _kind in self.edges[:_MOST_EDGES]:
            sources.setdefault(derived, []).append(source)
        seen: set[str] = set()
        pending = [(self.ref, "", "")]
        while pending:
            name, before, below = pending.pop()
            inputs = sources.get(name, [])
            if name in seen and inputs:
                yield f"{before}{name} …"
                continue
            seen.add(name)
            yield f"{before}{name}"
            ends = [("├─ ", "│  ")] * (len(inputs) - 1) + [("└─ ", "   ")]
            rows = [
                (i, below + one, below + more) for i, (one, more) in zip(inputs, ends, strict=False)
            ]
            pending += reversed(rows)
        if len(self.edges) > _MOST_EDGES:
            yield f"… and {len(self.edges) - _MOST_EDGES} more inputs"


def _labels(kinds: Mapping[str, str]) -> dict[str, str]:
    """What each node is called: of a source the last part of its path, numbered where two are the
    same."""
    labels: dict[str, str] = {}
    taken: set[str] = {name for name, kind in kinds.items() if kind == "version"}
    for name, kind in kinds.items():
        label = name if kind == "version" else _short(name, kind)
        number = 1
        while kind != "version" and label in taken:
            number += 1
            label = f"{_short(name, kind)} ({number})"
        taken.add(label)
        labels[name] = label
    return labels


def _short(name: str, kind: str) -> str:
    if kind == "dropped":
        return f"{name} (dropped)"
    shown = " ".join(re.split(r"[/\\]", name.rstrip("/\\"))[-1].split())
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
