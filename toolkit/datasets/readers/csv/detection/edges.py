"""Where a table begins and ends within the records around it: bad rows belong to it, titles,
notes and sums in words do not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolkit.datasets.readers.csv.detection.columns import (
    Column,
    could_be_names,
    disagreements,
    profile,
)
from toolkit.datasets.readers.csv.detection.headers import is_header, split_otherwise
from toolkit.datasets.readers.csv.detection.shapes import TEXT, TYPED, kind_of
from toolkit.datasets.readers.csv.detection.splitting import Record
from toolkit.datasets.readers.csv.detection.tables import Run

_LOOK_BACK = 4
_NOTES_ABOVE_END = 20
_REMARK = re.compile(
    r"\W{0,3}(sources?|notes?|footnotes?|remarks?|legend|disclaimer|copyright|\(c\)|©|generated|created"
    r"|exported|printed|downloaded|last updated?|updated|report|end of|total|totals|grand total|sum"
    r"|subtotal|records?|rows?|count|page|end|eof|quelle|hinweis|summe|gesamt|stand)\b"
    r"|\(?\d+ (rows?|records?|lines?|entries|results?)\b",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(sources?|notes?|footnotes?|remarks?|disclaimer|copyright) ?[:©(]", re.IGNORECASE
)
_DIGIT = re.compile(r"\d")
_FOOTNOTE = re.compile(r"(\*+|\[\d+\]|\(\d+\)|†|¹|--|==|#)")

Records = Sequence[Record]


def near(found: int, width: int) -> bool:
    """Whether a record may be a damaged one of the table: about as many fields."""
    return found > 1 and abs(found - width) <= max(1, width // 4)


def is_empty(record: Record) -> bool:
    """Whether no cell of a record is filled."""
    return not any(cell.strip() for cell in record.cells)


def lone(record: Record, width: int) -> bool:
    """Whether only the first cell of a whole record is filled, as spreadsheets write a title."""
    cells = record.cells
    return (
        width > 2
        and len(cells) == width
        and bool(cells[0].strip())
        and not any(cell.strip() for cell in cells[1:])
    )


def table_start(records: Records, run: Run, gaps: Sequence[bool], floor: int) -> int:
    """The record that the table of a run begins with, its header included; not before ``floor``."""
    width = run.width
    start = _first_whole(records, run, gaps)
    # A spreadsheet pads titles to the width of the table.
    while start < run.end - 2 and (is_empty(records[start]) or lone(records[start], width)):
        if not _header_follows(records, start, run):
            break
        start += 1
        floor = start
    for back in range(start - 1, max(floor, start - _LOOK_BACK) - 1, -1):
        if gaps[back + 1] or not near(len(records[back].cells), width):
            break
        if len(records[back].cells) == width:
            return back
    if start > floor and _is_damaged_header(records, start, run, gaps):
        return start - 1
    return start


def _first_whole(records: Records, run: Run, gaps: Sequence[bool]) -> int:
    """The first record of a run that no title or blank line parts from the run."""
    for index in range(min(run.start + 12, run.end) - 1, run.start, -1):
        if gaps[index] and len(records[index].cells) == run.width:
            above = records[run.start : index]
            right = sum(len(r.cells) == run.width for r in above)
            if right < len(above) and right <= _LOOK_BACK - 1:
                return index
    return run.start


def _header_follows(records: Records, start: int, run: Run) -> bool:
    """Whether a header stands below what may be a title, so that it is no row of data."""
    for index in range(start + 1, min(start + 12, run.end)):
        record = records[index]
        if len(record.cells) != run.width or is_empty(record) or lone(record, run.width):
            continue
        body = [r.cells for r in records[index + 1 : min(run.end, index + 100)]]
        filled = sum(bool(cell.strip()) for cell in record.cells)
        return filled * 2 > run.width and is_header(record.cells, body, run.width)
    return False


def _is_damaged_header(records: Records, start: int, run: Run, gaps: Sequence[bool]) -> bool:
    """Whether the record above a run is its header in spite of its number of fields."""
    above, width = records[start - 1].cells, run.width
    filled = [cell.strip() for cell in above if cell.strip()]
    if gaps[start] or not filled or not could_be_names(above):
        return False
    if len(set(filled)) < len(filled) or any(len(cell) > 60 for cell in filled):
        return False
    rows = [r.cells for r in records[start : min(run.end, start + 100)] if len(r.cells) == width]
    columns = profile(rows[1:] or rows, width)
    words, total = disagreements(rows[0], columns)
    names_below = (total > 0 and words * 2 > total) if len(rows) > 1 else False
    if names_below:
        return False
    if len(above) == 1 and split_otherwise(above[0], width):
        return True
    if len(above) == 1:
        # A single word above two columns may name the second, as R writes it; a title is longer.
        return width == 2 and total > 0 and " " not in filled[0]
    if not near(len(above), width):
        # Far fewer names than columns are names still where nothing else could be the header.
        return total > 0 and len(filled) * 2 >= width and len(filled) > 2
    # Only words below: names are short, and do not come again.
    seen = set().union(*(column.values for column in columns))
    alien = not any(cell in seen for cell in filled)
    return total > 0 or (width > 2 and alien and not _outshone(above, rows[0]))


def _outshone(above: Sequence[str], first: Sequence[str]) -> bool:
    """Whether the row below looks more like names than the row above it."""
    return sum(map(len, first)) / len(first) < 0.8 * sum(map(len, above)) / len(above)


def table_end(records: Records, run: Run, gaps: Sequence[bool], ceiling: int, start: int) -> int:
    """The record after the last of the table; not beyond ``ceiling``, where another begins."""
    width = run.width
    rows = [r.cells for r in records[start : min(run.end, start + 120)]]
    columns = profile(rows[1:], width)
    end = run.end
    while end < ceiling and is_bad_row(records[end], columns, width, after_gap=gaps[end]):
        end += 1
    for index in range(max(start + 2, end - _NOTES_ABOVE_END), end):
        if (gaps[index] or not gaps[end - 1]) and is_note(records[index], columns, width):
            end = index
            break
    while end > start + 2:
        last = records[end - 1]
        if is_empty(last) and end < len(records) and len(last.cells) == width:
            end -= 1
            continue
        if not lone(last, width) or not (
            gaps[end - 1] or is_remark(last.cells[0]) or is_empty(records[end - 2])
        ):
            break
        if columns[0].kind in TYPED and kind_of(last.cells[0]) == columns[0].kind:
            break
        end -= 1
    return end


def is_bad_row(record: Record, columns: Sequence[Column], width: int, *, after_gap: bool) -> bool:
    """Whether a record of another width, below the last whole one, is a damaged row rather than
    a note."""
    cells = record.cells
    first = cells[0].strip()
    typed = bool(columns) and columns[0].kind in TYPED
    fits = typed and kind_of(first) == columns[0].kind
    remark = _NOTE.match(first) or (len(cells) < width and is_remark(first))
    if (after_gap and not near(len(cells), width)) or (remark and not fits):
        return False
    if fits or (len(cells) > 1 and (near(len(cells), width) or len(cells) * 2 >= width)):
        return True
    if typed:
        # Damaged, its first field may still begin as those of the others do.
        return len(first) > 3 and first[:1].isdigit() and not after_gap and " " not in first
    if kind_of(first) == TEXT or _FOOTNOTE.match(first):
        return bool(columns) and columns[0].kind == TEXT and len(first) < 2 * columns[0].length
    return not after_gap and " " not in first


def is_note(record: Record, columns: Sequence[Column], width: int) -> bool:
    """Whether a record is a note below the table although it has as many fields."""
    first = record.cells[0].strip()
    if not _NOTE.match(first) or len(record.cells) != width or record.quoted:
        return False
    return bool(columns) and not (columns[0].kind == kind_of(first) and columns[0].length > 8)


def is_remark(cell: str) -> bool:
    """Whether a text begins as notes below a table do."""
    text = cell.strip()
    return bool(_REMARK.match(text) or _FOOTNOTE.match(text))


def next_header(
    records: Records, run: Run, gaps: Sequence[bool], start: int, end: int
) -> int | None:
    """The record at which another table of the same width begins within a run: a row of other
    names, with rows below it."""
    width = run.width
    rows = [r.cells for r in records[start : min(end, start + 200)] if len(r.cells) == width]
    if len(rows) < 5:
        return None
    typed = [i for i, column in enumerate(profile(rows[1:], width)) if column.kind in TYPED]
    if not typed:
        return None
    first = records[start].cells
    for index in range(start + 2, end - 1):
        cells = records[index].cells
        if len(cells) != width or any(_DIGIT.search(cells[column]) for column in typed):
            continue
        broken = gaps[index] or len(records[index - 1].cells) == 1 or is_empty(records[index - 1])
        if cells == first or not could_be_names(cells):
            continue
        filled = [cell.strip() for cell in cells if cell.strip()]
        if len(filled) < width or len(set(filled)) < width:
            continue
        if _parts_tables(records, start, index, end, width, broken=broken):
            return index
    return None


def _parts_tables(
    records: Records, start: int, index: int, end: int, width: int, *, broken: bool
) -> bool:
    """Whether a record is the header of what follows and not a row of what precedes it."""
    cells, first = records[index].cells, records[start].cells
    before = profile([r.cells for r in records[max(start + 1, index - 50) : index]], width)
    after = profile([r.cells for r in records[index + 1 : min(end, index + 50)]], width)
    words, total = disagreements(cells, before)
    words_after, total_after = disagreements(cells, after)
    if words < total or words_after < total_after or not total or not total_after:
        return False
    if sum(cell.strip() in c.values for cell, c in zip(cells, before, strict=True)):
        return False
    if len(set(cells) & set(first)) * 2 >= len(cells):
        return False
    return broken or total + total_after > 2
