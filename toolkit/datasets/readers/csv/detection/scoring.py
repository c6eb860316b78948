"""How well a supposed dialect explains a sample.

After the measure of G. van den Burg, A. Nazábal, C. Sutton, "Wrangling messy CSV files by
detecting row and type patterns" (2019): a dialect is good when its records are alike and its cells
are values. Here the likeness of records is a concentration of their widths, which a few bad records
hardly change, and the cells of each column are also compared with each other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import sqrt

from toolkit.datasets.readers.csv.detection.shapes import (
    ADDRESS,
    BOOLEAN,
    CODE,
    EMPTY,
    NULL,
    NUMBER,
    TEMPORAL,
    TEXT,
    WORD,
    goodness,
    kind_of,
)
from toolkit.datasets.readers.csv.detection.splitting import Record, Rules
from toolkit.datasets.readers.csv.detection.tables import best_run

_ROWS = 60
"""Rows whose cells are looked at."""
_PRIOR = {",": 1.0, ";": 1.0, "\t": 1.03, "|": 0.98, "\x1f": 1.03, "^": 0.9, "~": 0.9, ":": 0.6}
_BLANK_PRIOR = 0.75
_ONE_COLUMN = 0.55

_TIGHT = re.compile(r"[^\s\d],\S|\S,[^\s\d]|[;\t|]")
"""A delimiter more likely than a comma of a sentence, which a blank follows."""

_WHOLE = 0.9
"""Likeness from which on what lies around a table cannot hide it."""

_DIGIT = re.compile(r"\d")
_QUOTES = ('"', "'")
_BLANK_BEFORE = 0.85
"""What a quoted cell loses that a blank precedes: it rather belongs to the delimiter."""

_FAMILY = {
    NUMBER: "number",
    TEMPORAL: "temporal",
    BOOLEAN: "boolean",
    ADDRESS: "address",
    WORD: "text",
    CODE: "text",
    TEXT: "text",
    EMPTY: "",
    NULL: "",
}


@dataclass(frozen=True, slots=True)
class Score:
    """What comparing dialects needs to know of one."""

    value: float
    width: int
    """Fields of most records."""
    quoted: int
    """Fields that are properly quoted."""
    strays: int
    """Quotes that do not fit."""
    typed: bool
    """Whether a column, or its records by themselves, are more than words."""


def score(records: Sequence[Record], rules: Rules) -> Score:
    """Score the records of a sample, split by ``rules``, as a table of two columns or more."""
    filled = [r for r in records if len(r.cells) > 1 or r.cells[0].strip()]
    quoted = sum(r.quoted for r in filled)
    strays = sum(r.strays for r in filled)
    widths = Counter(len(r.cells) for r in filled)
    several = {width: times for width, times in widths.items() if width > 1}
    if not several:
        return Score(0.0, 1, quoted, strays, typed=False)
    width = max(several, key=lambda w: (several[w], w))
    alike = _likeness([len(r.cells) for r in filled])
    rows = _spread([r for r in filled if len(r.cells) == width])
    cells, columns, typed = _cells(rows, width, escaped=rules.escape == "\\")
    if rules.quote is None:
        strays = _edges(filled)
    prior = _PRIOR.get(rules.delimiter[0], _BLANK_PRIOR)
    if prior < 0.8 and not typed and not quoted and not _names_between_colons(filled, rules, alike):
        prior *= 0.7
    if not typed:
        # A first line that no delimiter divides is the name of one column of texts.
        prior *= 0.55 if not quoted and len(filled[0].cells) == 1 else 1.0
    elif rules.delimiter == " " and len(filled[0].cells) == 1 and not quoted:
        prior *= 0.6
    elif width == 2 and len(filled[0].cells) == 1 and _are_numbers(rows, rules.delimiter):
        prior *= 0.5
    elif alike < _WHOLE:
        within = _likeness_within([len(r.cells) for r in filled], width)
        alike = max(alike, within) * (0.95 + 0.05 * alike)
    wide = ((width - 1) / width) ** 0.35
    bonus = 1.005 if rules.escape == "\\" and not strays else 1.0
    value = bonus * alike * cells * (0.6 + 0.4 * columns) * wide * prior * _quoting(quoted, strays)
    return Score(value, width, quoted, strays, typed)


def _names_between_colons(records: Sequence[Record], rules: Rules, alike: float) -> bool:
    """Whether all records have as many colons, several, and the first has none but words between
    them: addresses of devices have digits, and sentences not each as many."""
    first = records[0].cells
    words = all(cell.strip() and not _DIGIT.search(cell) for cell in first)
    return rules.delimiter == ":" and alike == 1 and len(first) > 2 and words


def _likeness(widths: Sequence[int]) -> float:
    """How alike records are: 1 where all have one width from two fields on; the root of a half
    where there are two halves of different width."""
    counts = Counter(widths)
    return sqrt(sum((n / len(widths)) ** 2 for width, n in counts.items() if width > 1))


def _likeness_within(widths: Sequence[int], width: int) -> float:
    """The likeness of the records from the first to the last of a width, less what lies around
    them: a short table below many lines of text is a table still."""
    run = best_run(widths, 0, len(widths), width)
    within = widths[run.start : run.end]
    return _likeness(within) * float((len(within) / len(widths)) ** 0.3)


def score_one_column(records: Sequence[Record]) -> Score:
    """Score lines, or properly quoted fields, as a table of one column."""
    filled = [r for r in records if r.cells[0].strip()]
    quoted = sum(r.quoted for r in filled)
    strays = sum(r.strays for r in filled)
    rows = _spread(filled)
    if not rows:
        return Score(0.0, 1, quoted, strays, typed=False)
    named = kind_of(filled[0].cells[0]) == WORD
    cells = sum(1.0 if row.quoted else _line_goodness(row.cells[0], named) for row in rows)
    cells /= len(rows)
    value = cells * _ONE_COLUMN * _quoting(quoted, strays)
    return Score(value, 1, quoted, strays, typed=False)


def _edges(records: Sequence[Record]) -> int:
    """Fields that seem to be quoted: as many begin with a quote as end with one, be it in other
    lines."""
    edges = Counter(
        (at, cell[at])
        for cell in chain.from_iterable(r.cells for r in records)
        if len(cell) > 1
        for at in (0, -1)
        if cell[at] in "\"'"
    )
    return sum(min(edges[0, quote], edges[-1, quote]) for quote in "\"'")


def _are_numbers(rows: Sequence[Record], delimiter: str) -> bool:
    """Whether rows of two fields are rather numbers with a decimal comma: not if the first numbers
    the rows."""
    first = [row.cells[0] for row in rows]
    numbered = first[:3] in (["0", "1", "2"], ["1", "2", "3"], ["1", "2"], ["0", "1"])
    digits = {len(row.cells[1].strip()) for row in rows}
    numbers = all(kind_of(delimiter.join(row.cells)) == NUMBER for row in rows)
    return numbers and not numbered and (len(digits) == 1 or digits <= {1, 2})


def _line_goodness(line: str, named: bool) -> float:
    """How likely a line is to be one value."""
    if line[0] in "{[" and line[-1] in "}]":
        return 1.0
    kind = kind_of(line)
    if kind == NUMBER and named and ";" not in line:
        # Below a name of one column, a comma is one within numbers.
        return 0.95
    if kind != TEXT and any(c in line for c in ",;\t|"):
        return 0.5
    return goodness(line) * (0.45 if _TIGHT.search(line) else 1.0)


def _spread(rows: list[Record]) -> list[Record]:
    if len(rows) <= _ROWS:
        return rows
    step = len(rows) / _ROWS
    return [rows[int(i * step)] for i in range(_ROWS)]


def _quoting(quoted: int, strays: int) -> float:
    """Fields that are quoted as they should be speak for a quote, quotes elsewhere against it."""
    if not quoted and not strays:
        return 1.0
    return 1.0 - 0.4 * strays / (quoted + strays)


def _cells(rows: Sequence[Record], width: int, *, escaped: bool) -> tuple[float, float, bool]:
    """Goodness of the cells, likeness within the columns, whether a column is more than words."""
    good = 0.0
    counts: list[Counter[str]] = [Counter() for _ in range(width)]
    for row in rows:
        # Which cells of a record were quoted is not kept: those with odd characters were.
        some_quoted = row.quoted > 0
        for column, cell in enumerate(row.cells):
            value = goodness(cell)
            if value < 0.8 and (some_quoted or (escaped and cell[:1] in _QUOTES)):
                value = 0.9 * (_BLANK_BEFORE if cell[:1] == " " else 1.0)
            good += value
            family = _FAMILY[kind_of(cell)]
            if family:
                counts[column][family] += 1
    good /= len(rows) * width
    likeness = 0.0
    typed = False
    for families in counts:
        total = families.total()
        if not total:
            likeness += 0.6
            continue
        family, times = families.most_common(1)[0]
        likeness += times / total
        typed = typed or (family != "text" and times * 2 > total)
    return good, likeness / width, typed
