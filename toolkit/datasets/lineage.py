"""Inputs that a lazy frame carries by itself.

A scan that the toolkit hands out is wrapped in a literal column that is added and dropped again.
The optimizer removes both, so the query runs as if they were not there; the plan as it was written
(``LazyFrame.explain(optimized=False)``) still shows them, through any number of further steps.
Scans that were made without the toolkit are known by the paths that the plan prints.

A mark carries the random id of its workspace, twice: in the literal and in the column's name. A
text of the user's own is no mark, the column's name is nobody else's, and a frame of another
workspace is not mistaken for a version of this one.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode

import polars as pl

from toolkit.datasets.frames.computing import computing

Kind = Literal["version", "source"]

_COLUMN = "__toolkit_input_"
_MARK = re.compile(rf'( *)\["toolkit:([0-9a-f]+):([^"\s]*)"\.alias\("{_COLUMN}\2"\)\] ?')
_SCAN = re.compile(r"\s*(?:Parquet|Csv|NDJson|Ipc|Lines) SCAN \[(.*)\]\s*", re.DOTALL)
_MORE = re.compile(r"(.*), \.\.\. (\d+) other sources?", re.DOTALL)
_NEXT_URL = re.compile(r", (?=[a-z][a-z0-9+.-]*://)")
_IN_MEMORY = re.compile(r"(?:(?:\d+ in-mem bytes|open-file)(?:, |$))+")


_NOBODY = secrets.token_hex(16)
"""Marks the frames of no workspace in this process."""


@dataclass(frozen=True, slots=True)
class PlanInput:
    """Something that a plan reads."""

    kind: Kind
    name: str
    """``name@3`` of a version, or the path or URL of an outside source."""
    more: int = 0
    """How many further files the same scan reads, whose names the plan does not tell."""


def mark(frame: pl.LazyFrame, *inputs: PlanInput, workspace: str = _NOBODY) -> pl.LazyFrame:
    """The same frame, and its plan says what it reads: one mark for all inputs.

    ``workspace`` is the id of the workspace (hexadecimal) that the inputs' names belong to."""
    names = urlencode(
        [(item.kind, item.name) for item in inputs], safe="/:@.", errors="surrogateescape"
    )
    column = f"{_COLUMN}{workspace}"
    return frame.with_columns(pl.lit(f"toolkit:{workspace}:{names}").alias(column)).drop(column)


def plan_inputs(frame: pl.LazyFrame, workspace: str = _NOBODY) -> tuple[PlanInput, ...]:
    """What a lazy frame reads, in the order of its plan, without running it.

    A version that another workspace marked is a source: ``toolkit://<its id>/name@3``. Raises
    FrameError for a frame whose plan names what is not there."""
    with computing("The frame"):
        plan = frame.explain(optimized=False)
    return tuple(dict.fromkeys(_found(plan, workspace)))


def _found(plan: str, workspace: str) -> Iterator[PlanInput]:
    covered = -1
    for line in plan.split("\n"):
        if covered >= 0 and _indentation(line) > covered:
            # Below a mark: its own scans, or marks that it stands for.
            continue
        covered = -1
        if found := _MARK.fullmatch(line):
            covered = len(found[1])
            yield from _marked(found[2], found[3], workspace)
        elif scan := _SCAN.fullmatch(line):
            yield from _scanned(scan[1])


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _marked(owner: str, names: str, workspace: str) -> Iterator[PlanInput]:
    for kind, name in parse_qsl(names, errors="surrogateescape"):
        if kind == "source":
            yield PlanInput("source", name)
        elif owner == workspace:
            yield PlanInput("version", name)
        else:
            yield PlanInput("source", f"toolkit://{owner}/{name}")


def _scanned(text: str) -> Iterator[PlanInput]:
    """The files of a scan that polars' own functions made. A plan prints up to two of them, or the
    first and a number; a comma may be part of a path."""
    more = _MORE.fullmatch(text)
    if _IN_MEMORY.fullmatch(more[1] if more else text):
        return
    if more and not os.path.exists(text):
        yield PlanInput("source", more[1], int(more[2]))
        return
    for path in _NEXT_URL.split(text) if "://" in text else _paths(text):
        yield PlanInput("source", path)


def _paths(text: str) -> tuple[str, ...]:
    """One path or two; what cannot be told apart stays one text."""
    if not os.path.exists(text):
        for comma in re.finditer(", ", text):
            pair = text[: comma.start()], text[comma.end() :]
            if all(map(os.path.exists, pair)):
                return pair
    return (text,)
