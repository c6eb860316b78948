"""DuckDB's errors as one readable line that says where."""

from __future__ import annotations

import re

import duckdb

from toolkit.query.words import position, words_of

_PREFIX = re.compile(r"^[A-Za-z ]+ Error: ")
_LINE = re.compile(r"^LINE (\d+): ", re.MULTILINE)
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_NEXT = "A query reads datasets and frames only: read the file with ws.read first."
_FUNCTION = re.compile(r"Function with name (\S+)")


def readable(error: duckdb.Error, sql: str) -> str:
    """``line 1, column 8: Referenced column "dely" not found …``: one line, the place first."""
    text = str(error)
    where = _caret(text) or _mentioned(text, sql)
    told = _LINE.split(text)[0].partition("\n\nStack Trace")[0].strip()
    lines = [line.strip() for line in _PREFIX.sub("", told).splitlines() if line.strip()]
    message = " ".join(lines)
    if isinstance(error, duckdb.PermissionException) and "access file" in message:
        message = f"{message}. {_NEXT}"
    return f"{where}: {message}" if where else message


def _caret(text: str) -> str | None:
    """The place that DuckDB drew with a caret below an excerpt of the query."""
    found = _LINE.search(text)
    if found is None:
        return None
    excerpt, _, below = text[found.end() :].partition("\n")
    if excerpt.startswith("...") or "^" not in below:
        return f"line {found[1]}"
    column = below.index("^") - (found.end() - found.start()) + 1
    return f"line {found[1]}, column {column}"


def _mentioned(text: str, sql: str) -> str | None:
    """The first place of the name that the message quotes first."""
    name = _FUNCTION.search(text) or _QUOTED.search(text)
    if name is None:
        return None
    wanted = name[1].replace('""', '"').rpartition(".")[2].lower()
    for word in words_of(sql):
        if not word.is_value and word.name.lower() == wanted:
            return position(sql, word.offset)
    return None
