"""Where a table ends: bad rows belong to it, notes and sums in words below it do not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolkit.datasets.readers.csv.detection.columns import Column, profile
from toolkit.datasets.readers.csv.detection.shapes import (
    ADDRESS,
    TEXT,
    TYPED,
    kind_of,
)
from toolkit.datasets.readers.csv.detection.splitting import Record, text_of
from toolkit.datasets.readers.csv.detection.starts import Mend, is_empty, lone, near
from toolkit.datasets.readers.csv.detection.tables import Run

_NOTES_ABOVE_END = 20
_BROKEN_LINES = 6
_REMARK = re.compile(
    r"\W{0,3}(sources?|notes?|footnotes?|remarks?|legend|disclaimer|copyright|\(c\)|©|generated|created"
    r"|exported|printed|downloaded|last updated?|updated|report|end of|total|totals|grand total|sum"
    r"|subtotal|records?|rows?|count|page|end|eof|quelle|hinweis|summe|gesamt|stand)(?!\w)"
    r"|\(?\d+ (rows?|records?|lines?|entries|results?)\b",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(sources?|notes?|footnotes?|remarks?|disclaimer|copyright) ?[:©(]", re.IGNORECASE
)
_FOOTNOTE = re.compile(r"(\*+|\[\d+\]|\(\d+\)|†|¹|--|==|__|#)")

_END_MARK = "\x1a"
"""What DOS ends a text with."""

Records = Sequence[Record]


def table_end(
    records: Records, run: Run, gaps: Sequence[bool], ceiling: int, start: int, *, mend: Mend
) -> int:
    """The record after the last of the table; not beyond ``ceiling``, where another begins."""
    width = run.width
    rows = [r.cells for r in records[start : min(run.end, start + 120)]]
    columns = profile(rows[1:], width)
    end = run.end
    while end < ceiling:
        if _is_broken_row(records, end, ceiling, width, gaps):
            end += 2
        elif records[end].strays and not gaps[end]:
            end = _last_stray(records, end, ceiling, gaps) + 1
        elif is_bad_row(records[end], columns, width, mend, after_gap=gaps[end]):
            end += 1
        else:
            break
    for index in range(max(start + 2, end - _NOTES_ABOVE_END), end):
        if (gaps[index] or not gaps[end - 1]) and is_note(records[index], columns, width):
            end = index
            break
    return _before_padded(records, columns, gaps, start, end)


def _before_padded(
    records: Records, columns: Sequence[Column], gaps: Sequence[bool], start: int, end: int
) -> int:
    """The end without the lines of a footer that are padded to the width of the table: remarks, and
    where rows of the table are not as sparse, all that stand with one or below an empty line."""
    width, first, apart, noted, texts, remarks = len(columns), end, end, end, 0, 0
    # Where texts of rows go on over lines, one more such text is no remark.
    long = any(r.lines > 1 for r in records[start + 1 : end - 1])
    for index in range(end - 1, start + 1, -1):
        record, cell = records[index], records[index].cells[0]
        empty = is_empty(record) and len(record.cells) == width
        if (
            not (empty or lone(record, width))
            or columns[0].has(cell)
            or (long and record.lines > 1)
        ):
            break
        first = index
        texts += not empty
        remark = is_remark(cell)
        remarks += remark or _is_sentence(cell, columns[0])
        # Empty lines at the end of a file are rows.
        if noted == index + 1 and (remark or (empty and (noted < end or end < len(records)))):
            noted = index
        parted = texts > 0 if empty else gaps[index]
        if (parted and width > 2) or noted == index:
            apart = index
    if first == end or any(_is_sparse(record, width) for record in records[start + 1 : first]):
        return noted
    return first if remarks else apart


def _is_sparse(record: Record, width: int) -> bool:
    return is_empty(record) or lone(record, width)


def _is_sentence(cell: str, column: Column) -> bool:
    """Whether a text is too long for a column whose values are no texts of several words."""
    return cell.strip().count(" ") > 1 and len(cell) > 2 * column.length


def _last_stray(records: Records, index: int, ceiling: int, gaps: Sequence[bool]) -> int:
    """The record in which a quoted text ends that a damaged quote leaves in several records."""
    for after in range(index + 1, min(index + _BROKEN_LINES, ceiling)):
        if gaps[after]:
            break
        if records[after].strays:
            return after
    return index


def _is_broken_row(
    records: Records, index: int, ceiling: int, width: int, gaps: Sequence[bool]
) -> bool:
    """Whether a record and the next are one row that a line break parts."""
    if index + 1 >= ceiling or gaps[index] or gaps[index + 1]:
        return False
    before, after = records[index].cells, records[index + 1].cells
    # A note without any delimiter is no half of a narrow row.
    return len(before) + len(after) - 1 == width and (width > 3 or not is_remark(before[0]))


def is_bad_row(
    record: Record, columns: Sequence[Column], width: int, mend: Mend, *, after_gap: bool
) -> bool:
    """Whether a record of another width, below the last whole one, is a damaged row rather than
    a note."""
    cells = record.cells
    first = cells[0].strip()
    typed = bool(columns) and columns[0].kind in TYPED
    fits = bool(columns) and (columns[0].has(first) or first in columns[0].values)
    remark = _NOTE.match(first) or (len(cells) < width and is_remark(first))
    apart = (after_gap and not near(len(cells), width)) or (remark and not fits)
    if apart or first == _END_MARK:
        return False
    if fits or (len(cells) > 1 and (near(len(cells), width) or len(cells) * 2 >= width)):
        return True
    if not after_gap and len(mend(record, width)) == width:
        return True
    if typed:
        # Damaged, its first field may still begin as those of the others do.
        return len(first) > 3 and first[:1].isdigit() and not after_gap and " " not in first
    if kind_of(first) == TEXT or _FOOTNOTE.match(first):
        return bool(columns) and columns[0].kind == TEXT and len(first) < 2 * columns[0].length
    return not after_gap and " " not in first and kind_of(first) != ADDRESS


def is_note(record: Record, columns: Sequence[Column], width: int) -> bool:
    """Whether a record is a note below the table although it has as many fields."""
    first = record.cells[0].strip()
    if not _NOTE.match(first) or len(record.cells) != width or record.quoted:
        return False
    return bool(columns) and not (columns[0].kind == kind_of(first) and columns[0].length > 8)


def is_remark(cell: str) -> bool:
    """Whether a text begins as notes below a table do."""
    text = text_of(cell).strip()
    return bool(_REMARK.match(text) or _FOOTNOTE.match(text)) or text == _END_MARK
