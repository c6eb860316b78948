"""A record with more fields than the table: where the delimiter too many stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise
from math import inf
from typing import NamedTuple

from toolkit.datasets.readers.csv.records.fields import Unit
from toolkit.datasets.readers.csv.records.profile import MISFIT, Profile

JOIN, BARE, DROP, TRAILING = 1.0, 3.5, 0.5, 0.0
AFTER_BLANK, ALONE_AFTER_BLANK = -0.7, -2.0
"""What joining gains where blanks follow the delimiters, and where they follow no others."""
QUOTED = 7.5
WITH_NOTHING = 2.0
CLEARLY = 0.5
_ROUNDING = 1e-6


class Shortened(NamedTuple):
    """A record cut to the table's width, and how."""

    cells: list[str | None]
    action: str


class _Choice(NamedTuple):
    cost: float
    order: tuple[int, int]
    """Of choices that cost the same, the first is taken."""
    joins: bool
    """Whether a cell is put together with the delimiter, which no other choice gives."""
    cells: Callable[[], list[str | None]]
    action: Callable[[], str]


def shorten(units: list[Unit], width: int, delimiter: str, profile: Profile) -> Shortened:
    """Join the neighbours that belong together, or leave out what is empty.

    Where several ways are as good, the first fields stay and the action names the others, unless
    they do not fit their columns while those ways do: then it is the first of these.
    """
    record = _Record(units, width, delimiter, profile)
    trailing = record.trailing()
    choices = sorted(record.choices(), key=lambda choice: choice[:2])
    best, kept = choices[0], record.kept
    # Choices that were not worked out are dearer by more than it takes.
    last = inf if len(choices) < record.possible else MISFIT
    rival = next((each.cost for each in choices[1:] if _differ(each, best)), last)
    # A value may fit nowhere, wherever the delimiter too many is: that says nothing of it.
    fits = best.cost < MISFIT or best.cost + MISFIT <= kept
    clearly = rival - best.cost >= CLEARLY
    if fits and (clearly or kept >= MISFIT):
        return Shortened(best.cells(), best.action())
    if trailing is not None:
        return Shortened(trailing.cells(), trailing.action())
    cut = [unit.cell for unit in units[:width]]
    return Shortened(cut, cut_action([unit.text for unit in units[width:]]))


def _differ(one: _Choice, other: _Choice) -> bool:
    return one.joins or other.joins or one.cells() != other.cells()


def cut_action(texts: Sequence[str]) -> str:
    """That the last fields are lost, and which."""
    return f"field{'s' * (len(texts) > 1)} cut off: {', '.join(map(repr, texts))}"


def trailing_action(extra: int) -> str:
    """That the last fields were empty."""
    return f"{extra} empty field{'s' * (extra > 1)} at the end dropped"


def joined_action(place: int, extra: int) -> str:
    """That neighbours became one field."""
    return f"fields {_numbers(place + 1, place + extra + 1)} joined"


def bare_action(place: int, extra: int) -> str:
    """The same of a number that had the delimiter in it."""
    return f"{joined_action(place, extra)} without the delimiter"


def dropped_action(place: int, extra: int) -> str:
    """That empty fields were left out."""
    return f"empty field{'s' * (extra > 1)} {_numbers(place + 1, place + extra)} dropped"


class _Record:
    """The choices of a record; those that cannot be among the cheapest are not worked out."""

    def __init__(self, units: list[Unit], width: int, delimiter: str, profile: Profile) -> None:
        self._units, self._width, self._delimiter = units, width, delimiter
        self._profile, self._extra = profile, len(units) - width
        self._cells = [unit.cell for unit in units]
        odd, extra, cells = profile.oddness, self._extra, self._cells
        # What the fields left of a place cost where they are, and those right of it when moved.
        self._left = list(accumulate((odd(i, cells[i]) for i in range(width)), initial=0.0))
        moved = (odd(i, cells[i + extra]) for i in range(width - 1, -1, -1))
        self._right = list(accumulate(moved, initial=0.0))[::-1]
        self._none = list(accumulate((cell is None for cell in cells), initial=0))
        self._quoted = list(accumulate((unit.quoted for unit in units), initial=0))
        self._spaced = _after_blank(units)
        spaced = (i in self._spaced for i in range(len(units)))
        self._blank = list(accumulate(spaced, initial=0))
        self._gain = ALONE_AFTER_BLANK if len(self._spaced) == self._extra else AFTER_BLANK
        self.kept = sum(odd(index, cell) for index, cell in enumerate(cells[:width]))
        """What the first fields cost where they are."""
        self.possible = width
        """How many places there are to join."""

    def trailing(self) -> _Choice | None:
        """Leave out the last fields, which are empty."""
        extra, width = self._extra, self._width
        if self._none[-1] - self._none[width] < extra:
            return None
        cells = self._cells[:width]
        cost = TRAILING + self._left[width]
        return _Choice(cost, (-1, 0), False, lambda: cells, partial(trailing_action, extra))

    def choices(self) -> list[_Choice]:
        trailing = self.trailing()
        found = [] if trailing is None else [trailing]
        found.extend(self._drops())
        found.extend(self._sentences())
        known = min((choice.cost for choice in found), default=inf)
        self.possible = len(found) + self._width
        least = [self._least(place) for place in range(self._width)]
        for place in sorted(range(self._width), key=least.__getitem__):
            if least[place] >= known + CLEARLY + _ROUNDING and self._width > 1:
                break
            joins = self._joins(place)
            found.extend(joins)
            self.possible += len(joins) - 1
            known = min(known, *(choice.cost for choice in joins))
        return found

    def _least(self, place: int) -> float:
        """What joining at a place costs at least, with the delimiter or without."""
        around = self._left[place] + self._right[place + 1]
        return min(JOIN + around + self._surcharge(place), BARE + around)

    def _surcharge(self, place: int) -> float:
        """What joining costs for how the parts are written."""
        end = place + self._extra + 1
        cost = WITH_NOTHING * (self._none[end] > self._none[place])
        cost += QUOTED * (self._quoted[end] > self._quoted[place])
        return cost + self._gain * (self._blank[end] - self._blank[place + 1] == self._extra)

    def _joins(self, place: int) -> list[_Choice]:
        profile, extra, units = self._profile, self._extra, self._units
        end = place + extra + 1
        texts = [unit.text for unit in units[place:end]]
        text, bare = self._delimiter.join(texts), "".join(texts)
        around = self._left[place] + self._right[place + 1]
        cost = JOIN + around + profile.joined(place, texts, self._delimiter)
        cost += WITH_NOTHING * (self._none[end] > self._none[place])
        cost += QUOTED * (self._quoted[end] > self._quoted[place])
        if self._blank[end] - self._blank[place + 1] == extra:
            cost += self._gain
        action = partial(joined_action, place, extra)
        found = [_Choice(cost, (place, 0), True, partial(self._with, place, text), action)]
        if profile.misfit(place, text) and not profile.misfit(place, bare):
            cost = BARE + around + profile.oddness(place, bare)
            action = partial(bare_action, place, extra)
            found.append(_Choice(cost, (place, 1), False, partial(self._with, place, bare), action))
        return found

    def _sentences(self) -> Iterator[_Choice]:
        """Join all fields that blanks begin, at several places, with those before them."""
        spaced = sorted(self._spaced)
        if len(spaced) != self._extra or spaced[-1] - spaced[0] < self._extra:
            return
        starts = [i for i in range(len(self._units)) if i not in self._spaced]
        parts = [self._units[i:j] for i, j in pairwise([*starts, len(self._units)])]
        whole = [unit for part in parts if len(part) > 1 for unit in part]
        if any(unit.quoted or unit.cell is None for unit in whole):
            return
        cost, cells, places = ALONE_AFTER_BLANK, list[str | None](), list[str]()
        for index, (start, part) in enumerate(zip(starts, parts, strict=True)):
            texts = [unit.text for unit in part]
            cells.append(self._delimiter.join(texts) if len(part) > 1 else part[0].cell)
            if len(part) > 1:
                cost += JOIN + self._profile.joined(index, texts, self._delimiter)
                places.append(_numbers(start + 1, start + len(part)))
            else:
                cost += self._profile.oddness(index, cells[-1])
        told = f"fields {', '.join(places)} joined"
        yield _Choice(cost, (-1, 1), True, lambda: cells, lambda: told)

    def _with(self, place: int, text: str) -> list[str | None]:
        return [*self._cells[:place], text, *self._cells[place + self._extra + 1 :]]

    def _drops(self) -> Iterator[_Choice]:
        extra = self._extra
        for place in range(self._width):
            if self._none[place + extra] - self._none[place] == extra:
                cost = DROP + self._left[place] + self._right[place]
                action = partial(dropped_action, place, extra)
                yield _Choice(cost, (place, 2), False, partial(self._without, place), action)

    def _without(self, place: int) -> list[str | None]:
        return [*self._cells[:place], *self._cells[place + self._extra :]]


def _numbers(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first} and {last}" if first + 1 == last else f"{first} to {last}"


def _after_blank(units: list[Unit]) -> set[int]:
    """Fields that begin with a blank, where most do not: text goes on after its comma."""
    found = {i for i, unit in enumerate(units) if i and not unit.quoted and unit.text[:1] == " "}
    return found if len(found) * 2 < len(units) else set()
