"""A record with more fields than the table: where the delimiter too many stands."""

from __future__ import annotations

from typing import NamedTuple

from toolkit.datasets.readers.csv.records.fields import Unit
from toolkit.datasets.readers.csv.records.profile import MISFIT, Profile

_JOIN, _DROP, _TRAILING = 1.0, 0.5, 0.0
_AFTER_BLANK = -0.7
_QUOTED = 1.5
_WITH_NOTHING = 2.0
_CLEARLY = 0.5


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

    Where no way is clearly the best, the first fields stay and the action names the others.
    """
    extra = len(units) - width
    choices = sorted(_choices(units, width, delimiter, profile), key=lambda choice: choice.cost)
    best = choices[0] if choices else None
    others = [choice for choice in choices if best is not None and choice.cells != best.cells]
    fitting = best is not None and best.cost < MISFIT
    if best is not None and fitting and (not others or others[0].cost - best.cost >= _CLEARLY):
        return Shortened(best.cells, best.action)
    trailing = [choice for choice in choices if choice.action.endswith("at the end dropped")]
    if trailing:
        return Shortened(trailing[0].cells, trailing[0].action)
    cut = ", ".join(repr(unit.text) for unit in units[width:])
    plural = "s" * (extra > 1)
    return Shortened([unit.cell for unit in units[:width]], f"field{plural} cut off: {cut}")


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
        action = f"{extra} empty field{'s' * (extra > 1)} at the end dropped"
        found.append(_Choice(_TRAILING + left[width], cells[:width], action))
    for place in range(width):
        parts = units[place : place + extra + 1]
        text = delimiter.join(unit.text for unit in parts)
        cost = _JOIN + left[place] + right[place + 1] + profile.oddness(place, text)
        cost += _WITH_NOTHING * any(unit.cell is None for unit in parts)
        cost += _QUOTED * any(unit.quoted for unit in parts)
        if after_blank and all(i in after_blank for i in range(place + 1, place + extra + 1)):
            cost += _AFTER_BLANK
        joined = [*cells[:place], text, *cells[place + extra + 1 :]]
        numbers = (
            f"{place + 1} and {place + 2}" if extra == 1 else f"{place + 1} to {place + extra + 1}"
        )
        found.append(_Choice(cost, joined, f"fields {numbers} joined"))
        if all(cell is None for cell in cells[place : place + extra]):
            kept = [*cells[:place], *cells[place + extra :]]
            cost = _DROP + left[place] + right[place]
            which = (
                f"empty field {place + 1}"
                if extra == 1
                else f"empty fields {place + 1} to {place + extra}"
            )
            found.append(_Choice(cost, kept, f"{which} dropped"))
    return found


def _after_blank(units: list[Unit]) -> set[int]:
    """Fields that begin with a blank, where most do not: text goes on after its comma."""
    found = {i for i, unit in enumerate(units) if i and not unit.quoted and unit.text[:1] == " "}
    return found if len(found) * 2 < len(units) else set()
