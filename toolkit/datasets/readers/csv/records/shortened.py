"""Writes the records of which it was found out what becomes of their fields too many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toolkit.datasets.readers.csv.records.bits import Index
from toolkit.datasets.readers.csv.records.canonical import Encoder
from toolkit.datasets.readers.csv.records.cells import Cells
from toolkit.datasets.readers.csv.records.overlong import (
    bare_action,
    cut_action,
    dropped_action,
    joined_action,
    trailing_action,
)
from toolkit.datasets.readers.csv.records.overlong_many import Way
from toolkit.datasets.readers.csv.records.rules import Rules


def shortened(
    cells: Cells, ways: NDArray[np.uint8], places: Index, rules: Rules, encoder: Encoder
) -> tuple[list[bytes], list[str]]:
    """The engine's CSV of each record, and what was done; empty where it is not sure."""
    writer = _Writer(cells, rules, encoder)
    data, actions = [b""] * cells.records, [""] * cells.records
    for way in (Way.CUT, Way.TRAILING, Way.JOINED, Way.BARE, Way.DROPPED):
        rows = np.flatnonzero(ways == way)
        if len(rows):
            written, told = writer.write(way, rows, places[rows])
            for row, each, action in zip(rows.tolist(), written, told, strict=True):
                data[row], actions[row] = each, action
    return data, actions


class _Writer:
    def __init__(self, cells: Cells, rules: Rules, encoder: Encoder) -> None:
        self._cells, self._rules, self._encoder = cells, rules, encoder
        self._extra = cells.fields - rules.width
        self._raw = rules.engine.separator == rules.dialect.delimiter

    def write(self, way: Way, rows: Index, places: Index) -> tuple[list[bytes], list[str]]:
        data = (self._spliced if self._raw else self._encoded)(way, rows, places)
        return data, self._actions(way, rows, places)

    def _actions(self, way: Way, rows: Index, places: Index) -> list[str]:
        extra, width = self._extra, self._rules.width
        if way == Way.TRAILING:
            return [trailing_action(extra)] * len(rows)
        if way == Way.CUT:
            texts = [self._texts(row, range(width, width + extra)) for row in rows.tolist()]
            return [cut_action([each.decode() for each in text]) for text in texts]
        tell = {Way.JOINED: joined_action, Way.BARE: bare_action, Way.DROPPED: dropped_action}[way]
        told = [tell(place, extra) for place in range(width)]
        return [told[place] for place in places.tolist()]

    def _spliced(self, way: Way, rows: Index, places: Index) -> list[bytes]:
        """Where the engine has the delimiter, what is left of a record stays as it is written."""
        cells, extra, text = self._cells, self._extra, self._cells.text
        first, last = cells.outer_starts, cells.outer_ends
        begins = first[rows, 0].tolist()
        if way in {Way.CUT, Way.TRAILING}:
            ends = last[rows, self._rules.width - 1].tolist()
            return [text[b:e] + b"\n" for b, e in zip(begins, ends, strict=True)]
        starts, stops = first[rows, places].tolist(), last[rows, -1].tolist()
        if way == Way.DROPPED:
            ends = first[rows, places + extra].tolist()
            return [
                text[b:s] + text[e:n] + b"\n"
                for b, s, e, n in zip(begins, starts, ends, stops, strict=True)
            ]
        ends = last[rows, places + extra].tolist()
        middles = self._middles(way, rows, places)
        return [
            text[b:s] + middle + text[e:n] + b"\n"
            for b, s, middle, e, n in zip(begins, starts, middles, ends, stops, strict=True)
        ]

    def _middles(self, way: Way, rows: Index, places: Index) -> list[bytes]:
        """The cells that were put together, as the engine has them."""
        extra, text = self._extra, self._cells.text
        parts = places[:, None] + np.arange(extra + 1)
        starts = self._cells.starts[rows[:, None], parts]
        ends = self._cells.ends[rows[:, None], parts]
        if way == Way.BARE:
            bounds = zip(starts.tolist(), ends.tolist(), strict=True)
            return [b"".join([text[s:e] for s, e in zip(*b, strict=True)]) for b in bounds]
        quote, between = self._rules.engine.quote.encode(), self._rules.delimiter
        if not self._cells.quoted[rows[:, None], parts].any():
            # What was put together stands in the text as it is.
            whole = zip(starts[:, 0].tolist(), ends[:, -1].tolist(), strict=True)
            return [quote + text[s:e] + quote for s, e in whole]
        bounds = zip(starts.tolist(), ends.tolist(), strict=True)
        return [
            quote + between.join([text[s:e] for s, e in zip(*b, strict=True)]) + quote
            for b in bounds
        ]

    def _texts(self, row: int, which: range) -> list[bytes]:
        cells, ends = self._cells, self._cells.ends
        return [cells.text[cells.starts[row, i] : ends[row, i]] for i in which]

    def _encoded(self, way: Way, rows: Index, places: Index) -> list[bytes]:
        return [
            self._encoder.record(self._chosen(way, row, place))
            for row, place in zip(rows.tolist(), places.tolist(), strict=True)
        ]

    def _chosen(self, way: Way, row: int, place: int) -> list[str | None]:
        """The cells of a record that are left."""
        extra, width = self._extra, self._rules.width
        texts = [each.decode() for each in self._texts(row, range(width + extra))]
        null = self._cells.null[row].tolist()
        found = [None if none else text for none, text in zip(null, texts, strict=True)]
        if way in {Way.CUT, Way.TRAILING}:
            return found[:width]
        after = place + extra
        if way == Way.DROPPED:
            return found[:place] + found[after:]
        between = self._rules.dialect.delimiter if way == Way.JOINED else ""
        return [*found[:place], between.join(texts[place : after + 1]), *found[after + 1 :]]
