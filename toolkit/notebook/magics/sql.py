"""``%sql`` and ``%%sql``: a query over the notebook's frames and the datasets of the workspace."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import polars as pl
from IPython.core.magic import needs_local_scope, no_var_expand

from toolkit.notebook.magics.interrupts import interruptible
from toolkit.notebook.magics.results import collect
from toolkit.notebook.magics.shell import install, told_in_one_line
from toolkit.notebook.magics.statement import parameter_names, read_statement, values_of
from toolkit.notebook.magics.tables import NotebookFrames
from toolkit.notebook.session import NotebookSession


def register(ipython: Any, session: NotebookSession) -> Callable[[], None]:
    """Add ``%sql`` and ``%%sql``."""

    # Without it IPython would paste the values of $names into the text.
    @no_var_expand
    @needs_local_scope
    def sql(line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        """Run a query in DuckDB over the frames of the notebook and the datasets.

            %sql select 42              the result is the value of the line
            total = %sql select ...     ... which can be assigned
            %sql total << select ...    the same; nothing is shown
            %%sql                       the query is the rest of the cell
            %%sql total <<              ... and its result is assigned
            %%sql total = <<            ... and shown

        Tables are the variables that are frames, then the datasets of the workspace: newest
        versions by name, a quoted "name@2" for an older one. $name is the value of a variable; it
        is bound, never pasted. The result is a polars DataFrame."""
        namespace = ChainMap(dict(local_ns or {}), ipython.user_ns)
        statement = read_statement(line, cell)
        result = _run(session, statement.query, namespace)
        if statement.target:
            ipython.user_ns[statement.target] = result
        return result if statement.is_shown else None

    return install(ipython, "sql", "line_cell", sql)


def _run(session: NotebookSession, query: str, namespace: Mapping[str, Any]) -> pl.DataFrame:
    values = values_of(parameter_names(query), namespace)
    frames = NotebookFrames(namespace)
    with told_in_one_line(), interruptible(session.workspace.interrupt):
        relation = session.workspace.sql(query, values, frames)
        inputs = _inputs(session, frames.taken, relation)
        result = collect(relation)
    if inputs is not None:
        session.remember_inputs(result, inputs)
    return result


def _inputs(
    session: NotebookSession, frames: Mapping[str, Any], relation: duckdb.DuckDBPyRelation
) -> tuple[str, ...] | None:
    """What the frames and datasets of a query are or come from; None when that is not known of one
    of them, such as a frame that the very cell has bound: then the capture goes by the text."""
    captures = session.workspace.captures
    found: list[str] = []
    for name, frame in frames.items():
        if (ref := session.ref_of(frame, name)) is not None:
            found.append(ref)
        elif isinstance(frame, pl.LazyFrame):
            found.extend(captures.inputs_of(frame))
        elif (known := session.inputs_of(frame)) is not None:
            found.extend(known)
        else:
            return None
    found.extend(captures.inputs_of(relation))
    return tuple(dict.fromkeys(found))
