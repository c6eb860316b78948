from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

from toolkit.analysis.kinds import MAX_TEXT, kind_of, to_series, type_text

DAY = 86_400.0
NEW_YEAR = 1_577_836_800.0  # 2020-01-01 UTC


@pytest.mark.parametrize(
    ("array", "kind", "texts", "numbers"),
    [
        (pa.array([1, -2], pa.int8()), "integer", ["1", "-2"], [1, -2]),
        (pa.array([2**64 - 1], pa.uint64()), "integer", ["18446744073709551615"], [2.0**64]),
        (pa.array([1.5], pa.float16()), "float", ["1.5"], [1.5]),
        (pa.array([-0.0], pa.float32()), "float", ["0.0"], [0]),
        (pa.array([True]), "boolean", ["true"], [1]),
        (pa.array([Decimal("1.50")]), "decimal", ["1.50"], [1.5]),
        (pa.array([Decimal("1.50")], pa.decimal32(5, 2)), "decimal", ["1.50"], [1.5]),
        (pa.array([Decimal("1.50")], pa.decimal256(38, 2)), "decimal", ["1.50"], [1.5]),
        (pa.array([date(2020, 1, 1)]), "date", ["2020-01-01"], [NEW_YEAR]),
        (pa.array([date(2020, 1, 1)], pa.date64()), "date", ["2020-01-01"], [NEW_YEAR]),
        (
            pa.array([datetime(2020, 1, 1)], pa.timestamp("s")),
            "datetime",
            ["2020-01-01 00:00:00.000"],
            [NEW_YEAR],
        ),
        (
            pa.array([1_577_836_800_000_000_001], pa.timestamp("ns", "Europe/Berlin")),
            "datetime",
            ["2020-01-01 01:00:00.000000001+01:00"],
            [NEW_YEAR],
        ),
        (pa.array([time(1, 2, 3)], pa.time32("ms")), "time", ["01:02:03"], [3_723]),
        (pa.array([time(0, 0, 0, 1)], pa.time64("us")), "time", ["00:00:00.000001"], [1e-6]),
        (pa.array([timedelta(2)], pa.duration("s")), "duration", ["P2D"], [2 * DAY]),
        (pa.array(["é"], pa.string_view()), "text", ["é"], None),
        (pa.array(["a"]).dictionary_encode(), "text", ["a"], None),
        (pa.array([7]).dictionary_encode(), "integer", ["7"], [7]),
        (pa.array([b"\xff\x00"]), "binary", ["ff00"], None),
        (pa.array([b"\xff\x00"], pa.binary(2)), "binary", ["ff00"], None),
        (pa.array([b"0" * 16], pa.uuid()), "binary", ["30" * 16], None),
        (pa.array(["{}"], pa.json_()), "text", ["{}"], None),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_a_type_has_its_kind_text_and_numbers(array, kind, texts, numbers):
    found = kind_of(array.type)
    assert found is not None
    assert found.name == kind
    column = pa.chunked_array([array, array.slice(0, 0), pa.nulls(2, array.type)])
    series = to_series(column)
    assert series.to_frame().select(found.text(pl.col("value"))).to_series().to_list() == texts
    assert (found.number is None) == (numbers is None)
    if found.number is not None:
        assert found.number(series).to_list() == pytest.approx(numbers, rel=1e-15)


def test_dictionaries_of_views_and_with_null_values_are_decoded():
    array = pa.DictionaryArray.from_arrays(
        pa.array([0, 1, None, 0], pa.int32()), pa.array(["a", None], pa.string_view())
    )
    assert to_series(pa.chunked_array([array])).to_list() == ["a", "a"]


@pytest.mark.parametrize(
    "type_",
    [
        pa.null(),
        pa.list_(pa.int64()),
        pa.struct([("a", pa.int64())]),
        pa.map_(pa.string(), pa.int64()),
        pa.decimal256(60, 2),
        pa.month_day_nano_interval(),
    ],
    ids=str,
)
def test_nested_null_and_foreign_types_have_no_kind(type_: pa.DataType):
    assert kind_of(type_) is None


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (pa.int64(), "int64"),
        (pa.large_string(), "string"),
        (pa.string_view(), "string"),
        (pa.binary(16), "fixed_size_binary[16]"),
        (pa.timestamp("us", "UTC"), "timestamp[us, tz=UTC]"),
        (pa.large_list(pa.large_string()), "list<item: string>"),
        (pa.dictionary(pa.int8(), pa.large_string()), "dictionary<string>"),
        (pa.dictionary(pa.int8(), pa.large_string(), True), "dictionary<string, ordered>"),
    ],
)
def test_the_text_of_a_type_leaves_out_the_memory_layout(type_: pa.DataType, text: str):
    assert type_text(type_) == text


@pytest.mark.parametrize("value", ["x" * 300, b"x" * 300])
def test_long_values_end_in_an_ellipsis(value: str | bytes):
    series = pl.Series("value", [value, value[:10]])
    kind = kind_of(series.to_arrow().type)
    assert kind is not None
    shown = series.to_frame().select(kind.text(pl.col("value"))).to_series().to_list()
    assert len(shown[0]) == MAX_TEXT
    assert shown[0].endswith("…")
    assert not shown[1].endswith("…")
