"""Names of notebooks and variables, made into parts of dataset names."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import PureWindowsPath
from typing import Any

import duckdb

from toolkit.core.errors import InvalidNameError
from toolkit.core.names import RESERVED_SCHEMAS

SESSION = "session"
"""The name of a notebook whose front end tells none."""

_LONGEST = 63
_SUFFIX = 7
_NOTEBOOK = ".ipynb"


class NameGiver:
    """Gives variables names that are valid and, as names of datasets are the same in any case,
    differ by more than case."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}

    def part_for(self, variable: str) -> str:
        """The second part of the variable's dataset name; the same for the same variable."""
        part = valid_part(variable)
        if self._taken.setdefault(part.lower(), variable) != variable:
            part = _told_apart(part, variable)
        return part


def valid_part(name: str) -> str:
    """The name where it can be a part of a dataset's name, else one made of it.

    >>> valid_part("late_flights"), valid_part("2024 sales")
    ('late_flights', '_2024_sales')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    part = re.sub(r"[^A-Za-z0-9_]+", "_", plain.strip()) or "_"
    part = f"_{part}" if part[0].isdigit() else part
    # Two names that become one by leaving letters out are told apart; spaces and dashes are not.
    return _told_apart(part, name) if not name.isascii() or len(part) > _LONGEST else part


def notebook_part(name: str) -> str:
    """The name of a notebook as the first part of dataset names, which must not be SQL's own.

    >>> notebook_part("main"), notebook_part("My analysis"), notebook_part("order")
    ('main_', 'My_analysis', 'order_')
    """
    part = valid_part(name)
    return f"{part}_" if part.lower() in RESERVED_SCHEMAS or _is_keyword(part) else part


def validate_notebook(name: str) -> str:
    """Return the name of a notebook as it is. Raises InvalidNameError, with a name that is similar,
    for one that SQL could not read without quotes."""
    part = notebook_part(name)
    if part != name:
        raise InvalidNameError(
            f"{name!r} cannot be the first part of a dataset's name in SQL: choose another one, "
            f"such as {part}."
        )
    return name


def front_end_name(namespace: Mapping[str, Any]) -> str:
    """The name of the notebook's file, as jupyter_server or VS Code tell it; else ``session``."""
    told = namespace.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or ""
    # A path of the other system is taken apart as well: PureWindowsPath knows both separators.
    stem, found, _ = PureWindowsPath(str(told)).name.partition(_NOTEBOOK)
    return notebook_part(stem) if found and stem else SESSION


def _is_keyword(part: str) -> bool:
    """Whether DuckDB takes a word for its own where a schema is named, as of its many keywords it
    does of some."""
    if duckdb.tokenize(part)[0][1] != duckdb.token_type.keyword:
        return False
    try:
        duckdb.extract_statements(f"from {part}.x")
    except duckdb.ParserException:
        return True
    return False


def _told_apart(part: str, name: str) -> str:
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass")).hexdigest()[: _SUFFIX - 1]
    return f"{part[: _LONGEST - _SUFFIX]}_{digest}"
