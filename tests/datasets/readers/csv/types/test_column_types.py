"""What texts allow: the narrowest type that loses nothing, and text wherever there is a doubt."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.core.errors import InvalidArgumentError
from toolkit.datasets.readers.csv.inference.evidence import Evidence
from toolkit.datasets.readers.csv.inference.evidence import evidence_of as evidence_of_frame
from toolkit.datasets.readers.csv.types.column_types import ColumnType
from toolkit.datasets.readers.csv.types.moments import given_moment
from toolkit.datasets.readers.csv.types.numbers import PLAIN, NumberStyle

GERMAN = NumberStyle(",", ".", "€% ")


def evidence_of(texts: list[str | None], style: NumberStyle = PLAIN) -> Evidence:
    frame = pl.DataFrame({"c": texts}, {"c": pl.String})
    return evidence_of_frame(frame, style)["c"]


def infer(texts: list[str | None], style: NumberStyle = PLAIN) -> ColumnType:
    return evidence_of(texts, style).column(style)


def typed(column: ColumnType, values: pl.Series) -> pl.Series:
    """The values of a column of the engine's, as a reader makes them."""
    expression = column.expression("c")
    found = values if expression is None else values.to_frame("c").select(expression).to_series()
    return column.finished(found)


def read(texts: list[str | None], style: NumberStyle = PLAIN) -> list[object]:
    return typed(infer(texts, style), pl.Series("c", texts, dtype=pl.String)).to_list()


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-2", "0"], "integer"),
        (["9223372036854775807"], "integer"),
        (["9223372036854775808"], "text"),
        (["007", "1"], "text"),
        (["+5"], "text"),
        (["1", "1.5", ".5", "5.", "1e5", "-1.5E-3"], "float"),
        (["inf", "NaN", "1"], "float"),
        (["00.5"], "text"),
        (["12345678901234567", "1.5"], "text"),
        (["0x10"], "text"),
        (["1_000"], "text"),
        (["1,5"], "text"),
        (["1,234"], "text"),
        (["5 %"], "text"),
        (["$5"], "text"),
        (["true", "False", "TRUE"], "boolean"),
        (["yes", "no"], "text"),
        (["t", "f"], "text"),
        (["true", "1"], "text"),
        (["2020-01-31", "2020-12-01"], "date"),
        (["2020-02-30"], "text"),
        (["2020-01-31", "31.01.2020"], "text"),
        (["12:30:00", "23:59:59.5"], "time"),
        (["12:30"], "text"),
        (["25:10:00"], "text"),
        (["01/02/2020", "03/04/2020"], "text"),
        (["20200131"], "integer"),
        ([], "text"),
        ([None, ""], "text"),
        (["NA"], "text"),
        (["NA", "x"], "text"),
        (["NA", "1"], "integer"),
    ],
)
def test_a_column_has_the_narrowest_type_that_loses_nothing(texts, kind):
    assert infer(texts).kind == kind


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["31.01.2020", "1.2.2020"], [date(2020, 1, 31), date(2020, 2, 1)]),
        (["01/31/2020", "02/01/2020"], [date(2020, 1, 31), date(2020, 2, 1)]),
        (["31/01/2020", "01/02/2020"], [date(2020, 1, 31), date(2020, 2, 1)]),
        (["1 Jan 2020", "NA"], [date(2020, 1, 1), None]),
        (["January 5, 2020"], [date(2020, 1, 5)]),
        (["2020-01-31 10:20:30"], [datetime(2020, 1, 31, 10, 20, 30)]),
        (["2020-01-31T10:20"], [datetime(2020, 1, 31, 10, 20)]),
        (["1/31/2020 3:04 PM"], [datetime(2020, 1, 31, 15, 4)]),
        (
            ["2020-01-31T10:20:30Z", "2020-01-31T10:20:30.5+02:00"],
            [
                datetime(2020, 1, 31, 10, 20, 30, tzinfo=UTC),
                datetime(2020, 1, 31, 8, 20, 30, 500_000, tzinfo=UTC),
            ],
        ),
        ([" 10:20:30 "], [time(10, 20, 30)]),
    ],
)
def test_dates_and_times_of_one_format_are_read(texts, values):
    assert read(texts) == values


def test_fractions_beyond_microseconds_are_kept():
    texts = ["2020-01-31 10:20:30.123456789"]
    assert infer(texts).dtype == pl.Datetime("ns")
    assert typed(infer(texts), pl.Series(texts)).dt.nanosecond().to_list() == [123_456_789]


def test_two_places_that_agree_on_less_allow_only_that():
    early = evidence_of(["01/02/2020"])
    later = evidence_of(["13/02/2020"])
    assert early.column().kind == "text"
    assert (early & later).column().moment.format == "%d/%m/%Y"
    number, text = evidence_of(["1"]), evidence_of(["x"])
    assert (number & evidence_of(["1.5"])).column().kind == "float"
    assert (number & text).column().kind == "text"
    assert (Evidence() & number & Evidence()).column().kind == "integer"


def test_nan_is_a_number_among_floats_and_null_among_integers():
    assert infer(["NaN", "1.5"]).nulls == ()
    assert infer(["NaN", "1"]) == ColumnType("integer", nulls=("NaN",))


def test_texts_for_null_are_null_and_blanks_around_are_left_out():
    assert read(["1", "NA", "-", " 2 "]) == [1, None, None, 2]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.234,50", 1234.5), ("€ 3", 3.0), ("12,5 %", 12.5), ("-0,5", -0.5), ("1234", 1234.0)],
)
def test_numbers_are_read_in_the_style_that_was_asked_for(text, value):
    assert read([text, "0,25"], GERMAN) == [value, 0.25]


@pytest.mark.parametrize("text", ["1.23,5", "1,2,3", "12.34"])
def test_what_is_no_number_in_that_style_stays_text(text):
    assert infer([text, "0,25"], GERMAN).kind == "text"


@pytest.mark.parametrize("style", [{"decimal": "1"}, {"decimal": ",", "thousands": ","}])
def test_marks_that_cannot_be_are_refused(style):
    with pytest.raises(InvalidArgumentError, match="decimal"):
        NumberStyle(**style)


def test_a_format_without_any_directive_is_refused():
    with pytest.raises(InvalidArgumentError, match="not a format of dates"):
        given_moment("yyyy-mm-dd")


@settings(deadline=None)
@given(
    st.one_of(
        st.lists(st.integers(-(2**63), 2**63 - 1).map(str), min_size=1),
        st.lists(st.floats().map(repr), min_size=1),
        st.lists(st.dates(min_value=date(1000, 1, 1)).map(str), min_size=1),
        st.lists(st.datetimes(min_value=datetime(1000, 1, 1)).map(str), min_size=1),
        st.lists(st.sampled_from(["1", "x", "007", "1.5", "", "NA", "true"]), min_size=1),
    )
)
def test_every_value_that_was_seen_is_accepted_and_read(texts):
    column = infer(texts)
    assert all(column.accepts(text) for text in texts)
    evidence = evidence_of(texts)
    assert evidence.allows(column)
    lenient = column.lenient(pl.Series(texts, dtype=pl.String))
    if lenient is not None:
        nulls = sum(text.strip() in ("", *column.nulls) for text in texts)
        assert lenient.null_count() == nulls


FOREVER = "9999-12-31 00:00:00.0000000"


def test_a_moment_beyond_nanoseconds_is_never_wrapped():
    assert infer(["2024-01-01 00:00:00.0000000", FOREVER]).kind == "text"
    column = infer(["2024-01-01 00:00:00.0000001"])
    with pytest.raises(pl.exceptions.PolarsError, match="9999"):
        typed(column, pl.Series([FOREVER]))
    assert column.lenient(pl.Series([FOREVER])).to_list() == [None]


@pytest.mark.parametrize(
    ("seen", "late"),
    [
        ("05.01.2024", "05.01.24"),
        ("2024-01-05", "24-01-05"),
        ("2024-01-05 10:00", "24-01-05 10:00"),
        ("2024-01-05 10:00:00", "2024-01-05 10:00:00.123456789"),
    ],
)
def test_a_late_moment_of_another_shape_is_no_moment(seen, late):
    column = infer([seen])
    assert not column.accepts(late)
    with pytest.raises(pl.exceptions.PolarsError):
        typed(column, pl.Series([late]))


@pytest.mark.parametrize("late", ["12.34", "1.2.3", "1,2,3", ".", "€", "1.5"])
@pytest.mark.parametrize("seen", ["1.234,50", "1.234"])
def test_a_late_number_of_another_style_is_none(seen, late):
    column = infer([seen], GERMAN)
    with pytest.raises(pl.exceptions.PolarsError):
        typed(column, pl.Series([late]))
    assert column.lenient(pl.Series([late])).to_list() == [None]
    asked = ColumnType("float", style=GERMAN, given=pl.Float64())
    assert asked.lenient(pl.Series([late, "007,5", "+5 €"])).to_list() == [None, 7.5, 5.0]


COLUMNS = [
    ColumnType("integer"),
    ColumnType("integer", nulls=("NA", " x "), padded=True),
    ColumnType("integer", style=GERMAN),
    ColumnType("float"),
    ColumnType("float", nulls=("NA",)),
    ColumnType("float", style=GERMAN),
    ColumnType("float", given=pl.Float32()),
    ColumnType("float", given=pl.Int8()),
    ColumnType("float", given=pl.UInt64(), nulls=("NA",)),
    ColumnType("float", given=pl.Decimal(10, 2)),
    ColumnType("boolean"),
    ColumnType("boolean", nulls=("NA",)),
    ColumnType("date", given_moment("%Y-%m-%d")),
    ColumnType("date", given_moment("%Y-%m-%d"), given=pl.Datetime("us", "Europe/Berlin")),
    ColumnType("datetime", given_moment("%Y-%m-%d %H:%M:%S"), given=pl.Datetime("ms")),
    ColumnType("time", given_moment("%H:%M:%S")),
    ColumnType(nulls=("NA",)),
    ColumnType(given=pl.Enum(["a", "NA"])),
    ColumnType(given=pl.Enum(["a", "b"]), nulls=("NA",)),
]
PARTS = ["", " ", "0", "1", "7", "300", "99999999999", ".", "-", "+", "e", "E", "400", "inf", "NaN"]
PARTS += ["NA", "x", "a", "true", "tRUE", "2024-01-05", "10:00:59", "10:00:60", "€", "%"]


@pytest.mark.parametrize("column", COLUMNS, ids=range(len(COLUMNS)))
@settings(deadline=None, max_examples=150)
@given(parts=st.lists(st.sampled_from(PARTS), min_size=1, max_size=4))
def test_a_value_is_the_same_with_every_policy(column, parts):
    text = "".join(parts)
    texts = pl.Series("c", [text or None], dtype=pl.String)
    lenient = column.lenient(texts)
    assert lenient.dtype == column.dtype
    misfit = column.misfits(texts, lenient).item()
    schema = {"c": column.engine_dtype, "n": pl.Int8}
    try:
        frame = pl.read_csv(f"{text},1\n".encode(), has_header=False, schema=schema)
        strict = typed(column, frame["c"])
    except pl.exceptions.PolarsError:
        # Blanks that were not seen before, and infinity, are told from misfits afterwards.
        assert misfit or text != text.strip(" ") or "inf" in text
    else:
        assert not misfit
        assert strict.equals(lenient, check_dtypes=True)
