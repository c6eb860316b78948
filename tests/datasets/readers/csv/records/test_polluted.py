"""One pollution of a table at every row and column: the other rows stay what they were."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from toolkit.datasets.readers.csv.layout import Dialect

Row = tuple[str | None, ...]

TEXTS = [
    "plain",
    "Smith, John",
    'a "big" one',
    "two words",
    "",
    "x, y, z",
    "üñí",
    "l1\nl2",
    "a;b",
    "end",
]
ROWS: list[Row] = [
    (
        str(1000 + 7 * i),
        TEXTS[i],
        f"2024-03-{i + 10}",
        f"{i}.{i}5",
        TEXTS[-1 - i] or "note",
        f"AB-{i}{i}",
        None if i % 3 == 0 else str(i * 31),
        f"Street {i}",
    )
    for i in range(10)
]
QUOTED = {1, 4}
"""Columns whose fields are always quoted."""
DIALECTS = [Dialect(), Dialect(";", "'", "'"), Dialect("\t", '"', "\\"), Dialect("|", None, None)]


def fits(column: int, text: str) -> bool:
    """Numbers in the columns of numbers, dates in that of dates."""
    if column == 2:
        return len(text) == 10 and text[4] == text[7] == "-"
    if column in {0, 3, 6}:
        return text.replace(".", "", 1).isdigit()
    return True


@dataclass(frozen=True, slots=True)
class Polluted:
    """A table in which one row is damaged."""

    name: str
    row: int
    text: str
    """Of the row."""
    cells: Row | None
    """What the row should be; None where a person could not say either."""


def fields(row: Row, dialect: Dialect) -> list[str]:
    """The fields of a row as they are written."""
    found = []
    for column, cell in enumerate(row):
        text = cell or ""
        if column in QUOTED and dialect.quote is not None:
            escape = "\\" if dialect.escape == "\\" else dialect.quote
            text = (
                dialect.quote + text.replace(dialect.quote, escape + dialect.quote) + dialect.quote
            )
        found.append(text)
    return found


def table(dialect: Dialect) -> list[Row]:
    """The rows that a dialect can write."""
    if dialect.quote is not None:
        return ROWS
    return [tuple(cell.replace("\n", " ") if cell else None for cell in row) for row in ROWS]


def changed(values: tuple, index: int, value: object) -> tuple:
    return (*values[:index], value, *values[index + 1 :])


def polluted(dialect: Dialect) -> Iterator[Polluted]:
    delimiter, quote = dialect.delimiter, dialect.quote
    for (number, row), column in itertools.product(enumerate(table(dialect)), range(8)):
        written = fields(row, dialect)
        where = f"{number}, {column}"
        if column < 7:
            joined = [
                *written[:column],
                written[column] + written[column + 1],
                *written[column + 2 :],
            ]
            yield Polluted(f"missing delimiter {where}", number, delimiter.join(joined), None)
        extra = delimiter.join([*written[:column], "", *written[column:]])
        yield Polluted(f"extra delimiter before {where}", number, extra, row)
        extra = delimiter.join([*written, ""])
        yield Polluted(f"extra delimiter at the end {where}", number, extra, row)
        if quote is None:
            continue
        inner, cell = written[column], row[column] or ""
        edge = column in QUOTED
        for place in sorted({0, len(cell) // 2, len(cell)}):
            if edge and (quote in cell or "\\" in inner):
                # Places in the written field are those of the cell only where nothing is escaped.
                continue
            at = place + edge
            broken = changed(tuple(written), column, inner[:at] + quote + inner[at:])
            wanted = changed(row, column, cell[:place] + quote + cell[place:])
            name = f"quote in {where} at {place}"
            yield Polluted(name, number, delimiter.join(broken), wanted)


@pytest.mark.parametrize("dialect", DIALECTS, ids=repr)
def test_other_rows_come_back_untouched(dialect, read, make_layout):
    layout, rows = make_layout(8, dialect), table(dialect)
    lines = [dialect.delimiter.join(fields(row, dialect)) for row in rows]
    cases = list(polluted(dialect))
    assert len(cases) > 200
    failed = []
    for case in cases:
        text = "\n".join([*lines[: case.row], case.text, *lines[case.row + 1 :], ""])
        found = read(text.encode(), layout, "repair", fits)
        others = found.rows[: case.row] + found.rows[case.row + 1 :]
        expected = [empty_as_written(row, dialect) for row in rows]
        if others != expected[: case.row] + expected[case.row + 1 :] or len(found.problems) != 1:
            failed.append((case.name, found))
        elif case.cells is not None:
            wanted = empty_as_written(case.cells, dialect)
            if found.rows[case.row] != wanted:
                failed.append((case.name, case.text, found.rows[case.row]))
    assert failed == []


def empty_as_written(row: Row, dialect: Dialect) -> Row:
    """A row whose empty texts are null where they were not quoted."""
    quoted = QUOTED if dialect.quote is not None else set()
    return tuple(cell or ("" if column in quoted else None) for column, cell in enumerate(row))
