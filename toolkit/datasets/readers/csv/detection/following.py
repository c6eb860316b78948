"""Where another table begins below the first: a blank line, a title or its names set it apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from toolkit.datasets.readers.csv.detection.columns import (
    Column,
    could_be_names,
    disagreements,
    profile,
)
from toolkit.datasets.readers.csv.detection.shapes import (
    ADDRESS,
    EMPTY,
    NULL,
    PLACEHOLDER,
    TEXT,
    TYPED,
    kind_of,
)
from toolkit.datasets.readers.csv.detection.splitting import Record
from toolkit.datasets.readers.csv.detection.starts import is_empty
from toolkit.datasets.readers.csv.detection.tables import Run

_ROWS_OF_EACH = 3
_SHOWN = 5
_VALUES_AMONG_NAMES = 4
"""One of how many names may look like a damaged value, as Q1 does."""
_NO_WORDS = frozenset([*TYPED, EMPTY, NULL])
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_OF_ADDRESSES = re.compile(r"[@:/\\{]|\d\.\d")

Records = Sequence[Record]


def next_table(
    records: Records, runs: Sequence[Run], run: Run, gaps: Sequence[bool]
) -> tuple[int, Run]:
    """Where another table begins below that of a run, and the run with all between: records of
    another width are another table only where a blank line, a title or names set them apart."""
    for other in (r for r in runs if r.start >= run.end):
        begin = other.start
        titled = len(records[begin - 1].cells) == 1
        gap = any(gaps[run.end : begin + 1]) and not _goes_on(records, run, other)
        named = _is_named(records, other)
        if titled or gap or named or _is_another(records, run, other):
            return begin - (titled and named and begin > run.end), run
        run = replace(run, end=other.end)
    return len(records), run


def _goes_on(records: Records, run: Run, other: Run) -> bool:
    """Whether records of another width plainly go on with the values of a run: its first columns
    have numbers and dates, and the same follow in each record, names of columns in none."""
    rows = [r.cells for r in records[run.start : run.end] if len(r.cells) == run.width]
    kinds = [column.kind for column in profile(rows[1:], run.width)][: other.width]
    first = records[other.start : other.end]
    typed = [(i, kind) for i, kind in enumerate(kinds) if kind in TYPED]
    return bool(typed) and all(
        i < len(r.cells) and kind_of(r.cells[i]) == kind for r in first for i, kind in typed
    )


def _is_named(records: Records, run: Run) -> bool:
    """Whether a run begins with the names of its columns."""
    rows = [r.cells for r in records[run.start : run.start + 50] if len(r.cells) == run.width]
    words, total = disagreements(rows[0], profile(rows[1:], run.width))
    return could_be_names(rows[0]) and words == total > 0


def _is_another(records: Records, run: Run, other: Run) -> bool:
    """Whether a run may begin with names, and most columns of numbers and dates in the run above
    have other values in it, which they have not where a column was added on the way."""
    if not could_be_names(records[other.start].cells):
        return False
    before, after = (
        profile([r.cells for r in records[one.start + 1 : one.end]], one.width)
        for one in (run, other)
    )
    kinds = [
        (old.kind, new.kind) for old, new in zip(before, after, strict=False) if old.kind in TYPED
    ]
    return sum(old != new for old, new in kinds) * 2 > len(kinds)


def next_header(
    records: Records, run: Run, gaps: Sequence[bool], start: int, end: int
) -> int | None:
    """The record at which another table of the same width begins within a run: a row of other
    names, with rows below it."""
    width = run.width
    rows = [r.cells for r in records[start : min(end, start + 200)] if len(r.cells) == width]
    if len(rows) < 5:
        return None
    # The first rows are of the first table; all of them may be of two.
    shown = profile(rows[1 : 1 + _SHOWN], width)
    typed = [i for i, column in enumerate(shown) if column.kind in TYPED]
    first = records[start].cells
    for index in range(start + 2, end - 1):
        cells = records[index].cells
        # This rules most rows out at their first number.
        if len(cells) != width or not could_be_names(cells):
            continue
        values = sum(_has_value(cells[i], shown[i], first[i : i + 1]) for i in typed)
        if values * _VALUES_AMONG_NAMES > len(typed):
            continue
        top = _title_above(records, start + 2, index, shown)
        broken = gaps[index] or top < index or is_empty(records[index - 1])
        if cells == first or not (typed or broken):
            continue
        filled = [cell.strip() for cell in cells if cell.strip()]
        if len(filled) < width or len(set(filled)) < width:
            continue
        if _parts_tables(records, start, top, index, end, broken=broken):
            return top
    return None


def _title_above(records: Records, first: int, index: int, columns: Sequence[Column]) -> int:
    """Where the lines of a title begin that stand right above a record; the record without any."""
    width = len(columns)
    while index > first:
        cells = records[index - 1].cells
        few = len(cells) == 1 or (len(cells) * 2 <= width and could_be_names(cells))
        if not few or columns[0].has(cells[0]):
            break
        index -= 1
    return index


def _has_value(cell: str, column: Column, name: Sequence[str]) -> bool:
    """Whether digits in a cell are rather those of a damaged value than of a name: they are about
    as many as those of values. ``name`` is that of the column."""
    if name and _is_alike(cell, name[0]):
        return False
    if column.kind == ADDRESS:
        return bool(_OF_ADDRESSES.search(cell))
    digits, usual = (len(_DIGIT.findall(text)) for text in (cell, "".join(column.values)))
    letters = sum(map(str.isalpha, cell))
    return digits >= max(1, letters) and digits * 2 * len(column.values) >= usual


def _parts_tables(
    records: Records, start: int, top: int, index: int, end: int, *, broken: bool
) -> bool:
    """Whether a record is the header of what follows and not a row of what precedes it, which
    ends at ``top``."""
    cells, first = records[index].cells, records[start].cells
    width = len(cells)
    before = profile([r.cells for r in records[max(start + 1, top - 50) : top]], width)
    after = profile([r.cells for r in records[index + 1 : min(end, index + 50)]], width)
    words, total = disagreements(cells, before)
    words_after, total_after = disagreements(cells, after)
    if words < total or words_after < total_after:
        return False
    again = sum(cell.strip() in c.values for cell, c in zip(cells, before, strict=True))
    odd = any(kind_of(cell) == NULL or PLACEHOLDER.fullmatch(cell.strip()) for cell in cells)
    if again or odd or len(set(cells) & set(first)) * 2 >= len(cells):
        return False
    alike = _alike(cells, first)
    if not total or not total_after:
        # Between words only names much like the first ones tell the tables apart, or columns that
        # have numbers in one of them, and words in the other.
        changed = sum(
            min(old.count, new.count) > 1 and (old.kind in TYPED) != (new.kind in TYPED)
            for old, new in zip(before, after, strict=True)
        )
        return broken and (alike or changed > 1)
    # With nothing between them two tables must be seen to be two: rows must not be lost to a doubt.
    other = alike or _differ(before, after)
    return (broken and (other or total > 1)) or (
        other
        and total + total_after > 2
        and min(top - start, end - index) > _ROWS_OF_EACH
        and _is_pure(records[start + 1 : top], before)
        and _is_pure(records[index + 1 : end], after)
    )


def _differ(before: Sequence[Column], after: Sequence[Column]) -> bool:
    """Whether a column has values of another kind in one table than in the other. One that has some
    numbers among words in either may be the same in both."""
    kinds = ((_plain_kind(old), _plain_kind(new)) for old, new in zip(before, after, strict=True))
    return any(EMPTY not in (old, new) and old != new for old, new in kinds)


def _plain_kind(column: Column) -> str:
    """The kind of a column of values, ``TEXT`` where there is no value, else ``EMPTY``."""
    if column.kind in TYPED:
        return column.kind
    return EMPTY if any(kind_of(cell) in TYPED for cell in column.values) else TEXT


def _alike(names: Sequence[str], first: Sequence[str]) -> bool:
    """Whether most names are those of another header but for a number or a letter or two."""
    alike = sum(_is_alike(name, other) for name, other in zip(names, first, strict=False))
    return alike * 2 > len(names)


def _is_alike(name: str, other: str) -> bool:
    one, two = name.strip().lower(), other.strip().lower()
    return two != "" and (one.startswith(two[:3]) or one.endswith(two[-3:]))


def _is_pure(records: Records, columns: Sequence[Column]) -> bool:
    """Whether no record has words where most have numbers or dates."""
    typed = [i for i, column in enumerate(columns) if column.kind in TYPED]
    cells = (r.cells[i] for r in records for i in typed if i < len(r.cells))
    return all(kind_of(cell) in _NO_WORDS or not _LETTER.search(cell) for cell in cells)
