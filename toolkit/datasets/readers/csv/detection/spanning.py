"""Tells quoted fields that go on over lines from quotes that were never closed.

The lines within a field may look like records, of the table or of another, so what they look like
says little by itself. What counts is the reading as a whole: that every quote stands where it must
in field after field, in records of one width, is no coincidence. Only where few fields span lines,
and these are just like the records around them, two damaged quotes are the likelier story.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from toolkit.datasets.readers.csv.detection.columns import profile
from toolkit.datasets.readers.csv.detection.shapes import EMPTY, TYPED, kind_of
from toolkit.datasets.readers.csv.detection.splitting import (
    Record,
    Rules,
    split_records,
    usual_widths,
)

_PROOF = 3
"""Fields over lines in records of the usual width that are no coincidence, whatever they hold."""
_ODD = 2
"""How many of these outweigh one that makes a record of another width out of records."""
_ROWS = 60
_TABLE = 3
"""Records on one line that make a table whose rows another field may have swallowed."""
_RARE = 4
"""One of how many records must be without quotes, so that a line without any may be another."""
_MIDDLE = 200
"""Lines of a field that are looked at."""
_STRAYS = 0.1
"""Misplaced quotes that a reading may have, as a share of the fields that are quoted."""
_MOST = 0.6
"""Share of the records that have the usual width where they are alike."""


class Reading(NamedTuple):
    """The records of some lines."""

    records: list[Record]
    sound: bool
    """Whether fields go on over lines, and these, their quotes and the records' widths leave no
    doubt of the rules: with others such lines may look like anything."""


def read_records(lines: Sequence[str], rules: Rules, *, cut: bool) -> Reading:
    """The records of lines; with ``cut`` more lines follow, so that a field may be open at the end:
    its record is left out."""
    records = split_records(lines, rules, cut=cut)
    after = records[-1].line + records[-1].lines if records else 0
    spanning = [r for r in records if r.lines > 1]
    if not spanning and after == len(lines):
        return Reading(records, sound=False)
    width, share = _usual(records)
    if width and _go_on(lines, rules, records, spanning, lines[after:], width=width):
        right = sum(len(r.cells) == width and not r.strays for r in spanning)
        strays, quoted = sum(r.strays for r in records), sum(r.quoted for r in records)
        few = not strays or (right >= _PROOF and strays <= _STRAYS * quoted)
        likely = rules.quote == '"' or right >= _PROOF
        return Reading(records, sound=width > 1 and share >= _MOST and few and likely)
    return Reading(split_records(lines, rules, usual_widths(lines, rules)), sound=False)


def first_record(lines: Sequence[str], rules: Rules) -> int:
    """Which of some lines, from anywhere in a text, is the first to begin a record: those before
    are of a quoted field, if its quotes stand better where they must when one is open at first."""
    if rules.quote is None or not lines:
        return 0
    opened = split_records([rules.quote + lines[0], *lines[1:]], rules, cut=True)
    if opened and (opened[0].strays or opened[0].lines == 1):
        return 0
    outside = sum(r.strays for r in split_records(lines, rules))
    begun = opened[0].lines if opened else len(lines)
    return begun if sum(r.strays for r in opened) < outside else 0


def _usual(records: Sequence[Record]) -> tuple[int, float]:
    """The number of fields of most records, and of how many; 0 without any."""
    widths = Counter(len(r.cells) for r in records if any(r.cells))
    if not widths:
        return 0, 0.0
    width, times = widths.most_common(1)[0]
    return width, times / widths.total()


def _go_on(
    lines: Sequence[str],
    rules: Rules,
    records: Sequence[Record],
    spanning: Sequence[Record],
    rest: Sequence[str],
    *,
    width: int,
) -> bool:
    """Whether the fields that span lines do; ``rest``: the lines of a record with an open field."""
    rows = [r for r in records if len(r.cells) == width and r.lines == 1][: _ROWS + 1]
    is_row = _likeness(rows, rules, width)
    right = odd = swallowing = 0
    for record in spanning:
        within = lines[record.line : record.line + record.lines]
        if len(record.cells) == width and not record.strays:
            right += 1
            swallowing += len(rows) >= _TABLE and _are_rows(within[1:-1], is_row)
        else:
            ends = rules.delimiter in within[0] and (is_row(within[0]) or is_row(within[-1]))
            odd += ends or _are_rows(within[1:-1], is_row)
    if right >= _PROOF:
        return right >= _ODD * odd
    swallowing += _are_rows(rest[1:], is_row)
    return bool(right or rest) and not odd and not swallowing


def _likeness(records: Sequence[Record], rules: Rules, width: int) -> Callable[[str], bool]:
    """Whether a line without quotes may be a record as some that are on one line."""
    rows = [r.cells for r in records]
    columns = profile(rows[1:] or rows, width) if rows else []
    kinds = [(index, c.kind) for index, c in enumerate(columns) if c.kind in TYPED]
    spaced = any(cell[:1] == " " for row in rows for cell in row)
    bare = sum(not r.quoted for r in records) * _RARE >= len(records)
    delimiter = rules.delimiter

    def is_row(line: str) -> bool:
        if not bare or line.count(delimiter) + 1 != width:
            return False
        cells = line.split(delimiter)
        if kinds:
            fit = sum(kind_of(cells[index]) in (kind, EMPTY) for index, kind in kinds)
            return fit * 2 > len(kinds)
        # Lines are indented, and a blank follows the comma of a sentence.
        return spaced or not any(cell[:1] == " " for cell in cells)

    return is_row


def _are_rows(lines: Sequence[str], is_row: Callable[[str], bool]) -> bool:
    looked_at = lines[:_MIDDLE]
    return sum(map(is_row, looked_at)) * 2 > len(looked_at)
