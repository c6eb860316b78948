"""Much damage of one kind is mended together, and just as each record would be by itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.datasets.readers.csv.layout import Dialect
from toolkit.datasets.readers.csv.records import clear, looks, verify
from toolkit.datasets.readers.csv.records.damage import Examiner
from toolkit.datasets.readers.csv.records.oddly_quoted import OddlyQuoted
from toolkit.datasets.readers.csv.records.profile import shape
from toolkit.datasets.readers.csv.records.spans import Spans
from toolkit.datasets.readers.csv.types.acceptance import Acceptance
from toolkit.datasets.readers.csv.types.column_types import ColumnType
from toolkit.datasets.readers.csv.types.moments import Moment
from toolkit.datasets.readers.csv.types.numbers import NumberStyle

TYPES = (
    ColumnType("integer"),
    ColumnType(),
    ColumnType("date", Moment("date", "%d.%m.%Y")),
    ColumnType("float", style=NumberStyle(decimal=",", thousands=".", affixes="€ ")),
    ColumnType("float", nulls=("n.a. ", "?")),
    ColumnType("boolean"),
    ColumnType("date", Moment("date", "%d %b %Y")),
)
FIELDS = [
    *[
        "",
        '""',
        "1",
        "007",
        "12,5",
        "2,500",
        "text",
        "some text",
        " and more",
        '"quoted"',
        '"a, b"',
    ],
    *['"x ""y"""', "31.01.2024", "AB-12", "é²", "it's", "'", "'q'", "a;b", "\t", "#", "true", "?"],
]
ROW = st.lists(st.sampled_from(FIELDS), min_size=0, max_size=7)
ENDS = {"\n": "\n", "\r": "\r", "any": "\r\n"}
DIALECTS = [
    Dialect(),
    Dialect(";"),
    Dialect(", "),
    Dialect(quote=None, escape=None),
    Dialect(escape="\\"),
    Dialect(newline="\r"),
    Dialect(newline="any", comment="#"),
    Dialect("\t", "'", "'"),
]


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(ROW, min_size=8, max_size=40),
    good=st.lists(st.lists(st.sampled_from(FIELDS[2:8]), min_size=4, max_size=4), max_size=8),
    dialect=st.sampled_from(DIALECTS),
    policy=st.sampled_from(["repair", "skip"]),
    width=st.integers(1, 4),
    typed=st.booleans(),
    others=st.lists(st.sampled_from([None, ";", ",", "|"]), max_size=40),
)
def test_records_mended_together_are_those_mended_one_by_one(
    rows, good, dialect, policy, width, typed, others, read, make_layout
):
    """Where damage is taken together only from as many records on as there never are."""
    lines = [*(row[:width] for row in good), *rows]
    end, quote = ENDS[dialect.newline], dialect.quote or '"'
    joined = [dialect.delimiter.join(line) for line in lines]
    for index, other in enumerate(others[: len(rows)], start=len(lines) - len(rows)):
        joined[index] = (other or dialect.delimiter).join(lines[index])
    text = "".join(line + end for line in joined).replace('"', quote)
    layout = make_layout(width, dialect)
    fits = Acceptance(TYPES) if typed else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clear, "FEW", 1)
        together = read(text.encode(), layout, policy, fits)
        verdict = verify([text.encode()], layout)
        patch.setattr(clear, "FEW", 1 << 30)
        single = read(text.encode(), layout, policy, fits)
        assert verdict == verify([text.encode()], layout)
    assert together == single


@pytest.mark.parametrize(
    ("row", "cells", "action"),
    [
        (b"7,abc,2.5", ("7", "abc", "2.5", None), "padded with nulls"),
        (b"7,a,b,2.5,w", ("7", "a,b", "2.5", "w"), "fields 2 and 3 joined"),
        (b"7,a,b,c,2.5,w", ("7", "a,b,c", "2.5", "w"), "fields 2 to 4 joined"),
        (b"7,abc,2.5,w,", ("7", "abc", "2.5", "w"), "1 empty field at the end dropped"),
        (b"7,,abc,2.5,w", ("7", "abc", "2.5", "w"), "empty field 2 dropped"),
        (b"x,a,b,y,w", ("x", "a", "b", "y"), "field cut off: 'w'"),
        (b"7;abc;2.5;w", ("7", "abc", "2.5", "w"), "fields told apart by ';'"),
        (b'7,"a","b",2.5,w', ("7", "a,b", "2.5", "w"), "fields 2 and 3 joined"),
    ],
)
def test_a_file_bad_in_every_row_is_looked_through_together(
    row, cells, action, read, make_layout, monkeypatch
):
    looked = []
    alone = Examiner.at
    monkeypatch.setattr(
        Examiner, "at", lambda self, *a, **k: looked.append(a) or alone(self, *a, **k)
    )
    columns = (ColumnType("integer"), ColumnType(), ColumnType("float"), ColumnType())
    good = b"1,ab,2.5,x\n22,cde fg,3.5,yy\n3,x-y,5.25,v\n4,Z,1234.5,w\n" * 3
    found = read(good + (row + b"\n") * 500, make_layout(4), "repair", Acceptance(columns))
    assert found.rows[12:] == [cells] * 500
    assert {problem.action for problem in found.problems} == {action}
    assert [problem.line for problem in found.problems] == list(range(13, 513))
    assert len(looked) <= 2


@pytest.mark.parametrize("row", [b"7;abc;y;w", b"7;abc;2.5;", b"7;abc;2.5", b"7;a;2.5;w;v"])
def test_records_of_another_delimiter_that_do_not_go_with_the_columns_are_short(
    row, read, make_layout
):
    columns = (ColumnType("integer"), ColumnType(), ColumnType("float"), ColumnType())
    good = b"1,ab,2.5,x\n22,cde fg,3.5,yy\n3,x-y,5.25,v\n4,Z,1234.5,w\n" * 3
    found = read(good + (row + b"\n") * 20, make_layout(4), "repair", Acceptance(columns))
    assert found.rows[12:] == [(row.decode(), None, None, None)] * 20


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))))
def test_looks_are_alike_where_shapes_are(texts):
    known: dict[str, int] = {}
    for text in [*texts, "ab 12", "xyz 3", "é²", "٣", "9a"]:
        look = looks.of_text(text.encode())
        assert known.setdefault(shape(text), look.shape.item()) == look.shape.item()
        assert look.length.item() == len(text)
        assert (look.letters.item() > 0) == ("a" in shape(text))
    assert len(set(known.values())) == len(known)


ODD = [
    'a"b',
    '"a"b"',
    '"open',
    'close"',
    ' "x"',
    '""a',
    '"a""',
    '"',
    '""',
    '"ok"',
    '"a ""b"""',
    "x",
]


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.lists(st.sampled_from(ODD), min_size=2, max_size=4), max_size=12),
    escape=st.sampled_from(['"', None]),
    policy=st.sampled_from(["repair", "skip"]),
    given_up=st.booleans(),
)
def test_odd_quotes_are_read_line_by_line_as_they_are_by_themselves(
    rows, escape, policy, given_up, read, make_layout
):
    text = "\n".join([*map(",".join, rows), ""]).encode()
    layout = make_layout(3, Dialect(escape=escape))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spans, "given_up", given_up)
        quickly = read(text, layout, policy)
        patch.setattr(OddlyQuoted, "at", lambda self, *args, **options: None)
        assert read(text, layout, policy) == quickly
