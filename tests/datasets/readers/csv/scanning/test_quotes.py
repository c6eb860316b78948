"""Where polars would take quotes for others than they are, and hide it, the splitter reads."""

from __future__ import annotations

import itertools

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.layout import Dialect
from toolkit.datasets.readers.csv.scanning.native import is_native
from toolkit.datasets.readers.csv.scanning.quotes import are_sound
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


@pytest.mark.parametrize("part", [1, 2, 3, 100])
@pytest.mark.parametrize("text", SOUND)
def test_quotes_around_fields_and_doubled_ones_are_sound(text, part):
    assert are_sound(text, Dialect(), part=part)


@pytest.mark.parametrize("part", [1, 2, 3, 100])
@pytest.mark.parametrize("text", UNSOUND)
def test_all_others_are_not(text, part):
    assert not are_sound(text, Dialect(), part=part)


@pytest.mark.parametrize(
    ("text", "sound"), [(b'1,"a ""b"""\n', False), (b'1,"","x"\n', True), (b"1,'a'\n", True)]
)
def test_a_quote_that_nothing_escapes_ends_its_field(text, sound):
    assert are_sound(text, Dialect(escape=None)) == sound


def walked(text):
    """Whether the quotes of a text are sound, by a walk over its characters."""
    inside, begins, at = False, True, 0
    while at < len(text):
        here, following = text[at], text[at + 1 : at + 2]
        if inside and here == following == '"':
            at += 2
            continue
        if here == '"':
            if following not in ("", ",", "\n", "\r") if inside else not begins:
                return False
            inside = not inside
        begins = not inside and here in ",\n"
        at += 1
    return not inside


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_quotes_are_judged_as_by_a_walk_wherever_parts_begin(data):
    piece = st.sampled_from(['"', '"', '""', ",", "\n", "x", '"a",', '"b\nc"\n', "\r\n"])
    text = "".join(data.draw(st.lists(piece, min_size=1, max_size=40)))
    part = data.draw(st.integers(1, 150))
    assert are_sound(text.encode(), Dialect(), part=part) == walked(text)


ROWS = 1_500_000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file of several pieces, and a way to write another in its place."""
    path = tmp_path_factory.mktemp("quotes") / "large.csv"

    def write(data):
        path.write_bytes(data)
        return str(path)

    return b"name,remark\n" + b"someone,else\n" * ROWS, write


@pytest.mark.parametrize("at", [1 << 19, 9_999_999, -2])
def test_a_stray_quote_is_what_it_is_in_memory_wherever_it_is_in_a_file(large, at):
    data, write = large
    changed = bytearray(data)
    changed[at] = ord('"')
    expected = outcome(DatasetReaderFactory().reader(bytes(changed), "csv").polars())
    frame = DatasetReaderFactory().reader(write(changed)).polars()
    for columns in (["name"], ["remark"], ["name", "remark"]):
        found = outcome(frame.select(columns))
        if isinstance(expected, str):
            assert found == expected
        else:
            assert_frame_equal(found, expected.select(columns))


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
