"""What all magics share: how they join a shell and leave it, and errors of one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import duckdb
import polars as pl
import pyarrow as pa
from IPython.core.error import UsageError

from toolkit.core.errors import ToolkitError

_FAILURES = (
    *(ToolkitError, duckdb.Error, pl.exceptions.PolarsError, pa.ArrowException),
    # An Arrow stream has no other error for what fails while it is read.
    OSError,
)
_PREFIX = re.compile(r"^[A-Za-z ]+ Error: ")
_STREAM = re.compile(
    r"reading the stream registered as '(.*?)' failed: (?:Unknown error: )?(.*?)"
    r"(?:\s*This error occurred in.*|\.? Detail: Python exception.*)",
    re.DOTALL,
)
"""How DuckDB tells what failed in a lazy frame, with a traceback of ours."""
_LINE = re.compile(r"^LINE (\d+): ", re.MULTILINE)


def install(
    ipython: Any, name: str, kind: Literal["line", "line_cell"], magic: Callable[..., Any]
) -> Callable[[], None]:
    """Add a magic; returns the function that takes it away and brings back the one that had the
    name before."""
    kinds = ("line", "cell") if kind == "line_cell" else ("line",)
    tables = {each: ipython.magics_manager.magics[each] for each in kinds}
    before = {each: table[name] for each, table in tables.items() if name in table}
    ipython.register_magic_function(magic, magic_kind=kind, magic_name=name)

    def remove() -> None:
        for each, table in tables.items():
            if table.get(name) is not magic:
                # Somebody else took the name since.
                continue
            del table[name]
            if each in before:
                table[name] = before[each]

    return remove


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Raise UsageError, which IPython shows as one line, for an error of the toolkit or of an
    engine in the block."""
    try:
        yield
    except _FAILURES as error:
        raise UsageError(one_line(error)) from None


def one_line(error: BaseException) -> str:
    """What an error says, with the place in a query first where the engine tells it."""
    text = str(error)
    if isinstance(error, ToolkitError):
        return " ".join(text.split())
    place = _LINE.search(text)
    told = _PREFIX.sub("", _LINE.split(text)[0].partition("\n\nStack Trace")[0])
    told = _STREAM.sub(r"\1 could not be computed: \2", told)
    message = " ".join(told.split()) or type(error).__name__
    return f"line {place[1]}: {message}" if place else message
