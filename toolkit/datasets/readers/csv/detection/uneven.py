"""Finds a table whose rows end with their last filled cell, so that most have fewer fields than
there are names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from toolkit.datasets.readers.csv.detection.columns import are_plain_names
from toolkit.datasets.readers.csv.detection.headers import is_header
from toolkit.datasets.readers.csv.detection.tables import Run

_LOOKED_AT = 200
_ABOVE, _LEAST = 64, 5
"""Records among which the names are looked for, and rows below them."""
_MOST, _FEW = 0.9, 0.1
"""Share of the rows that have at most as many fields as there are names, and of those of one width
from which it is usual."""
_WHOLE, _WIDTHS = 2, 3
"""Rows with all fields, or else usual widths, that show the others to lack some."""
_CHANGES = 3
"""How often the width changes at least from row to row: it does once where another table begins."""


def uneven_table(
    rows: Sequence[Sequence[str]], gaps: Sequence[bool], run: Run | None
) -> Run | None:
    """The table, if there is one that is wider than a run that was found among its rows, or that
    begins above it."""
    width = run.width if run is not None else 1
    for start, names in enumerate(rows[: _ABOVE if run is None else min(_ABOVE, run.start + 1)]):
        if len(names) < max(3, width) or not are_plain_names(_filled(names)):
            continue
        end = _end(rows, gaps, start + 1, len(names))
        named = named_width(names, rows[start + 1 : end])
        if named > width or (named == width and run is not None and start + 1 < run.start):
            exact = sum(len(row) == named for row in rows[start:end])
            return Run(start, end, named, exact)
    return None


def named_width(names: Sequence[str], body: Sequence[Sequence[str]]) -> int:
    """How many columns a row names above rows that have up to as many fields, in no order; 0 if it
    does not. Names that blanks or tabs line up leave empty cells between them."""
    filled = _filled(names)
    width, body = len(filled), body[:_LOOKED_AT]
    if width < 3 or not are_plain_names(filled):
        return 0
    widths = [len(row) for row in body]
    counts = Counter(number for number in widths if 1 < number <= width)
    changes = sum(before != after for before, after in pairwise(widths))
    if counts.total() < max(_LEAST, _MOST * len(body)) or changes < _CHANGES:
        return 0
    usual = [n for n, times in counts.items() if times >= max(2, _FEW * len(body))]
    if (counts[width] < _WHOLE and len(usual) < _WIDTHS) or usual == [width]:
        return 0
    padded = [[*row, *[""] * (width - len(row))] for row in body if len(row) <= width]
    return width if is_header(filled, padded, width) else 0


def _filled(row: Sequence[str]) -> list[str]:
    return [cell for cell in row if cell.strip()]


def _end(rows: Sequence[Sequence[str]], gaps: Sequence[bool], start: int, width: int) -> int:
    """The record after the last that may be a row: what a blank line parts, and is none, is not."""
    end = start
    for index in range(start, len(rows)):
        if 1 < len(rows[index]) <= width:
            end = index + 1
        elif gaps[index] or index - end >= _CHANGES:
            break
    return end
