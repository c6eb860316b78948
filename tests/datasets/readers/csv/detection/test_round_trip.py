"""Whatever Python's csv module writes is detected such that it reads the same rows back.

What a file must have for this to hold: a header of names, eight rows or more, two columns or more,
of which one is of numbers or dates, and texts that are words with odd characters among them rather
than odd characters alone. A double quote does not stand at the edge of a cell where single quotes
quote, and a line break does not stand alone in a cell. A table of one column, or one that is all
text, can look like several dialects at once: what is expected of these stands in tables of cases.
"""

from __future__ import annotations

import csv
import io
import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from toolkit.datasets.readers.csv.detection import Given, Sample, detect
from toolkit.datasets.readers.csv.detection.columns import is_year

WORDS = st.sampled_from(
    ["alpha", "be", "Gamma", "it's", "don't", "x", "Oslo", "new york", "a-b", "4th", "café"]
)
ODD = st.sampled_from(
    [",", ";", "|", "\t", ":", '"', "'", "\n", ", ", "; ", " - ", '""', "\r\n", ""]
)
TEXT = (
    st.lists(st.one_of(WORDS, ODD), max_size=6)
    .map(" ".join)
    .map(lambda text: text if text.strip() else "")
)
TIGHT = st.tuples(WORDS, ODD, WORDS).map("".join)

COLUMNS = {
    "integer": st.integers(0, 99_999).map(str),
    "float": st.floats(-1e4, 1e4).map(lambda x: f"{x:.2f}"),
    "date": st.dates().map(str),
    "time": st.times().map(lambda t: f"{t:%H:%M:%S}"),
    "word": WORDS,
    "text": TEXT,
    "tight": TIGHT,
    "gaps": st.one_of(st.just(""), st.integers(0, 9).map(str)),
}


@st.composite
def tables(draw, kinds=tuple(COLUMNS), minimum=8):
    first = draw(st.sampled_from(["integer", "float", "date"]))
    others = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=5))
    columns = draw(st.permutations([first, *others]))
    size = draw(st.integers(minimum, minimum + 12))
    rows = draw(st.lists(st.tuples(*(COLUMNS[c] for c in columns)), min_size=size, max_size=size))
    header = [f"{name}_{index}" for index, name in enumerate(columns)]
    return [header, *map(list, rows)]


FORMATS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|"]),
        "quotechar": st.sampled_from(['"', "'"]),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        "doublequote": st.booleans(),
    }
).map(lambda how: how if how["doublequote"] else {**how, "escapechar": "\\"})


def written(rows, **how):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, **how).writerows(rows)
    return buffer.getvalue().encode()


def read_back(data, layout):
    found = layout.dialect
    how = {"delimiter": found.delimiter, "doublequote": found.escape == found.quote}
    if found.quote is None:
        how["quoting"] = csv.QUOTE_NONE
    else:
        how["quotechar"] = found.quote
    if found.escape == "\\":
        how["escapechar"] = "\\"
    text = data.decode()[layout.start : layout.end]
    return [row for row in csv.reader(io.StringIO(text, newline=""), **how) if row]


def assert_same(rows, data):
    layout = detect(Sample(data, complete=True), Given())
    assert read_back(data, layout) == rows
    assert layout.names == tuple(rows[0])
    assert layout.header_rows == 1
    return layout


@settings(max_examples=80, deadline=None)
@given(tables(), FORMATS)
def test_what_the_csv_module_writes_is_read_back(rows, how):
    if how["quotechar"] == "'":
        rows = [[cell.strip('"') for cell in row] for row in rows]
    if how["quoting"] == csv.QUOTE_MINIMAL:
        # Python quotes the line breaks that end its records, and leaves others bare.
        ending = how["lineterminator"][-1]
        rows = [[re.sub(r"[\r\n]+", ending, cell) for cell in row] for row in rows]
    data = written(rows, **how)
    layout = assert_same(rows, data)
    assert layout.dialect.newline == ("\r" if how["lineterminator"] == "\r" else "\n")
    assert layout.dialect.delimiter == how["delimiter"]


RARE = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([" ", "^", "~", "\x1f"]),
        "quotechar": st.sampled_from(['"', "'"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    }
)


@settings(max_examples=40, deadline=None)
@given(tables(kinds=("integer", "float", "date", "word")), RARE)
def test_rare_delimiters_are_read_back(rows, how):
    layout = assert_same(rows, written(rows, lineterminator="\n", **how))
    assert layout.dialect.delimiter == how["delimiter"]


@settings(max_examples=40, deadline=None)
@given(tables(kinds=("integer", "float", "date", "word", "tight")), st.sampled_from(",;\t|"))
def test_escaped_delimiters_without_quotes_are_read_back(rows, delimiter):
    # A line break cannot be escaped in the dialects of this project; nor is a lone quote known
    # from one that opens.
    rows = [[re.sub("[\"'\r\n]", "", cell) for cell in row] for row in rows]
    how = {"quoting": csv.QUOTE_NONE, "escapechar": "\\", "quotechar": None}
    assert_same(rows, written(rows, delimiter=delimiter, lineterminator="\n", **how))


@settings(max_examples=40, deadline=None)
@given(tables(kinds=("integer", "float", "date", "text")), FORMATS)
def test_rows_without_a_header_are_read_back(rows, how):
    # A year above other numbers may well be the name of their column.
    assume(not any(map(is_year, rows[1])))
    data = written(rows[1:], **{**how, "quoting": csv.QUOTE_ALL})
    layout = detect(Sample(data, complete=True), Given())
    assert read_back(data, layout) == rows[1:]
    assert layout.names == tuple(f"column_{index}" for index in range(1, len(rows[0]) + 1))
    assert layout.header_rows == 0
