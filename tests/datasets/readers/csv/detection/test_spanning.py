"""Quoted cells of several lines are read as they are, whatever their lines look like."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.datasets.readers.csv.detection.spanning import first_record, read_records
from toolkit.datasets.readers.csv.detection.splitting import Rules
from toolkit.datasets.readers.factory import DatasetReaderFactory

WORDS = st.sampled_from(
    ["alpha", "it's", "Oslo", '"so"', "12", "1.5", "{", "]", "- item", "#", "x"]
)
MARKS = st.sampled_from([", ", ",", "; ", ";", " | ", "\t", " ", ": "])
LINES = st.one_of(
    st.just(""),
    st.lists(st.tuples(WORDS, MARKS), min_size=1, max_size=5).map(
        lambda parts: "".join(word + mark for word, mark in parts)
    ),
    st.sampled_from(["1,2,3", "4;5;6", "7\t8\t9", "a|b|c", "Springfield,", "  b,", "a,b,c", "---"]),
)
TEXTS = st.one_of(
    st.lists(LINES, min_size=2, max_size=12).map("\n".join),
    st.tuples(LINES, st.integers(2, 12)).map(lambda line: "\n".join([line[0]] * line[1])),
)
QUOTING = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])


@st.composite
def tables(draw):
    """A number, a word and a text of several lines in any order, below names."""
    order = draw(st.permutations(range(3)))
    alike = TEXTS.flatmap(lambda text: st.lists(st.just(text), min_size=3, max_size=12))
    texts = draw(st.one_of(st.lists(TEXTS, min_size=3, max_size=12), alike))
    rows = [["id", "name", "the text"]]
    rows += [[index, f"N{index * 7 % 5}", text] for index, text in enumerate(texts)]
    return [[row[i] for i in order] for row in rows]


def written(rows, **how):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, **how).writerows(rows)
    return buffer.getvalue().encode()


@settings(max_examples=100, deadline=None)
@given(tables(), st.sampled_from(",;\t|"), QUOTING, st.sampled_from(["\n", "\r\n"]))
def test_cells_of_several_lines_come_back_the_same(rows, delimiter, quoting, ending):
    data = written(rows, delimiter=delimiter, quoting=quoting, lineterminator=ending)
    reader = DatasetReaderFactory().reader(data, format="csv", infer_types=False)
    frame = reader.polars().collect()
    assert frame.columns == rows[0]
    assert frame.rows() == [tuple(map(str, row)) for row in rows[1:]]
    assert reader.problems().is_empty()


LIST = "\n".join(f"- item Ann Lee, {index} pcs" for index in range(24))


@pytest.mark.parametrize("rows", [200, 1000])
def test_nothing_is_left_out_where_a_sample_ends_within_a_cell(rows):
    table = [["id", "doc", "n"], *([index, LIST, index] for index in range(rows))]
    reader = DatasetReaderFactory().reader(written(table), format="csv")
    assert reader.polars().select("id", "n").collect().rows() == [(i, i) for i in range(rows)]
    assert reader.problems().is_empty()


SQL = "select a,\n  b,\n  c\nfrom t,\n u\nwhere x = 1\n"


@pytest.mark.parametrize("size", [100, 400])
def test_no_row_is_left_out_where_the_tail_of_a_file_begins_within_a_cell(tmp_path, size):
    rows = [*([index, SQL * 10] for index in range(600)), [600, SQL * size]]
    path = tmp_path / "lists.csv"
    path.write_bytes(written([["id", "statement"], *rows]))
    assert DatasetReaderFactory().reader(path).polars().collect().height == 601


def test_notes_below_cells_of_several_lines_are_left_out(tmp_path):
    rows = [*([index, LIST, index] for index in range(600)), [600, LIST * 10, 600]]
    path = tmp_path / "lists.csv"
    path.write_bytes(written([["id", "doc", "n"], *rows]) + b"\r\nSource: the shop, the depot\r\n")
    reader = DatasetReaderFactory().reader(path)
    assert reader.polars().collect()["n"].to_list() == list(range(601))
    assert set(reader.problems()["kind"]) == {"blank line", "footer"}


RULES = Rules(",", '"', '"')


def test_two_damaged_quotes_do_not_make_one_field_of_the_rows_between():
    lines = ["a,b,c", *["1,x,2"] * 5, '3,"x,4', *["5,x,6"] * 9, '7,x,8"', *["9,x,1"] * 5]
    assert [record.lines for record in read_records(lines, RULES, cut=False).records] == [1] * 22


def test_a_record_that_is_open_where_a_sample_is_cut_is_left_out():
    lines = ["id,doc,n", '0,"{', '  ""a"": 1', '}",0', '1,"{', '  ""a"": 2']
    assert [r.cells[0] for r in read_records(lines, RULES, cut=True).records] == ["id", "0"]


def test_a_quote_that_is_never_closed_leaves_the_rows_after_it():
    lines = ["a,b,c", '0,"x,1', *["1,x,2"] * 20]
    assert len(read_records(lines, RULES, cut=True).records) == 22


def test_lines_between_others_of_one_cell_begin_no_record():
    inside = ['  ""a"": 1,', '  ""b"": ""x""', "}"]
    assert first_record([*inside, '",5', '6,"{', *inside, '",6'], RULES) == 4
    assert first_record(inside, RULES) == 3
    assert first_record(["5,x,5", '6,"a', 'b",6'], RULES) == 0


def test_a_first_cell_longer_than_what_dialects_are_compared_on_is_read():
    rows = [[index, LIST * 80, f"N{index}"] for index in range(4)]
    reader = DatasetReaderFactory().reader(written(rows), format="csv", infer_types=False)
    assert reader.polars().collect().rows() == [tuple(map(str, row)) for row in rows]
