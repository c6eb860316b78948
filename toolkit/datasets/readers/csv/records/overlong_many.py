"""Many records with as many fields too many: what ``overlong.shorten`` makes of each, at once."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from toolkit.datasets.readers.csv.records.bits import Index
from toolkit.datasets.readers.csv.records.cells import Cells
from toolkit.datasets.readers.csv.records.looks import joined
from toolkit.datasets.readers.csv.records.overlong import (
    AFTER_BLANK,
    ALONE_AFTER_BLANK,
    BARE,
    CLEARLY,
    DROP,
    JOIN,
    QUOTED,
    TRAILING,
    WITH_NOTHING,
)
from toolkit.datasets.readers.csv.records.profile import MISFIT
from toolkit.datasets.readers.csv.records.profile_many import ManyProfile

Costs = NDArray[np.float64]
Mask = NDArray[np.bool_]
_ROUNDING = 1e-6


class Way(IntEnum):
    """What becomes of a record."""

    UNSURE = 0
    """Its choices have to be compared by their cells."""
    CUT = 1
    TRAILING = 2
    JOINED = 3
    BARE = 4
    DROPPED = 5


class Overlong:
    """Records of the same number of fields, more than the table has.

    Only the choices that can be among the cheapest are worked out: those that put some other cell
    where it cannot be are known to be dear from what the cells cost in and beside their place.
    """

    def __init__(self, cells: Cells, width: int, delimiter: str, profile: ManyProfile) -> None:
        self._cells, self._width, self._profile = cells, width, profile
        self._delimiter = delimiter
        self._extra = cells.fields - width
        self._count = cells.records
        alone = cells.after_blank.sum(axis=1) == self._extra
        self._blank = self._all(cells.after_blank[:, 1:], self._extra)
        self._gain = np.where(alone, ALONE_AFTER_BLANK, AFTER_BLANK)
        self._spread: Mask = alone & ~self._blank.any(axis=1)
        """Records in which texts may go on at several places, see ``overlong``."""
        shape = (self._count, width)
        self._joins: Costs = np.full(shape, np.inf)
        self._bares: Costs = np.full(shape, np.inf)
        self._around, self._kept, self._drops = self._places()
        self._tails: Costs = np.where(
            cells.null[:, width:].all(axis=1), TRAILING + self._kept, np.inf
        )

    def ways(self) -> tuple[NDArray[np.uint8], Index]:
        """What becomes of each record, and from which field on."""
        self._work_out()
        order = np.stack((self._joins, self._bares, self._drops), axis=2)
        costs = np.concatenate((self._tails[:, None], order.reshape(self._count, -1)), axis=1)
        rows = np.arange(self._count)
        best = costs.argmin(axis=1)
        lowest = costs[rows, best]
        costs[rows, best] = np.inf
        second = costs.argmin(axis=1)
        place, kind = (best - 1) // 3, (best - 1) % 3
        ways = np.array([Way.JOINED, Way.BARE, Way.DROPPED], np.uint8)[kind]
        ways[best == 0] = Way.TRAILING
        fits = (lowest < MISFIT) | (lowest + MISFIT <= self._kept)
        with np.errstate(invalid="ignore"):
            clearly = (costs[rows, second] - lowest >= CLEARLY) | (self._kept >= MISFIT)
        # Joining gives cells that nothing else gives; of others it would have to be looked.
        differ = (ways == Way.JOINED) | ((second > 0) & ((second - 1) % 3 == 0))
        unsure = fits & ~clearly & ~differ
        unsure |= (ways == Way.BARE) & self._nothing(place)
        otherwise = np.where(np.isfinite(self._tails), Way.TRAILING, Way.CUT)
        ways = np.where(fits & clearly, ways, otherwise).astype(np.uint8)
        ways[unsure | self._spread] = Way.UNSURE
        return ways, place

    def _places(self) -> tuple[Costs, Costs, Costs]:
        """What all cells but those joined at a place cost, all that stay when the last are cut off,
        and leaving out the cells from a place on."""
        width, extra, profile = self._width, self._extra, self._profile
        left = np.zeros((self._count, width + 1))
        right = np.zeros((self._count, width + 1))
        for index in range(width):
            left[:, index + 1] = left[:, index] + profile.oddness(index, self._cells, index)
        for index in range(width - 1, -1, -1):
            moved = profile.oddness(index, self._cells, index + extra)
            right[:, index] = right[:, index + 1] + moved
        none: Mask = self._all(self._cells.null, extra)[:, :width]
        drops = np.where(none, DROP + left[:, :-1] + right[:, :-1], np.inf)
        return left[:, :-1] + right[:, 1:], left[:, width], drops

    def _all(self, mask: Mask, count: int) -> Mask:
        """Whether something holds for so many cells from a place on."""
        places = mask.shape[1] - count + 1
        found = mask[:, :places].copy()
        for offset in range(1, count):
            found &= mask[:, offset : offset + places]
        return found

    def _work_out(self) -> None:
        extra, cells, width = self._extra, self._cells, self._width
        surcharge = np.zeros((self._count, width))
        surcharge += WITH_NOTHING * ~self._all(~cells.null, extra + 1)
        surcharge += QUOTED * ~self._all(~cells.quoted, extra + 1)
        blank = self._blank
        surcharge = np.where(blank, surcharge + self._gain[:, None], surcharge)
        least = JOIN + self._around + surcharge
        bare = BARE + self._around
        bare[:, [self._profile.takes_all(index) for index in range(width)]] = np.inf
        first = least.argmin(axis=1)
        for place in range(width):
            self._join(place, np.flatnonzero(first == place), blank)
        known = np.minimum(self._tails, np.minimum(self._drops, self._joins).min(axis=1))
        limit = (known + CLEARLY + _ROUNDING)[:, None]
        wanted = (np.minimum(least, bare) < limit) & ~np.isfinite(self._joins)
        for place in np.flatnonzero(wanted.any(axis=0)).tolist():
            self._join(place, np.flatnonzero(wanted[:, place]), blank)

    def _join(self, place: int, rows: Index, blank: Mask) -> None:
        """The costs of joining at a place, with the delimiter and without."""
        if not len(rows):
            return
        cells, profile, extra = self._cells, self._profile, self._extra
        which = range(place, place + extra + 1)
        looks = [cells.look(index).at(rows) for index in which]
        delimiter = self._delimiter.encode()
        misfit = np.zeros(len(rows))
        if not profile.takes_all(place):
            misfit = profile.misfit(place, cells.joined(which, rows, self._delimiter))
        odd = [profile.look(place, joined(looks, between)) for between in (delimiter, b" ")]
        # The same sums in the same order as for a single record: they are compared exactly.
        cost = JOIN + self._around[rows, place] + (misfit + np.minimum(*odd))
        cost += WITH_NOTHING * cells.null[rows, place : place + extra + 1].any(axis=1)
        cost += QUOTED * cells.quoted[rows, place : place + extra + 1].any(axis=1)
        cost = np.where(blank[rows, place], cost + self._gain[rows], cost)
        self._joins[rows, place] = cost
        again = np.flatnonzero(misfit)
        if len(again):
            texts = cells.joined(which, rows[again], "")
            fits = profile.misfit(place, texts) == 0
            chosen = rows[again][fits]
            odds = [profile.one(place, text) for text in texts.filter(fits)]
            self._bares[chosen, place] = BARE + self._around[chosen, place] + np.array(odds)

    def _nothing(self, place: Index) -> Mask:
        """Whether the cells from a place on that would be joined are all without text."""
        empty = self._all(self._cells.ends == self._cells.starts, self._extra + 1)
        found: Mask = empty[np.arange(self._count), np.maximum(place, 0)]
        return found
