"""Walks over a text: the table's good records in runs, everything else one by one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

import numpy as np

from toolkit.datasets.readers.csv.layout import Layout
from toolkit.datasets.readers.csv.records.buffer import Buffer
from toolkit.datasets.readers.csv.records.canonical import Encoder
from toolkit.datasets.readers.csv.records.damage import Examiner
from toolkit.datasets.readers.csv.records.fields import Fields
from toolkit.datasets.readers.csv.records.output import Output
from toolkit.datasets.readers.csv.records.overlines import goes_on
from toolkit.datasets.readers.csv.records.profile import SAMPLE_ROWS, Profile
from toolkit.datasets.readers.csv.records.profile_many import ManyProfile
from toolkit.datasets.readers.csv.records.rules import Rules
from toolkit.datasets.readers.csv.records.scan import Scan, View
from toolkit.datasets.readers.csv.records.stream import Stream
from toolkit.datasets.readers.csv.records.types import (
    BadRecordError,
    Block,
    Finding,
    Fits,
    Kind,
    Limits,
    Policy,
)

_NOTED: Mapping[str, Kind] = {
    "preamble": "preamble",
    "footer": "footer",
    "table": "other table",
}
_SAMPLE_BYTES = 1 << 17
_KEPT_BYTES = 1 << 24
_USUAL = 3
"""Records that lack fields, at least, where it is usual that some do."""


class Splitter:
    """One pass over one text."""

    def __init__(
        self,
        parts: Iterable[bytes],
        layout: Layout,
        policy: Policy,
        *,
        fits: Fits | None = None,
        block_size: int,
        limits: Limits,
        wanted: bool = True,
        located: bool = False,
        drops_headers: bool = False,
    ) -> None:
        """``wanted``: make data; ``located``: say where each record begins; ``drops_headers``: a
        record like the header is no row."""
        # glibc keeps up to twice the largest freed block for later: without this it gives the pages
        # of every buffer's arrays back, and the kernel clears them for the next (a quarter slower).
        np.empty(_KEPT_BYTES, np.uint8)
        self._stream = Stream(parts)
        self._layout, self._policy, self._fits = layout, policy, fits
        self._block_size, self._wanted, self._located = block_size, wanted, located
        self._rules = Rules.of(layout, limits)
        self._fields = Fields(self._rules)
        self._encoder = Encoder(self._rules)
        self._drops_headers = drops_headers
        self._headers: tuple[bytes, ...] = ()
        self._sample = b""
        self._profile_found: Profile | None = None
        self._many_found: ManyProfile | None = None
        self._offset = 0
        self._lines = 0

    def blocks(self) -> Iterator[Block]:
        """Raises BadRecordError after the blocks before it."""
        yield from self._outside(self._layout.start, "preamble")
        yield from self._header()
        examiner = Examiner(self._rules, self._headers, self._profile)
        size, rest = self._block_size, b""
        while True:
            text, complete = self._take(rest, size)
            if complete:
                text = self._rules.closed(text)
            output = self._output()
            used = self._records(text, complete, examiner, output)
            if output:
                yield output.block()
            if output.failure is not None:
                raise BadRecordError(output.failure)
            rest = text[used:]
            if complete:
                break
            # Where not one record ended, reading twice as much keeps the work linear.
            size = self._block_size if used else len(rest) + self._block_size
        yield from self._outside(None, "footer")

    def _take(self, rest: bytes, size: int) -> tuple[bytes, bool]:
        """More text of the table; and whether that is all."""
        end = self._layout.end
        until = sys.maxsize if end is None else end - self._offset
        taken, complete = self._stream.take(max(0, min(size, until - len(rest))))
        if self._layout.dialect.newline != "\r":
            while taken.endswith(b"\r") and not complete and len(rest) + len(taken) < until:
                # Whether a line feed follows decides what it is.
                if len(taken) > 1:
                    self._stream.put_back(taken[-1:])
                    taken = taken[:-1]
                    break
                more, complete = self._stream.take(1)
                taken += more
        text = rest + taken if rest else taken
        return text, complete or len(text) >= until

    def _records(self, text: bytes, complete: bool, examiner: Examiner, output: Output) -> int:
        """Read what can be read of a buffer; the bytes used."""
        scan = Scan(text, self._rules, self._headers)
        mends = self._wanted and self._policy == "repair"
        buffer = Buffer(scan, self._encoder, self._many, self._policy, wanted=mends)
        position = 0
        while position < len(text) and output.failure is None:
            side = buffer.side(position, on_their_line=examiner.on_their_line)
            view = side.view
            first = int(view.ends.searchsorted(position))
            begins = position == 0 if first == 0 else int(view.ends[first - 1]) + 1 == position
            until = side.until(first) if begins else first
            if until > first:
                run = side.run(first, until)
                output.add_run(run, position, self._lines, self._offset)
                position = run.after
            if until == len(view.ends) and not self._hopeless(scan, view, position, complete):
                break
            finding = examiner.at(text, position, complete=complete)
            if finding is None:
                break
            lines = self._lines + scan.lines_before(position)
            while finding is not None and output.failure is None:
                output.add(finding, text, position, lines, self._offset)
                position = finding.after
                # What is odd is so in many lines, one after the other.
                lines += 1
                finding = examiner.again(text, position, finding, complete=complete)
        self._lines += scan.lines_before(position) if position else 0
        self._offset += position
        return position

    def _hopeless(self, scan: Scan, view: View, position: int, complete: bool) -> bool:
        """Whether no more text could make a good record of the rest."""
        if position >= scan.size:
            return False
        if complete:
            return True
        limits, size = self._rules.limits, scan.size - position
        lines = scan.lines_before(scan.size) - scan.lines_before(position)
        if lines == 0 or (size <= limits.bytes and lines <= limits.lines):
            return False
        well = size <= limits.most and view.is_well_from(position)
        return not (well and goes_on(scan.text, position, self._rules))

    def _output(self) -> Output:
        width = self._rules.width
        settings = {"wanted": self._wanted, "located": self._located}
        return Output(self._encoder, width, self._policy, **settings)

    def _profile(self) -> Profile:
        if self._profile_found is None:
            self._profile_found = Profile(self._rules.width, self._sample_rows(), self._fits)
        return self._profile_found

    def _many(self) -> ManyProfile:
        if self._many_found is None:
            self._many_found = ManyProfile(self._profile())
        return self._many_found

    def _sample_rows(self) -> Iterator[list[str | None]]:
        """Good records, and those that lack their last fields where many do: there nulls are
        usual."""
        width, position, widths = self._rules.width, 0, list[int]()
        good, short = 0, list[list[str | None]]()
        while good < SAMPLE_ROWS:
            strict = self._fields.strict(self._sample, position, len(self._sample))
            if strict is not None and len(strict.units) == width:
                yield [unit.cell for unit in strict.units]
                widths.append(width)
                good, position = good + 1, strict.after
                continue
            line = self._rules.line(self._sample, position)
            if line is None:
                break
            found = len(strict.units) if strict is not None else 0
            if strict is not None and 1 < found < width and strict.after == line[1]:
                widths.append(found)
                short.append([unit.cell for unit in strict.units] + [None] * (width - found))
            position = line[1]
        # A line break that cuts a record in two leaves two that are one together.
        halves = sum(before + after == width + 1 for before, after in pairwise(widths))
        if len(short) - 2 * halves >= max(_USUAL, len(widths) // 10):
            yield from short

    def _header(self) -> Iterator[Block]:
        """Pass over the rows that made the names, and keep a sample of what comes after."""
        text, complete = self._take(b"", max(self._rules.limits.bytes, _SAMPLE_BYTES))
        output, position, headers = self._output(), 0, list[bytes]()
        while len(headers) < self._layout.header_rows and position < len(text):
            line = self._rules.line(self._rules.closed(text) if complete else text, position)
            if line is None:
                text, complete = self._take(text, len(text))
                continue
            raw, after = text[position : line[0]], line[1]
            aside = self._rules.aside(raw)
            if aside is not None and not (aside == "comment" and self._layout.marked):
                finding = Finding(*line, None, aside, action="dropped")
                output.add(finding, text, position, self._lines, self._offset)
            else:
                strict = self._fields.strict(text, position, len(text))
                if strict is not None and len(strict.units) == self._rules.width:
                    after = strict.after
                headers.append(self._rules.without_end(text[position:after]))
            self._lines += self._rules.lines(text, position, after)
            position = min(after, len(text))
        self._offset += position
        self._stream.put_back(text[position:])
        self._sample = text[position : position + _SAMPLE_BYTES]
        if self._drops_headers and self._rules.width > 1:
            self._headers = tuple(header for header in headers if header)
        if output:
            yield output.block()

    def _outside(self, until: int | None, kind: Kind) -> Iterator[Block]:
        """The lines before or after the table, none of which is a record."""
        rest = b""
        while True:
            have = self._offset + len(rest)
            size = self._block_size if until is None else min(self._block_size, until - have)
            taken, complete = self._stream.take(max(0, size))
            text = rest + taken
            if complete or (until is not None and self._offset + len(text) >= until):
                complete, text = True, self._rules.closed(text)
            output, position = self._output(), 0
            while (line := self._rules.line(text, position)) is not None:
                if line[1] == len(text) and not complete:
                    break
                raw = text[position : line[0]]
                finding = Finding(*line, None, self._kind_outside(raw, kind), action="dropped")
                output.add(finding, text, position, self._lines, self._offset)
                self._lines += 1
                position = line[1]
            self._offset += position
            rest = text[position:]
            if output:
                yield output.block()
            if complete:
                return

    def _kind_outside(self, raw: bytes, kind: Kind) -> Kind:
        """What a line is, by the note of the layout that covers it."""
        line = self._lines + 1
        for note in self._layout.notes:
            if note.line <= line < note.line + note.lines:
                return _NOTED[note.kind]
        return kind if raw.strip() else "blank line"
