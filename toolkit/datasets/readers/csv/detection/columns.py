"""What the columns of a table are like, and whether a row is rather their header."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from toolkit.datasets.readers.csv.detection.shapes import (
    BOOLEAN,
    EMPTY,
    NULL,
    NUMBER,
    TEMPORAL,
    TYPED,
    WORD,
    kind_of,
)

_ROWS = 100
_SHAPED = 40
_PREFIX = 7
_ENOUGH = 0.7
"""Share of its cells that a kind needs to be that of the column."""

_DIGIT, _SMALL, _CAPITAL = re.compile("[0-9]"), re.compile("[a-z]"), re.compile("[A-Z]")


@dataclass(frozen=True, slots=True)
class Column:
    """The cells of one column."""

    kind: str
    """The kind of most of them; ``EMPTY`` where none prevails or there are none."""
    count: int
    """Cells that are not empty."""
    values: frozenset[str]
    length: float
    """Mean length of the filled cells."""
    shape: str
    """Their common shape, as ``A9-99``; empty where they differ or are few."""
    prefix: str
    """The shape that all begin with, if it has a digit; else empty."""
    years: bool
    """Whether most of them are years."""
    words: float
    """Share of filled cells that are one plain word."""


def profile(rows: Sequence[Sequence[str]], width: int) -> list[Column]:
    """Profile the first rows of a table; rows of another width are left out."""
    good = [row for row in rows if len(row) == width][:_ROWS]
    columns = []
    for index in range(width):
        cells = [row[index].strip(" \t") for row in good]
        filled = [cell for cell in cells if cell]
        kinds = Counter(kind_of(cell) for cell in filled)
        del kinds[NULL]
        kind, total = EMPTY, kinds.total()
        if total:
            most, times = kinds.most_common(1)[0]
            kind = most if times >= _ENOUGH * total else EMPTY
            if kind == EMPTY and not any(kinds[typed] for typed in TYPED):
                kind = WORD
        shapes = {shape_of(cell) for cell in filled[:_SHAPED]}
        columns.append(
            Column(
                kind=kind,
                count=len(filled),
                values=frozenset(filled),
                length=sum(map(len, filled)) / max(1, len(filled)),
                shape=shapes.pop() if len(shapes) == 1 and len(filled) >= 3 else "",
                prefix=_common_prefix(filled),
                years=sum(map(is_year, filled)) * 2 > len(filled),
                words=kinds[WORD] / total if total else 0.0,
            )
        )
    return columns


def _bare_kind(cell: str) -> str:
    """The kind of a cell, whatever quotes are around it: one too many makes no name of a value."""
    return kind_of(cell.strip(" \t\"'") if '"' in cell or "'" in cell else cell)


def header_votes(row: Sequence[str], columns: Sequence[Column]) -> float:
    """How much a row looks like the names of columns (above 0) or like their values (below)."""
    votes = sum(
        _vote(cell.strip(" \t"), column) for cell, column in zip(row, columns, strict=False)
    )
    numbered = [(cell, c) for cell, c in zip(row, columns, strict=False) if cell.isdecimal()]
    if _counts([int(cell) for cell, _ in numbered]):
        # Numbers in order above fractions name columns.
        votes += sum(1.2 for _, c in numbered if any("." in value for value in c.values))
    filled = [cell.strip() for cell in row if cell.strip()]
    if len(set(filled)) < len(filled):
        votes -= 0.1 * (len(filled) - len(set(filled)))
    return votes


def _vote(cell: str, column: Column) -> float:
    kind = _bare_kind(cell)
    if kind in (EMPTY, NULL):
        return -0.3
    if column.kind in TYPED:
        if kind == column.kind:
            # Years name columns of numbers often enough.
            return 0.3 if is_year(cell) and not column.years else -1.0
        if kind == TEMPORAL and column.kind == NUMBER:
            # Months and days name columns of numbers as well.
            return 0.4
        return -0.5 if kind in TYPED else 1.0
    if kind in TYPED:
        return -0.2 if is_year(cell) else -0.8
    vote = 0.0
    if column.count >= 2 and cell in column.values:
        vote -= 0.6
    if column.shape:
        if shape_of(cell) != column.shape:
            vote += 0.4
        elif "9" in column.shape:
            vote -= 0.8
    if column.prefix:
        vote -= 0.6 if shape_of(cell[:_PREFIX]) == column.prefix else 0.0
    if column.length > 25 and len(cell) * 2 < column.length:
        vote += 0.4
    if len(cell) > 60:
        vote -= 0.5
    return vote


def _common_prefix(cells: Sequence[str]) -> str:
    prefixes = {shape_of(cell[:_PREFIX]) for cell in cells[:_SHAPED]}
    prefix = prefixes.pop() if len(prefixes) == 1 and len(cells) >= 3 else ""
    return prefix if "9" in prefix else ""


def shape_of(cell: str) -> str:
    """The cell with 9 for every digit, A for capitals, a for other letters."""
    return _CAPITAL.sub("A", _SMALL.sub("a", _DIGIT.sub("9", cell)))


def _counts(numbers: Sequence[int]) -> bool:
    """Whether numbers count up in steps of 1."""
    steps = {after - before for before, after in pairwise(numbers)}
    return len(numbers) > 2 and steps == {1}


def is_year(cell: str) -> bool:
    """Whether a cell is a year from 1900 to 2100."""
    return len(cell) == 4 and cell.isdecimal() and 1900 <= int(cell) <= 2100


def could_be_names(row: Sequence[str]) -> bool:
    """Whether no filled cell of a row is a value rather than a name."""
    filled = [cell.strip() for cell in row if cell.strip()]
    return bool(filled) and all(
        is_year(cell) or (_bare_kind(cell) not in (NUMBER, TEMPORAL, BOOLEAN) and len(cell) <= 80)
        for cell in filled
    )


def disagreements(row: Sequence[str], columns: Sequence[Column]) -> tuple[int, int]:
    """Filled cells of a row above columns of another kind than words: how many are words, and how
    many there are."""
    words = total = 0
    for cell, column in zip(row, columns, strict=False):
        kind = _bare_kind(cell)
        if column.kind not in TYPED or kind in (EMPTY, NULL):
            continue
        total += 1
        words += kind not in TYPED or (kind != column.kind and not is_year(cell.strip()))
    return words, total
