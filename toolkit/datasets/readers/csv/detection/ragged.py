"""Finds a table whose texts have delimiters and no quotes around them, so that most rows have more
fields than there are names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from toolkit.datasets.readers.csv.detection.columns import are_plain_names
from toolkit.datasets.readers.csv.detection.tables import Run

_LOOKED_AT = 200
_TITLES, _LEAST = 4, 3
"""Records above the names, and longer ones below them."""
_EXACT, _MOST, _TORN = 0.03, 0.9, 0.8
_HEAD, _GROUP = re.compile(r"\D?-?\d{1,3}"), re.compile(r"\d{3}(?!\d)")
"""What a comma within a number parts."""


def ragged_table(rows: Sequence[Sequence[str]]) -> Run | None:
    """The table, if there is one: no row is shorter than its header, and in each longer one some
    fields go on with the text, or the number, of the field before."""
    for start, names in enumerate(rows[: _TITLES + 1]):
        width, body = len(names), rows[start + 1 : start + 1 + _LOOKED_AT]
        longer = [row for row in body if len(row) > width]
        exact = sum(len(row) == width for row in body)
        uneven = len({len(row) for row in longer}) > 2
        few = exact < max(2, _EXACT * len(body)) and not uneven
        if len(longer) * 2 < len(body) or len(longer) < _LEAST or few:
            continue
        if exact + len(longer) < _MOST * len(body) or len(names) < 3 or not are_plain_names(names):
            continue
        torn = sum(_goes_on(row) >= len(row) - width for row in longer)
        if torn >= _TORN * len(longer):
            return Run(start, len(rows), width, exact)
    return None


def _goes_on(row: Sequence[str]) -> int:
    """How many fields may go on with the field before."""
    return sum(
        after[:1] == " " or (_HEAD.fullmatch(before) and _GROUP.match(after)) is not None
        for before, after in pairwise(row)
    )
