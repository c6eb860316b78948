"""Settings of the extension: ``%toolkit`` changes them, ``[tool.toolkit]`` has the defaults."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolkit.core.errors import InvalidArgumentError
from toolkit.notebook.naming import validate_notebook

PYPROJECT = "pyproject.toml"

_UNITS = {
    "": 1,
    "B": 1,
    "BYTE": 1,
    "BYTES": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 1 << 10,
    "MIB": 1 << 20,
    "GIB": 1 << 30,
    "TIB": 1 << 40,
}

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z]*)", re.ASCII)

_NO_BUDGET = ("none", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the extension does after a cell."""

    name: str | None = None
    """The notebook's name, the first part of the names of what it captures; None: the name that
    the front end tells."""
    capture: bool = True
    quiet: bool = False
    """True: what was saved is not told. What was not saved still is."""
    limit: int = 2 << 30
    """Bytes in memory from which on a frame is not captured."""
    keep: int = 10
    """How many captured versions of a name stay."""
    budget: int | None = 20 * 10**9
    """Bytes of the workspace's files from which on the oldest captured versions are let go."""


def parse_size(text: str) -> int:
    """Bytes, of ``500MB`` (10⁶) or ``2GiB`` (2³⁰).

    >>> parse_size("1.5 kB")
    1500
    """
    found = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(found[2].upper()) if found else None
    if found is None or unit is None:
        raise InvalidArgumentError(f"{text!r} is not a size: write one such as 500MB or 2GiB.")
    return int(float(found[1]) * unit)


def show_size(size: int) -> str:
    """Bytes as a person writes them.

    >>> show_size(2 << 30), show_size(500_000_000), show_size(1_234_567), show_size(12)
    ('2 GiB', '500 MB', '1.2 MB', '12 bytes')
    """
    for unit, bytes_of_it in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20)):
        if size >= bytes_of_it and size % bytes_of_it == 0:
            return f"{size // bytes_of_it} {unit}"
    for unit, bytes_of_it in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes_of_it:
            return f"{size / bytes_of_it:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} byte{'' if size == 1 else 's'}"


def with_setting(settings: Settings, key: str, value: Any) -> Settings:
    """The settings with one of them changed. Raises InvalidArgumentError or InvalidNameError."""
    change = _CHANGES.get(key)
    if change is None:
        raise InvalidArgumentError(
            f"{key!r} is not a setting: choose one of {', '.join(_CHANGES)}."
        )
    return replace(settings, **{key: change(value)})


def defaults(folder: Path) -> tuple[Settings, tuple[str, ...]]:
    """The settings in ``[tool.toolkit]`` of the nearest pyproject.toml at or above a folder, and
    what is wrong with it, a line each. What is wrong has no effect."""
    settings, problems = Settings(), []
    found = next((p for d in (folder, *folder.parents) if (p := d / PYPROJECT).is_file()), None)
    if found is None:
        return settings, ()
    try:
        table: Any = tomllib.loads(found.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return settings, (f"{PYPROJECT} cannot be read ({error}): its settings are not used.",)
    for key in ("tool", "toolkit"):
        table = table.get(key, {}) if isinstance(table, Mapping) else table
    if not isinstance(table, Mapping):
        return settings, (f"tool.toolkit of {PYPROJECT} is not a table: it is not used.",)
    for key, value in table.items():
        try:
            settings = with_setting(settings, key, value)
        except (InvalidArgumentError, ValueError) as error:
            problems.append(f"[tool.toolkit] of {PYPROJECT}: {error}")
    return settings, tuple(problems)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidArgumentError(f"{value!r} is neither true nor false.")
    return value


def _count(value: Any) -> int:
    text = str(value)
    if not text.isdecimal() or int(text) < 1:
        raise InvalidArgumentError(f"{text!r} is not a number of versions: write one from 1.")
    return int(text)


def _size(value: Any) -> int:
    return parse_size(str(value))


def _budget(value: Any) -> int | None:
    return None if str(value).lower() in _NO_BUDGET else parse_size(str(value))


_CHANGES: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda value: validate_notebook(str(value)),
    "capture": _switch,
    "quiet": _switch,
    "limit": _size,
    "keep": _count,
    "budget": _budget,
}
