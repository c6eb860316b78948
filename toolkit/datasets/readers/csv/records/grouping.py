"""Which pieces between delimiters are one field, where quotes do not stand as they must.

Each reading has a cost: what would have to be assumed about the quotes. Of the readings with the
right number of fields the cheapest is taken.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from toolkit.datasets.readers.csv.records.fields import Fields, Unit

ODD_QUOTE, TRIMMED, LOST_QUOTE, CROSSED = 1.0, 1.0, 2.0, 1.0
MOST_EXTRA = 64
"""Delimiters within quotes up to which all readings of a record are compared."""
UNTHINKABLE = 6.0
DOUBTFUL = 3.0
"""What a reading over several lines may cost."""
MOST_QUOTES = 64
KEPT = "quote kept as text"


class Group(NamedTuple):
    """Successive pieces read as one field."""

    unit: Unit
    cost: float
    lost: bool = False
    """One of the two quotes around several pieces is missing."""


class Reading(NamedTuple):
    """The fields of a record."""

    units: list[Unit]
    cost: float
    lost: bool = False
    action: str = KEPT


class Grouping:
    """The readings of a text in which quotes may be damaged."""

    def __init__(self, fields: Fields) -> None:
        assert fields.quote is not None
        self._fields, self._quote = fields, fields.quote

    def natural(self, pieces: list[str]) -> Reading:
        """From the left: a quoted field goes to the nearest quote that can close it."""
        units: list[Unit] = []
        cost, index, quote = 0.0, 0, self._quote
        closings = [i for i, piece in enumerate(pieces) if piece.rstrip().endswith(quote)]
        while index < len(pieces):
            chosen, end = self._single(pieces[index]), index + 1
            if pieces[index].lstrip().startswith(quote) and chosen.cost > 0:
                for closing in [i for i in closings if i > index][:MOST_EXTRA]:
                    group = self._several(pieces[index : closing + 1])
                    if group is not None and (group.cost == 0 or chosen.unit.text[:1] == quote):
                        chosen, end = group, closing + 1
                        break
            units.append(chosen.unit)
            cost += chosen.cost
            index = end
        return Reading(units, cost)

    def exactly(self, pieces: list[str], width: int) -> Reading | None:
        """The cheapest reading with this many fields."""
        extra = len(pieces) - width
        if extra < 0 or extra > MOST_EXTRA:
            return None
        # best[k]: the cheapest way to have read the pieces so far, k of them beyond the fields.
        best: list[dict[int, tuple[float, tuple[int, int] | None, Group | None]]]
        best = [{} for _ in range(len(pieces) + 1)]
        best[0][0] = (0.0, None, None)
        for start in range(len(pieces)):
            if not best[start]:
                continue
            least = min(best[start])
            for size in range(1, extra - least + 2):
                if start + size > len(pieces):
                    break
                part = pieces[start : start + size]
                group = self._single(part[0]) if size == 1 else self._several(part)
                if group is None:
                    continue
                for spent, (cost, _, _) in best[start].items():
                    total, after = cost + group.cost, spent + size - 1
                    known = best[start + size].get(after)
                    if after <= extra and (known is None or total < known[0]):
                        best[start + size][after] = (total, (start, spent), group)
        state = best[-1].get(extra)
        if state is None or state[0] >= UNTHINKABLE:
            return None
        units, cost, lost = [], state[0], False
        while state is not None and state[1] is not None and state[2] is not None:
            units.append(state[2].unit)
            lost |= state[2].lost
            start, spent = state[1]
            state = best[start].get(spent)
        return Reading(units[::-1], cost, lost)

    def restored(self, text: str, width: int) -> Reading | None:
        """The one reading in which a delimiter beside a quote was forgotten, and all else is well.

        A quote has text on both of its sides, which it never has in a well written file.
        """
        if text.count(self._quote) > MOST_QUOTES:
            return None
        found: list[list[Unit]] = []
        for match in re.finditer(re.escape(self._quote), text):
            for place in match.span():
                pieces = self._fields.split(text[:place] + self._fields.delimiter + text[place:])
                reading = self.natural(pieces)
                if reading.cost == 0 and len(reading.units) == width and reading.units not in found:
                    found.append(reading.units)
        action = "delimiter put beside a quote"
        return Reading(found[0], LOST_QUOTE, action=action) if len(found) == 1 else None

    def _single(self, piece: str) -> Group:
        quote, unescape = self._quote, self._fields.unescape
        if quote not in piece:
            return Group(Unit(unescape(piece)), 0.0)
        if _enclosed(piece, quote):
            text, cost = self._inner(piece[1:-1])
            return Group(Unit(text, quoted=True), cost)
        stripped = piece.strip(" ")
        if _enclosed(stripped, quote):
            text, cost = self._inner(stripped[1:-1])
            if cost == 0:
                return Group(Unit(text, quoted=True), TRIMMED)
        text = unescape(piece)
        escaped = self._fields.rules.backslash and quote not in piece.replace("\\" + quote, "")
        return Group(Unit(text), 0.0 if escaped else ODD_QUOTE)

    def _several(self, pieces: list[str]) -> Group | None:
        quote, delimiter = self._quote, self._fields.delimiter
        text = delimiter.join(pieces)
        stripped = text.strip(" ")
        opened, closed = stripped.startswith(quote), stripped.endswith(quote)
        if opened and closed:
            inner, cost = self._inner(stripped[1:-1])
            if cost:
                # Quotes beside delimiters are rather the edges of fields.
                crossed = sum(piece.strip(" ").endswith(quote) for piece in pieces[:-1])
                crossed += sum(piece.strip(" ").startswith(quote) for piece in pieces[1:])
                cost += CROSSED * crossed
            return Group(Unit(inner, quoted=True), cost + TRIMMED * (stripped != text))
        if opened and quote not in stripped[1:]:
            return Group(Unit(self._inner(stripped[1:])[0], quoted=True), LOST_QUOTE, lost=True)
        if closed and quote not in stripped[:-1]:
            return Group(Unit(self._inner(stripped[:-1])[0], quoted=True), LOST_QUOTE, lost=True)
        return None

    def _inner(self, text: str) -> tuple[str, float]:
        """What stands between two quotes, and what its own quotes cost."""
        quote, backslash = self._quote, self._fields.rules.backslash
        escape = "\\" + quote
        rest = text.replace(escape if backslash else quote * 2, "")
        if quote not in rest:
            return self._fields.inner(text), 0.0
        if backslash:
            return self._fields.unescape(text).replace(quote * 2, quote), ODD_QUOTE
        if quote not in text.replace(quote * 2, "").replace(escape, ""):
            # A backslash where a quote should have been doubled: it was meant for the quote.
            text = text.replace(escape, quote)
        return text.replace(quote * 2, quote), ODD_QUOTE


def _enclosed(text: str, quote: str) -> bool:
    return len(text) > 1 and text.startswith(quote) and text.endswith(quote)
