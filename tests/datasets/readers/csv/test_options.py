"""Values of options that cannot be meant are refused before anything is read, and named."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.core.errors import InvalidArgumentError
from toolkit.datasets.readers.csv.options import CSVOptions
from toolkit.datasets.readers.factory import DatasetReaderFactory

SHEET = b"id,v\n1,2\n-999,3\n"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("schema", ["id", "v"]),
        ("schema", "id"),
        ("schema", {0: pl.Int64}),
        ("infer_types", "no"),
        ("infer_types", None),
        ("infer_rows", "all"),
        ("infer_rows", 1.5),
        ("infer_rows", True),
        ("infer_rows", 0),
        ("null_values", [-999.0]),
        ("null_values", 1.5),
        ("null_values", {"id": [None]}),
        ("null_values", [True]),
        ("dates", 5),
        ("dates", None),
        ("dates", {"id": True}),
        ("dates", {1: "%Y"}),
        ("has_header", "yes"),
        ("has_header", 1),
        ("header_rows", "2"),
        ("header_rows", True),
        ("skip_lines", 1.0),
        ("skip_lines", -1),
        ("delimiter", 5),
        ("delimiter", b","),
        ("delimiter", "\0"),
        ("quote", 5),
        ("quote", "\n"),
        ("quote", "\0"),
        ("encoding", "base64"),
        ("encoding", "rot13"),
        ("comment", "#\n"),
        ("max_unpacked", "1GB"),
        ("max_unpacked", 1.5),
        ("max_unpacked", True),
        ("escape", b"x"),
        ("escape", "x"),
        ("comment", True),
        ("comment", ""),
        ("encoding", 8),
        ("decimal", "x"),
        ("decimal", None),
        ("decimal", "\n"),
        ("thousands", "1"),
        ("thousands", 3),
        ("affixes", ["€"]),
        ("affixes", "()"),
        ("affixes", "€-"),
        ("affixes", "0"),
        ("affixes", "Fr. "),
        ("on_bad_rows", None),
        ("on_bad_rows", ["error"]),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_and_named(option, value):
    with pytest.raises(InvalidArgumentError, match=f"^{option}=.*: .*"):
        DatasetReaderFactory().reader(SHEET, **{option: value})


@pytest.mark.parametrize(
    "options",
    [
        {"delimiter": ";", "quote": ";"},
        {"delimiter": '"'},
        {"delimiter": "'"},
        {"delimiter": ",", "comment": ","},
        {"quote": "'", "comment": "'"},
        {"quote": "'", "escape": '"'},
        {"quote": None, "escape": '"'},
        {"has_header": True, "header_rows": 0},
        {"decimal": ",", "thousands": ","},
    ],
)
def test_options_that_contradict_each_other_are_refused_by_their_names(options):
    with pytest.raises(InvalidArgumentError, match="pass ") as raised:
        DatasetReaderFactory().reader(SHEET, **options)
    assert all(name in str(raised.value) for name in options)


@pytest.mark.parametrize("escape", ['"', "'"])
def test_a_quote_for_escape_is_the_quote(escape):
    reader = DatasetReaderFactory().reader(b"""a,b\n"x",'y'\n"z",'y'\n""", escape=escape)
    assert f"quote {escape} (doubled inside of quotes)" in str(reader.explain())
    assert reader.polars().collect().row(0) == (("x", "'y'") if escape == '"' else ('"x"', "y"))


def test_a_quote_is_a_delimiter_where_another_character_or_none_is_the_quote():
    reader = DatasetReaderFactory().reader(b'id"v\n1"2\n', delimiter='"', quote=None)
    assert reader.polars().collect().rows() == [(1, 2)]


def test_the_defaults_and_what_is_documented_are_accepted():
    CSVOptions()
    CSVOptions(affixes="Fr. ", decimal=",", thousands="'", infer_rows=None, schema={})
    CSVOptions(header_rows=np.int64(1), null_values={"v": ["a", "b"]}, dates={"v": "%d.%m.%y"})


@pytest.mark.parametrize("nulls", [-999, [-999], {"id": -999}, {"id": [-999, "x"]}, "-999"])
def test_an_integer_for_null_is_its_text(nulls):
    frame = DatasetReaderFactory().reader(SHEET, null_values=nulls).polars().collect()
    assert frame.rows() == [(1, 2), (None, 3)]
