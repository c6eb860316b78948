"""Where polars would take quotes for others than they are, and hide it, the splitter reads."""

from __future__ import annotations

import itertools
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.layout import Dialect, Layout
from toolkit.datasets.readers.csv.native import is_native
from toolkit.datasets.readers.csv.quotes import quotes_of
from toolkit.datasets.readers.factory import DatasetReaderFactory

SOUND = [
    b"a,b\n1,x\n",
    b'"a","b"\n"1","x"\n',
    b'1,"x, ""y"""\r\n2,"""x"""\r\n',
    b'1,"",2\n"",1,""\n',
    b'1,"a\nb\n\nc"\n2,",,"\n3,"\n"\n',
    b'1,""""\n2,"x"',
    b'"1"',
    b"",
]
UNSOUND = [
    b'1,5" pipe\n',
    b'1,"Smith, "Bob""\n',
    b'1,"x "y" z"\n',
    b'1,""x""\n',
    b'1,"x\n2,y\n',
    b'1,x"\n2,"y"\n',
    b'1,k"1\n2,k"2\n',
    b'1, "x"\n',
    b'1,"x" \n',
    b'1,"""\n',
]


@pytest.fixture
def looked(tmp_path):
    """What quotes are like in a text that is looked at in pieces, by several threads."""

    def look(text, piece=100, share=1 << 20, **dialect):
        path = tmp_path / "quotes.csv"
        path.write_bytes(text)
        layout = Layout(Dialect(**dialect), ("a", "b"), 0)
        return quotes_of(str(path), layout, piece=piece, share=share)

    return look


@pytest.mark.parametrize("share", [1, 7, 100])
@pytest.mark.parametrize("piece", [1, 2, 3, 100])
@pytest.mark.parametrize("text", SOUND)
def test_quotes_around_fields_and_doubled_ones_are_sound(looked, text, piece, share):
    expected = "sound" if b'"' in text else "none"
    for each in (text, b"\xef\xbb\xbf" + text):
        assert looked(each, piece, share) == expected


@pytest.mark.parametrize("share", [1, 7, 100])
@pytest.mark.parametrize("piece", [1, 2, 3, 100])
@pytest.mark.parametrize("text", UNSOUND)
def test_quotes_anywhere_else_are_unsound(looked, text, piece, share):
    assert looked(text, piece, share) == "unsound"


@pytest.mark.parametrize(
    ("text", "found"), [(b'1,"a ""b"""\n', "unsound"), (b'1,"","x"\n', "sound")]
)
def test_a_quote_that_nothing_escapes_ends_its_field(looked, text, found):
    assert looked(text, escape=None) == found


def walked(text):
    """What the quotes of a text are like, by a walk over its characters."""
    inside, begins, at = False, True, 0
    while at < len(text):
        here, following = text[at], text[at + 1 : at + 2]
        if inside and here == following == '"':
            at += 2
            continue
        if here == '"':
            if following not in ("", ",", "\n", "\r") if inside else not begins:
                return "unsound"
            inside = not inside
        begins = not inside and here in ",\n"
        at += 1
    return "unsound" if inside else "sound" if '"' in text else "none"


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_quotes_are_judged_as_by_a_walk_wherever_pieces_and_threads_begin(tmp_path_factory, data):
    piece = st.sampled_from(['"', '"', '""', ",", "\n", "x", '"a",', '"b\nc"\n', "\r\n"])
    text = "".join(data.draw(st.lists(piece, min_size=1, max_size=40)))
    path = tmp_path_factory.getbasetemp() / "pieces.csv"
    path.write_bytes(text.encode())
    layout = Layout(Dialect(), ("a", "b"), 0)
    size, share = data.draw(st.integers(1, 150)), data.draw(st.integers(1, 150))
    assert quotes_of(str(path), layout, piece=size, share=share) == walked(text)


@pytest.fixture
def large(tmp_path):
    """Bytes of which several threads look at a part each, and a way to write them."""
    path = tmp_path / "large.csv"

    def write(data):
        path.write_bytes(data)
        return str(path)

    return b"name,remark\n" + b"someone,else\n" * 1_500_000, write


@pytest.mark.parametrize("at", [0, 1, 1 << 19, 9_999_999, -1])
def test_a_quote_is_found_wherever_it_is(large, at):
    data, write = large
    layout = Layout(Dialect(), ("name", "remark"), 1)
    assert quotes_of(write(data), layout) == "none"
    changed = bytearray(data)
    changed[at] = ord('"')
    assert quotes_of(write(changed), layout) == "unsound"
    below = quotes_of(write(changed), replace(layout, start=data.index(b"some")))
    assert below == ("none" if at in (0, 1) else "unsound")


def test_a_late_field_of_two_lines_is_one_in_whatever_column_is_read(large):
    data, write = large
    read = DatasetReaderFactory().reader(write(data + b'x,y\nlast,"one, \ntwo"\n')).polars()
    assert read.select(pl.col("name").tail(2)).collect()["name"].to_list() == ["x", "last"]


CELLS = st.sampled_from(
    [
        "1",
        "2.5",
        "x",
        "",
        '"q"',
        '"q,q"',
        '"l\nl"',
        '"a ""b"""',
        'k"1',
        '"s "t""',
        '"o',
        'c"',
        '""z"',
    ]
)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8))
@example([["0", '"x""y"', "k"], ["1", "x", 'k"1'], ["5", "y", "z"], ["7", '"q,q"', "k"]])
@example([["1", "a", 'k"1'], ["2", "b", "z"], ["3", "c", 'k"2']])
def test_a_file_gives_the_same_rows_as_its_bytes_whatever_is_read(tmp_path_factory, rows):
    good = [["5", "word", "end"]] * 40
    data = "\n".join(",".join(row) for row in [["a", "b", "c"], *good, *rows, *good]).encode()
    path = tmp_path_factory.getbasetemp() / "quotes.csv"
    path.write_bytes(data + b"\n")
    said = {"delimiter": ",", "quote": '"', "escape": '"', "comment": None, "header_rows": 1}
    file, text = (
        DatasetReaderFactory().reader(each, "csv", infer_types=False, skip_lines=0, **said)
        for each in (str(path), data + b"\n")
    )
    assert is_native(file.explain().files[0])
    expected = outcome(text.polars())
    if isinstance(expected, str):
        assert outcome(file.polars()) == expected
        return
    for columns in itertools.chain(*(itertools.combinations("abc", n) for n in (1, 2, 3))):
        assert_frame_equal(file.polars().select(columns).collect(), expected.select(columns))


def outcome(frame):
    try:
        return frame.collect()
    except SourceError as error:
        return str(error).partition(", line")[2]
