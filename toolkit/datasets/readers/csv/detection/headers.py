"""Which rows make the names of the columns, and what names they make."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from toolkit.datasets.readers.csv.detection.columns import (
    could_be_names,
    disagreements,
    header_votes,
    is_year,
    numbers_columns,
    profile,
)
from toolkit.datasets.readers.csv.detection.splitting import text_of

_MOST_ROWS = 3
_SHOWN_ROWS = 100

Row = Sequence[str]


def is_header(row: Row, body: Sequence[Row], width: int) -> bool:
    """Whether a row names the columns of the rows below it. In doubt it does."""
    if not body:
        return could_be_names(row) and sum(bool(cell.strip()) for cell in row) * 2 > len(row)
    # Where files were joined the header comes again.
    others = [other for other in body[:_SHOWN_ROWS] if other != row]
    if numbers_columns(row, others):
        return True
    columns = profile(others, width)
    votes = header_votes(row, columns)
    return votes > 0 or (votes > -0.35 * max(1, len(row) // 4) and could_be_names(row))


def count_header_rows(rows: Sequence[Row], width: int) -> int:
    """How many of the first rows of a table, up to three, make the names of its columns."""
    if len(rows) > 2 and len(rows[0]) != width and are_halves(rows[0], rows[1], width):
        return 2
    most = min(_MOST_ROWS, max(1, len(rows) - 1))
    for count in range(most, 1, -1):
        if _are_headers(rows, count, width):
            return count
    return 1 if is_header(rows[0], rows[1:], width) else 0


def _are_headers(rows: Sequence[Row], count: int, width: int) -> bool:
    """Whether the first ``count`` rows, two or three, name the columns together."""
    head, body = rows[:count], rows[count : count + _SHOWN_ROWS]
    if len(body) < 2 or any(len(row) != width for row in head[1:]):
        return False
    again = any(row == head[0] for row in head[1:])
    if again or not all(could_be_names(row) for row in head):
        return False
    # A value that is damaged is no name yet.
    if any(cell.strip(" \"'")[:1].isdigit() and not is_year(cell.strip()) for cell in head[-1]):
        return False
    columns = profile(body, width)
    for row in head[1:]:
        words, total = disagreements(row, columns)
        if total == 0 or words * 3 < total * 2:
            # No column says that this row is not data: only a row of groups above it does.
            if total == 0 and count == 2 and _are_plain_groups(head[0], row):
                continue
            return False
    words, total = disagreements(head[0], columns)
    return total == 0 or words * 2 >= total or _groups(head[0], head[1]) or _years(head[0])


def _years(row: Row) -> bool:
    return any(cell.strip().isdecimal() for cell in row)


def _groups(upper: Row, lower: Row) -> bool:
    """Whether a row heads groups of the columns that the row below it names."""
    filled = [bool(cell.strip()) for cell in upper]
    if all(filled) or not any(filled):
        return False
    below = sum(bool(cell.strip()) for cell in lower)
    return below > sum(filled) and below * 4 >= len(lower) * 3


def _are_plain_groups(upper: Row, lower: Row) -> bool:
    """Whether rows are groups and names although nothing below them tells names from values."""
    merged = sum(bool(group.strip()) and not cell.strip() for group, cell in pairwise(upper))
    names = [cell.strip() for cell in lower if cell.strip()]
    return _groups(upper, lower) and merged > 1 and len(set(names)) < len(names)


def names_of(header: Sequence[Row], width: int, *, unnamed: bool = False) -> tuple[str, ...]:
    """The names that header rows make: unique, none empty, one for each column.

    ``unnamed``: the one that is missing is that of the first column."""
    if len(header) == 2 and len(header[0]) != width and are_halves(header[0], header[1], width):
        first, second = header
        header = [[*first[:-1], f"{first[-1]} {second[0]}", *second[1:]]]
    rows = [_carried(header, index, width) for index in range(len(header))]
    rows = [_fitted(["", *row] if unnamed else row, width) for row in rows]
    joined = []
    for column in range(width):
        parts: list[str] = []
        for row in rows:
            part = _clean(row[column])
            if part and part not in parts:
                parts.append(part)
        joined.append(" ".join(parts))
    return unique_names(joined)


def _carried(header: Sequence[Row], index: int, width: int) -> list[str]:
    """A header row with each name of a group over all columns of the group."""
    row = list(header[index])
    if index + 1 >= len(header):
        return row
    lowers = header[index + 1 :]
    lower = lowers[0]
    row += [""] * (min(width, len(lower)) - len(row))
    if all(cell.strip() for cell in row):
        return row
    group = ""
    for column, cell in enumerate(row):
        below = any(column < len(each) and each[column].strip() for each in lowers)
        if cell.strip():
            # A name with nothing below it stands for its own column only.
            group = cell if below else ""
        elif below:
            row[column] = group
    return row


def _fitted(row: Row, width: int) -> list[str]:
    """A header row with as many cells as the table has columns."""
    cells = list(row)
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    while len(cells) > width and any(not cell.strip() for cell in cells):
        cells.pop(next(i for i, cell in enumerate(cells) if not cell.strip()))
    return cells[:width] + [""] * (width - len(cells))


def are_halves(first: Row, second: Row, width: int) -> bool:
    """Whether two rows could be one row of names that a line break parts."""
    whole = len(first) + len(second) - 1 == width and width > 2
    return whole and len(second) < width and could_be_names(first) and could_be_names(second)


def _clean(cell: str) -> str:
    return text_of(cell).replace("\r\n", "\n").strip()


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names, made up where empty and numbered where repeated; a name that stands in the file
    once is never taken by another column."""
    taken = {name for name in names if name}
    seen: set[str] = set()
    found = []
    for position, given in enumerate(names, start=1):
        name = given or f"column_{position}"
        if name in seen or (not given and name in taken):
            number = 2
            while f"{name}_{number}" in taken or f"{name}_{number}" in seen:
                number += 1
            name = f"{name}_{number}"
        seen.add(name)
        found.append(name)
    return tuple(found)
