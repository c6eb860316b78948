"""Formats of dates that a person writes: as Python's ``strptime`` has them, or refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.core.errors import InvalidArgumentError
from toolkit.datasets.readers.csv.types.moments import given_moment
from toolkit.datasets.readers.factory import DatasetReaderFactory


def read(text: str, format: str):
    source = f"v|x\n{text}|a\n".encode()
    reader = DatasetReaderFactory().reader(source, delimiter="|", dates={"v": format})
    return reader.polars().collect()["v"].to_list()


@pytest.mark.parametrize(
    ("text", "format", "value"),
    [
        ("2024-01-02 03:04:05.25", "%Y-%m-%d %H:%M:%S.%f", datetime(2024, 1, 2, 3, 4, 5, 250_000)),
        ("2024-01-02 03:04:05.25", "%Y-%m-%d %H:%M:%S%.f", datetime(2024, 1, 2, 3, 4, 5, 250_000)),
        ("03:04:05.000007", "%H:%M:%S.%f", time(3, 4, 5, 7)),
        ("2024-01-02 03:04:05,250", "%Y-%m-%d %H:%M:%S,%3f", datetime(2024, 1, 2, 3, 4, 5, 250000)),
        ("2.1.2024", "%-d.%-m.%Y", date(2024, 1, 2)),
        ("2024-064", "%Y-%j", date(2024, 3, 4)),
        ("Monday, 4 March 24", "%A, %d %B %y", date(2024, 3, 4)),
        ("01/02/2024 10:30 PM", "%d/%m/%Y %I:%M %p", datetime(2024, 2, 1, 22, 30)),
        ("1700000000", "%s", datetime(2023, 11, 14, 22, 13, 20)),
        ("2024-01-02T03:04:05+01:00", "%FT%T%z", datetime(2024, 1, 2, 2, 4, 5, tzinfo=UTC)),
        ("2024-03", "%Y-%m", date(2024, 3, 1)),
    ],
)  # fmt: skip
def test_a_format_means_what_it_does_elsewhere(text, format, value):
    assert read(text, format) == [value]


@pytest.mark.parametrize(
    ("format", "why"),
    [
        ("%d.%m.", "no year"),
        ("%Y-%m-%d %H:%M %Z", "%Z"),
        ("%d.%m.%Y %H", "cannot be read"),
        ("%H", "cannot be read"),
        ("%I:%M", "cannot be read"),
        ("%j", "cannot be read"),
        ("%Y-%m-%d %H:%M:%S,%f", r"%3f"),
        ("%Y-%Q", "cannot be read"),
        ("yyyy-mm-dd", "not a format of dates"),
    ],
)
def test_a_format_that_tells_no_moment_is_refused_by_what_it_lacks(format, why):
    with pytest.raises(InvalidArgumentError, match=why) as raised:
        read("x", format)
    assert repr(format) in str(raised.value)


@given(
    st.sampled_from(
        ["%Y-%m-%d %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S.%f", "%m %y, %d at %I:%M:%S.%f %p"]
    ),
    st.datetimes(datetime(1970, 1, 1), datetime(2060, 1, 1)),
)
def test_fractions_are_those_of_pythons_own_format(format, moment):
    column = pl.LazyFrame({"v": [moment.strftime(format)]})
    assert column.select(given_moment(format).parse(pl.col("v"))).collect().item() == moment
