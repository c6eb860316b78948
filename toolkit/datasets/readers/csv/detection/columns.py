"""What the columns of a table are like, and whether a row is rather their header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from string import ascii_lowercase as lower
from string import ascii_uppercase as upper
from string import digits

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
_LONGEST = 18
"""Digits of an integer that is counted with."""
_ENOUGH = 0.7
"""Share of its cells that a kind needs to be that of the column."""

_SHAPES = str.maketrans(
    {**dict.fromkeys(digits, "9"), **dict.fromkeys(lower, "a"), **dict.fromkeys(upper, "A")}
)


class Column:
    """The cells of one column, blanks around them left out.

    What nobody asks for is not found out: a table may have thousands of columns."""

    def __init__(self, rows: Sequence[Sequence[str]], index: int) -> None:
        self._rows, self._index = rows, index

    @cached_property
    def kind(self) -> str:
        """The kind of most of them; ``EMPTY`` where none prevails or there are none."""
        kinds = Counter(map(kind_of, self._filled))
        del kinds[NULL]
        if not kinds:
            return EMPTY
        most = max(kinds, key=kinds.__getitem__)
        kind = most if kinds[most] >= _ENOUGH * kinds.total() else EMPTY
        return WORD if kind == EMPTY and TYPED.isdisjoint(kinds) else kind

    def has(self, cell: str) -> bool:
        """Whether a cell is of the kind of the column, and that is another than words."""
        return self.kind in TYPED and kind_of(cell) == self.kind

    @property
    def typed(self) -> bool:
        """Whether most of them are of another kind than words."""
        return self.kind in TYPED

    @property
    def count(self) -> int:
        """Cells that are not empty."""
        return len(self._filled)

    @cached_property
    def values(self) -> frozenset[str]:
        return frozenset(self._filled)

    @property
    def length(self) -> float:
        """Mean length of the filled cells."""
        return sum(map(len, self._filled)) / max(1, len(self._filled))

    @cached_property
    def shape(self) -> str:
        """Their common shape, as ``A9-99``; empty where they differ or are few."""
        shapes = {shape_of(cell) for cell in self._filled[:_SHAPED]}
        return shapes.pop() if len(shapes) == 1 and len(self._filled) >= 3 else ""

    @cached_property
    def prefix(self) -> str:
        """The shape that all begin with, if it has a digit; else empty."""
        return _common_prefix(self._filled)

    @property
    def years(self) -> bool:
        """Whether most of them are years."""
        return sum(map(is_year, self._filled)) * 2 > len(self._filled)

    @cached_property
    def _filled(self) -> list[str]:
        cells = [row[self._index].strip(" \t") for row in self._rows]
        return [cell for cell in cells if cell]


def profile(rows: Sequence[Sequence[str]], width: int) -> list[Column]:
    """Profile the first rows of a table; rows of another width are left out."""
    good = [row for row in rows if len(row) == width][:_ROWS]
    return [Column(good, index) for index in range(width)]


def _bare_kind(cell: str) -> str:
    """The kind of a cell, whatever quotes are around it: one too many makes no name of a value."""
    return kind_of(cell.strip(" \t\"'") if '"' in cell or "'" in cell else cell)


def header_votes(row: Sequence[str], columns: Sequence[Column]) -> float:
    """How much a row looks like the names of columns (above 0) or like their values (below)."""
    votes = sum(
        _vote(cell.strip(" \t"), column) for cell, column in zip(row, columns, strict=False)
    )
    numbered = [(cell, c) for cell, c in zip(row, columns, strict=False) if _integers([cell])]
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
    return cell.translate(_SHAPES)


def _counts(numbers: Sequence[int]) -> bool:
    """Whether numbers count up in steps of 1."""
    steps = {after - before for before, after in pairwise(numbers)}
    return len(numbers) > 2 and steps == {1}


def numbers_columns(row: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether a row counts its columns from 0 or 1, as programs do that have no names, and no row
    below it goes on in equal steps."""
    numbers = _integers(row)
    if len(numbers) != len(row) or not _counts(numbers):
        return False
    # Ratings from 1 to 5 may be in order by chance.
    least = {0: 4, 1: 6}.get(numbers[0], len(row) + 1)
    return len(row) >= least and len(body) > 1 and not any(map(_goes_in_steps, body))


def _goes_in_steps(row: Sequence[str]) -> bool:
    numbers = _integers(row)
    steps = {after - before for before, after in pairwise(numbers)}
    return len(numbers) == len(row) and len(steps) == 1 and steps != {0}


def _integers(row: Sequence[str]) -> list[int]:
    """The cells of a row that are integers of usual length."""
    return [int(cell) for cell in row if cell.isdecimal() and len(cell) <= _LONGEST]


def is_year(cell: str) -> bool:
    """Whether a cell is a year from 1900 to 2100."""
    return len(cell) == 4 and cell.isdecimal() and 1900 <= int(cell) <= 2100


def could_be_names(row: Sequence[str]) -> bool:
    """Whether no filled cell of a row is a value rather than a name."""
    named = False
    for cell in map(str.strip, row):
        if not cell:
            continue
        # Rows of data mostly end here, at their first number.
        if not is_year(cell) and (
            len(cell) > 80 or _bare_kind(cell) in (NUMBER, TEMPORAL, BOOLEAN)
        ):
            return False
        named = True
    return named


def are_plain_names(row: Sequence[str]) -> bool:
    """Whether all cells could be names, each another one, and none goes on behind a blank."""
    plain = all(cell.strip() and cell[0] != " " for cell in row)
    return plain and len(set(row)) == len(row) and could_be_names(row)


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


def has_values(row: Sequence[str], columns: Sequence[Column]) -> bool:
    """Whether a row of another width has values of columns: of the first, or of most of those that
    have numbers and dates, counted from the end that is whole."""
    if _is_value(row[0], columns[0]):
        return True
    typed = sum(column.typed for column in columns)
    fits = max(sum(map(_is_value, row, columns)), sum(map(_is_value, row[::-1], columns[::-1])))
    return fits > 1 and fits * 2 >= typed


def _is_value(cell: str, column: Column) -> bool:
    """Whether a cell is of the kind of a column; a year above other numbers may be its name."""
    return column.has(cell) and (column.years or not is_year(cell.strip()))
