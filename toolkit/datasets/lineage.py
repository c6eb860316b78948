"""Inputs that a lazy frame carries by itself.

A scan that the toolkit hands out is wrapped in a literal column that is added and dropped again.
The optimizer removes both, so the query runs as if they were not there; the plan as it was written
(``LazyFrame.explain(optimized=False)``) still shows them, through any number of further steps.
Scans that were made without the toolkit are known by the paths that the plan prints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

import polars as pl

Kind = Literal["version", "source"]

_COLUMN = "__toolkit_input__"
_MARK = re.compile(r'"toolkit\+(version|source):([^"\s]*)"')
_SCAN = re.compile(r"^\s*(?:Parquet|Csv|NDJson|Ipc|Lines) SCAN \[(.*)\]\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PlanInput:
    """Something that a plan reads."""

    kind: Kind
    name: str
    """``name@3`` of a version, or the path or URL of an outside source."""


def mark(frame: pl.LazyFrame, *inputs: PlanInput) -> pl.LazyFrame:
    """The same frame, and its plan says what it reads."""
    for item in inputs:
        text = f"toolkit+{item.kind}:{quote(item.name, safe='/:@.')}"
        frame = frame.with_columns(pl.lit(text).alias(_COLUMN)).drop(_COLUMN)
    return frame


def plan_inputs(frame: pl.LazyFrame) -> tuple[PlanInput, ...]:
    """What a lazy frame reads, in the order of its plan, without running it."""
    plan = frame.explain(optimized=False)
    marked = [PlanInput(_kind(kind), unquote(name)) for kind, name in _MARK.findall(plan)]
    return tuple(dict.fromkeys([*marked, *_unmarked(plan)]))


def _kind(text: str) -> Kind:
    return "version" if text == "version" else "source"


def _unmarked(plan: str) -> Iterator[PlanInput]:
    """Scans whose line above is not a mark: made by polars' own functions."""
    lines = plan.splitlines()
    for number, line in enumerate(lines):
        scan = _SCAN.match(line)
        if scan is None or (number and _MARK.search(lines[number - 1])):
            continue
        for path in scan[1].split(", "):
            if path and not path.startswith("..."):
                yield PlanInput("source", path)
