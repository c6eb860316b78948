"""Whether texts could be values of a column: many at once, as one by one."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.datasets.readers.csv.types.acceptance import Acceptance
from toolkit.datasets.readers.csv.types.column_types import ColumnType
from toolkit.datasets.readers.csv.types.moments import given_moment
from toolkit.datasets.readers.csv.types.numbers import NumberStyle

TYPES = (
    ColumnType(),
    ColumnType("boolean"),
    ColumnType("integer"),
    ColumnType("integer", nulls=("?", " n.a."), padded=True),
    ColumnType("float"),
    ColumnType("float", style=NumberStyle(",", ".", "€")),
    ColumnType("float", style=NumberStyle(".", " ", "€ ")),
    ColumnType("date", given_moment("%Y-%m-%d")),
    ColumnType("date", given_moment("%d.%b.%y")),
    ColumnType("date", given_moment("%d %b %Y")),
)
SOME = ["", " ", "1", " 2\t", "007", "1.5", "1,5", "1.234,5 €", "€ 3", "NA", "?", "n.a.", "true"]
# What is a letter to Python, and none to the engine.
SOME += ["31.m².24", "2024-01-31", "31.Jan.24", "31 Jan 2024", "31.Jän.24", "x", "inf", "-"]


@pytest.mark.parametrize("index", range(len(TYPES)))
@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(
        st.text("0123456789.,-€ \t?n.aNAtrue/Janeb", max_size=12) | st.sampled_from(SOME)
    )
)
def test_many_texts_fit_where_each_of_them_does(index, texts):
    fits = Acceptance(TYPES)
    series = pl.Series([*texts, *SOME], dtype=pl.String)
    assert fits.many(index, series).to_list() == [fits(index, text) for text in series]
    assert fits.takes_all(index) == (TYPES[index].kind == "text")
