"""Cells of several lines that look like rows, like other tables or like notes around a table."""

from __future__ import annotations

from collections.abc import Sequence

from .case import Case, case

ADDRESS = "12 High Street,\nSpringfield,\nIL 62704"
SQL = "select a,\n  b,\n  c\nfrom t,\n u\nwhere x = 1"
MAIL = "Dear team,\nwe met on Monday, and talked about the plan.\nNothing else, so far.\nBye"
OBJECT = '{\n  "name": "x",\n  "tags": [\n    "a",\n    "b"\n  ],\n  "n": 1\n}'
NUMBERS = "[\n  1.5,\n  2.5,\n  3.5\n]"
TABLE = "a,b,c\n1,2,3\n4,5,6\n"
NAMED = "# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |"


def items(count: int) -> str:
    return "\n".join(f"- item Ann Lee, {index} pcs" for index in range(1, count + 1))


def table(
    name: str,
    cells: Sequence[str],
    *,
    delimiter: str = ",",
    around: tuple[str, str] = ("", ""),
    problems: Sequence[str] = (),
) -> Case:
    """A table of a number, a text and a number, of which the texts are quoted."""
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    lines = [f"{i}{delimiter}{cell}{delimiter}{3 * i}" for i, cell in enumerate(quoted)]
    text = "\n".join([delimiter.join(("id", "text", "qty")), *lines, ""])
    python = None if any(around) else {"delimiter": delimiter}
    rows = [(str(i), cell, str(3 * i)) for i, cell in enumerate(cells)]
    data = around[0] + text + around[1]
    return case(name, data, "id|text|qty", *rows, problems=problems, python=python)


CASES = (
    table("addresses", [ADDRESS] * 3),
    table("addresses, many", [ADDRESS] * 40),
    table("statements", [SQL] * 3, delimiter=";"),
    table("mails", [MAIL] * 3),
    table("long mails", [MAIL * 10] * 12),
    table("objects", [OBJECT] * 3),
    table("lists of numbers", [NUMBERS] * 3),
    table("lists of different length", [items(3), items(1), items(4)]),
    table("tables of as many columns", [TABLE] * 5),
    table("tables with pipes in a table of pipes", [NAMED] * 4, delimiter="|"),
    table("one list, in the last row", [items(1)] * 6 + [items(5)]),
    table("one table, in the last row", ["none"] * 6 + [TABLE]),
    table("one row", [TABLE]),
    table("blank lines, and marks of comments", ["# one\n\n# two, or\n\n\nmore\n"] * 4),
    table(
        "addresses below a title",
        [ADDRESS] * 4,
        around=("Addresses of March\n\n", ""),
        problems=("preamble", "blank line"),
    ),
    table(
        "lists above a note",
        [items(3), items(2), items(4), items(3)],
        around=("", "\nSource: the shop\n"),
        problems=("blank line", "footer"),
    ),
    case(
        "the header has lines",
        '"id","the text,\nas it is","qty"\n1,"a,\nb,\nc",2\n3,"d,\ne",4\n',
        ("id", "the text,\nas it is", "qty"),
        "1|a,\nb,\nc|2",
        "3|d,\ne|4",
    ),
    case(
        "a row among them lacks a field",
        f'id,text,qty\n1,"{ADDRESS}",1\n2,"{ADDRESS}"\n3,"{ADDRESS}",3\n4,"{ADDRESS}",4\n',
        "id|text|qty",
        f"1|{ADDRESS}|1",
        f"2|{ADDRESS}|",
        f"3|{ADDRESS}|3",
        f"4|{ADDRESS}|4",
        problems=("too few fields",),
    ),
    case(
        "a quote that is never closed among them",
        f'id,text,qty\n1,"{ADDRESS}",1\n2,"{ADDRESS}",2\n3,"Elm,3\n4,"{ADDRESS}",4\n'
        f'5,"{ADDRESS}",5\n',
        "id|text|qty",
        f"1|{ADDRESS}|1",
        f"2|{ADDRESS}|2",
        '3|"Elm|3',
        f"4|{ADDRESS}|4",
        f"5|{ADDRESS}|5",
        problems=("unclosed quote",),
    ),
    case(
        "two quotes that are never closed, rows between them",
        'id,text,qty\n1,a,1\n2,b,2\n3,"c,3\n4,d,4\n5,e,5\n6,f,6\n7,g,7\n8,h,8"\n9,i,9\n10,j,10\n',
        "id|text|qty",
        "1|a|1",
        "2|b|2",
        '3|"c|3',
        "4|d|4",
        "5|e|5",
        "6|f|6",
        "7|g|7",
        '8|h|8"',
        "9|i|9",
        "10|j|10",
        problems=("unclosed quote", "stray quote"),
    ),
)
