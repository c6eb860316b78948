"""Which rows make the names of the columns, and what names they make."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from toolkit.datasets.readers.csv.detection.columns import (
    Column,
    could_be_names,
    disagreements,
    has_values,
    header_votes,
    is_year,
    numbers_columns,
    profile,
)
from toolkit.datasets.readers.csv.detection.shapes import PLACEHOLDER, TYPED
from toolkit.datasets.readers.csv.detection.splitting import text_of

_MOST_ROWS = 3
_SHOWN_ROWS = 100
_FULL = 3
_SHORT = 4
"""Letters that an unknown unit may have."""
_UNIT = re.compile(
    r"[(\[].*[)\]]|.{0,6}[%°/$£¥€µ²³].{0,8}|-+"
    r"|[munkMG]?(?:s|m|g|l|V|A|W|J|N|K|C|F|Hz|Pa|Wh|bar|eV|B|bit)|[mk]?(?:in|ft|mi|lb|oz|gal|psi|mph)"
    r"|h|hrs?|min|sec|d|days?|hours?|minutes?|seconds?|years?|yr|a|cm|dm|km|ha|t|kt|hPa|deg\w{0,2}"
    r"|EUR|USD|GBP|CHF|JPY|UTC|pct|ppm|ppb|pH|dB|rpm|unitless|none|units?"
    r"|str|string|text|varchar|char|int\d*|integer|float\d*|double|numeric|number|date|datetime"
    r"|timestamp|time|bool|boolean"
)
"""What a row of units, or of types, has in its cells."""

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
    if len(row) != width and has_values(row, columns):
        return False
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
    # Where files were joined the header comes again.
    columns = profile([row for row in body if row not in head], width)
    if any(_is_row(upper, row, columns) for upper, row in pairwise(head)):
        return False
    for row in head[1:]:
        words, total = disagreements(row, columns)
        if total == 0 or words * 3 < total * 2:
            # No column says that this row is not data: only a row of groups above it does.
            if total == 0 and count == 2 and _are_plain_groups(head[0], row, columns):
                continue
            if count == 2 and _groups(head[0], row) and _name_years(row, columns):
                continue
            return False
    words, total = disagreements(head[0], columns)
    return total == 0 or words * 2 >= total or _groups(head[0], head[1]) or _years(head[0])


def _is_row(upper: Row, row: Row, columns: Sequence[Column]) -> bool:
    """Whether a row of words below a header is rather the first row of data than units or names."""
    filled = [cell.strip() for cell in row if cell.strip()]
    if any(map(PLACEHOLDER.fullmatch, filled)):
        return True
    above = [cell.strip() for cell in upper] + [""] * (len(row) - len(upper))
    times = Counter(above)
    plain = other = 0
    words: list[str] = []
    for index, (cell, column) in enumerate(zip(map(str.strip, row), columns, strict=False)):
        grouped = (
            not above[index] or times[above[index]] > 1 or above[index + 1 : index + 2] == [""]
        )
        if column.kind in TYPED:
            words += [cell] if cell and not grouped else []
            if cell in column.values:
                return True
        elif column.count:
            like = cell and not grouped and not _UNIT.fullmatch(cell) and _is_like(cell, column)
            plain, other = plain + bool(like), other + (not like)
    # Several values may all be missing, but not each for another reason.
    if len(set(words)) > 1 or (words and all(map(_UNIT.fullmatch, words))):
        return False
    # One word in place of several numbers says why there are none.
    return plain > other or (len(words) > 1 and len(set(words)) == 1 and len(words[0]) > _SHORT)


def _is_like(cell: str, column: Column) -> bool:
    """Whether a text is about as long as those of a column."""
    return len(cell) <= 2 * max(map(len, column.values)) + 2


def _years(row: Row) -> bool:
    return any(cell.strip().isdecimal() for cell in row)


def _name_years(row: Row, columns: Sequence[Column]) -> bool:
    """Whether all that a row has above numbers that are no years are years."""
    above = [
        cell.strip() for cell, column in zip(row, columns, strict=False) if column.kind in TYPED
    ]
    years = [cell for cell in above if is_year(cell)]
    dated = any(column.years for column in columns)
    return len(years) > 1 and not dated and all(cell in years or not cell for cell in above)


def _groups(upper: Row, lower: Row) -> bool:
    """Whether a row heads groups of the columns that the row below it names."""
    filled = [bool(cell.strip()) for cell in upper]
    if all(filled) or not any(filled):
        return False
    below = sum(bool(cell.strip()) for cell in lower)
    return below > sum(filled) and below * 4 >= len(lower) * 3


def _are_plain_groups(upper: Row, lower: Row, columns: Sequence[Column]) -> bool:
    """Whether rows are groups and names although nothing below them tells names from values: names
    come again, or below them no cell is empty."""
    full = len({column.count for column in columns}) == 1 and columns[0].count >= _FULL
    merged = sum(bool(group.strip()) and not cell.strip() for group, cell in pairwise(upper))
    names = [cell.strip() for cell in lower if cell.strip()]
    return _groups(upper, lower) and merged > 1 and (full or len(set(names)) < len(names))


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


def whole_header(row: Row, width: int, delimiter: str) -> Row:
    """A header row of at most ``width`` cells, unless more of them are filled: each is a name."""
    filled = sum(bool(cell.strip()) for cell in row)
    if filled <= width:
        return _fitted(row, width) if len(row) > width else row
    spaced = [index for index, cell in enumerate(row) if cell[:1] == " " and index]
    if len(spaced) != len(row) - width:
        last = max(index for index, cell in enumerate(row) if cell.strip())
        return row[: last + 1]
    # As in sentences, a blank follows what is no delimiter.
    joined: list[str] = []
    for index, cell in enumerate(row):
        if index in spaced:
            joined[-1] += delimiter + cell
        else:
            joined.append(cell)
    return joined


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
    # Of thousands of equal names each is not tried anew.
    numbers: dict[str, int] = {}
    found = []
    for position, given in enumerate(names, start=1):
        name = given or f"column_{position}"
        if name in seen or (not given and name in taken):
            number = numbers.get(name, 2)
            while f"{name}_{number}" in taken or f"{name}_{number}" in seen:
                number += 1
            numbers[name] = number + 1
            name = f"{name}_{number}"
        seen.add(name)
        found.append(name)
    return tuple(found)
