"""The rule that the files of one source have the same columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from posixpath import basename

import polars as pl

from toolkit.core.errors import SourceError

_SHOWN = 5
"""Names that are shown of those that only one of two files has."""
_LINES = 12
"""Columns that the table of differences shows."""
_FILES = 4
"""Kinds of files that it shows."""
_WIDE = 34
"""Characters of a cell."""

Schema = Mapping[str, pl.DataType]


def require_same_columns(
    given: str,
    first: tuple[str, Schema],
    *others: tuple[str, Schema],
    advice: str = "Read the files that belong together, or read each and cast.",
) -> None:
    """Raise SourceError with a table of the differences unless all files have the same columns.

    The order of columns may differ: engines match them by name."""
    expected = dict(first[1])
    if all(dict(schema) == expected for _, schema in others):
        return
    table = _differences([first, *others])
    raise SourceError(f"The files of {given} do not have one schema.\n{table}\n{advice}")


def require_joinable(given: str, files: Sequence[tuple[str, Schema]], apart: Sequence[str]) -> None:
    """Raise SourceError with a table of the columns ``apart``, which no type can hold."""
    if not apart:
        return
    chosen = [
        (url, {name: schema[name] for name in apart if name in schema}) for url, schema in files
    ]
    raise SourceError(
        f"The files of {given} cannot be joined: there is no type that holds the values of all.\n"
        f"{_differences(chosen)}\nRead the files that belong together, or read each and cast."
    )


def require_same_names(
    given: str, first: tuple[str, Sequence[str]], other: tuple[str, Sequence[str]]
) -> None:
    """Raise SourceError unless two files of ``given`` that have texts only have the same columns in
    the same order."""
    url, expected = first
    other_url, names = other
    if list(expected) == list(names):
        return
    lacking = [name for name in expected if name not in names]
    extra = [name for name in names if name not in expected]
    listed = "; ".join(
        [f"{name!r} is only in the first" for name in lacking[:_SHOWN]]
        + [f"{name!r} is only in the second" for name in extra[:_SHOWN]]
    )
    raise SourceError(
        f"The files of {given} do not have one schema. First {url}, second {other_url}: "
        f"{listed or 'the same columns in another order'}. Read the files that belong together."
    )


def _differences(files: Sequence[tuple[str, Schema]]) -> str:
    """A table: a line for each column that not all files have alike, a column for each kind of
    file, named by the first of its kind."""
    kinds: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for url, schema in files:
        key = tuple(sorted((name, str(dtype)) for name, dtype in schema.items()))
        kinds.setdefault(key, []).append(url)
    tables = [dict(key) for key in kinds]
    order = dict.fromkeys(name for _, schema in files for name in schema)
    names = [name for name in order if len({table.get(name) for table in tables}) > 1]
    head = ["column", *(_title(urls) for urls in list(kinds.values())[:_FILES])]
    rows = [
        [repr(name), *(table.get(name, "–") for table in tables[:_FILES])]
        for name in names[:_LINES]
    ]
    lines = [[_cut(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = [
        "  " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    ]
    more = [
        f"  … and {count} more {what}"
        for count, what in (
            (len(names) - _LINES, "columns"),
            (len(kinds) - _FILES, "kinds of files"),
        )
        if count > 0
    ]
    return "\n".join([line.rstrip() for line in shown] + more)


def _title(urls: Sequence[str]) -> str:
    name = basename(urls[0])
    return name if len(urls) == 1 else f"{name} and {len(urls) - 1} more"


def _cut(cell: str) -> str:
    return cell if len(cell) <= _WIDE else f"{cell[: _WIDE - 1]}…"
