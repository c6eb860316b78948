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
]  # fmt: skip


@pytest.mark.parametrize("case", WIDENED, ids=lambda case: f"{case[0]} and {case[2]}")
def test_types_are_widened_where_no_value_is_lost(case, folder, factory):
    one, first, other, second, wanted = case
    source = folder(
        a=pl.DataFrame({"v": pl.Series(first, dtype=one)}),
        b=pl.DataFrame({"v": pl.Series(second, dtype=other)}),
    )
    reader = factory.reader(source, schema="union")
    assert_faces(reader, pl.DataFrame({"v": pl.Series(first + second, dtype=wanted)}))


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
        ["'n'", "|", "Int64", "|", "Float64"],  # 2**53 + 1 has no Float64
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
        assert series.cast(common).cast(dtype).to_list() == series.to_list()
