"""Values that the engine's own parsers take for others than they are, or some of them only."""

from __future__ import annotations

import polars as pl
import pytest

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.factory import DatasetReaderFactory

ROWS = 2_000
HOLE = 1_077
SEEN = 100
"""Rows from which types are inferred."""


@pytest.fixture
def reader(tmp_path):
    def make(data, **options):
        options = {"infer_rows": SEEN} | options
        path = tmp_path / "t.csv"
        path.write_text(data, encoding="utf-8", newline="")
        return DatasetReaderFactory().reader(path, **options)

    return make


def column(reader):
    return reader.polars().collect()["v"]


def deep(good, late):
    """A file of which only the value of one row is another."""
    rows = [f"{n},{good}\n" for n in range(ROWS)]
    rows[HOLE] = f"{HOLE},{late}\n"
    return "id,v\n" + "".join(rows)


def test_digits_that_would_be_infinity_are_text(reader):
    read = reader("id,v\n1,123e456\n2,12e3456\n")
    assert column(read).to_list() == ["123e456", "12e3456"]
    assert column(reader("id,v\n1,1.5\n2,inf\n")).to_list() == [1.5, float("inf")]


@pytest.mark.parametrize("options", [{}, {"schema": {"v": pl.Float64}}, {"null_values": "none"}])
@pytest.mark.parametrize("late", ["1e400", "-1e400"])
def test_late_digits_that_would_be_infinity_are_a_misfit(reader, options, late):
    data = deep("1.5", late)
    with pytest.raises(SourceError, match=rf"line {HOLE + 2:,}: `{late}` in column 'v'"):
        column(reader(data, **options))
    repaired = reader(data, on_bad_rows="repair", **options)
    assert column(repaired)[HOLE] is None
    assert repaired.problems()["text"].to_list() == [late]


@pytest.mark.parametrize("schema", [None, {"v": pl.Float32}])
@pytest.mark.parametrize("late", ["inf", "-inf", "NaN"])
def test_late_infinity_that_was_written_is_a_float(reader, late, schema):
    values = column(reader(deep("1.5", late), schema=schema))
    assert str(values[HOLE]) == str(float(late))
    assert values.is_finite().sum() == ROWS - 1


def test_a_second_scan_finds_what_the_first_did_not_read(reader):
    read = reader(deep("1.5", "1e400"))
    assert read.polars().select("id").collect().height == ROWS
    with pytest.raises(SourceError, match="1e400"):
        column(read)
    with pytest.raises(SourceError, match="1e400"):
        read.polars().filter(pl.col("v") > 2).collect()


@pytest.mark.parametrize("late", ["1e400", "-1e400"])
def test_a_misfit_is_an_error_also_where_a_filter_on_it_would_leave_it_out(reader, late):
    left_out = pl.col("v").is_finite()
    with pytest.raises(SourceError, match=f"`{late}` in column 'v'"):
        reader(deep("1.5", late)).polars().filter(left_out).select("id").collect()
    rest = reader(deep("1.5", "inf")).polars().filter(left_out).select("id").collect()
    assert rest["id"].to_list() == [row for row in range(ROWS) if row != HOLE]


@pytest.mark.parametrize("policy", ["error", "repair", "skip"])
@pytest.mark.parametrize("spelling", ["tRUE", "TrUe", "fALSE"])
def test_truths_are_read_in_any_letters_everywhere(reader, policy, spelling):
    asked = {"schema": {"v": pl.Boolean}, "null_values": "NA"}
    for data, options in ((deep("true", spelling), {}), (deep("NA", spelling), asked)):
        read = reader(data, on_bad_rows=policy, **options)
        assert column(read)[HOLE] is (spelling.lower() == "true")
        assert read.problems().height == 0
    assert column(reader(f"id,v\n1,{spelling}\n", on_bad_rows=policy)).dtype == pl.Boolean


@pytest.mark.parametrize(
    ("good", "late"),
    [
        ("2024-01-01 10:00:00", "2024-01-01 10:00:60"),
        ("10:00:00", "10:00:60"),
        ("2024-01-01T10:00:00Z", "2024-01-01T10:00:60.5Z"),
        ("1/31/2024 3:04:05 PM", "1/31/2024 3:04:60 PM"),
    ],
)
def test_a_leap_second_is_no_minute(reader, good, late):
    assert column(reader(f"id,v\n1,{late}\n")).to_list() == [late]
    with pytest.raises(SourceError, match=f"`{late}` in column 'v'"):
        column(reader(deep(good, late)))


def test_a_leap_second_of_a_given_format_is_a_misfit(reader):
    read = reader("id,v\n1,01.01.24 10:00:60\n", dates={"v": "%d.%m.%y %H:%M:%S"})
    with pytest.raises(SourceError, match="10:00:60"):
        column(read)
