"""The text of ``%sql`` and ``%%sql``: where the result goes, the query, and its ``$names``."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import duckdb
from IPython.core.error import UsageError

_VARIABLE = re.compile(r"\s*\$([^\W\d]\w*)\s*;?\s*")
_TARGET = re.compile(r"\s*(\w+)\s*(=?)\s*<<(.*)", re.DOTALL)
_OPTION = re.compile(r"\s*(--\w[\w-]*)")
_VALUES = frozenset({duckdb.token_type.string_const, duckdb.token_type.numeric_const})

USAGE = "Write a query, such as %sql select 42, or %%sql name << and the query below."


@dataclass(frozen=True, slots=True)
class Statement:
    """What a magic was given."""

    query: str
    target: str = ""
    """The variable that gets the result; empty: none."""
    is_shown: bool = True
    """Whether the result is the value of the cell."""


def read_statement(line: str, cell: str | None) -> Statement:
    """``name <<`` assigns the result, ``name = <<`` shows it as well; without either it is shown.

    Lines of the query are those of the cell's body where it begins there. Raises UsageError for a
    target that is no variable, and where there is no query."""
    if (option := _OPTION.match(line)) is not None:
        # To SQL it would be a comment, and what was asked for would not be done.
        raise UsageError(
            f"{option[1]} is no option here: %sql has none, and a comment has a space after --."
        )
    found = _TARGET.fullmatch(line)
    rest = found[3] if found else line
    body = [] if cell is None else [cell]
    query = "\n".join([rest, *body] if rest.strip() or not body else body)
    if not query.strip():
        raise UsageError(USAGE)
    if (variable := _VARIABLE.fullmatch(query)) is not None:
        raise UsageError(
            f"${variable[1]} is a value within a query, and cannot be the query: pass a text to "
            f"ws.sql({variable[1]}) of a workspace."
        )
    if found is None:
        return Statement(query)
    target = found[1]
    if not target.isidentifier() or keyword.iskeyword(target):
        raise UsageError(f"The result cannot be assigned to {target}, which is no variable's name.")
    return Statement(query, target, is_shown=bool(found[2]))


def parameter_names(query: str) -> tuple[str, ...]:
    """The ``$name`` of a query, each once. Text, comments and quoted names have none."""
    data = query.encode()
    tokens = [*duckdb.tokenize(query), (len(data), None)]
    words = [(data[start:end].decode(), kind) for (start, kind), (end, _next) in pairwise(tokens)]
    return tuple(
        dict.fromkeys(
            word.strip()
            for (before, kind), (word, of) in pairwise(words)
            if kind == duckdb.token_type.operator and before.endswith("$") and of not in _VALUES
        )
    )


def values_of(names: tuple[str, ...], namespace: Mapping[str, Any]) -> dict[str, object]:
    """The values that a query's ``$names`` are bound to. Raises UsageError for a name that is no
    variable, or a value that SQL has no type for."""
    missing = [name for name in names if name not in namespace]
    if missing:
        shown = ", ".join(f"${name}" for name in missing)
        raise UsageError(f"No variable for {shown}: bind {', '.join(missing)} first.")
    return {name: _plain(namespace[name]) for name in names}


def _plain(value: Any) -> object:
    """Scalars of numpy as Python's own, and columns as lists: DuckDB binds nothing else."""
    module = type(value).__module__.partition(".")[0]
    if module == "numpy" and getattr(value, "ndim", None) == 0:
        return value.item()
    if module in ("polars", "pandas") and type(value).__name__ in ("Series", "Index"):
        return value.to_list()
    return value
