"""Damaged records: the cells that come of them, and what is told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from toolkit.datasets.readers.csv.layout import Dialect
from toolkit.datasets.readers.csv.records import BadRecordError, Limits, verify

BEFORE = b'1,ab,2.5\n2,"c, ""d""",3.5\n' * 6
AFTER = b"8,yy,1.5\n9,zz,1.0\n"
EXPECTED_BEFORE = [("1", "ab", "2.5"), ("2", 'c, "d"', "3.5")] * 6
EXPECTED_AFTER = [("8", "yy", "1.5"), ("9", "zz", "1.0")]
DOUBLED = Dialect()
BACKSLASH = Dialect(escape="\\")


def fits(column: int, text: str) -> bool:
    """The types of number, text, number."""
    if column == 1:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Case:
    """A damaged record in a table of a number, a text and a number."""

    text: bytes
    cells: tuple[str | None, ...] | None
    kind: str
    found: int
    action: str = "quote kept as text"
    dialect: Dialect = DOUBLED


CASES = [
    Case(b'7,5" pipe,2\n', ("7", '5" pipe', "2"), "stray quote", 3),
    Case(b'7,a"b,2\n', ("7", 'a"b', "2"), "stray quote", 3),
    Case(b'7,a"b",2\n', ("7", 'a"b"', "2"), "stray quote", 3),
    Case(b'7,abc",2\n', ("7", 'abc"', "2"), "stray quote", 3),
    Case(b'7,"ab"c",2\n', ("7", 'ab"c', "2"), "misplaced quote", 3),
    Case(b'7,""abc",2\n', ("7", '"abc', "2"), "misplaced quote", 3),
    Case(b'7,"abc"",2\n', ("7", 'abc"', "2"), "misplaced quote", 3),
    Case(b'7,"abc,2\n', ("7", '"abc', "2"), "unclosed quote", 3),
    Case(b'"7,abc,2\n', ('"7', "abc", "2"), "unclosed quote", 3),
    Case(b'7,abc,"2\n', ("7", "abc", '"2'), "unclosed quote", 3),
    Case(b'7,"say \\"hi\\"",2\n', ("7", 'say "hi"', "2"), "misplaced quote", 3),
    Case(b"7,abc\n", ("7", "abc", None), "too few fields", 2, "padded with nulls"),
    Case(b"7\n", ("7", None, None), "too few fields", 1, "padded with nulls"),
    Case(b'7,"a, b"\n', ("7", "a, b", None), "too few fields", 2, "padded with nulls"),
    Case(b"7,a\nb,3\n", ("7", "a\nb", "3"), "too few fields", 2, "joined with the next line"),
    Case(
        b"7,abc,2,\n",
        ("7", "abc", "2"),
        "too many fields",
        4,
        "1 empty field at the end dropped",
    ),
    Case(b"7,,abc,2\n", ("7", "abc", "2"), "too many fields", 4, "empty field 2 dropped"),
    Case(b"7,a,b,2\n", ("7", "a,b", "2"), "too many fields", 4, "fields 2 and 3 joined"),
    Case(b"7,a,b,c,2\n", ("7", "a,b,c", "2"), "too many fields", 5, "fields 2 to 4 joined"),
    Case(b"7,a,2,3\n", ("7", "a,2", "3"), "too many fields", 4, "fields 2 and 3 joined"),
    Case(b"x,a,b,y\n", ("x", "a", "b"), "too many fields", 4, "field cut off: 'y'"),
    Case(
        b'7,"multi\nline ""x""",2\n'.replace(b",2", b""),
        ("7", 'multi\nline "x"', None),
        "too few fields",
        2,
        "padded with nulls",
    ),
    Case(
        b'7,"multi\nline "x" of\ntext",2\n',
        ("7", 'multi\nline "x" of\ntext', "2"),
        "misplaced quote",
        3,
    ),
    Case(
        b'7,8,"abc\nmore "text" here"\n', ("7", "8", 'abc\nmore "text" here'), "misplaced quote", 3
    ),
    Case(b"\xe9t\xe9,abc,2\n", ("été", "abc", "2"), "not UTF-8", 3, "decoded as Windows-1252"),
    Case(b"7;abc;2\n", ("7", "abc", "2"), "too few fields", 1, "fields told apart by ';'"),
    Case(b"7,'a, b',2\n", ("7", "a, b", "2"), "too many fields", 4, "fields quoted by '"),
    Case(b'7"abc",2\n', ("7", "abc", "2"), "too few fields", 2, "delimiter put beside a quote"),
    Case(
        b'7,"a ""b"""2\n', ("7", 'a "b"', "2"), "too few fields", 2, "delimiter put beside a quote"
    ),
    Case(b"\n", None, "blank line", 0, "dropped"),
    Case(b" \t\n", None, "blank line", 0, "dropped"),
    Case(b'7,"it ""is""",2\n', ("7", 'it "is"', "2"), "misplaced quote", 3, dialect=BACKSLASH),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case.text))
def test_a_damaged_record_is_read_without_harm_to_others(case, read, make_layout):
    before = BEFORE if case.dialect == DOUBLED else BEFORE.replace(b'""', b'\\"')
    text = before + case.text + AFTER
    found = read(text, make_layout(3, case.dialect), "repair", fits)
    middle = [case.cells] if case.cells is not None else []
    assert found.rows == EXPECTED_BEFORE + middle + EXPECTED_AFTER
    (problem,) = found.problems
    assert (problem.kind, problem.found, problem.action) == (case.kind, case.found, case.action)
    assert (problem.line, problem.offset, problem.expected) == (13, len(before), 3)
    try:
        expected = case.text[:-1].decode()
    except UnicodeDecodeError:
        expected = case.text[:-1].decode("cp1252")
    assert problem.text == expected


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.kind == "stray quote"], ids=lambda case: repr(case.text)
)
def test_a_stray_quote_makes_no_record_bad(case, read, make_layout):
    text = BEFORE + case.text + AFTER
    for policy in ("error", "skip"):
        found = read(text, make_layout(3), policy, fits)
        assert found.rows == [*EXPECTED_BEFORE, case.cells, *EXPECTED_AFTER]
        assert found.kinds == ["stray quote"]
    assert verify([text], make_layout(3)).bad == 0


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.kind != "stray quote"], ids=lambda case: repr(case.text)
)
def test_a_bad_record_is_skipped_or_raises(case, read, make_layout):
    before = BEFORE if case.dialect == DOUBLED else BEFORE.replace(b'""', b'\\"')
    layout = make_layout(3, case.dialect)
    text = before + case.text + AFTER
    skipped = read(text, layout, "skip", fits)
    assert skipped.rows == EXPECTED_BEFORE + EXPECTED_AFTER
    if case.cells is None:
        assert read(text, layout, "error").rows == skipped.rows
        assert skipped.problems[0].action == case.action
        return
    assert skipped.problems[0].action == "skipped"
    with pytest.raises(BadRecordError, match=f"line 13: {case.kind}") as caught:
        read(text, layout, "error", fits)
    assert caught.value.problem.found == case.found
    verdict = verify([text], layout)
    assert verdict.bad >= 1
    assert verdict.first is not None
    assert (verdict.first.line, verdict.first.kind) == (13, case.kind)


def test_rows_that_end_in_another_way_are_rows(read, make_layout):
    text = b"1,a\r2,b\r3,c\n4,d\n"
    found = read(text, make_layout(2), "repair")
    assert found.rows == [("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")]
    assert found.kinds == ["too many fields"] * 2
    assert [problem.text for problem in found.problems] == ["1,a", "2,b"]


TEXTS = b"alpha,beta gamma,Delta-x,eps\nq w,e r t,z/u,i\n" + b"a b,c,d,e; f\n" * 5
CODES = b"".join(b"some%b text,AB-%d,%d\n" % (b" more" * (i % 3), i, i) for i in range(9))


@pytest.mark.parametrize(
    ("text", "cells", "action"),
    [
        (TEXTS + b"p,q,r,s,t", ("p", "q", "r", "s"), "field cut off: 't'"),
        (TEXTS + b"p,q,r, s,t", ("p", "q", "r, s", "t"), "fields 3 and 4 joined"),
        (TEXTS + b'p,"q","r","s",t', ("p", "q", "r", "s"), "field cut off: 't'"),
        (TEXTS + b'p,q,"r","s","t"', ("p,q", "r", "s", "t"), "fields 1 and 2 joined"),
        (CODES + b"my text,x,AB-7,5", ("my text,x", "AB-7", "5"), "fields 1 and 2 joined"),
        (CODES + b"my text,AB-7,5,x", ("my text", "AB-7", "5,x"), "fields 3 and 4 joined"),
    ],
)
def test_without_types_the_look_of_the_columns_decides(text, cells, action, read, make_layout):
    found = read(text + b"\n", make_layout(len(cells)), "repair")
    assert (found.rows[-1], found.problems[-1].action) == (cells, action)
    assert len(found.problems) == 1


def test_a_damaged_field_spans_no_more_lines_than_a_good_one_may(read, make_layout):
    text = b'1,x,2\n7,"some "text\nof\nlines",2\n1,x,2\n'
    whole = read(text, make_layout(3), limits=Limits(lines=3))
    assert whole.rows == [("1", "x", "2"), ("7", 'some "text\nof\nlines', "2"), ("1", "x", "2")]
    parted = read(text, make_layout(3), limits=Limits(lines=2))
    assert (parted.rows[0], parted.rows[-1], len(parted.rows)) == (*[("1", "x", "2")] * 2, 5)


def test_another_delimiter_must_explain_more_than_a_missing_field(read, make_layout):
    text = b"n,x\nm,\n" * 5 + b"p;q\n"
    assert read(text, make_layout(2)).rows[-1] == ("p;q", None)
    text = b"n,x\nm,y\n" * 5 + b"p;q\n"
    assert read(text, make_layout(2)).rows[-1] == ("p", "q")
