"""What the columns of a table look like, learnt from good records near its beginning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from toolkit.datasets.readers.csv.records.types import Fits

SAMPLE_ROWS = 200
MOST_SHAPES = 6
ENOUGH = 5
MISFIT, UNLIKE = 10.0, 1.0
ALWAYS_NULL, NEVER_NULL = 3.0, 2.0
LETTERS, DIGITS = re.compile(r"[^\W\d_]+"), re.compile(r"\d+")


def shape(text: str) -> str:
    """The form of a value: runs of letters as ``a``, runs of digits as ``9``, the rest as it is."""
    return DIGITS.sub("9", LETTERS.sub("a", text))


@dataclass(slots=True)
class _Column:
    values: int = 0
    nulls: int = 0
    longest: int = 0
    shortest: int = 1 << 62
    lettered: int = 0
    """Values with a letter."""
    shapes: set[str] = field(default_factory=set)

    def add(self, cell: str | None) -> None:
        if cell is None:
            self.nulls += 1
            return
        self.values += 1
        self.shortest = min(self.shortest, len(cell))
        self.longest = max(self.longest, len(cell))
        self.lettered += LETTERS.search(cell) is not None
        if len(self.shapes) <= MOST_SHAPES:
            self.shapes.add(shape(cell))

    def knows(self, cell: str | None) -> bool | None:
        """Whether a cell is like all of a column without letters; None where nothing speaks."""
        if self.lettered or not self.values or not cell:
            return None
        few = len(self.shapes) <= MOST_SHAPES
        return shape(cell) in self.shapes if few else LETTERS.search(cell) is None

    def oddness(self, cell: str | None) -> float:
        """How little a cell looks like those of the column."""
        if self.values + self.nulls < ENOUGH:
            return 0.0
        if cell is None:
            return 0.0 if self.nulls else NEVER_NULL
        if not self.values:
            return ALWAYS_NULL
        odd = 0.0
        # Few shapes say what a value looks like; many say nothing.
        if len(self.shapes) <= MOST_SHAPES and shape(cell) not in self.shapes:
            odd += 2 * UNLIKE
        if self.lettered in {0, self.values}:
            odd += UNLIKE * ((LETTERS.search(cell) is None) == (self.lettered > 0))
        fixed = self.shortest == self.longest
        if len(cell) > 2 * self.longest + 4 or (fixed and len(cell) != self.longest):
            odd += UNLIKE
        return odd


class Profile:
    """How well a cell goes with its column: 0 for well, ``MISFIT`` and more for not at all."""

    def __init__(self, width: int, rows: Iterable[Sequence[str | None]], fits: Fits | None) -> None:
        self.columns = [_Column() for _ in range(width)]
        self.fits = fits
        self.typed = fits is not None
        """Whether types are known."""
        for row in rows:
            for column, cell in zip(self.columns, row, strict=True):
                column.add(cell)

    def oddness(self, index: int, cell: str | None) -> float:
        return self.misfit(index, cell) + self.columns[index].oddness(cell)

    def knows(self, row: Sequence[str | None]) -> bool:
        """Whether cells are plainly a row: some look like all those of their column, which are
        numbers, dates and the like, and none does not."""
        answers = {column.knows(cell) for column, cell in zip(self.columns, row, strict=True)}
        return True in answers and False not in answers

    def joined(self, index: int, parts: Sequence[str], delimiter: str) -> float:
        """The same of a text that a delimiter runs through, which no good cell may have."""
        column = self.columns[index]
        looks = min(column.oddness(between.join(parts)) for between in (delimiter, " "))
        return self.misfit(index, delimiter.join(parts)) + looks

    def misfit(self, index: int, cell: str | None) -> float:
        wrong = cell is not None and self.fits is not None and not self.fits(index, cell)
        return MISFIT * wrong

    def cannot_be(self, row: Sequence[str | None]) -> bool:
        """Whether cells do not fit, or are null where the table never is."""
        return any(self.oddness(i, c) >= (MISFIT if c else NEVER_NULL) for i, c in enumerate(row))
