"""A record with more fields than the table: where the delimiter too many stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from toolkit.datasets.readers.csv.records.fields import Unit
from toolkit.datasets.readers.csv.records.profile import MISFIT, Profile

JOIN, BARE, DROP, TRAILING = 1.0, 3.5, 0.5, 0.0
AFTER_BLANK = -0.7
QUOTED = 7.5
WITH_NOTHING = 2.0
CLEARLY = 0.5


class Shortened(NamedTuple):
    """A record cut to the table's width, and how."""

    cells: list[str | None]
    action: str


class _Choice(NamedTuple):
    cost: float
    cells: list[str | None]
    action: str


def shorten(units: list[Unit], width: int, delimiter: str, profile: Profile) -> Shortened:
    """Join the neighbours that belong together, or leave out what is empty.

    Where several ways are as good, the first fields stay and the action names the others, unless
    they do not fit their columns while those ways do: then it is the first of these.
    """
    choices = sorted(_choices(units, width, delimiter, profile), key=lambda choice: choice.cost)
    best = choices[0]
    cut = [unit.cell for unit in units[:width]]
    kept = sum(profile.oddness(index, cell) for index, cell in enumerate(cut))
    rival = next((choice.cost for choice in choices if choice.cells != best.cells), MISFIT)
    # A value may fit nowhere, wherever the delimiter too many is: that says nothing of it.
    fits = best.cost < MISFIT or best.cost + MISFIT <= kept
    if fits and (rival - best.cost >= CLEARLY or kept >= MISFIT):
        return Shortened(best.cells, best.action)
    trailing = next(
        (choice for choice in choices if choice.action.endswith("at the end dropped")), None
    )
    if trailing is not None:
        return Shortened(trailing.cells, trailing.action)
    return Shortened(cut, cut_action([unit.text for unit in units[width:]]))


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


def _choices(units: list[Unit], width: int, delimiter: str, profile: Profile) -> list[_Choice]:
    extra = len(units) - width
    cells = [unit.cell for unit in units]
    # What the fields left of a place cost where they are, and those right of it when moved.
    left = [0.0]
    for index in range(width):
        left.append(left[-1] + profile.oddness(index, cells[index]))
    right = [0.0]
    for index in range(width - 1, -1, -1):
        right.append(right[-1] + profile.oddness(index, cells[index + extra]))
    right.reverse()
    after_blank = _after_blank(units)
    found = []
    if all(cell is None for cell in cells[width:]):
        action = trailing_action(extra)
        found.append(_Choice(TRAILING + left[width], cells[:width], action))
    for place in range(width):
        around = left[place] + right[place + 1]
        before, after = cells[:place], cells[place + extra + 1 :]
        parts = units[place : place + extra + 1]
        texts = [unit.text for unit in parts]
        text, bare = delimiter.join(texts), "".join(texts)
        cost = JOIN + around + profile.joined(place, texts, delimiter)
        cost += WITH_NOTHING * any(unit.cell is None for unit in parts)
        cost += QUOTED * any(unit.quoted for unit in parts)
        if after_blank.issuperset(range(place + 1, place + extra + 1)):
            cost += AFTER_BLANK
        found.append(_Choice(cost, [*before, text, *after], joined_action(place, extra)))
        if profile.misfit(place, text) and not profile.misfit(place, bare):
            cost = BARE + around + profile.oddness(place, bare)
            found.append(_Choice(cost, [*before, bare, *after], bare_action(place, extra)))
        if all(cell is None for cell in cells[place : place + extra]):
            cost = DROP + left[place] + right[place]
            kept = [*before, *cells[place + extra :]]
            found.append(_Choice(cost, kept, dropped_action(place, extra)))
    return found


def _numbers(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first} and {last}" if first + 1 == last else f"{first} to {last}"


def _after_blank(units: list[Unit]) -> set[int]:
    """Fields that begin with a blank, where most do not: text goes on after its comma."""
    found = {i for i, unit in enumerate(units) if i and not unit.quoted and unit.text[:1] == " "}
    return found if len(found) * 2 < len(units) else set()
