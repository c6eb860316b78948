"""A part of the text that is in memory, and what can be said of all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from toolkit.datasets.readers.csv.records.bits import Index
from toolkit.datasets.readers.csv.records.canonical import Encoder, Rewriter
from toolkit.datasets.readers.csv.records.mending import Mended, Mending
from toolkit.datasets.readers.csv.records.profile_many import ManyProfile
from toolkit.datasets.readers.csv.records.scan import Scan, View
from toolkit.datasets.readers.csv.records.types import BAD, Policy


class Side:
    """The records of a buffer in one of its two phases, with the clear damage among them."""

    def __init__(self, view: View, mended: Mended, rewriter: Rewriter, policy: Policy) -> None:
        self.view, self.mended = view, mended
        self.unclear: Index = np.setdiff1d(view.suspects, mended.indices, assume_unique=True)
        """Indices of records that are to be looked at one by one."""
        self._rewriter, self._skips = rewriter, policy == "skip"

    def until(self, first: int) -> int:
        """The index of the next unclear record, or that after the last record."""
        place = int(self.unclear.searchsorted(first))
        return int(self.unclear[place]) if place < len(self.unclear) else len(self.view.ends)

    def run(self, first: int, until: int) -> Run:
        """Records of which none is unclear."""
        found = self.mended.indices.searchsorted((first, until))
        return Run(self, first, until, slice(*found.tolist()))

    def is_row(self, part: slice) -> list[bool]:
        """Whether damaged records become rows."""
        left_out = BAD | {"blank line"} if self._skips else {"blank line"}
        return [kind not in left_out for kind in self.mended.kinds[part]]

    def data(self, begin: int, end: int, part: slice) -> Iterator[bytes]:
        """The text from one place to another as the engine's CSV, with the damaged in it mended."""
        mended, rewriter, text = self.mended, self._rewriter, self._rewriter.data
        at, stop = rewriter.place(np.array([begin, end])).tolist()
        which = mended.indices[part]
        begins = rewriter.place(mended.begins[part]).tolist()
        after = rewriter.place(self.view.ends[which] + 1).tolist()
        for start, following, row in zip(begins, after, mended.data[part], strict=True):
            if start > at:
                yield text[at:start]
            if row and not self._skips:
                yield row
            at = following
        yield text[at:stop]


class Run:
    """Successive records of a side."""

    def __init__(self, side: Side, first: int, until: int, damaged: slice) -> None:
        self.side, self._first, self._until = side, first, until
        self.damaged = damaged
        """The part of the mended records that lies in it."""
        self._rows = side.is_row(damaged)

    @property
    def records(self) -> int:
        return self._until - self._first - len(self._rows) + sum(self._rows)

    @property
    def after(self) -> int:
        """Where the next record begins."""
        return int(self.side.view.ends[self._until - 1]) + 1

    def data(self, position: int) -> bytes:
        return b"".join(self.side.data(position, self.after, self.damaged))

    def starts(self, position: int) -> Index:
        """Where the rows begin."""
        starts = np.append(position, self.side.view.ends[self._first : self._until - 1] + 1)
        which = self.side.mended.indices[self.damaged] - self._first
        return np.delete(starts, which[~np.array(self._rows, np.bool_)])


class Buffer:
    """A text with its sides, which are worked out when they are asked for."""

    def __init__(
        self,
        scan: Scan,
        encoder: Encoder,
        profile: Callable[[], ManyProfile],
        policy: Policy,
        *,
        wanted: bool,
    ) -> None:
        self.scan = scan
        self._encoder, self._profile = encoder, profile
        self._policy: Policy = policy
        self._wanted = wanted
        self._views: dict[bool, View] = {}
        self._rewriters: dict[bool, Rewriter] = {}
        self._sides: dict[tuple[bool, bool], Side] = {}

    def side(self, position: int, *, on_their_line: bool) -> Side:
        """That in which a record begins at a position; see ``clear_damage``."""
        phase = self.scan.phase(position)
        known = self._sides.get((phase, on_their_line))
        return known or self._sides.setdefault(
            (phase, on_their_line), self._side(phase, on_their_line=on_their_line)
        )

    def _side(self, phase: bool, *, on_their_line: bool) -> Side:
        view = self._views.get(phase) or self._views.setdefault(phase, View(self.scan, phase))
        rewriter = self._rewriters.get(phase) or self._rewriters.setdefault(phase, Rewriter(view))
        mending = Mending(view, self._encoder, rewriter, self._profile, wanted=self._wanted)
        mended = mending.mended(on_their_line=on_their_line, bad=self._policy != "error")
        return Side(view, mended, rewriter, self._policy)
