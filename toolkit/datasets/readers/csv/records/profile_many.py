"""How well many cells go with their columns: what ``Profile`` says of each, at once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from toolkit.datasets.readers.csv.records.cells import Cells
from toolkit.datasets.readers.csv.records.looks import Look, Words, of_text
from toolkit.datasets.readers.csv.records.profile import (
    ALWAYS_NULL,
    ENOUGH,
    MISFIT,
    MOST_SHAPES,
    NEVER_NULL,
    UNLIKE,
    Profile,
)
from toolkit.datasets.readers.csv.records.types import ManyFits

Costs = NDArray[np.float64]


class ManyProfile:
    """A profile, asked for a column of cells at a time."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def oddness(self, index: int, cells: Cells, field: int) -> Costs:
        """Of the cells of a field in the column at an index."""
        column = self._profile.columns[index]
        null = cells.null[:, field]
        found = self.look(index, cells.look(field))
        if not self.takes_all(index):
            found = found + self.misfit(index, cells.texts(field))
        absent = 0.0
        if column.values + column.nulls >= ENOUGH:
            absent = 0.0 if column.nulls else NEVER_NULL
        return np.where(null, absent, found)

    def look(self, index: int, look: Look) -> Costs:
        """How little texts look like those of a column."""
        column, count = self._profile.columns[index], len(look.shape)
        if column.values + column.nulls < ENOUGH:
            return np.zeros(count)
        if not column.values:
            return np.full(count, ALWAYS_NULL)
        odd = np.zeros(count)
        if len(column.shapes) <= MOST_SHAPES:
            known = np.zeros(count, np.bool_)
            for value in self._shapes[index]:
                known |= look.shape == value
            odd += 2 * UNLIKE * ~known
        if column.lettered in {0, column.values}:
            odd += UNLIKE * ((look.letters == 0) == (column.lettered > 0))
        wrong = look.length > 2 * column.longest + 4
        if column.shortest == column.longest:
            wrong |= look.length != column.longest
        odd += UNLIKE * wrong
        return odd

    def takes_all(self, index: int) -> bool:
        """Whether every text fits the type of a column."""
        fits = self._profile.fits
        return fits is None or (isinstance(fits, ManyFits) and fits.takes_all(index))

    def misfit(self, index: int, texts: pl.Series) -> Costs:
        fits = self._profile.fits
        if fits is None:
            return np.zeros(len(texts))
        if isinstance(fits, ManyFits):
            found = fits.many(index, texts).to_numpy()
        else:
            found = np.array([fits(index, text) for text in texts], np.bool_)
        return MISFIT * ~found

    def one(self, index: int, text: str) -> float:
        return self._profile.oddness(index, text)

    @cached_property
    def _shapes(self) -> list[list[Words]]:
        return [
            [of_text(text.encode()).shape for text in column.shapes]
            for column in self._profile.columns
        ]
