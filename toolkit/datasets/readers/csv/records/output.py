"""What is becoming a block."""

from __future__ import annotations

from functools import partial

import numpy as np

from toolkit.datasets.readers.csv.records.bits import Index
from toolkit.datasets.readers.csv.records.buffer import Run
from toolkit.datasets.readers.csv.records.canonical import Encoder
from toolkit.datasets.readers.csv.records.fields import decode
from toolkit.datasets.readers.csv.records.scan import Scan
from toolkit.datasets.readers.csv.records.types import (
    BAD,
    Block,
    Finding,
    Places,
    Policy,
    Problem,
    Problems,
    Told,
)


class Output:
    """The records and the problems of a buffer."""

    def __init__(
        self, encoder: Encoder, width: int, policy: Policy, *, wanted: bool, located: bool
    ) -> None:
        self._encoder, self._width = encoder, width
        self._policy, self._wanted, self._located = policy, wanted, located
        self._data: list[bytes] = []
        self._records = 0
        self._problems: list[Problem | Told] = []
        self._places: list[Places] = []
        self.failure: Problem | None = None
        """The bad record at which reading stops."""

    def __bool__(self) -> bool:
        return bool(self._records or self._problems)

    def add(self, finding: Finding, text: bytes, position: int, lines: int, offset: int) -> None:
        """A record, or what else there is, after so many lines and bytes."""
        bad = finding.kind in BAD
        if finding.kind is not None:
            raw = decode(text[position : finding.end])[0]
            skipped = bad and self._policy == "skip"
            action = "skipped" if skipped else finding.action
            where = (lines + 1, offset + position, finding.kind, self._width, finding.found)
            problem = Problem(*where, raw, action)
            if bad and self._policy == "error":
                self.failure = problem._replace(action="")
                return
            self._problems.append(problem)
            if skipped:
                return
        if finding.cells is None and finding.data is None:
            return
        self._records += 1
        if self._wanted:
            data = finding.data
            self._data.append(self._encoder.record(finding.cells or ()) if data is None else data)
        if self._located:
            self._places.append(Places(np.array([lines + 1]), np.array([offset + position])))

    def add_run(self, run: Run, position: int, lines: int, offset: int) -> None:
        """Records from a position on that need no second look; ``lines`` and ``offset`` are those
        of the buffer."""
        scan, mended = run.side.view.scan, run.side.mended
        self._records += run.records
        if self._located:
            self._places.append(_places(scan, run.starts(position), lines, offset))
        if self._wanted:
            self._data.append(run.data(position))
        part = run.damaged
        if part.start == part.stop:
            return
        starts, actions = mended.begins[part], mended.actions[part]
        if self._policy == "skip":
            kinds = zip(mended.kinds[part], actions, strict=True)
            actions = ["skipped" if kind in BAD else action for kind, action in kinds]
        told = Told(
            *_places(scan, starts, lines, offset),
            mended.kinds[part],
            self._width,
            mended.found[part],
            partial(scan.texts, starts, mended.stops[part]),
            actions,
        )
        self._problems.append(told)

    def block(self) -> Block:
        data = b"".join(self._data)
        places = None
        if self._located:
            lines, offsets = zip(*self._places, strict=True) if self._places else ((), ())
            empty = np.zeros(0, np.int64)
            places = Places(np.concatenate((empty, *lines)), np.concatenate((empty, *offsets)))
        return Block(data, self._records, Problems(self._problems), places)


def _places(scan: Scan, starts: Index, lines: int, offset: int) -> Places:
    return Places(scan.line_ranks.all_at(starts) + (lines + 1), starts + offset)
