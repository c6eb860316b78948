"""Fields that begin as codes do are found wherever they stand in a text."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.scanning.codes import may_have_codes
from toolkit.datasets.readers.factory import DatasetReaderFactory

CODE = re.compile(rb"(?:^|[,\n])(?:-?0[0-9]|\+)")


@settings(max_examples=300, deadline=None)
@given(st.text("0,-+.1\nx5", max_size=60), st.sampled_from([1, 2, 3, 7, 64, 1000]))
def test_a_code_is_found_wherever_parts_begin(text, part):
    data = text.encode()
    assert may_have_codes(data, ",", part=part) == bool(CODE.search(data))


# In no place of the file that is looked at to find the types.
ROWS, HOLE = 100_000, 43_000


def table(late: str) -> str:
    rows = [f"{row},{row % 7},{-row},0,{row},{row}" for row in range(ROWS)]
    rows[HOLE] = f"5,{late},1,2,3,4"
    return "\n".join(["a,b,c,d,e,f", *rows])


@pytest.mark.parametrize("code", ["007", "-01", "+5"])
def test_a_late_code_among_many_integers_is_told(tmp_path, code):
    path = tmp_path / "t.csv"
    path.write_text(table(code))
    frame = DatasetReaderFactory().reader(str(path)).polars()
    assert frame.collect_schema().dtypes() == [pl.Int64] * 6
    what = rf"line {HOLE + 2:,}: `{re.escape(code)}` in column 'b' is no Int64"
    for wanted in (frame, frame.filter(pl.col("a") < 9), frame.select(pl.all().sum())):
        with pytest.raises(SourceError, match=what):
            wanted.collect()


@pytest.mark.parametrize("late", ["-0", "0", "", '""', "9223372036854775807"])
def test_what_is_no_code_is_an_integer_or_null(tmp_path, late):
    path = tmp_path / "t.csv"
    path.write_text(table(late))
    column = DatasetReaderFactory().reader(str(path)).polars().collect()["b"]
    assert column[HOLE] == (int(late) if late.strip('"') else None)
    assert column.null_count() == (not late.strip('"'))
