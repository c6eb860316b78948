"""Which pieces between delimiters are one field, where quotes do not stand as they must.

Each reading has a cost: what would have to be assumed about the quotes. Of the readings with the
right number of fields the cheapest is taken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate
from math import inf
from typing import NamedTuple

from toolkit.datasets.readers.csv.records.beside import Beside
from toolkit.datasets.readers.csv.records.fields import Fields, Unit

ODD_QUOTE, TRIMMED, LOST_QUOTE, CROSSED = 1.0, 1.0, 2.0, 1.0
OPENING = 0.05
MOST_EXTRA = 24
"""Delimiters within quotes up to which all readings of a record are compared."""
UNTHINKABLE = 6.0
DOUBTFUL = 3.0
"""What a reading over several lines may cost."""
_REMEMBERED, _SHORT = 1024, 64
"""Pieces whose reading is kept, and their length: those of a record are asked for several times."""
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


class _Closings(NamedTuple):
    """Where fields may end in the pieces of a record."""

    where: list[int]
    """The pieces that end in a quote."""
    lone: list[int]
    """How many pieces before each have a quote that is not one within quotes."""


class _State(NamedTuple):
    """A way to have read the first pieces."""

    cost: float
    start: int
    """Where its last group begins, and what was spent before it."""
    spent: int
    group: Group | None


class Grouping:
    """The readings of a text in which quotes may be damaged."""

    def __init__(self, fields: Fields) -> None:
        assert fields.quote is not None
        self._fields, self._quote = fields, fields.quote
        self._remembered = lru_cache(_REMEMBERED)(self._read_single)
        self._escaped = "\\" + fields.quote if fields.rules.backslash else fields.quote * 2
        self._beside = Beside(fields)

    def natural(self, pieces: list[str]) -> Reading:
        """From the left: a quoted field goes to the nearest quote that can close it."""
        units: list[Unit] = []
        cost, index = 0.0, 0
        closings: _Closings | None = None
        while index < len(pieces):
            chosen, end = self.single(pieces[index]), index + 1
            if chosen.cost > 0 and self._opens(pieces[index]):
                closings = closings or self._closings(pieces)
                for closing in self._candidates(pieces, index, chosen, closings):
                    group = self._several(pieces[index : closing + 1])
                    if group is not None and (group.cost == 0 or self._begins(chosen)):
                        chosen, end = group, closing + 1
                        break
            units.append(chosen.unit)
            cost += chosen.cost
            index = end
        return Reading(units, cost)

    def _begins(self, group: Group) -> bool:
        """Whether what was read of a piece begins with a quote, so that any field is better."""
        return group.unit.text.lstrip(" ").startswith(self._quote)

    def _closings(self, pieces: list[str]) -> _Closings:
        lone = accumulate((self._lone(piece) for piece in pieces), initial=0)
        where = [index for index, piece in enumerate(pieces) if self._closes(piece)]
        return _Closings(where, list(lone))

    def _lone(self, text: str) -> bool:
        """Whether a quote stands in a text that is not one within quotes."""
        if self._quote not in text:
            return False
        return self._quote in text.replace(self._escaped, "")

    def _candidates(
        self, pieces: list[str], index: int, chosen: Group, closings: _Closings
    ) -> Iterator[int]:
        """The pieces that may close the field that one opens: the first that do."""
        first = bisect_right(closings.where, index)
        candidates = closings.where[first : first + MOST_EXTRA]
        if self._begins(chosen):
            yield from candidates
            return
        # Only a field without any damage is better than the piece by itself.
        piece = pieces[index]
        if not piece.startswith(self._quote) or self._lone(piece[1:]):
            return
        for closing in candidates:
            if closings.lone[closing] > closings.lone[index + 1]:
                return
            if pieces[closing].endswith(self._quote):
                yield closing

    def exactly(self, pieces: list[str], width: int, most: float = UNTHINKABLE) -> Reading | None:
        """The cheapest reading with this many fields; None where all cost more than ``most``."""
        extra = len(pieces) - width
        if extra < 0:
            return None
        if extra > MOST_EXTRA:
            reading = self.natural(pieces)
            right = len(reading.units) == width and reading.cost < UNTHINKABLE
            return reading if right else None
        if extra == 0:
            groups = [self.single(piece) for piece in pieces]
            cost = sum(group.cost for group in groups)
            return Reading([g.unit for g in groups], cost) if cost < UNTHINKABLE else None
        least = self._least(pieces)
        # best[i][k]: the cheapest way to have read i pieces as i - k fields.
        best: list[dict[int, _State]] = [{} for _ in range(len(pieces) + 1)]
        best[0][0] = _State(0.0, 0, 0, None)
        for start, states in enumerate(best[:-1]):
            if not states:
                continue
            cheapest = min(state.cost for state in states.values())
            longest = min(extra - min(states) + 1, len(pieces) - start)
            for size in range(1, longest + 1):
                end = start + size
                if size > 1 and cheapest + least(start, end) > most:
                    continue
                group = (
                    self.single(pieces[start]) if size == 1 else self._several(pieces[start:end])
                )
                if group is None or cheapest + group.cost > most:
                    continue
                for spent, state in states.items():
                    total, after = state.cost + group.cost, spent + size - 1
                    known = best[end].get(after)
                    if total > most or after > extra:
                        continue
                    if known is None or total < known.cost:
                        best[end][after] = _State(total, start, spent, group)
        last = best[-1].get(extra)
        return _traced(best, last) if last is not None and last.cost < UNTHINKABLE else None

    def _least(self, pieces: list[str]) -> Callable[[int, int], float]:
        """What several pieces cost at least as one field, from counts of their quotes alone."""
        quote = self._quote
        opens = [self._opens(piece) for piece in pieces]
        closes = [self._closes(piece) for piece in pieces]
        quotes = list(accumulate((piece.count(quote) for piece in pieces), initial=0))
        opened = list(accumulate(opens, initial=0))
        closed = list(accumulate(closes, initial=0))
        lone = list(accumulate(map(self._lone, pieces), initial=0))
        begins = [opens[i] and self._lone(piece.lstrip(" ")[1:]) for i, piece in enumerate(pieces)]
        ends = [closes[i] and self._lone(piece.rstrip(" ")[:-1]) for i, piece in enumerate(pieces)]

        def least(start: int, end: int) -> float:
            if not (opens[start] and closes[end - 1]):
                alone = quotes[end] - quotes[start] == 1 and (opens[start] or closes[end - 1])
                return LOST_QUOTE if alone else inf
            odd = begins[start] or ends[end - 1] or lone[end - 1] > lone[start + 1]
            if not odd:
                return 0.0
            # The edges of other fields count as well.
            crossed = closed[end - 1] - closed[start] + opened[end] - opened[start + 1]
            return ODD_QUOTE + CROSSED * crossed

        return least

    def restored(self, text: str, width: int) -> Reading | None:
        """The one reading in which a delimiter beside a quote was forgotten, or is another, and all
        else is well."""
        found = self._beside.restored(text, width)
        return None if found is None else Reading(found[0], LOST_QUOTE, action=found[1])

    def _opens(self, piece: str) -> bool:
        return self._quote in piece and piece.lstrip(" ").startswith(self._quote)

    def _closes(self, piece: str) -> bool:
        return self._quote in piece and piece.rstrip(" ").endswith(self._quote)

    def single(self, piece: str) -> Group:
        """A piece as a field by itself."""
        read = self._remembered if len(piece) <= _SHORT else self._read_single
        return read(piece)

    def _read_single(self, piece: str) -> Group:
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
        # Of two quotes at the edges of fields, the first opens and the second is odd.
        opening = OPENING * (stripped.startswith(quote) and stripped != quote)
        return Group(Unit(text), 0.0 if escaped else ODD_QUOTE + opening)

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
            # A backslash before the quote that closes takes its meaning.
            bare = backslash and (len(text) - len(text.rstrip("\\"))) % 2
            return self._fields.inner(text), ODD_QUOTE * bare
        if backslash:
            return self._fields.unescape(text).replace(quote * 2, quote), ODD_QUOTE
        if quote not in text.replace(quote * 2, "").replace(escape, ""):
            # A backslash where a quote should have been doubled: it was meant for the quote.
            text = text.replace(escape, quote)
        return text.replace(quote * 2, quote), ODD_QUOTE


def _traced(best: list[dict[int, _State]], last: _State) -> Reading:
    """The way that leads to a state."""
    units, lost, state = list[Unit](), False, last
    while state.group is not None:
        units.append(state.group.unit)
        lost |= state.group.lost
        state = best[state.start][state.spent]
    return Reading(units[::-1], last.cost, lost)


def _enclosed(text: str, quote: str) -> bool:
    return len(text) > 1 and text.startswith(quote) and text.endswith(quote)
