"""Every type comes back as it was, through polars, Arrow and pandas; broken files are told."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import toolkit as tk
from toolkit.core.errors import (
    DatasetNotFoundError,
    FileChangedError,
    FileMissingError,
    FrameError,
    InvalidArgumentError,
    InvalidNameError,
    UnsupportedTypeError,
)

NOON = dt.datetime(2020, 2, 29, 12, 0, 0, 123000)
numbers = itertools.count()


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_polars_frame_comes_back_as_it_was(
    shared_ws: tk.Workspace, any_frames: Any, data: st.DataObject
) -> None:
    frame = data.draw(any_frames)
    artifact = shared_ws.save(frame, f"d{next(numbers)}")
    back = shared_ws.load(artifact).collect()
    assert back.schema == frame.schema
    assert_frame_equal(back, frame)
    assert shared_ws.save(back, artifact.name).version == 1


ENUM = pl.Enum(["c", "a", "b"])

POLARS: dict[str, pl.DataFrame] = {
    "enum and categorical in a list": pl.DataFrame(
        {
            "e": pl.Series([["a", None], None], dtype=pl.List(ENUM)),
            "c": pl.Series([["a", None], None], dtype=pl.List(pl.Categorical)),
        }
    ),
    "enum in a struct": pl.DataFrame({"s": pl.Series([{"e": "a"}], dtype=pl.Struct({"e": ENUM}))}),
    "array of arrays": pl.DataFrame(
        {"a": pl.Series([[[1, 2], [3, 4]], None], dtype=pl.Array(pl.Int64, (2, 2)))}
    ),
    "no rows": pl.DataFrame(
        schema={"n": pl.Int64, "e": ENUM, "c": pl.Categorical, "l": pl.List(ENUM), "z": pl.Null}
    ),
    "no columns": pl.DataFrame(),
    "no columns, five rows": pl.DataFrame(height=5),
}


@pytest.mark.parametrize("frame", POLARS.values(), ids=list(POLARS))
def test_polars_frame_comes_back_as_it_was(ws: tk.Workspace, frame: pl.DataFrame) -> None:
    back = ws.load(ws.save(frame, "x")).collect()
    assert back.schema == frame.schema
    assert back.height == frame.height
    assert back.equals(frame)


def test_empty_enums_of_other_categories_are_not_taken_for_each_other(ws: tk.Workspace) -> None:
    one = pl.DataFrame(schema={"e": pl.Enum(["a"])})
    other = pl.DataFrame(schema={"e": pl.Enum(["b"])})
    assert ws.load(ws.save(one, "one")).collect_schema() == one.schema
    assert ws.load(ws.save(other, "other")).collect_schema() == other.schema


ARROW: dict[str, pa.Array] = {
    "seconds": pa.array([NOON.replace(microsecond=0), None], pa.timestamp("s")),
    "seconds of a duration": pa.array([5, None], pa.duration("s")),
    "seconds of a day": pa.array([dt.time(12), None], pa.time32("s")),
    "milliseconds of a day": pa.array([dt.time(12), None], pa.time32("ms")),
    "microseconds of a day": pa.array([dt.time(12), None], pa.time64("us")),
    "zoned": pa.array([NOON, None], pa.timestamp("ms", "America/New_York")),
    "date64": pa.array([NOON.date(), None], pa.date64()),
    "fixed binary": pa.array([b"ab", None], pa.binary(2)),
    "decimal": pa.array([Decimal("1.25"), None], pa.decimal128(20, 2)),
    "wide decimal": pa.array([Decimal(10) ** 60, None], pa.decimal256(70, 0)),
    "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    "half": pa.array([1.5, None], pa.float16()),
    "numbers as categories": pa.DictionaryArray.from_arrays([1, 0, None], pa.array([10, 20])),
    "null": pa.nulls(2),
    "uuid": pa.array([b"0" * 16, None], pa.uuid()),
    "json": pa.array(["{}", None], pa.json_()),
    "list of structs": pa.array([[{"a": 1}], None]),
}


@pytest.mark.parametrize("values", ARROW.values(), ids=list(ARROW))
def test_arrow_table_comes_back_in_its_types(
    ws: tk.Workspace, fingerprint: Any, values: pa.Array
) -> None:
    table = pa.table({"x": values, "n": range(len(values))})
    artifact = ws.save(table, "x")
    back = ws.load(artifact, "arrow")
    assert fingerprint(back) == artifact.fingerprint == fingerprint(table)
    assert back.to_pylist() == table.to_pylist()


def test_reading_in_batches_gives_the_saved_types(ws: tk.Workspace) -> None:
    table = pa.table({"x": pa.array(range(10), pa.timestamp("s"))})
    service = ws._services.datasets
    artifact = ws.save(table, "x")
    batches = list(service.batches(artifact.ref, 4))
    assert max(batch.num_rows for batch in batches) <= 4
    assert pa.Table.from_batches(batches).equals(table)
    assert service.schema(artifact.ref).equals(table.schema)


@pytest.mark.parametrize("dtype", [pl.Int128, pl.UInt128])
@pytest.mark.parametrize("engine", ["arrow", "pandas"])
def test_integers_that_arrow_lacks_are_told_with_the_way_out(
    ws: tk.Workspace, engine: Any, dtype: Any
) -> None:
    ws.save(pl.DataFrame({"x": pl.Series([1], dtype=dtype)}), "x")
    with pytest.raises(UnsupportedTypeError, match=r"x@1 has 128-bit.*polars"):
        ws.load("x", engine)
    with pytest.raises(UnsupportedTypeError, match="128-bit"):
        list(ws._services.datasets.batches("x", 10))


def test_decimals_that_polars_lacks_are_told_with_the_way_out(ws: tk.Workspace) -> None:
    ws.save(pa.table({"x": ARROW["wide decimal"]}), "x")
    with pytest.raises(UnsupportedTypeError, match=r'x@1.*engine="arrow"'):
        ws.load("x")


PANDAS: dict[str, pd.DataFrame] = {
    "row numbers": pd.DataFrame({"a": [1, 2]}),
    "index": pd.DataFrame({"a": [1, 2]}, index=[5, 6]),
    "named index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="k")),
    "stepped index": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(0, 4, 2)),
    "several levels": pd.DataFrame(
        {"a": [1, 2]},
        index=pd.MultiIndex.from_tuples([(1, "x"), (2, "y")], names=["i", "j"]),
    ),
    "instants as index": pd.DataFrame(
        {"a": [1, 2]}, index=pd.DatetimeIndex(["2020-01-01", "2020-01-03"], tz="Europe/Zurich")
    ),
    "nullable": pd.DataFrame(
        {
            "i": pd.array([1, None], "Int8"),
            "u": pd.array([1, None], "UInt64"),
            "b": pd.array([True, None], "boolean"),
            "s": pd.array(["x", None], "string"),
            "f": pd.array([1.5, None], "Float32"),
        }
    ),
    "pyarrow dtypes": pd.DataFrame({"a": pd.array([1, None], dtype="int64[pyarrow]")}),
    "unordered categories": pd.DataFrame({"c": pd.Categorical(["b", None, "a"], ["b", "a"])}),
    "ordered categories": pd.DataFrame(
        {"c": pd.Categorical(["b", None, "a"], ["c", "b", "a"], ordered=True)}
    ),
    "numbers as categories": pd.DataFrame({"c": pd.Categorical([10, 20, 10])}),
    "no categories": pd.DataFrame({"c": pd.Categorical([])}),
    "seconds": pd.DataFrame(
        {
            "t": pd.Series(["2020-01-01", None], dtype="datetime64[s]"),
            "d": pd.Series([1, None], dtype="timedelta64[s]"),
        }
    ),
    "zoned": pd.DataFrame({"t": pd.to_datetime(["2020-01-01"]).tz_localize("Asia/Tokyo")}),
    "period": pd.DataFrame({"p": pd.period_range("2020", periods=2, freq="M")}),
    "intervals": pd.DataFrame({"p": pd.interval_range(0, 2)}),
    "labels that are numbers": pd.DataFrame([[1, 2]]),
    "objects": pd.DataFrame({"b": [b"x", None], "d": [NOON.date(), None]}),
    "no rows": pd.DataFrame({"a": pd.Series(dtype="int32"), "s": pd.Series(dtype="str")}),
    "nothing": pd.DataFrame(),
    "rows without columns": pd.DataFrame(index=range(5)),
}


@pytest.mark.parametrize("frame", PANDAS.values(), ids=list(PANDAS))
def test_pandas_frame_comes_back_with_its_index_and_dtypes(
    ws: tk.Workspace, frame: pd.DataFrame
) -> None:
    artifact = ws.save(frame, "x")
    back = ws.load(artifact, "pandas")
    pd.testing.assert_frame_equal(back, frame)
    again = ws.save(back, "x")
    assert (again.version, again.deduplicated) == (1, True)


def test_pandas_index_is_a_column_for_the_other_engines(ws: tk.Workspace) -> None:
    ws.save(PANDAS["named index"], "x")
    expected = {"a": [1, 2], "k": ["x", "y"]}
    assert ws.load("x").collect().to_dict(as_series=False) == expected
    assert ws.load("x", "arrow").to_pydict() == expected


def test_polars_frame_loads_into_pandas_with_plain_row_numbers(ws: tk.Workspace) -> None:
    ws.save(pl.DataFrame({"a": [1, 2]}), "x")
    pd.testing.assert_frame_equal(ws.load("x", "pandas"), pd.DataFrame({"a": [1, 2]}))


def test_load_reads_nothing_before_it_is_collected(ws: tk.Workspace, stored: Any) -> None:
    ws.save(pl.DataFrame({"a": [1]}), "x")
    lazy = ws.load("x")
    stored()[0].unlink()
    with pytest.raises((FileNotFoundError, pl.exceptions.ComputeError)):
        lazy.collect()


def test_references_find_versions_and_tags(ws: tk.Workspace) -> None:
    first = ws.save(pl.DataFrame({"a": [1]}), "x")
    ws.save(pl.DataFrame({"a": [2]}), "x")
    ws.tag("x@1", "paper")
    found = {ref: ws.load(ref).collect()["a"][0] for ref in ("x", "x@1", "x@2", "x@paper")}
    assert found == {"x": 2, "x@1": 1, "x@2": 2, "x@paper": 1}
    assert ws.load(first).collect()["a"][0] == 1


def test_unknown_references_are_told_with_what_exists(ws: tk.Workspace) -> None:
    ws.save(pl.DataFrame({"a": [1]}), "delays")
    with pytest.raises(DatasetNotFoundError, match='Did you mean "delays"'):
        ws.load("delay")
    with pytest.raises(DatasetNotFoundError, match="9"):
        ws.load("delays@9")
    with pytest.raises(DatasetNotFoundError, match="paper"):
        ws.load("delays@paper")
    with pytest.raises(InvalidNameError):
        ws.load("delays@0")


def test_unknown_engine_is_refused_with_those_that_exist(ws: tk.Workspace) -> None:
    with pytest.raises(InvalidArgumentError, match="polars, arrow, pandas"):
        ws.load("x", "spark")  # type: ignore[call-overload]


@pytest.mark.parametrize("engine", ["polars", "arrow", "pandas"])
def test_raw_file_is_no_frame(ws: tk.Workspace, engine: Any) -> None:
    ws.add(b"raw", "raw")
    with pytest.raises(FrameError, match=r"raw@1 is a raw file.*ws\.export"):
        ws.load("raw", engine)


@pytest.mark.parametrize("engine", ["polars", "arrow", "pandas"])
def test_missing_file_is_told(ws: tk.Workspace, stored: Any, engine: Any) -> None:
    ws.save(pl.DataFrame({"a": [1]}), "x")
    stored()[0].unlink()
    with pytest.raises(FileMissingError):
        ws.load("x", engine)


@pytest.mark.parametrize("engine", ["polars", "arrow", "pandas"])
def test_changed_file_is_told(ws: tk.Workspace, stored: Any, engine: Any) -> None:
    ws.save(pl.DataFrame({"a": [1]}), "x")
    path: Path = stored()[0]
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(FileChangedError):
        ws.load("x", engine)
