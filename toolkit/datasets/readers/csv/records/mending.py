"""What becomes of the clear damage of a buffer, all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import NamedTuple, TypeAlias

import numpy as np

from toolkit.datasets.readers.csv.records.bits import Index, Ranks, positions
from toolkit.datasets.readers.csv.records.canonical import Encoder, Rewriter
from toolkit.datasets.readers.csv.records.cells import Cells
from toolkit.datasets.readers.csv.records.clear import Apart, Clear, clear_damage, enough
from toolkit.datasets.readers.csv.records.overlong_many import Overlong, Way
from toolkit.datasets.readers.csv.records.profile import MISFIT, NEVER_NULL
from toolkit.datasets.readers.csv.records.profile_many import ManyProfile
from toolkit.datasets.readers.csv.records.scan import View
from toolkit.datasets.readers.csv.records.shortened import shortened
from toolkit.datasets.readers.csv.records.types import Kind

_MOST_EXTRA = 32
"""Fields too many up to which records are taken together."""
_SPARSE = 4
_CR = 13
_LINE_FEED = b"\n"


class Mended(NamedTuple):
    """Damaged records of a view in their order, and what was made of each."""

    indices: Index
    begins: Index
    stops: Index
    """Where they end, without their line ends."""
    kinds: list[Kind]
    found: list[int]
    data: list[bytes]
    actions: list[str]

    @classmethod
    def none(cls) -> Mended:
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, empty, [], [], [], [])


class _Part(NamedTuple):
    """Damaged records of one kind."""

    kind: Kind
    which: Index
    found: Index
    data: list[bytes]
    actions: list[str]


_Marks: TypeAlias = tuple[Ranks, Index, int]
"""The delimiters of a text: how many there are up to each place, where, and their length."""


class Mending:
    """Mends the clear damage of one view."""

    def __init__(
        self,
        view: View,
        encoder: Encoder,
        rewriter: Rewriter,
        profile: Callable[[], ManyProfile],
        *,
        wanted: bool,
    ) -> None:
        """``wanted``: make data, and say how."""
        self._view, self._encoder = view, encoder
        self._rewriter, self._profile, self._wanted = rewriter, profile, wanted

    def mended(self, *, on_their_line: bool, bad: bool = True) -> Mended:
        """See ``clear_damage``; without ``bad`` only what is no record."""
        clear = clear_damage(self._view, on_their_line=on_their_line)
        if not bad:
            clear = Clear(clear.blank, clear.blank[:0], clear.blank[:0])
        parts = [part for part in self._parts(clear) if len(part.which)]
        if not parts:
            return Mended.none()
        which = np.concatenate([part.which for part in parts])
        order = np.argsort(which, kind="stable")
        which = which[order]
        found = np.concatenate([part.found for part in parts])[order].tolist()
        kinds = [kind for part in parts for kind in repeat(part.kind, len(part.which))]
        data = [each for part in parts for each in part.data]
        actions = [each for part in parts for each in part.actions]
        if len(parts) > 1:
            places = order.tolist()
            kinds = [kinds[place] for place in places]
            data = [data[place] for place in places]
            actions = [actions[place] for place in places]
        stops = self._stops(which)
        return Mended(which, self._view.begins[which], stops, kinds, found, data, actions)

    def _parts(self, clear: Clear) -> Iterator[_Part]:
        blank, short, long, apart = clear
        lines = len(blank)
        yield _Part("blank line", blank, np.zeros_like(blank), [b""] * lines, ["dropped"] * lines)
        yield self._short(short)
        for part in apart:
            if enough(part.which):
                yield self._apart(part)
        if not self._wanted:
            yield self._unmended("too many fields", long)
            return
        width = self._view.scan.rules.width
        extra = self._view.fields[long] - width
        for more in np.unique(extra).tolist():
            same = long[extra == more]
            if more <= _MOST_EXTRA and width > 1 and enough(same):
                yield self._long(same, more)

    def _unmended(self, kind: Kind, which: Index) -> _Part:
        found = self._view.fields[which]
        return _Part(kind, which, found, [b""] * len(which), [""] * len(which))

    def _short(self, which: Index) -> _Part:
        if not self._wanted:
            return self._unmended("too few fields", which)
        rules = self._view.scan.rules
        found = self._view.fields[which]
        separator = rules.engine.separator.encode()
        tails = [separator * (rules.width - count) + b"\n" for count in range(rules.width)]
        text, place = self._rewriter.data, self._rewriter.place
        begins, stops = place(self._view.begins[which]), place(self._stops(which))
        data = [
            text[begin:stop] + tails[count]
            for begin, stop, count in zip(
                begins.tolist(), stops.tolist(), found.tolist(), strict=True
            )
        ]
        return _Part("too few fields", which, found, data, ["padded with nulls"] * len(which))

    def _long(self, which: Index, extra: int) -> _Part:
        """Records with as many fields too many."""
        view, rules = self._view, self._view.scan.rules
        if view.scan.quoted:
            ranks = Ranks(view.doubled)
            inside = ranks.all_at(view.ends[which]) > ranks.all_at(view.begins[which])
            which = which[~inside]
            if not len(which):
                return self._unmended("too many fields", which)
        cells = self._cells(which, rules.width + extra)
        overlong = Overlong(cells, rules.width, rules.dialect.delimiter, self._profile())
        ways, places = overlong.ways()
        sure = ways != Way.UNSURE
        data, actions = shortened(cells, ways, places, rules, self._encoder)
        kept = np.flatnonzero(sure).tolist()
        return _Part(
            "too many fields",
            which[sure],
            view.fields[which[sure]],
            [data[row] for row in kept],
            [actions[row] for row in kept],
        )

    def _apart(self, apart: Apart) -> _Part:
        """Records told apart by another delimiter, if each cell goes with its column."""
        which, delimiter = apart
        rules, profile = self._view.scan.rules, self._profile()
        where = self._view.scan.where(ord(delimiter))
        marks = Ranks(where), positions(where), len(delimiter)
        cells = self._cells(which, rules.width, marks)
        sure = np.ones(len(which), np.bool_)
        for index in range(rules.width):
            most = np.where(cells.null[:, index], NEVER_NULL, MISFIT)
            sure &= profile.oddness(index, cells, index) < most
        which, action = which[sure], f"fields told apart by {delimiter!r}"
        text, other = self._view.scan.text, delimiter.encode()
        bounds = zip(self._view.begins[which].tolist(), self._stops(which).tolist(), strict=True)
        lines = [text[begin:stop] for begin, stop in bounds]
        if rules.engine.separator == rules.dialect.delimiter:
            data = [line.replace(other, rules.delimiter) + _LINE_FEED for line in lines]
        else:
            rows = (line.decode().split(delimiter) for line in lines)
            data = [self._encoder.record([cell or None for cell in row]) for row in rows]
        found = self._view.fields[which]
        return _Part("too few fields", which, found, data, [action] * len(which))

    def _cells(self, which: Index, fields: int, marks: _Marks | None = None) -> Cells:
        """The cells of records of so many fields, in a text of those alone if they are few."""
        view, rules = self._view, self._view.scan.rules
        begins, stops = view.begins[which], self._stops(which)
        own = view.delimiter_ranks, view.delimiter_positions, len(rules.delimiter)
        ranks, places, size = marks or own
        first = ranks.all_at(begins)
        between = places[first[:, None] + np.arange(fields - 1)]
        starts = np.concatenate((begins[:, None], between + size), axis=1)
        ends = np.concatenate((between, stops[:, None]), axis=1)
        lengths = stops - begins + 1
        if int(lengths.sum()) * _SPARSE > view.scan.size:
            return Cells(view.scan.text, starts, ends, rules.quote)
        bounds = zip(begins.tolist(), stops.tolist(), strict=True)
        text = _LINE_FEED.join([view.scan.text[begin:stop] for begin, stop in bounds])
        moved = (np.cumsum(lengths) - lengths - begins)[:, None]
        return Cells(text + _LINE_FEED, starts + moved, ends + moved, rules.quote)

    def _stops(self, which: Index) -> Index:
        """Where the records end, without their line ends."""
        view = self._view
        stops = view.ends[which]
        if view.scan.cr is view.scan.none or view.scan.rules.dialect.newline == "\r":
            return stops
        last = np.maximum(stops - 1, 0)
        without: Index = stops - ((view.scan.array[last] == _CR) & (stops > view.begins[which]))
        return without
