"""Where the tables of a file lie: runs of records with the same number of fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from toolkit.datasets.readers.csv.detection.columns import (
    Column,
    could_be_names,
    disagreements,
    profile,
)
from toolkit.datasets.readers.csv.detection.shapes import EMPTY, TYPED, kind_of
from toolkit.datasets.readers.csv.detection.splitting import Record

_OTHER = 0.65
"""What a record of another width costs a run, where one of its own gains 1: a few bad records do
not end a table."""
_LEAST = 3
"""Records in a row that another table has at least."""
_SHOWN = 20
_PROSE = 1.5
"""Blanks within a cell, on average, from which lines are sentences rather than records."""
_MANY = 9
"""Records of two fields that are a table whatever follows: fewer are keys and values above one."""
_UNIFORM = 0.7
"""Share of the records of a block that have its width."""
_ALIKE = 0.9
"""Share of the records with one number of fields from which they are alike."""
_MOST_KEYS = 20
_WIDER = 4
"""Fields of a table that keys and values may stand above."""
_MUCH_WIDER = 6
_LONG = re.compile(r"\d{4}|\d[.:/-]\d")
"""A long number, a date or a time."""
_DIGIT = re.compile(r"\d")
_VALUE = re.compile(r"values?|val|wert|valeurs?|valore?s?|settings?|contents?", re.IGNORECASE)
"""What a column of values is named."""
_KEY = re.compile(
    r"((report|data|file|document|project) ?)?(title|name|date|number|id)|authors?|publishers?"
    r"|department|organi[sz]ation|company|agency|region|period|year|quarter|subject|description"
    r"|contact|e-?mail|phone|versions?|status|units?|currency|datas?et|language|licen[cs]e|sources?"
    r"|frequency|(last )?updated?|(generated|exported|prepared|created|published|printed)( by| on)?"
    r"|users?|filters?|from|to|remarks?|notes?|comments?",
    re.IGNORECASE,
)
"""What lines above a table name beside the value of it."""
_TYPED, _SKIPPED = 2, 200
"""Columns by which rows are known, and bad records between them."""
_SMALL = 0.08
"""Share of the largest table's cells below which a narrow run is rather a preamble."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of records, by their position among the records of the file."""

    start: int
    end: int
    width: int
    matches: int
    """Records in it that have the width."""

    @property
    def cells(self) -> int:
        return self.matches * self.width


def squeezed(records: Sequence[Record]) -> tuple[list[Record], int] | None:
    """Records that blanks divide without their empty cells, and the number of fields of most, where
    this makes them alike: some cells are padded with blanks, as the days of a log. Else None."""
    less = [
        r if r.quoted else r._replace(cells=[cell for cell in r.cells if cell] or [""])
        for r in records
    ]
    before, after = (
        Counter(len(r.cells) for r in each if any(r.cells)) for each in (records, less)
    )
    if not after:
        return None
    width, times = after.most_common(1)[0]
    alike = max(before.values()) < _ALIKE * before.total() and times >= _ALIKE * after.total()
    return (less, width) if alike and width > 1 else None


def find_runs(widths: Sequence[int], gaps: Sequence[bool]) -> list[Run]:
    """The runs of a file in order. ``gaps`` says of each record whether blank lines precede it."""
    found: list[Run] = []
    borders = [0, *_borders(widths, gaps), len(widths)]
    for start, end in pairwise(borders):
        part: list[Run] = []
        _divide(widths, gaps, start, end, part)
        found += part
    return sorted(found, key=lambda run: run.start)


def first_table(runs: Sequence[Run], rows: Sequence[Sequence[str]]) -> Run | None:
    """The first run that is a table rather than lines above one."""
    if not runs:
        return None
    largest = max(run.cells for run in runs)
    for run in runs:
        below = _below_keys(run, runs, rows)
        if below is not None:
            return below
        if run.cells == largest or _is_table(run, largest, rows):
            return run
    return None


def with_parts(run: Run, runs: Sequence[Run], rows: Sequence[Sequence[str]]) -> Run:
    """A run with the rows above and below that are plainly of its table, although many bad records
    part them from it: their numbers and dates stand in the columns that have such in the run."""
    first = max((r.end for r in runs if r.end <= run.start), default=0)
    last = min((r.start for r in runs if r.start >= run.end), default=len(rows))
    if last - first <= run.end - run.start + 1:
        return run
    columns = profile(rows[run.start : run.end], run.width)
    if sum(column.kind in TYPED for column in columns) < _TYPED:
        return run
    above = _reach(rows[first : run.start][::-1], columns)
    below = _reach(rows[run.end : last], columns)
    if not (above or below):
        return run
    start, end = run.start - above, run.end + below
    matches = sum(len(row) == run.width for row in rows[start:end])
    return Run(start, end, run.width, matches)


def _reach(rows: Sequence[Sequence[str]], columns: Sequence[Column]) -> int:
    """Up to which of some rows beside a table there are some of it."""
    found = 0
    for index, row in enumerate(rows):
        if index - found >= _SKIPPED:
            break
        if len(row) != len(columns):
            continue
        typed = [(cell, c) for cell, c in zip(row, columns, strict=True) if c.kind in TYPED]
        if all(c.has(cell) or not cell for cell, c in typed) and any(cell for cell, _ in typed):
            found = index + 1
        elif could_be_names(row):
            break
    return found


def _below_keys(run: Run, runs: Sequence[Run], rows: Sequence[Sequence[str]]) -> Run | None:
    """The much wider table with a header below a run of keys and values of all kinds."""
    keys = [row for row in rows[run.start : run.end] if len(row) == 2]
    if run.width != 2 or not _are_keys(keys, wide=True):
        return None
    for start in range(run.end - 1, len(rows) - 1):
        width = len(rows[start])
        if width < _WIDER or len(rows[start + 1]) != width:
            continue
        end = start + 1
        while end < len(rows) and len(rows[end]) == width and end <= start + _SHOWN:
            end += 1
        words, total = disagreements(rows[start], profile(rows[start + 1 : end], width))
        headed = could_be_names(rows[start]) and words == total > 0
        if headed and _are_keys(keys, wide=width >= _MUCH_WIDER):
            found = Run(start, end, width, end - start)
            return next((r for r in runs if r.start <= start < r.end and r.width == width), found)
    return None


def _are_keys(rows: Sequence[Sequence[str]], *, wide: bool) -> bool:
    """Whether rows are keys, each with a value of another kind: no columns with names."""
    if not rows or len(rows) > _MOST_KEYS or _VALUE.fullmatch(rows[0][1].strip()):
        return False
    keys = [row[0].strip() for row in rows]
    values = profile(rows, 2)[1]
    if not all(keys) or len(set(keys)) < len(keys) or not could_be_names(keys):
        return False
    if sum(_KEY.fullmatch(key) is not None for key in keys) > len(keys) // 2:
        return True
    # Below a name the values of a column would be alike.
    if values.kind == EMPTY and profile(rows[1:], 2)[1].kind == EMPTY and values.count > 2:
        return True
    long = sum(bool(_LONG.search(row[1])) for row in rows)
    without = sum(_DIGIT.search(row[1]) is None for row in rows)
    return wide and long > 1 and without > 1 and values.kind not in TYPED


def _is_table(run: Run, largest: int, rows: Sequence[Sequence[str]]) -> bool:
    own = [row for row in rows[run.start : run.end] if len(row) == run.width][:_SHOWN]
    # Keys that end in a colon name the values beside them, which is no table yet.
    if _is_prose(own, run.width) or all(row[0].strip()[-1:] == ":" for row in own):
        return False
    if run.width >= 3:
        return run.matches >= _LEAST
    return run.matches >= _MANY or (run.matches > _LEAST and run.cells >= _SMALL * largest * 2)


def _is_prose(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether rows are lines of sentences that happen to have as many commas."""
    blanks = sum(cell.strip().count(" ") for row in rows for cell in row)
    if blanks <= _PROSE * len(rows) * width:
        return False
    after = [cell for row in rows for cell in row[1:] if cell]
    if sum(cell[0] == " " for cell in after) * 2 < len(after):
        # Quoted texts: a blank follows the comma of a sentence.
        return False
    typed = (sum(kind_of(row[column]) in TYPED for row in rows) for column in range(width))
    return max(typed) * 2 < len(rows)


def _borders(widths: Sequence[int], gaps: Sequence[bool]) -> list[int]:
    """Where blank lines part blocks that are plainly tables of different widths."""
    starts = [0, *(index for index, gap in enumerate(gaps) if gap and index), len(widths)]
    borders = []
    current = 0
    for start, end in pairwise(starts):
        width, times = Counter(widths[start:end]).most_common(1)[0]
        if width < 2 or times < _LEAST or times < _UNIFORM * (end - start):
            continue
        if current and width != current:
            borders.append(start)
        current = width
    return borders


def _divide(
    widths: Sequence[int], gaps: Sequence[bool], start: int, end: int, found: list[Run]
) -> None:
    best: Run | None = None
    counts = Counter(widths[start:end])
    for width, times in counts.items():
        if width < 2 or (times < _LEAST and found):
            continue
        run = best_run(widths, start, end, width)
        if best is None or (run.matches, run.width) > (best.matches, best.width):
            best = run
    if best is None:
        return
    if found and not _stands_alone(best, found, widths, gaps):
        return
    found.append(best)
    _divide(widths, gaps, start, best.start, found)
    _divide(widths, gaps, best.end, end, found)


def _stands_alone(
    run: Run, found: Sequence[Run], widths: Sequence[int], gaps: Sequence[bool]
) -> bool:
    """Whether a run beside another is a table of its own, not some bad records of that one."""
    if run.matches < _LEAST:
        return False
    again = any(other.width == run.width for other in found)
    return not again or _separated(run, gaps, len(widths))


def _separated(run: Run, gaps: Sequence[bool], total: int) -> bool:
    return (run.start < total and gaps[run.start]) or (run.end < total and gaps[run.end])


def best_run(widths: Sequence[int], start: int, end: int, width: int) -> Run:
    """The run in which records of a width outweigh others most (Kadane's algorithm)."""
    best = (0.0, start, start)
    value, begin = 0.0, start
    for index in range(start, end):
        if value <= 0:
            value, begin = 0.0, index
        value += 1.0 if widths[index] == width else -_OTHER
        if value > best[0]:
            best = (value, begin, index + 1)
    _, first, last = best
    return Run(first, last, width, sum(w == width for w in widths[first:last]))
