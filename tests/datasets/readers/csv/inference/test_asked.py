"""Types that a person asks for: never a guess, never another value than the text says."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.datasets.readers.factory import DatasetReaderFactory

BERLIN = pl.Datetime("us", "Europe/Berlin")


@pytest.fixture
def reader(tmp_path):
    def make(*values, dtype, **options):
        path = tmp_path / "t.csv"
        path.write_text("id,v\n" + "".join(f"{n},{v}\n" for n, v in enumerate(values)), "utf-8")
        return DatasetReaderFactory().reader(path, schema={"v": dtype}, **options)

    return make


def column(reader):
    return reader.polars().collect()["v"].to_list()


@pytest.mark.parametrize(
    ("values", "dtype", "read"),
    [
        (["31/01/2024", "01/02/2024"], pl.Date, [date(2024, 1, 31), date(2024, 2, 1)]),
        (["01/02/2024", "01/31/2024"], pl.Date, [date(2024, 1, 2), date(2024, 1, 31)]),
        (["1 Jan 2024", "", "NA"], pl.Date, [date(2024, 1, 1), None, None]),
        (["31.01.2024"], pl.Datetime("ms"), [datetime(2024, 1, 31)]),
        (["2024-01-31 10:20"], pl.Datetime, [datetime(2024, 1, 31, 10, 20)]),
        (["10:20", "23:59"], pl.Time, [time(10, 20), time(23, 59)]),
        (["", ""], pl.Date, [None, None]),
    ],
)
def test_dates_have_the_one_format_that_all_values_have(reader, values, dtype, read):
    assert column(reader(*values, dtype=dtype)) == read
    assert column(reader(*values, dtype=dtype, infer_types=False, dates=False)) == read


def test_dates_that_can_be_read_in_two_ways_are_asked_about(reader):
    with pytest.raises(InvalidArgumentError, match=r"`01/02/2024`.*dates=\{'v': '%d/%m/%Y'\}"):
        reader("01/02/2024", "03/04/2024", dtype=pl.Date).polars()
    asked = {"v": "%m/%d/%Y"}
    assert column(reader("01/02/2024", dtype=pl.Date, dates=asked)) == [date(2024, 1, 2)]
    assert column(reader("01/02/2024", dtype=pl.Date, dates=asked["v"])) == [date(2024, 1, 2)]


@pytest.mark.parametrize(
    ("values", "dtype", "named"),
    [
        (["01.02.24"], pl.Date, "01.02.24"),
        (["2024-01-31", "31.01.2024"], pl.Date, "2024-01-31"),
        (["13/01/2024", "01/13/2024"], pl.Datetime("us"), "13/01/2024"),
        (["xx"], BERLIN, "xx"),
        (["2024-01-31"], pl.Time, "2024-01-31"),
        (["10:00:00"], pl.Date, "10:00:00"),
    ],
)
def test_dates_of_no_known_format_are_asked_about(reader, values, dtype, named):
    with pytest.raises(InvalidArgumentError, match=rf"'v'.*`{named}`.*dates="):
        reader(*values, dtype=dtype).polars()
    assert column(reader("01.02.24", dtype=pl.Date, dates="%d.%m.%y")) == [date(2024, 2, 1)]


def test_a_format_and_a_type_that_contradict_each_other_are_refused(reader):
    with pytest.raises(InvalidArgumentError, match="by dates"):
        reader("10:00", dtype=pl.Date, dates={"v": "%H:%M"}).polars()
    assert column(reader("10:00", dtype=pl.Time, dates="%d.%m.%Y")) == [time(10)]


@pytest.mark.parametrize("dtype", [pl.Duration, pl.Binary, pl.Struct({"a": pl.Int8}), pl.Null])
def test_types_that_no_text_is_read_as_are_refused(reader, dtype):
    with pytest.raises(InvalidArgumentError, match=r"pl\.String"):
        reader("1", dtype=dtype).polars()


def test_times_without_an_offset_are_local_in_the_zone_that_was_asked_for(reader):
    berlin = ZoneInfo("Europe/Berlin")
    read = reader("2024-01-01 10:00:00", "2024-07-01 10:00:00", dtype=BERLIN)
    assert column(read) == [datetime(2024, month, 1, 10, tzinfo=berlin) for month in (1, 7)]
    assert [value.hour for value in column(read)] == [10, 10]
    assert column(reader("2024-01-01T10:00:00Z", dtype=BERLIN))[0].hour == 11
    assert column(reader("2024-01-01", dtype=BERLIN))[0].hour == 0


@pytest.mark.parametrize("unclear", ["2024-03-31 02:30:00", "2024-10-27 02:30:00"])
def test_a_local_time_that_is_none_or_two_is_a_misfit(reader, unclear):
    values = ["2024-01-01 10:00:00", unclear]
    with pytest.raises(SourceError, match=f"line 3: `{unclear}` in column 'v'"):
        column(reader(*values, dtype=BERLIN))
    repaired = reader(*values, dtype=BERLIN, on_bad_rows="repair")
    assert column(repaired)[1] is None
    assert repaired.problems()["text"].to_list() == [unclear]


GOOD = {
    pl.Date: "2024-02-01",
    pl.Time: "10:00:00",
    pl.Datetime("ms"): "2024-02-01 10:00:00",
    pl.Datetime("ns"): "2024-02-01 10:00:00",
    BERLIN: "2024-02-01 10:00:00",
    pl.Boolean: "true",
    pl.Int8: "1",
    pl.Float32: "1.5",
    pl.Decimal(10, 2): "1.50",
    pl.Enum(["a", "b"]): "a",
}


@pytest.mark.parametrize("seen", [1, None])
@pytest.mark.parametrize(("dtype", "good"), GOOD.items(), ids=str)
def test_what_is_not_of_the_type_is_a_misfit_with_every_policy(reader, dtype, good, seen):
    values, asked = [good, "xx", good], {"dtype": dtype, "infer_rows": seen}
    with pytest.raises(SourceError, match="line 3: `xx` in column 'v'"):
        column(reader(*values, **asked))
    whole = reader(good, dtype=dtype).polars().collect()["v"]
    for options in ({}, {"null_values": "none"}):
        repaired = reader(*values, **asked, **options, on_bad_rows="repair")
        frame = repaired.polars().collect()
        assert frame.schema == repaired.polars().collect_schema()
        assert frame["v"].to_list() == [whole[0], None, whole[0]]
        assert repaired.problems()["text"].to_list() == ["xx"]
    skipped = reader(*values, **asked, on_bad_rows="skip").polars().collect()
    assert skipped["v"].to_list() == [whole[0], whole[0]]


def test_nanoseconds_beyond_their_range_are_a_misfit(reader):
    values = ["2024-01-01 10:00:00", "9999-01-01 10:00:00"]
    with pytest.raises(SourceError, match="9999"):
        column(reader(*values, dtype=pl.Datetime("ns")))


@pytest.mark.parametrize("policy", ["error", "repair", "skip"])
def test_texts_for_null_are_null_in_text_with_every_policy(reader, policy):
    read = reader("a", "none", "b", dtype=pl.String, null_values="none", on_bad_rows=policy)
    assert column(read) == ["a", None, "b"]
    assert read.problems().height == 0
