"""``%lineage``: where a dataset or a variable came from, as a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from IPython.core.error import UsageError

from toolkit.core.errors import DatasetNotFoundError, InvalidNameError
from toolkit.notebook.magics.graph import Edge, Graph
from toolkit.notebook.magics.shell import install, told_in_one_line
from toolkit.notebook.session import NotebookSession


def register(ipython: Any, session: NotebookSession) -> Callable[[], None]:
    """Add ``%lineage``."""

    def lineage(line: str) -> Graph:
        """Draw what a variable, a dataset or a version was derived from.

        %lineage late        the variable, or the newest version of the dataset
        %lineage late@2      a version"""
        name = line.strip().strip("\"'")
        if not name:
            raise UsageError("Name a variable, a dataset or a version: %lineage name")
        with told_in_one_line():
            return _graph(session, name)

    return install(ipython, "lineage", "line", lineage)


def _graph(session: NotebookSession, name: str) -> Graph:
    frame = session.frames().get(name)
    if frame is None:
        return _of_version(session, name)
    ref = session.ref_of(frame, name)
    if ref is not None:
        return Graph.of(ref, _edges(session, ref))
    if isinstance(frame, pl.LazyFrame):
        return _of_inputs(session, name, session.workspace.captures.inputs_of(frame))
    return _of_version(session, session.name_of(name))


def _of_version(session: NotebookSession, name: str) -> Graph:
    """A version by its reference, or what a variable that is gone was captured as."""
    try:
        return Graph.of(_resolved(session, name), _edges(session, name))
    except (DatasetNotFoundError, InvalidNameError):
        if not name.isidentifier():
            raise
        try:
            captured = session.name_of(name)
            return Graph.of(_resolved(session, captured), _edges(session, captured))
        except DatasetNotFoundError:
            pass
        raise


def _resolved(session: NotebookSession, name: str) -> str:
    """``name@3`` for a name or a tag, as the lineage spells it."""
    dataset, _, rest = name.partition("@")
    history = session.workspace.history(dataset)
    found = history.filter(pl.col("tags").list.contains(rest)) if rest else history.tail(1)
    version: int | None = next(iter(found["version"]), None)
    return name if version is None else f"{dataset}@{version}"


def _of_inputs(session: NotebookSession, name: str, inputs: tuple[str, ...]) -> Graph:
    """Of a lazy frame, which is no version: its inputs, and what they came from."""
    edges: list[Edge] = []
    for ref in inputs:
        try:
            above = _edges(session, ref)
        except (DatasetNotFoundError, InvalidNameError):
            edges.append((name, ref, "source"))
        else:
            edges += [(name, ref, "version"), *above]
    return Graph.of(name, edges)


def _edges(session: NotebookSession, ref: str) -> list[Edge]:
    return session.workspace.lineage(ref).select("ref", "input", "kind").rows()
