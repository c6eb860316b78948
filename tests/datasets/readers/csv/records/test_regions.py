"""Where the table begins and ends, what stands around and within it, and how it is told."""

from __future__ import annotations

import pytest

from toolkit.datasets.readers.csv.layout import Dialect, Layout, Note
from toolkit.datasets.readers.csv.records import (
    BadRecordError,
    blocks,
    engine_dialect,
    verify,
)

TABLE = b"a,b\n1,x\n2,y\n"
ROWS = [("1", "x"), ("2", "y")]


def told(found):
    return [(p.line, p.offset, p.kind, p.text) for p in found.problems]


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
def test_what_stands_around_the_table_is_told_line_by_line(size, read):
    before, after = b"Report, 2024\n\n", b"\nTotal,2\nnext,table\n5,6"
    layout = Layout(
        Dialect(),
        ("a", "b"),
        header_rows=1,
        start=len(before),
        start_line=2,
        end=len(before + TABLE),
        notes=(
            Note("preamble", 1, 1, "Report, 2024"),
            Note("footer", 7, 1, "Total,2"),
            Note("table", 8, 2, "next,table"),
        ),
    )
    found = read(before + TABLE + after, layout, block_size=size)
    assert found.rows == ROWS
    assert told(found) == [
        (1, 0, "preamble", "Report, 2024"),
        (2, 13, "blank line", ""),
        (6, 26, "blank line", ""),
        (7, 27, "footer", "Total,2"),
        (8, 35, "other table", "next,table"),
        (9, 46, "other table", "5,6"),
    ]
    assert verify([before + TABLE + after], layout).by_kind["other table"] == 2


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_blank_lines_and_comments_are_dropped_wherever_they_stand(size, read, make_layout):
    text = b'#1\n\na,b\n#2,"x\n1,x\n\n  \n# it\'s\n2,"#y"\n#end'
    layout = make_layout(2, Dialect(comment="#"), header_rows=1)
    for policy in ("error", "repair", "skip"):
        found = read(text, layout, policy, block_size=size)
        assert found.rows == [("1", "x"), ("2", "#y")]
        assert [(p.line, p.kind) for p in found.problems] == [
            (1, "comment"),
            (2, "blank line"),
            (4, "comment"),
            (6, "blank line"),
            (7, "blank line"),
            (8, "comment"),
            (10, "comment"),
        ]
    verdict = verify([text], layout)
    assert (verdict.records, verdict.bad, verdict.dropped) == (2, 0, 7)


def test_two_characters_make_a_comment_only_together(read, make_layout):
    layout = make_layout(2, Dialect(comment="//"))
    found = read(b"/a,b\n// c,d\n/,/\n", layout)
    assert found.rows == [("/a", "b"), ("/", "/")]
    assert found.kinds == ["comment"]


def test_several_header_rows_with_line_ends_in_names_are_passed_over(read, make_layout):
    text = b'"2019\nfirst",\n"x, y",b\n1,2\n'
    assert read(text, make_layout(2, header_rows=2)).rows == [("1", "2")]


def test_a_damaged_or_longer_header_ends_on_its_line(read, make_layout):
    assert read(b'"a,b\n1,2\n3,"4"\n', make_layout(2, header_rows=1)).rows == [
        ("1", "2"),
        ("3", "4"),
    ]
    assert read(b"a,b,c\n1,2\n", make_layout(2, header_rows=1)).rows == [("1", "2")]


@pytest.mark.parametrize("text", [b"a,b", b"a,b\n", b"", b"\n"])
def test_a_header_alone_makes_no_rows(text, read, make_layout):
    assert read(text, make_layout(2, header_rows=1)).rows == []


def test_a_header_that_comes_again_is_dropped_unless_bad_rows_raise(read, make_layout):
    text = b'a,"b"\n1,x\na,"b"\n2,y\na,"b"'
    layout = make_layout(2, header_rows=1)
    found = read(text, layout, block_size=3)
    assert found.rows == ROWS
    assert told(found) == [(3, 10, "repeated header", 'a,"b"'), (5, 20, "repeated header", 'a,"b"')]
    assert read(text, layout, "error").rows == [("1", "x"), ("a", "b"), ("2", "y"), ("a", "b")]
    assert verify([text], layout).records == 4


def test_in_one_column_a_value_may_equal_the_header(read, make_layout):
    assert read(b"a\nb\na\n", make_layout(1, header_rows=1)).rows == [("b",), ("a",)]


def test_a_blank_line_is_no_row_of_one_column_but_blanks_and_quotes_are(read, make_layout):
    found = read(b'x\n\n""\r\n\r\n  \n', make_layout(1))
    assert found.rows == [("x",), ("",), ("  ",)]
    assert found.kinds == ["blank line"] * 2


def test_delimiters_alone_are_a_row_of_nulls(read, make_layout):
    assert read(b"\t\t\n1\t2\t3\n", make_layout(3, Dialect("\t"))).rows[0] == (None,) * 3


def test_errors_come_after_the_blocks_before_them(make_layout):
    text = b"1,x\n" * 10 + b"1,x,\n" + b"1,x\n" * 10
    given = blocks([text], make_layout(2), "error", block_size=16)
    seen: list[int] = []
    with pytest.raises(BadRecordError, match=r"line 11: too many fields: expected 2, found 3"):
        seen.extend(block.records for block in given)
    assert sum(seen) == 10


@pytest.mark.parametrize(
    ("text", "dialect", "rows"),
    [
        (b"a\r,b\r\nc\rd, e \r\n", Dialect(), [("a\r", "b"), ("c\rd", " e ")]),
        (b'"a\r","b\r"\r\n', Dialect(), [("a\r", "b\r")]),
        (b"a\n,b\rc,d\r", Dialect(newline="\r"), [("a\n", "b"), ("c", "d")]),
        (b"a,b\rc,d\ne,f\r\n", Dialect(newline="any"), [("a", "b"), ("c", "d"), ("e", "f")]),
        (b"a\rb\x01\n", Dialect(escape="\\"), [("a\rb\x01",)]),
        (b"a\0,\0\n", Dialect(), [("a\0", "\0")]),
        (b'"a",\\"b\\"\n', Dialect(escape="\\"), [("a", '"b"')]),
        (b'"a\\\\","\\N"\n', Dialect(escape="\\"), [("a\\", "\\N")]),
        (b"a\\,b,c\\\nd\n", Dialect(quote=None, escape="\\"), [("a,b", "c\nd")]),
        (b'"a,b"\n', Dialect(quote=None, escape=None), [('"a', 'b"')]),
        (b"\x01,\x1f\n", Dialect(quote=None, escape=None), [("\x01", "\x1f")]),
        (b'1,000, "a, b", "c"", d"\n', Dialect(", "), [("1,000", "a, b", 'c", d')]),
        ("\ufeffa\r\nb\r\n".encode(), Dialect(), [("\ufeffa",), ("b",)]),
        ("\ufeffa,b\n\ufeffc,d\n".encode(), Dialect(), [("\ufeffa", "b"), ("\ufeffc", "d")]),
    ],
)
def test_cells_are_what_the_dialect_says(text, dialect, rows, read, make_layout):
    found = read(text, make_layout(len(rows[0]), dialect), "error")
    assert found.rows == rows


def test_a_plain_file_passes_as_it_is(make_layout):
    text = b'1,"a, ""b"""\r\n2,\n' * 3
    (block,) = blocks([text], make_layout(2), "error")
    assert block.data == text
    assert engine_dialect(Dialect()).separator == ","


def test_text_that_is_not_utf8_is_found_in_any_line(read, make_layout):
    text = "ä,1\n".encode() * 3 + b"\xe4,2\n" + "ö,3\n".encode() + b'"\xf6\n\xfc",4\n\x81,5'
    layout = make_layout(2)
    found = read(text, layout, block_size=4)
    assert found.rows == [("ä", "1")] * 3 + [("ä", "2"), ("ö", "3"), ("ö\nü", "4"), ("\x81", "5")]
    assert [(p.line, p.kind) for p in found.problems] == [(n, "not UTF-8") for n in (4, 6, 8)]
    assert verify([text], layout).by_kind == {"not UTF-8": 3}
    assert read(text, layout, "skip").rows == [("ä", "1")] * 3 + [("ö", "3")]


@pytest.mark.parametrize("size", [1, 4, 5, 9])
def test_a_line_end_of_two_characters_may_be_cut_between_them(size, read, make_layout):
    text = b"a,b\r\n\r\nc,d\re,f\r\n"
    found = read(text, make_layout(2, Dialect(newline="any")), block_size=size)
    assert found.rows == [("a", "b"), ("c", "d"), ("e", "f")]
    assert told(found) == [(2, 5, "blank line", "")]
