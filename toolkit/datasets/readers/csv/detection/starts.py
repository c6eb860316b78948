"""Where a table begins: titles above it do not belong to it, a damaged header does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from toolkit.datasets.readers.csv.detection.columns import (
    Column,
    could_be_names,
    disagreements,
    has_values,
    profile,
)
from toolkit.datasets.readers.csv.detection.headers import (
    are_halves,
    count_header_rows,
    is_header,
)
from toolkit.datasets.readers.csv.detection.splitting import Record
from toolkit.datasets.readers.csv.detection.tables import Run

_LOOK_BACK = 4
"""Records above a run among which its header is looked for."""
_LOOK_AHEAD = 12
"""Records of a run among which it is looked for below titles."""
_ROWS = 100
_LEAST = 3
"""Records below what may be a title."""

_REMARKS = ("# ", "// ")
"""What a comment begins with that has fewer fields than the table, by chance."""

Records = Sequence[Record]
Mend = Callable[[Record, int], Sequence[str]]
"""The cells of a record, read anew if it is damaged, for a number of fields."""


def near(found: int, width: int) -> bool:
    """Whether a record may be a damaged one of the table: about as many fields."""
    return found > 1 and abs(found - width) <= max(1, width // 4)


def is_empty(record: Record) -> bool:
    """Whether no cell of a record is filled."""
    return not any(cell.strip() for cell in record.cells)


def lone(record: Record, width: int) -> bool:
    """Whether only the first cell of a whole record is filled, as spreadsheets write a title.

    One of two cells may well be empty: there the first is a title only if it has several words."""
    cells = record.cells
    if len(cells) != width or width < 2 or any(cell.strip() for cell in cells[1:]):
        return False
    return bool(cells[0].strip()) if width > 2 else " " in cells[0].strip()


def table_start(records: Records, run: Run, gaps: Sequence[bool], floor: int, mend: Mend) -> int:
    """The record that the table of a run begins with, its header included; not before ``floor``."""
    start = _first_whole(records, run, gaps)
    # A spreadsheet pads titles to the width of the table.
    while start < run.end - 2 and _may_be_title(records, start, run):
        if not (_header_follows(records, start, run) or _rows_follow(records, start, run)):
            break
        start += 1
        floor = start
    above = _header_above(records, start, run, floor)
    if above is not None:
        return above
    if start > floor + 1 and _is_broken_header(records, start, run, gaps):
        return start - 2
    if start > floor and _is_damaged_header(records, start, run, gaps, mend):
        return start - 1
    first = _first_row(records, start, run, gaps, floor, mend=mend)
    if floor < first < start and _is_damaged_header(records, first, run, gaps, mend):
        return first - 1
    return first


def _may_be_title(records: Records, index: int, run: Run) -> bool:
    """Whether a record of a run may be a line above its table: padded, or a sentence with as many
    commas, which blanks follow there only."""
    record = records[index]
    if is_empty(record) or lone(record, run.width) or _is_word_above(records, index, run):
        return True
    below = records[index + 1 : min(run.end, index + 1 + _LOOK_AHEAD)]
    rows = [r.cells for r in below if len(r.cells) == run.width]
    spaced = [any(cell[:1] == " " for cell in cells[1:]) for cells in (record.cells, *rows)]
    if record.quoted or not spaced[0] or any(spaced[1:]) or len(rows) < _LEAST:
        return False
    words, total = disagreements(rows[0], profile(rows[1:], run.width))
    return words == total > 0


def _first_row(
    records: Records, start: int, run: Run, gaps: Sequence[bool], floor: int, *, mend: Mend
) -> int:
    """The first of the bad rows above a run without a header: they begin as its rows do."""
    rows = [
        r.cells for r in records[start : min(run.end, start + _ROWS)] if len(r.cells) == run.width
    ]
    if count_header_rows(rows, run.width):
        return start
    columns = profile(rows, run.width)
    while start > floor and not gaps[start]:
        cells = mend(records[start - 1], run.width)
        if len(cells) == run.width:
            # Read anew, as words of a sentence may be.
            fits = all(c.has(cell) for c, cell in zip(columns, cells, strict=True) if c.typed)
        else:
            fits = near(len(cells), run.width) and has_values(cells, columns)
        if not fits:
            break
        start -= 1
    return start


def _first_whole(records: Records, run: Run, gaps: Sequence[bool]) -> int:
    """The first record of a run that no title or blank line parts from the run."""
    for index in range(min(run.start + _LOOK_AHEAD, run.end) - 1, run.start, -1):
        if gaps[index] and len(records[index].cells) == run.width:
            above = records[run.start : index]
            right = sum(len(r.cells) == run.width for r in above)
            if right * 2 <= len(above) and right < _LOOK_BACK:
                return index
    return run.start


def _header_above(records: Records, start: int, run: Run, floor: int) -> int | None:
    """A header that bad records part from the run of good ones."""
    width = run.width
    rows = [r.cells for r in records[start : min(run.end, start + _ROWS)] if len(r.cells) == width]
    for back in range(start - 1, max(floor, start - _LOOK_BACK) - 1, -1):
        cells = records[back].cells
        if len(cells) == width:
            names = could_be_names(cells) and is_header(cells, rows, width)
            words, total = disagreements(rows[0], profile(rows[1:], width))
            return back if names and words * 2 <= total else None
    return None


def _header_follows(records: Records, start: int, run: Run) -> bool:
    """Whether a header stands below what may be a title, so that it is no row of data."""
    for index in range(start + 1, min(start + _LOOK_AHEAD, run.end)):
        record = records[index]
        if len(record.cells) != run.width or is_empty(record) or lone(record, run.width):
            continue
        rows = [r.cells for r in records[index : min(run.end, index + _ROWS)]]
        filled = sum(bool(cell.strip()) for cell in record.cells)
        return count_header_rows(rows, run.width) > (0 if filled * 2 > run.width else 1)
    return False


def _is_word_above(records: Records, index: int, run: Run) -> bool:
    """Whether a single word stands above two names of columns, some of which have numbers or dates:
    no first row, which would stand below the names."""
    for names in range(index + 1, min(index + _LOOK_AHEAD, run.end)):
        cells = records[names].cells
        if run.width != 2 or any(cell.strip() for cell in records[index].cells[1:]):
            return False
        if len(cells) == 2 and all(cell.strip() for cell in cells):
            rows = [r.cells for r in records[names + 1 : min(run.end, names + _ROWS)]]
            words, total = disagreements(cells, profile(rows, 2))
            return could_be_names(cells) and words == total > 0
    return False


def _rows_follow(records: Records, start: int, run: Run) -> bool:
    """Whether what may be a title stands above rows that are none as sparse, nor like it in their
    first cell: no row of a table without a header."""
    width, first = run.width, start
    while first < run.end and (is_empty(records[first]) or lone(records[first], width)):
        first += 1
    below = records[first : min(run.end, first + _ROWS)]
    rows = [r.cells for r in below if len(r.cells) == width]
    if width < _LEAST or len(rows) < _LEAST or any(is_empty(r) or lone(r, width) for r in below):
        return False
    column, cells = profile(rows, width)[0], [r.cells[0] for r in records[start:first]]
    full = sum(all(cell.strip() for cell in row) for row in rows)
    known = any(column.has(cell) or cell.strip() in column.values for cell in cells)
    return full * 2 > len(rows) and not known


def _is_broken_header(records: Records, start: int, run: Run, gaps: Sequence[bool]) -> bool:
    """Whether the two records above a run are its header, which a line break parts."""
    first, second = records[start - 2].cells, records[start - 1].cells
    if gaps[start] or gaps[start - 1] or not are_halves(first, second, run.width):
        return False
    rows = [r.cells for r in records[start : min(run.end, start + _ROWS)]]
    words, total = disagreements(rows[0], profile(rows[1:], run.width))
    return total > 0 and words * 2 <= total


def _is_damaged_header(
    records: Records, start: int, run: Run, gaps: Sequence[bool], mend: Mend
) -> bool:
    """Whether the record above a run is its header in spite of its number of fields."""
    width = run.width
    found = records[start - 1].cells
    above = _squeezed(mend(records[start - 1], width), width)
    filled = [cell.strip() for cell in above if cell.strip()]
    if gaps[start] or not filled or (len(found) < width and filled[0].startswith(_REMARKS)):
        return False
    rows = [r.cells for r in records[start : min(run.end, start + _ROWS)] if len(r.cells) == width]
    columns = profile(rows[1:] or rows, width)
    words, total = disagreements(rows[0], columns)
    names_below = (total > 0 and words * 2 > total) if len(rows) > 1 else False
    if names_below:
        return False
    if len(found) == 1 and len(above) == width:
        # Told apart by another delimiter; words of a sentence are not.
        if any(mark in found[0] for mark in ",;\t|"):
            return True
        return total > 0 and could_be_names(above) and not is_header(rows[0], rows[1:], width)
    strange = len(set(filled)) < len(filled) or any(len(cell) > 60 for cell in filled)
    return not strange and could_be_names(above) and _name(above, rows[0], columns, total)


def _name(
    above: Sequence[str], first: Sequence[str], columns: Sequence[Column], total: int
) -> bool:
    """Whether cells that could be names are those of columns, ``total`` of which are values."""
    width, filled = len(columns), [cell.strip() for cell in above if cell.strip()]
    if len(above) == 1:
        # A single word above two columns may name the second, as R writes it; a title is longer.
        return width == 2 and total > 0 and " " not in filled[0]
    if not near(len(above), width):
        # Far fewer names than columns are names still where nothing else could be the header.
        return total > 0 and len(filled) >= width // 2 and len(filled) > 2
    # Only words below: names are short, and do not come again.
    seen = set().union(*(column.values for column in columns))
    alien = not any(cell in seen for cell in filled)
    return total > 0 or (alien and not _outshone(above, first))


def _squeezed(cells: Sequence[str], width: int) -> Sequence[str]:
    """Too many cells without some empty ones that are too many."""
    extra = len(cells) - width
    if extra <= 0 or sum(not cell.strip() for cell in cells) < extra:
        return cells
    kept = list(cells)
    for index in range(len(kept) - 1, -1, -1):
        if len(kept) > width and not kept[index].strip():
            kept.pop(index)
    return kept


def _outshone(above: Sequence[str], first: Sequence[str]) -> bool:
    """Whether the row below looks more like names than the row above it."""
    below, over = ([cell.strip() for cell in row if cell.strip()] for row in (first, above))
    if sum(" " in cell for cell in over) <= sum(" " in cell for cell in below):
        # Names may be long, yet a title has blanks.
        return False
    return sum(map(len, below)) / max(1, len(below)) < 0.8 * sum(map(len, over)) / len(over)
