"""What was measured, as a table for people and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.sizes import Sizes

_LIBRARIES = ("polars", "duckdb", "pyarrow", "pandas")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure and its goal: reached where it is at most the goal.

    Some are there to be compared with, and have no goal."""

    what: str
    measured: float
    goal: float | None
    unit: str
    """``×`` for a ratio, else the unit of both numbers."""
    against: str
    """What the ratio divides by, or how the number was counted."""
    detail: str = ""
    """The times behind it."""

    @property
    def reached(self) -> bool | None:
        """None without a goal."""
        return None if self.goal is None else self.measured <= self.goal


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table, aligned so that it is readable as text too."""
    head = ("what", "measured", "goal", "reached", "against", "ours : base")
    rows = [head, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def machine() -> str:
    """The size of the machine and the versions of the engines."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    engines = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, {engines}"
    )


def write_json(figures: Sequence[Figure], sizes: Sizes, path: Path) -> None:
    """Write everything that was measured."""
    content = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "load_average": os.getloadavg(),
        "sizes": asdict(sizes),
        "figures": [{**asdict(figure), "reached": figure.reached} for figure in figures],
    }
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.what,
        _number(figure.measured, figure.unit),
        "" if figure.goal is None else "≤ " + _number(figure.goal, figure.unit),
        {None: "", True: "yes", False: "NO"}[figure.reached],
        figure.against,
        figure.detail,
    )


def _number(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}"
