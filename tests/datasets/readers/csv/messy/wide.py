"""Twenty columns of mixed types with quoted texts, whole and damaged at many places."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from .case import Case, case

FEW = "too few fields"
MANY = "too many fields"
ODD = "misplaced quote/unclosed quote"

NAMES = (
    "id", "code", "name", "born", "height", "weight", "city", "zip", "country", "active", "score",
    "rank", "note", "mail", "joined", "balance", "tags", "ratio", "level", "comment",
)  # fmt: skip
FIRST_NAMES = ("Ann", "Bob", "Cy", "Dee", "Eve", "Finn", "Gil", "Hal")
ROWS = tuple(
    (
        str(n), f"0{n}7", f"{name} Miller, {'BCDEFGHI'[n]}.", f"19{60 + n}-0{n + 1}-1{n}",
        f"1.{60 + n}", str(50 + 3 * n), ("Rome", "Oslo", "Bonn")[n % 3], f"0{1000 + n}",
        ("IT", "NO", "DE")[n % 3], ("true", "false")[n % 2], f"{n}.5", str(9 - n),
        f'said "{name.lower()}", twice', f"{name.lower()}@example.org",
        f"2020-01-0{n + 1} 08:30:00", f"-{n}00.25", "a+b|c", f"0.{n}1", "high",
        f"row {n}, the end",
    )
    for n, name in enumerate(FIRST_NAMES)
)  # fmt: skip


def line(row: tuple[str, ...], delimiter: str) -> str:
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter, lineterminator="").writerow(row)
    return target.getvalue()


def whole(name: str, delimiter: str = ",", newline: str = "\n") -> Case:
    data = newline.join(line(row, delimiter) for row in (NAMES, *ROWS)) + newline
    return case(name, data, NAMES, *ROWS, python={"delimiter": delimiter})


def damaged(
    name: str,
    row: int,
    old: str,
    new: str,
    change: Mapping[str, str | None],
    *problems: str,
    newline: str = "\n",
) -> Case:
    """The table with ``old`` written as ``new`` in one row, and the cells that this changes."""
    lines = [line(each, ",") for each in (NAMES, *ROWS)]
    assert lines[row + 1].count(old) == 1
    lines[row + 1] = lines[row + 1].replace(old, new)
    expected = tuple(change.get(key, cell) for key, cell in zip(NAMES, ROWS[row], strict=True))
    rows = (*ROWS[:row], expected, *ROWS[row + 1 :])
    data = newline.join(lines) + newline
    return case(f"wide: {name}", data, NAMES, *rows, problems=problems)


def merged(row: int, name: str) -> dict[str, str | None]:
    """The cells of a row that lost the delimiter after a column: the others move to the left."""
    at = NAMES.index(name)
    cells = list(ROWS[row])
    cells[at : at + 2] = [cells[at] + cells[at + 1]]
    return dict(zip(NAMES, [*cells, None], strict=True))


CASES = (
    whole("wide"),
    whole("wide, semicolons", ";"),
    whole("wide, tabs", "\t"),
    whole("wide, CRLF", newline="\r\n"),
    whole("wide, CR", newline="\r"),
    damaged("a delimiter missing, first row, first column", 0, "0,007,", "0007,",
            merged(0, "id"), FEW),
    damaged("a delimiter missing, first row, middle column", 0, ",Rome,", ",Rome",
            merged(0, "city"), FEW),
    damaged("a delimiter missing, first row, late column", 0, "a+b|c,", "a+b|c",
            merged(0, "tags"), FEW),
    damaged("a delimiter missing, middle row, first column", 4, "4,047,", "4047,",
            merged(4, "id"), FEW),
    damaged("a delimiter missing, middle row, middle column", 4, ",NO,", ",NO",
            merged(4, "country"), FEW),
    damaged("a delimiter missing, middle row, late column", 4, "0.41,", "0.41",
            merged(4, "ratio"), FEW),
    damaged("a delimiter missing, last row, first column", 7, "7,077,", "7077,",
            merged(7, "id"), FEW),
    damaged("a delimiter missing, last row, middle column", 7, ",Oslo,", ",Oslo",
            merged(7, "city"), FEW),
    damaged("a delimiter missing, last row, late column", 7, "-700.25,", "-700.25",
            merged(7, "balance"), FEW),
    damaged("a delimiter missing, CRLF", 3, ",Rome,", ",Rome", merged(3, "city"), FEW,
            newline="\r\n"),
    damaged("the last cell missing, first row", 0, ',"row 0, the end"', "", {"comment": None}, FEW),
    damaged("the last cell missing, last row", 7, ',"row 7, the end"', "", {"comment": None}, FEW),
    damaged("a delimiter too many, first row, at the end", 0, ' the end"', ' the end",', {}, MANY),
    damaged("a delimiter too many, middle row, at the end", 4, ' the end"', ' the end",', {}, MANY),
    damaged("a delimiter too many, last row, at the end", 7, ' the end"', ' the end",', {}, MANY),
    damaged("a delimiter within a text, first row", 0, "a+b|c", "a,b|c", {"tags": "a,b|c"}, MANY),
    damaged("a delimiter within a text, middle row", 4, "a+b|c", "a,b|c", {"tags": "a,b|c"}, MANY),
    damaged("a delimiter within a text, last row", 7, "a+b|c", "a,b|c", {"tags": "a,b|c"}, MANY),
    damaged("a delimiter within a text, CRLF", 4, "a+b|c", "a,b|c", {"tags": "a,b|c"}, MANY,
            newline="\r\n"),
    damaged("a quote at the start of a quoted cell, first row", 0, '"Ann Miller', '""Ann Miller',
            {"name": '"Ann Miller, B.'}, ODD, f"{MANY}?"),
    damaged("a quote at the start of a quoted cell, middle row", 4, '"Eve Miller', '""Eve Miller',
            {"name": '"Eve Miller, F.'}, ODD, f"{MANY}?"),
    damaged("a quote at the start of a quoted cell, last row", 7, '"Hal Miller', '""Hal Miller',
            {"name": '"Hal Miller, I.'}, ODD, f"{MANY}?"),
    damaged("a quote within a quoted cell, first row", 0, '"Ann Miller', '"Ann Mil"ler',
            {"name": 'Ann Mil"ler, B.'}, ODD),
    damaged("a quote within a quoted cell, middle row", 4, '"Eve Miller', '"Eve Mil"ler',
            {"name": 'Eve Mil"ler, F.'}, ODD),
    damaged("a quote within a quoted cell, last row", 7, '"Hal Miller', '"Hal Mil"ler',
            {"name": 'Hal Mil"ler, I.'}, ODD),
    damaged("a quote at the end of a quoted cell, first row", 0, 'B."', 'B.""',
            {"name": 'Ann Miller, B."'}, ODD),
    damaged("a quote at the end of a quoted cell, middle row", 4, 'F."', 'F.""',
            {"name": 'Eve Miller, F."'}, ODD),
    damaged("a quote at the end of a quoted cell, last row", 7, 'I."', 'I.""',
            {"name": 'Hal Miller, I."'}, ODD),
    damaged("a quote within the last column, first row", 0, '"row 0', '"row" 0',
            {"comment": 'row" 0, the end'}, ODD),
    damaged("a quote within the last column, last row", 7, '"row 7', '"row" 7',
            {"comment": 'row" 7, the end'}, ODD),
    damaged("a quote at the end of the last column, last row", 7, 'the end"', 'the end""',
            {"comment": 'row 7, the end"'}, ODD),
    damaged("a quotation without escapes", 5, '""finn""', '"finn"', {}, ODD),
    damaged("an unclosed quote, first row", 0, ",high,", ',"high,', {"level": '"high'}, ODD),
    damaged("an unclosed quote, middle row", 4, ",high,", ',"high,', {"level": '"high'}, ODD),
    damaged("an unclosed quote, last row", 7, ",high,", ',"high,', {"level": '"high'}, ODD),
    damaged("an unclosed quote in the first column", 4, "4,047", '"4,047', {"id": '"4'}, ODD),
    damaged("an unclosed quote in a number", 2, ",2.5,", ',"2.5,', {"score": '"2.5'}, ODD),
    damaged("a quote at the end of a plain cell", 3, ",Rome,", ',Rome",', {"city": 'Rome"'},
            "stray quote?"),
    damaged("a quote within a plain cell", 6, ",Rome,", ',Ro"me,', {"city": 'Ro"me'},
            "stray quote?"),
    damaged("an unclosed quote, CRLF", 4, ",high,", ',"high,', {"level": '"high'}, ODD,
            newline="\r\n"),
)  # fmt: skip
