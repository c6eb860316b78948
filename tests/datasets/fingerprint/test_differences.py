"""Whatever differs in a frame's content shows in its fingerprint."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

BASE = pl.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]})

CHANGES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "value": lambda f: f.with_columns(a=pl.Series([1, 2, 4])),
    "null instead of a value": lambda f: f.with_columns(a=pl.Series([1, 2, None])),
    "value instead of a null": lambda f: f.with_columns(pl.col("b").fill_null("")),
    "type": lambda f: f.with_columns(pl.col("a").cast(pl.Int32)),
    "column name": lambda f: f.rename({"a": "A"}),
    "column order": lambda f: f.select("b", "a"),
    "row order": lambda f: f.reverse(),
    "fewer rows": lambda f: f.head(2),
    "more rows": lambda f: pl.concat([f, f]),
    "fewer columns": lambda f: f.drop("b"),
    "more columns": lambda f: f.with_columns(c=pl.col("a")),
    "swapped names": lambda f: f.rename({"a": "b", "b": "a"}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_change_gives_another_fingerprint(fingerprint: Any, change: Any) -> None:
    assert fingerprint(change(BASE)) != fingerprint(BASE)


def test_no_two_changes_give_the_same_fingerprint(fingerprint: Any) -> None:
    assert len({fingerprint(change(BASE)) for change in CHANGES.values()}) == len(CHANGES)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_different_frames_have_different_fingerprints(
    fingerprint: Any, any_frames: Any, data: st.DataObject
) -> None:
    one, other = data.draw(any_frames), data.draw(any_frames)
    assume(not (one.schema == other.schema and one.equals(other)))
    assert fingerprint(one) != fingerprint(other)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_more_null_gives_another_fingerprint(
    fingerprint: Any, any_frames: Any, data: st.DataObject
) -> None:
    frame = data.draw(any_frames)
    assume(frame.height > 0 and frame.schema["c0"] != pl.Null)
    row = data.draw(st.integers(0, frame.height - 1))
    hidden = frame.with_columns(
        pl.when(pl.int_range(pl.len()) != row).then(pl.col("c0")).alias("c0")
    )
    assert hidden.schema == frame.schema
    assert (fingerprint(hidden) == fingerprint(frame)) == (frame["c0"][row] is None)


NOON = dt.datetime(2020, 1, 1, 12)

TYPES: dict[str, list[Any]] = {
    "nothing but the type": [
        pl.Series([1], dtype=dtype)
        for dtype in (
            *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128),
            *(pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.UInt128),
            *(pl.Float16, pl.Float32, pl.Float64, pl.Decimal(5, 0), pl.Decimal(6, 0)),
            *(pl.Decimal(6, 1), pl.Decimal(38, 0)),
        )
    ],
    "unit and zone": [
        *(pl.Series([NOON], dtype=pl.Datetime(unit)) for unit in ("ms", "us", "ns")),
        pl.Series([NOON], dtype=pl.Datetime("us", "UTC")),
        pl.Series([NOON], dtype=pl.Datetime("us", "Europe/Zurich")),
        pl.Series([NOON], dtype=pl.Datetime("us")).dt.replace_time_zone("Europe/Zurich"),
        pl.Series([NOON.date()], dtype=pl.Date),
        pa.array([NOON], pa.timestamp("s")),
        *(pa.array([dt.time(12)], pa.time32(unit)) for unit in ("s", "ms")),
        *(pa.array([dt.time(12)], pa.time64(unit)) for unit in ("us", "ns")),
        *(pl.Series([dt.timedelta(1)], dtype=pl.Duration(unit)) for unit in ("ms", "us", "ns")),
        pa.array([NOON.date()], pa.date64()),
    ],
    "text": [
        pl.Series(["a"], dtype=pl.String),
        pl.Series(["a"], dtype=pl.Categorical),
        pl.Series(["a"], dtype=pl.Enum(["a"])),
        pl.Series(["a"], dtype=pl.Enum(["a", "b"])),
        pl.Series(["a"], dtype=pl.Enum(["b", "a"])),
        pl.Series([b"a"], dtype=pl.Binary),
        pa.array([b"a"], pa.binary(1)),
        pa.array(["a"], pa.json_()),
    ],
    "all null": [
        pl.Series([None], dtype=dtype)
        for dtype in (
            *(pl.Null, pl.Int64, pl.String, pl.Boolean, pl.List(pl.Null), pl.List(pl.Int64)),
            *(pl.Array(pl.Int64, 1), pl.Array(pl.Int64, 2), pl.Struct({"a": pl.Int64})),
        )
    ],
    "nested": [
        pl.Series([[[1]]], dtype=pl.List(pl.List(pl.Int64))),
        pl.Series([[[1]]], dtype=pl.Array(pl.List(pl.Int64), 1)),
        pl.Series([[[1]]], dtype=pl.List(pl.Array(pl.Int64, 1))),
        pl.Series([[1]], dtype=pl.List(pl.Int64)),
        pl.Series([{"a": 1}], dtype=pl.Struct({"a": pl.Int64})),
        pl.Series([{"b": 1}], dtype=pl.Struct({"b": pl.Int64})),
        pl.Series([{"a": 1}], dtype=pl.Struct({"a": pl.Int32})),
        pl.Series([{"a": None}], dtype=pl.Struct({"a": pl.Int64})),
        pl.Series([None], dtype=pl.Struct({"a": pl.Int64})),
        pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        pa.array([[{"key": "a", "value": 1}]]),
    ],
    "nested text": [
        pl.Series([["a"]], dtype=pl.List(dtype))
        for dtype in (pl.String, pl.Categorical, pl.Enum(["a"]), pl.Enum(["a", "b"]))
    ],
    "where lists end": [
        pl.Series([[1], [2]]),
        pl.Series([[1, 2], []]),
        pl.Series([[], [1, 2]]),
        pl.Series([[1, 2], None]),
        pl.Series([[1], [2, None]]),
    ],
    "where texts end": [
        pl.Series(["ab", "c"]),
        pl.Series(["a", "bc"]),
        pl.Series(["abc", ""]),
        pl.Series(["abc", None]),
        pl.Series(["", "abc"]),
    ],
    "zeros": [pl.Series([0.0]), pl.Series([-0.0]), pl.Series([None], dtype=pl.Float64)],
    "nan is no null": [pl.Series([float("nan")]), pl.Series([None], dtype=pl.Float64)],
    "lists of zeros": [pl.Series([[0.0]]), pl.Series([[-0.0]])],
}


def column(values: Any) -> pa.Table | pl.DataFrame:
    return pl.DataFrame({"x": values}) if isinstance(values, pl.Series) else pa.table({"x": values})


@pytest.mark.parametrize("series", TYPES.values(), ids=list(TYPES))
def test_columns_that_mean_different_things_differ(fingerprint: Any, series: Any) -> None:
    assert len({fingerprint(column(values)) for values in series}) == len(series)


def test_frames_without_rows_differ_by_their_types(fingerprint: Any) -> None:
    types = [
        *(pl.Int64, pl.Int32, pl.String, pl.Categorical, pl.Null, pl.List(pl.Int64)),
        *(pl.Enum([]), pl.Enum(["a"]), pl.Enum(["b"]), pl.List(pl.Enum(["a"])), pl.Int128),
        *(pl.List(pl.Enum(["b"])), pl.Struct({"a": pl.Enum(["a"])}), pl.Datetime("us", "UTC")),
    ]
    frames = [pl.DataFrame(schema={"x": dtype}) for dtype in types]
    assert len({fingerprint(frame) for frame in frames}) == len(types)


def test_frames_without_columns_differ_by_their_rows(fingerprint: Any) -> None:
    found = {fingerprint(pl.DataFrame(height=rows)) for rows in (0, 1, 5)}
    assert len(found) == 3
    assert fingerprint(pa.table({"a": [1] * 5}).select([])) == fingerprint(pl.DataFrame(height=5))


def test_column_digest_does_not_depend_on_the_name(records: Any) -> None:
    one, other = records(pl.DataFrame({"a": [1, None], "b": [1, None]}))
    assert one.digest == other.digest
    assert (one.name, other.name) == ("a", "b")


def test_column_digest_depends_on_type_and_rows(records: Any) -> None:
    series = [
        pl.Series([], dtype=pl.Int64),
        pl.Series([], dtype=pl.Int32),
        pl.Series([None], dtype=pl.Null),
        pl.Series([None, None], dtype=pl.Null),
    ]
    assert len({records(pl.DataFrame({"x": s}))[0].digest for s in series}) == len(series)


def test_null_counts_are_those_of_the_values(records: Any) -> None:
    frame = pl.DataFrame(
        {
            "one": [1, None],
            "none": [1, 2],
            "both": pl.Series([None, None], dtype=pl.Null),
            "nested": [[None], None],
            "category": pl.Series([None, "a"], dtype=pl.Categorical),
            "nan": [float("nan"), 1.0],
            "big": pl.Series([None, 5], dtype=pl.Int128),
        }
    )
    expected = {"one": 1, "none": 0, "both": 2, "nested": 1, "category": 1, "nan": 0, "big": 1}
    assert {record.name: record.null_count for record in records(frame)} == expected


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([0, 1]),
        pd.Index([5, 6]),
        pd.Index([5, 6], name="k"),
        pd.RangeIndex(1, 3),
        pd.RangeIndex(0, 4, 2),
        pd.RangeIndex(2, name="k"),
        pd.MultiIndex.from_tuples([(1, "x"), (2, "y")], names=["i", "j"]),
        pd.date_range("2020-01-01", periods=2),
    ],
    ids=str,
)
def test_pandas_index_is_part_of_the_frame(fingerprint: Any, index: pd.Index) -> None:
    plain = pd.DataFrame({"a": [1, 2]})
    indexed = plain.set_axis(index)
    assert fingerprint(indexed) != fingerprint(plain)
    assert fingerprint(indexed) != fingerprint(indexed.set_axis(index[::-1]))
    assert fingerprint(indexed) != fingerprint(pl.from_pandas(indexed, include_index=True))
    assert fingerprint(indexed) == fingerprint(indexed.copy())


def test_pandas_column_labels_that_are_no_text_are_part_of_the_frame(fingerprint: Any) -> None:
    numbered = pd.DataFrame([[1, 2]])
    assert fingerprint(numbered) != fingerprint(numbered.rename(columns=str))
