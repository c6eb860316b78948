"""Files whose columns differ: a table of the differences, or their union."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import polars as pl
import pyarrow.dataset as pads
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.parquet.joining import Fitting
from toolkit.datasets.readers.parquet.union import promoted


@pytest.fixture(params=["small", "large", "memory"])
def folder(request, tmp_path, memory, monkeypatch):
    """Writes frames under names into a folder; polars reads what is "large"."""
    if request.param == "large":
        monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", 0)

    def put(**frames):
        for name, frame in frames.items():
            frame.write_parquet(buffer := io.BytesIO())
            path = f"d/{name.replace('__', '/')}.parquet"
            if request.param == "memory":
                memory(path, buffer.getvalue())
            else:
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).write_bytes(buffer.getvalue())
        return "memory://d" if request.param == "memory" else str(tmp_path / "d")

    return put


def assert_faces(reader, expected):
    assert_frame_equal(reader.polars().collect(), expected)
    assert reader.count() == expected.height
    assert_frame_equal(reader.head(2), expected.head(2))
    arrow = reader.arrow()
    table = arrow.to_table() if isinstance(arrow, pads.Dataset) else arrow.read_all()
    assert table.schema.equals(reader.schema())
    assert_frame_equal(pl.DataFrame(pl.from_arrow(table)), expected)


def test_a_union_has_all_columns_with_null_where_a_file_has_none(folder, factory):
    source = folder(
        a=pl.DataFrame({"id": [1, 2], "x": ["p", None]}),
        b=pl.DataFrame({"y": [dt.date(2020, 1, 1)], "id": [3]}),
        c=pl.DataFrame({"id": [4], "x": ["q"]}),
    )
    expected = pl.DataFrame(
        {
            "id": [1, 2, 3, 4],
            "x": ["p", None, None, "q"],
            "y": [None, None, dt.date(2020, 1, 1), None],
        }
    )
    reader = factory.reader(source, schema="union")
    assert_faces(reader, expected)
    filtered = reader.polars().filter(pl.col("id") > 1, pl.col("y").is_null()).select("x", "id")
    assert filtered.collect().rows() == [(None, 2), ("q", 4)]


NOON = dt.datetime(2024, 1, 31, 12)
ZONED = NOON.replace(tzinfo=dt.UTC)
WIDENED = [
    (pl.Int8, [1], pl.Int32, [70_000], pl.Int32),
    (pl.UInt8, [255], pl.Int8, [-1], pl.Int16),
    (pl.Int16, [-3], pl.Float32, [0.5], pl.Float32),
    (pl.Int32, [2**31 - 1], pl.Float64, [0.5], pl.Float64),
    (pl.Float32, [0.5], pl.Float64, [0.1], pl.Float64),
    (pl.Null, [None], pl.Date, [dt.date(2020, 1, 1)], pl.Date),
    (pl.Decimal(5, 1), [Decimal("1.5")], pl.Decimal(9, 3), [Decimal("2.125")], pl.Decimal(9, 3)),
    (pl.Categorical, ["a"], pl.String, ["b"], pl.String),
    (pl.Enum(["a", "b"]), ["a"], pl.Enum(["c"]), ["c"], pl.String),
    (pl.List(pl.Int8), [[1]], pl.List(pl.Int64), [[2**40]], pl.List(pl.Int64)),
    (pl.Struct({"a": pl.Int8}), [{"a": 1}], pl.Struct({"a": pl.Int16}), [{"a": 999}],
     pl.Struct({"a": pl.Int16})),
    (pl.Int64, [2**53, None, -7], pl.Float64, [0.5, None], pl.Float64),
    (pl.UInt64, [2**53], pl.Float32, [0.5], pl.Float64),
    (pl.List(pl.Int64), [[1, None], None, []], pl.List(pl.Float64), [[0.5]], pl.List(pl.Float64)),
    (pl.Array(pl.Int64, 2), [[1, 2]], pl.List(pl.Int8), [[3]], pl.List(pl.Int64)),
    (pl.Array(pl.Int8, 2), [[1, 2], None], pl.Array(pl.Int8, 1), [[3]], pl.List(pl.Int8)),
    (pl.Decimal(5, 2), [Decimal("1.25")], pl.Int64, [2**63 - 1], pl.Decimal(21, 2)),
    (pl.UInt64, [2**64 - 1], pl.Decimal(3, 1), [Decimal("1.5")], pl.Decimal(21, 1)),
    (pl.Datetime("ms"), [NOON], pl.Datetime("ns"), [NOON], pl.Datetime("ns")),
    (pl.Datetime("us"), [NOON, None], pl.Date, [NOON.date()], pl.Datetime("us")),
    (pl.Datetime("us", "Europe/Rome"), [ZONED], pl.Datetime("ns", "Asia/Tokyo"), [ZONED],
     pl.Datetime("ns", "UTC")),
    (pl.Duration("ms"), [dt.timedelta(1)], pl.Duration("us"), [dt.timedelta(2)],
     pl.Duration("us")),
    (pl.List(pl.Null), [[None], []], pl.List(pl.String), [["x"]], pl.List(pl.String)),
]  # fmt: skip


@pytest.mark.parametrize("case", WIDENED, ids=lambda case: f"{case[0]} and {case[2]}")
def test_types_are_widened_where_no_value_is_lost(case, folder, factory):
    one, first, other, second, wanted = case
    source = folder(
        a=pl.DataFrame({"v": pl.Series(first, dtype=one)}),
        b=pl.DataFrame({"v": pl.Series(second, dtype=other)}),
    )
    reader = factory.reader(source, schema="union")
    expected = [of_type(value, wanted) for value in first + second]
    assert_faces(reader, pl.DataFrame({"v": pl.Series(expected, dtype=wanted)}))


def of_type(value, wanted):
    """A number or a day as the values of another type are written in Python."""
    if isinstance(wanted, pl.Decimal):
        return Decimal(value)
    if isinstance(wanted, pl.Datetime) and type(value) is dt.date:
        return dt.datetime.combine(value, dt.time())
    return value


PIECE = pl.Struct({"a": pl.Int64, "b": pl.String})
GROWN = pl.Struct({"b": pl.String, "c": pl.List(PIECE), "a": pl.Float64})
WHOLE = pl.Struct({"a": pl.Float64, "b": pl.String, "c": pl.List(PIECE)})


def test_structs_get_the_fields_of_all_files_at_any_depth(folder, factory):
    old = [{"a": 1, "b": "x"}, None, {"a": None, "b": None}]
    new = [{"b": "y", "c": [{"a": 2, "b": None}, None], "a": 0.5}, None]
    source = folder(
        a=pl.DataFrame(
            {
                "s": pl.Series(old, dtype=PIECE),
                "l": pl.Series([old, None, []], dtype=pl.List(PIECE)),
            }
        ),
        b=pl.DataFrame(
            {"s": pl.Series(new, dtype=GROWN), "l": pl.Series([new, []], dtype=pl.List(GROWN))}
        ),
    )
    olds = [old[0] | {"c": None}, None, old[2] | {"c": None}]
    news = [{"a": 0.5, "b": "y", "c": [{"a": 2, "b": None}, None]}, None]
    expected = pl.DataFrame(
        {
            "s": pl.Series(olds + news, dtype=WHOLE),
            "l": pl.Series([olds, None, [], news, []], dtype=pl.List(WHOLE)),
        }
    )
    reader = factory.reader(source, schema="union")
    assert_faces(reader, expected)
    filtered = reader.polars().filter(pl.col("s").struct.field("a") == 0.5).select("s").collect()
    assert filtered["s"].to_list() == [news[0]]


MISFITS = [
    (pl.Int64, 2**53 + 1, pl.Float64, 0.5, "9007199254740993 in column 'v', which is Int64"),
    (pl.Int64, -(2**63), pl.Float32, 0.5, "-9223372036854775808 in column 'v'"),
    (pl.List(pl.Int64), [1, 2**60], pl.List(pl.Float64), [0.5], "1152921504606846976 in column"),
    (PIECE, {"a": 2**60, "b": ""}, GROWN, None, "1152921504606846976 in column 'v'"),
    (pl.Datetime("us"), dt.datetime(9999, 1, 1), pl.Datetime("ns"), NOON, "9999-01-01 00:00:00"),
    (pl.Date, dt.date(1, 1, 1), pl.Datetime("ns"), NOON, "0001-01-01 in column 'v'"),
]


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("case", MISFITS, ids=lambda case: f"{case[0]} and {case[2]}")
def test_a_value_that_would_change_is_named_with_its_file(case, statistics, tmp_path, factory):
    one, value, other, second, told = case
    for name, first in (("a", None), ("b", value), ("c", None)):
        frame = pl.DataFrame({"id": [1, 2], "v": pl.Series([None, first], dtype=one)})
        frame.write_parquet(tmp_path / f"{name}.parquet", statistics=statistics)
    frame = pl.DataFrame({"id": [3], "v": pl.Series([second], dtype=other)})
    frame.write_parquet(tmp_path / "d.parquet")
    reader = factory.reader(tmp_path, schema="union")
    for read in (
        reader.polars().collect,
        lambda: reader.polars().select("v").collect(engine="in-memory"),
        lambda: list(reader.batches(10)),
        lambda: reader.arrow().read_all(),
    ):
        with pytest.raises(SourceError, match=rf"/b\.parquet has {told}.*Leave the column out"):
            read()
    assert reader.polars().select("id").collect()["id"].to_list() == [1, 2, 1, 2, 1, 2, 3]
    assert reader.count() == 7
    assert reader.head(2)["v"].to_list() == [None, None]


def test_integers_that_statistics_prove_exact_are_one_scan(tmp_path, factory, monkeypatch):
    monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", 0)
    for month in range(3):
        frame = pl.DataFrame({"v": [month, 10]})
        frame.write_parquet(tmp_path / f"{month}.parquet")
    pl.DataFrame({"v": [0.5]}).write_parquet(tmp_path / "3.parquet")
    frame = factory.reader(tmp_path, schema="union").polars().filter(pl.col("v") > 5)
    plan = frame.explain()
    assert "python_udf" not in plan
    assert "0.parquet and 2 more" in plan
    assert frame.collect()["v"].to_list() == [10.0, 10.0, 10.0]


def test_what_no_type_holds_is_refused_with_a_table(folder, factory):
    source = folder(
        a=pl.DataFrame({"id": [1], "v": ["x"], "n": [1], "same": [1]}),
        b=pl.DataFrame({"id": [2], "v": [1.5], "n": [0.5], "same": [1]}),
    )
    with pytest.raises(SourceError, match="cannot be joined") as error:
        factory.reader(source, schema="union").schema()
    lines = str(error.value).splitlines()
    assert [line.split() for line in lines[1:-1]] == [
        ["column", "|", "a.parquet", "|", "b.parquet"],
        ["'v'", "|", "String", "|", "Float64"],
    ]


def test_a_table_of_differences_is_bounded_and_groups_files(folder, factory):
    frames = {f"f{i}": pl.DataFrame({"id": [i]}) for i in range(3)}
    wide = pl.DataFrame({"id": [0], **{f"c{i}": [i] for i in range(40)}})
    source = folder(**frames, wide=wide)
    with pytest.raises(SourceError) as error:
        factory.reader(source).schema()
    lines = str(error.value).splitlines()
    assert "f0.parquet and 2 more" in lines[1]
    assert "… and 28 more columns" in lines[-2]
    assert len(lines) < 20


def test_a_union_of_partitions_keeps_their_columns(folder, factory):
    source = folder(
        **{
            "year=2020__t": pl.DataFrame({"v": [1]}, schema={"v": pl.Int32}),
            "year=2021__t": pl.DataFrame({"v": [2], "w": ["x"]}),
        }
    )
    reader = factory.reader(source, schema="union")
    expected = pl.DataFrame({"v": [1, 2], "w": [None, "x"], "year": [2020, 2021]})
    assert_faces(reader, expected)
    assert reader.polars().filter(pl.col("year") == 2021).collect().rows() == [(2, "x", 2021)]


NUMBERS = [
    *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64),
    *(pl.Float32, pl.Float64),
]


@given(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS), st.data())
def test_promotion_loses_no_number(left, right, data):
    common = promoted(left(), right())
    assert common == promoted(right(), left())
    if common is None:
        return
    for dtype in (left(), right()):
        if dtype.is_float():
            value = data.draw(st.floats(width=32 if dtype == pl.Float32 else 64, allow_nan=False))
        else:
            value = data.draw(st.sampled_from([dtype.min(), dtype.max()]).map(
                lambda bound: pl.select(bound).item()
            ))  # fmt: skip
        series = pl.Series([value], dtype=dtype)
        try:
            fitted = Fitting("t.parquet", "v", common)(series)
        except SourceError:
            assert common == pl.Float64()
            assert abs(value) > 2**53
        else:
            assert fitted.dtype == common
            assert fitted.cast(dtype).to_list() == series.to_list()
