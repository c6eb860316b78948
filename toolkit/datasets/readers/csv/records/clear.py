"""Damaged records that can each be read without a look at what stands around them.

They have too few or too many fields, or none, and nothing else is odd about them: their quotes
stand where they must, they end on their line, and they are no rows of another dialect. ``Examiner``
would find just that, one by one; here it takes a few passes over the bits of a buffer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.datasets.readers.csv.records.bits import Bits, Index, Ranks, earlier, later
from toolkit.datasets.readers.csv.records.otherwise import DELIMITERS, QUOTES
from toolkit.datasets.readers.csv.records.rules import BLANKS
from toolkit.datasets.readers.csv.records.scan import View

FEW = 8
"""Records from which on it is worth while to take them together."""
_WIDE = 3
"""Columns from which on another delimiter by itself shows what a record is, see ``Otherwise``."""
_CR, _BACKSLASH = 13, 92

Mask = NDArray[np.bool_]


class Apart(NamedTuple):
    """Records that may be rows told apart by another delimiter: they have no quotes, none of their
    own delimiters, and as many of just one other as a row."""

    which: Index
    delimiter: str


class Clear(NamedTuple):
    """Indices of a view's records, in order."""

    blank: Index
    short: Index
    long: Index
    apart: tuple[Apart, ...] = ()


_NONE = np.zeros(0, np.int64)


def clear_damage(view: View, *, on_their_line: bool) -> Clear:
    """The records of a view that are blank, or only too short or too long.

    ``on_their_line``: no quote is taken for one that goes on over lines, see ``Spans``."""
    scan, rules = view.scan, view.scan.rules
    which = view.suspects[view.fields[view.suspects] != rules.width]
    # What the line after a record is must be known.
    which = which[which < len(view.ends) - 1]
    if not enough(which):
        return Clear(_NONE, _NONE, _NONE)
    begins, after = view.begins[which], view.ends[which] + 1
    good = after - begins < rules.limits.bytes
    for bits in _oddities(view):
        good &= _without(bits, begins, after)
    for indices in (view.repeats, view.records_of(scan.not_utf8)):
        good &= ~np.isin(which, indices)
    if rules.comment is not None:
        good &= scan.array[begins] != rules.comment[0]
    blank = good & _blank(view, begins, after)
    good &= ~blank
    apart = tuple(_apart(view, which, good))
    short = good & (view.fields[which] < rules.width)
    long = good & (view.fields[which] > rules.width)
    if scan.quoted:
        # Of quoted fields with delimiters and with quotes in them, several readings are compared.
        tangled = ~_without(view.doubled, begins, after)
        tangled &= ~_without(scan.delimiters & view.inside, begins, after)
        short &= ~tangled
        long &= ~tangled
    plain = ~_told_apart(view, which)
    short &= plain
    long &= plain
    short &= _alone(view, which, on_their_line=on_their_line)
    return Clear(which[blank], which[short], which[long], apart)


def enough(which: Index) -> bool:
    """Whether it is worth while to take records together."""
    return len(which) >= FEW


def _oddities(view: View) -> Iterator[Bits]:
    """What a clear record has none of."""
    scan, rules = view.scan, view.scan.rules
    newline = rules.dialect.newline
    yield view.unsafe
    if scan.quoted:
        yield view.misplaced
        yield scan.line_ends & view.inside
    if rules.backslash:
        yield scan.where(_BACKSLASH)
    if newline == "\n" and scan.cr is not scan.none:
        yield scan.cr & ~earlier(scan.lf)
    if newline == "\r":
        yield scan.lf
    other = QUOTES.get(rules.dialect.quote or "")
    if other is not None and other.encode() in scan.text:
        # Another quote tells only where it opens a field.
        before = scan.delimiters
        for _ in rules.delimiter:
            before = later(before)
        yield scan.where(ord(other)) & (before | later(scan.line_ends, first=True))


def _without(bits: Bits, begins: Index, after: Index) -> Mask:
    """Which records have none of some positions."""
    if not bits.any():
        return np.ones(len(begins), np.bool_)
    ranks = Ranks(bits)
    found: Mask = ranks.all_at(after) == ranks.all_at(begins)
    return found


def _blank(view: View, begins: Index, after: Index) -> Mask:
    """Which records are lines of blanks."""
    scan, rules = view.scan, view.scan.rules
    blanks = BLANKS if rules.width > 1 else b""
    first = scan.array[begins]
    if not np.isin(first, np.frombuffer(blanks + b"\r\n", np.uint8)).any():
        return np.zeros(len(begins), np.bool_)
    bits = scan.lf | scan.cr
    for byte in blanks:
        bits = bits | scan.where(byte)
    ranks = Ranks(bits)
    found: Mask = ranks.all_at(after) - ranks.all_at(begins) == after - begins
    return found


def _apart(view: View, which: Index, good: Mask) -> Iterator[Apart]:
    scan, rules = view.scan, view.scan.rules
    begins, after = view.begins[which], view.ends[which] + 1
    good = good & (view.fields[which] == 1)
    if rules.width < _WIDE or not good.any():
        return
    for quote in (rules.dialect.quote, QUOTES.get(rules.dialect.quote or "")):
        if quote is not None:
            good &= _without(scan.where(ord(quote)), begins, after)
    exact: dict[str, Mask] = {}
    for delimiter in DELIMITERS:
        # Blanks are in every text.
        if delimiter not in (rules.dialect.delimiter, " ") and delimiter.encode() in scan.text:
            ranks = Ranks(scan.where(ord(delimiter)))
            count = ranks.all_at(after) - ranks.all_at(begins)
            exact[delimiter] = good & (count == rules.width - 1)
    if exact:
        once = np.sum(list(exact.values()), axis=0) == 1
        for delimiter, found in exact.items():
            yield Apart(which[found & once], delimiter)


def _told_apart(view: View, which: Index) -> Mask:
    """Which records have enough of another delimiter to be rows told apart by it."""
    scan, rules = view.scan, view.scan.rules
    begins, after = view.begins[which], view.ends[which] + 1
    found = np.zeros(len(which), np.bool_)
    for delimiter in DELIMITERS:
        if delimiter == rules.dialect.delimiter or delimiter.encode() not in scan.text:
            continue
        if delimiter == " " and not (view.fields[which] == 1).any():
            continue
        ranks = Ranks(scan.where(ord(delimiter)))
        enough = ranks.all_at(after) - ranks.all_at(begins) >= rules.width - 1
        found |= enough & (view.fields[which] == 1) if delimiter == " " else enough
    return found


def _alone(view: View, which: Index, *, on_their_line: bool) -> Mask:
    """Which short records do not go on in the next line."""
    scan, rules = view.scan, view.scan.rules
    begins = view.begins[which]
    following = view.begins[which + 1], view.ends[which + 1] + 1
    fits = view.fields[which] + view.fields[which + 1] - 1 == rules.width
    alone: Mask = ~(fits & _without(scan.quotes, *following))
    if scan.quoted and not on_their_line:
        last = view.ends[which] - 1
        last -= (scan.array[last] == _CR) & (last > begins)
        quoted = scan.array[last] == (rules.quote or b"\0")[0]
        suspect = np.zeros(len(view.ends), np.bool_)
        suspect[view.suspects] = True
        alone &= ~quoted | ~suspect[which + 1]
    return alone
