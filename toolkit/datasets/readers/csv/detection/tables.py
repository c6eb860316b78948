"""Where the tables of a file lie: runs of records with the same number of fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from toolkit.datasets.readers.csv.detection.shapes import TYPED, kind_of
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
    return next(run for run in runs if run.cells == largest or _is_table(run, largest, rows))


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
