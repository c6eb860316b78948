"""All records of a buffer at once: where they end, and which of them need a second look."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from toolkit.datasets.readers.csv.records.bits import (
    Bits,
    Bytes,
    Index,
    Ranks,
    bit,
    earlier,
    later,
    matches,
    pack,
    positions,
    within,
)
from toolkit.datasets.readers.csv.records.overlines import goes_on
from toolkit.datasets.readers.csv.records.rules import Rules

_LF, _CR, _BACKSLASH = 10, 13, 92


class Scan:
    """A buffer with its quotes, delimiters and line ends as bits.

    There are two views of it: as if it began outside of quotes, and as if it began within. Wherever
    reading starts anew after a damaged record, one of the two is right: ``phase`` says which.
    """

    def __init__(self, text: bytes, rules: Rules, headers: tuple[bytes, ...]) -> None:
        self.text, self.rules, self.headers = text, rules, headers
        self.array: Bytes = np.frombuffer(text, np.uint8)
        self.size = len(text)
        self.none: Bits = np.zeros(-(-self.size // 64), np.uint64)
        self.lf = self.where(_LF)
        self.cr = self.where(_CR)
        self.line_ends = self._line_ends()
        self.escaped = self._escaped()
        self.quotes = self.none
        if rules.quote is not None:
            self.quotes = self.without(self.where(rules.quote[0]), self.escaped)
        self.quoted = rules.quote is not None and rules.quote in text
        delimiters = self.without(self.where(rules.delimiter[0]), self.escaped)
        if len(rules.delimiter) == 2:
            delimiters &= earlier(self.where(rules.delimiter[1]))
        self.delimiters = delimiters
        self.inside = within(self.quotes) if self.quoted else self.none
        """From each quote that opens to the one that closes, if the buffer began outside."""

    def phase(self, position: int) -> bool:
        """Whether a record that begins at ``position`` is one of the reading that began within."""
        return self.quoted and position > 0 and bit(self.inside, position - 1)

    def lines_before(self, position: int) -> int:
        """Line ends before a position, those within quotes included."""
        return self.line_ranks.at(position)

    @cached_property
    def line_ranks(self) -> Ranks:
        return Ranks(self.line_ends)

    def texts(self, starts: Index, ends: Index) -> list[str]:
        """Parts of the text that are valid UTF-8."""
        bounds = zip(starts.tolist(), ends.tolist(), strict=True)
        if self.text.isascii():
            text = self.text.decode()
            return [text[start:end] for start, end in bounds]
        return [self.text[start:end].decode() for start, end in bounds]

    @cached_property
    def not_utf8(self) -> Index:
        """Positions of bytes that are in no character, at least the first of each line."""
        if self.text.isascii():
            return np.zeros(0, np.int64)
        try:
            # A character may be cut at the end of the buffer, where no record ends.
            self.text[: self._last_line_end()].decode()
            return np.zeros(0, np.int64)
        except UnicodeDecodeError:
            return np.array(list(self._undecodable()), np.int64)

    @cached_property
    def escapable(self) -> Bits:
        """Characters whose meaning a backslash takes away; before others it is data itself."""
        found = self.lf | self.cr | self.where(_BACKSLASH) | self.where(self.rules.delimiter[0])
        return found | self.where((self.rules.quote or b'"')[0])

    def _last_line_end(self) -> int:
        return max(self.text.rfind(b"\n"), self.text.rfind(b"\r")) + 1

    def _undecodable(self) -> list[int]:
        ends = positions(self.line_ends) + 1
        starts = np.concatenate(([0], ends[:-1]))
        foreign = Ranks(pack(self.array >= 128))
        found = []
        for index in np.flatnonzero(foreign.all_at(ends) > foreign.all_at(starts)):
            try:
                self.text[starts[index] : ends[index]].decode()
            except UnicodeDecodeError:
                found.append(int(starts[index]))
        return found

    def where(self, byte: int) -> Bits:
        return matches(self.array, byte) if byte in self.text else self.none

    def without(self, bits: Bits, others: Bits) -> Bits:
        return bits if others is self.none else bits & ~others

    def _line_ends(self) -> Bits:
        newline = self.rules.dialect.newline
        if newline == "any":
            return self.lf | (self.cr & ~earlier(self.lf))
        return self.lf if newline == "\n" else self.cr

    def _escaped(self) -> Bits:
        """Characters after a backslash that is not escaped itself."""
        if not self.rules.backslash or _BACKSLASH not in self.text:
            return self.none
        where = np.flatnonzero(self.array == _BACKSLASH)
        order = np.arange(len(where))
        begins = np.diff(where, prepend=-2) != 1
        in_run = order - np.maximum.accumulate(np.where(begins, order, 0))
        after = where[in_run % 2 == 0] + 1
        mask = np.zeros(self.size, np.bool_)
        mask[after[after < self.size]] = True
        return pack(mask)


class View:
    """The records of a buffer in one of its two phases."""

    def __init__(self, scan: Scan, phase: bool) -> None:
        self.scan = scan
        self.inside = ~scan.inside if phase else scan.inside
        """What is within quotes."""
        self.delimiters = scan.without(scan.delimiters, self.inside)
        self.newlines = scan.without(scan.without(scan.line_ends, scan.escaped), self.inside)
        self.ends = positions(self.newlines)
        """The last byte of each record."""
        self.begins = np.concatenate(([0], self.ends[:-1] + 1)) if len(self.ends) else self.ends
        self.delimiter_ranks = Ranks(self.delimiters)
        self.fields = np.diff(self.delimiter_ranks.all_at(self.ends), prepend=0) + 1
        """How many each record has."""
        self.suspects = self._suspects()
        """Indices of records that may not be good rows, in order."""

    @cached_property
    def misplaced(self) -> Bits:
        """Quotes that neither open nor close a field, nor stand for a quote."""
        scan, rules = self.scan, self.scan.rules
        if not scan.quoted:
            return scan.none
        ahead = behind = self.delimiters | scan.line_ends
        if rules.doubled:
            ahead |= scan.quotes
        if len(rules.delimiter) == 2:
            behind = later(self.delimiters) | behind
        if scan.cr is not scan.none and rules.dialect.newline != "\r":
            newline = rules.dialect.newline
            ahead = ahead | (scan.cr & earlier(scan.lf) if newline == "\n" else scan.cr)
        opening = scan.quotes & self.inside
        # Of the quotes that open those are wrong that nothing precedes, of the others those that
        # nothing follows.
        wrong = np.invert(later(behind, first=True))
        wrong &= opening
        unclosed = np.invert(earlier(ahead))
        unclosed &= scan.quotes ^ opening
        wrong |= unclosed
        last = scan.size - 1
        if bit(scan.quotes, last):
            # What follows is not known yet.
            wrong[last >> 6] &= ~np.uint64(1 << (last & 63))
        return wrong

    def _suspects(self) -> Index:
        scan, rules = self.scan, self.scan.rules
        found = [np.flatnonzero(self.fields != rules.width)]
        begins = self.begins
        if scan.quoted:
            found.append(self.records_of(positions(self.misplaced)))
            found.append(self._long(begins))
        found.append(self.records_of(positions(self.unsafe)))
        found.append(self.records_of(scan.not_utf8))
        if rules.width == 1:
            length = self.ends - begins
            first = scan.array[begins]
            found.append(np.flatnonzero((length == 0) | ((length == 1) & (first == _CR))))
        if rules.comment is not None:
            found.append(np.flatnonzero(scan.array[begins] == rules.comment[0]))
        found.append(self.repeats)
        suspect = np.zeros(len(self.ends), np.bool_)
        for indices in found:
            suspect[indices] = True
        return np.flatnonzero(suspect)

    def records_of(self, where: Index) -> Index:
        """The records in which positions lie."""
        indices = np.searchsorted(self.ends, where)
        return indices[indices < len(self.ends)]

    def _long(self, begins: Index) -> Index:
        """Records that go on over more lines or bytes than a quoted field may, unless they are
        plainly such."""
        if not (self.scan.line_ends & self.inside).any():
            return begins[:0]
        lines = np.diff(self.scan.line_ranks.all_at(self.ends) + 1, prepend=0)
        rules, text = self.scan.rules, self.scan.text
        limits, size = rules.limits, self.ends - begins
        over = (lines > limits.lines) | ((size >= limits.bytes) & (lines > 1))
        found = [
            index
            for index in np.flatnonzero(over).tolist()
            if size[index] >= limits.most or not goes_on(text, int(begins[index]), rules)
        ]
        return np.array(found, np.int64)

    def is_well_from(self, position: int) -> bool:
        """Whether all quotes from a position on stand where they must."""
        misplaced = self.misplaced
        first = position >> 6
        rest = int(misplaced[first]) >> (position & 63) if first < len(misplaced) else 0
        return not rest and not misplaced[first + 1 :].any()

    @cached_property
    def delimiter_positions(self) -> Index:
        return positions(self.delimiters)

    @cached_property
    def doubled(self) -> Bits:
        """Quotes that stand for one within quotes, the first of each two."""
        scan = self.scan
        return scan.quotes & earlier(scan.quotes) & ~self.inside & earlier(self.inside)

    @cached_property
    def unsafe(self) -> Bits:
        """What the engine would take for something else."""
        scan, rules = self.scan, self.scan.rules
        unsafe = scan.none
        if rules.engine.separator != rules.dialect.delimiter:
            unsafe = unsafe | scan.where(ord(rules.engine.separator))
        if rules.engine.quote != rules.dialect.quote:
            unsafe = unsafe | scan.where(ord(rules.engine.quote))
        if rules.dialect.newline == "\r":
            unsafe = unsafe | (scan.lf & ~self.inside)
        if rules.backslash:
            unsafe = unsafe | (scan.escaped & (scan.lf | scan.cr) & ~self.inside)
        # It strips a carriage return from the end of any unquoted field.
        return unsafe | (scan.cr & earlier(self.delimiters))

    @cached_property
    def repeats(self) -> Index:
        """Records that are the header once more, or begin like it."""
        empty = np.zeros(0, np.int64)
        headers = self.scan.headers
        return np.concatenate((empty, *(self._like(header, self.begins) for header in headers)))

    def _like(self, header: bytes, begins: Index) -> Index:
        same = np.flatnonzero(np.abs(self.ends - begins - len(header)) <= 1)
        for offset, byte in enumerate(header):
            if not len(same):
                break
            same = same[self.scan.array[begins[same] + min(offset, len(header) - 1)] == byte]
        return same
