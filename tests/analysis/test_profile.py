from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.analysis import Profile, ProfileService
from toolkit.analysis.columns import QUANTILES
from toolkit.analysis.statistics import SCHEMA, block_rows, statistics
from toolkit.core.errors import DatasetNotFoundError, InvalidArgumentError, InvalidNameError


def profiled(datasets: Any, frame: Any, **options: Any) -> Profile:
    artifact = datasets.save(frame, "t")
    return ProfileService(datasets).profile(artifact.ref, **options)


def column(profile: Profile, name: str) -> dict[str, Any]:
    return profile.frame.row(by_predicate=pl.col("column") == name, named=True)


EVERY_TYPE = pl.DataFrame(
    {
        "int": pl.Series([1, 2, None, 2], dtype=pl.Int8),
        "uint": pl.Series([0, 2**64 - 1, None, 5], dtype=pl.UInt64),
        "float": [1.5, -2.0, None, 1.5],
        "half": pl.Series([1.5, -2.0, None, 1.5], dtype=pl.Float16),
        "bool": [True, False, None, True],
        "decimal": [Decimal("1.10"), Decimal("-3.30"), None, Decimal("1.10")],
        "text": ["b", "a", None, "b"],
        "category": pl.Series(["b", "a", None, "b"], dtype=pl.Categorical),
        "enum": pl.Series(["b", "a", None, "b"], dtype=pl.Enum(["b", "a"])),
        "binary": [b"\xff", b"", None, b"\xff"],
        "date": [date(2020, 1, 2), date(1969, 1, 1), None, date(2020, 1, 2)],
        "datetime": [datetime(2020, 1, 2), datetime(1969, 1, 1), None, datetime(2020, 1, 2)],
        "zoned": pl.Series(
            [datetime(2020, 1, 2, tzinfo=UTC), None, None, None]
        ).dt.convert_time_zone("Asia/Tokyo"),
        "duration": [timedelta(1), timedelta(-1), None, timedelta(1)],
        "time": [time(1), time(2), None, time(1)],
        "list": [[1], [], None, [1]],
        "array": pl.Series([[1, 2], [1, 2], None, [3, 4]], dtype=pl.Array(pl.Int64, 2)),
        "struct": [{"a": 1}, {"a": None}, None, {"a": 1}],
        "null": [None] * 4,
        "all null": pl.Series([None] * 4, dtype=pl.Float64),
    }
)


@pytest.mark.parametrize("convert", [pl.DataFrame.to_arrow, pa.table], ids=["large", "views"])
def test_every_type_is_profiled(datasets, convert: Callable[[pl.DataFrame], pa.Table]):
    profile = profiled(datasets, convert(EVERY_TYPE))
    assert profile.frame["column"].to_list() == EVERY_TYPE.columns
    assert profile.frame.schema == SCHEMA
    assert profile.frame["nulls"].to_list() == list(EVERY_TYPE.null_count().row(0))
    shown = {
        row["column"]: (row["kind"], row["distinct"], row["min"], row["max"])
        for row in profile.frame.iter_rows(named=True)
    }
    assert shown == {
        "int": ("integer", 2, "1", "2"),
        "uint": ("integer", 3, "0", "18446744073709551615"),
        "float": ("float", 2, "-2.0", "1.5"),
        "half": ("float", 2, "-2.0", "1.5"),
        "bool": ("boolean", 2, "false", "true"),
        "decimal": ("decimal", 2, "-3.30", "1.10"),
        "text": ("text", 2, "a", "b"),
        "category": ("text", 2, "a", "b"),
        "enum": ("text", 2, "a", "b"),
        "binary": ("binary", 2, "", "ff"),
        "date": ("date", 2, "1969-01-01", "2020-01-02"),
        "datetime": ("datetime", 2, "1969-01-01 00:00:00.000000", "2020-01-02 00:00:00.000000"),
        "zoned": ("datetime", 1, *["2020-01-02 09:00:00.000000+09:00"] * 2),
        "duration": ("duration", 2, "-P1D", "P1D"),
        "time": ("time", 2, "01:00:00", "02:00:00"),
        "list": ("other", None, None, None),
        "array": ("other", None, None, None),
        "struct": ("other", None, None, None),
        "null": ("other", None, None, None),
        "all null": ("float", 0, None, None),
    }


def test_statistics_of_small_data_are_those_of_polars(datasets):
    rng = np.random.default_rng(5)
    frame = pl.DataFrame(
        {
            "x": pl.Series(rng.normal(100, 30, 3_000).round(1)).set(
                pl.arange(0, 3_000, eager=True) % 7 == 0, None
            ),
            "n": rng.integers(-50, 50, 3_000),
        }
    )
    profile = profiled(datasets, frame, top=5)
    for name in frame.columns:
        row, values = column(profile, name), frame[name]
        assert row["distinct"] == values.drop_nulls().n_unique()
        assert row["null_fraction"] == values.null_count() / 3_000
        assert (row["min"], row["max"]) == (str(values.min()), str(values.max()))
        assert row["mean"] == pytest.approx(values.mean(), rel=1e-12)
        assert row["std"] == pytest.approx(values.std(), rel=1e-12)
        for label, q in QUANTILES.items():
            assert row[label] == values.quantile(q, interpolation="equiprobable")
        counts = values.drop_nulls().value_counts().sort("count", name, descending=[True, False])
        assert [(v["value"], v["count"]) for v in row["top"]] == [
            (str(v), n) for v, n in counts.head(5).iter_rows()
        ]
        edges = [part["low"] for part in row["histogram"]] + [row["histogram"][-1]["high"]]
        expected = np.histogram(values.drop_nulls().to_numpy(), edges)[0].tolist()
        assert [part["count"] for part in row["histogram"]] == expected


def test_temporal_numbers_are_in_seconds(datasets):
    frame = pl.DataFrame(
        {
            "day": [date(1970, 1, 1), date(1970, 1, 11)],
            "moment": [datetime(1970, 1, 1), datetime(1970, 1, 1, 0, 0, 10)],
            "zoned": pl.Series([datetime(1970, 1, 1), datetime(1970, 1, 1, 0, 0, 10)])
            .dt.replace_time_zone("UTC")
            .dt.convert_time_zone("Asia/Tokyo"),
            "lasting": [timedelta(0), timedelta(seconds=10)],
            "clock": [time(0), time(0, 0, 10)],
        }
    )
    profile = profiled(datasets, frame)
    assert profile.frame["mean"].to_list() == [5 * 86_400, 5, 5, 5, 5]
    assert profile.frame["q99"].to_list() == [10 * 86_400, 10, 10, 10, 10]


def test_nan_and_infinities_are_counted_and_kept_out_of_the_moments(datasets):
    values = [1.0, 3.0, float("nan"), float("inf"), float("-inf"), float("-inf"), None]
    row = column(profiled(datasets, pl.DataFrame({"x": values}), bins=2), "x")
    assert (row["nans"], row["infinities"], row["nulls"]) == (1, 3, 1)
    assert (row["min"], row["max"], row["distinct"]) == ("-inf", "inf", 5)
    assert (row["mean"], row["std"]) == (2.0, pytest.approx(2**0.5))
    assert (row["q01"], row["q50"], row["q99"]) == (-np.inf, 1.0, np.inf)
    assert row["histogram"] == [
        {"low": 1.0, "high": 2.0, "count": 1},
        {"low": 2.0, "high": 3.0, "count": 1},
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_column_without_a_finite_value_has_no_moments(datasets, value: float):
    row = column(profiled(datasets, pl.DataFrame({"x": [value] * 3})), "x")
    assert (row["mean"], row["std"], row["histogram"]) == (None, None, [])
    assert row["min"] == (None if np.isnan(value) else "inf")
    assert row["top"] == [{"value": str(value).replace("nan", "NaN"), "count": 3}]


def test_a_million_rows_are_within_the_stated_accuracy(datasets):
    rng = np.random.default_rng(6)
    rows = 1_000_000
    frame = pl.DataFrame(
        {
            "normal": rng.normal(size=rows),
            "skewed": rng.zipf(1.3, rows).clip(0, 10**9),
            "when": pl.Series(rng.integers(0, 10**15, rows)).cast(pl.Datetime("us")),
        }
    )
    profile = profiled(datasets, frame)
    for name in frame.columns:
        row, values = column(profile, name), frame[name]
        assert row["distinct"] == pytest.approx(values.n_unique(), rel=4 / np.sqrt(4_094))
        numbers = values.to_physical().cast(pl.Float64).to_numpy()
        numbers = np.sort(numbers / (1e6 if name == "when" else 1))
        assert row["mean"] == pytest.approx(numbers.mean(), rel=1e-9, abs=1e-9)
        assert row["std"] == pytest.approx(numbers.std(ddof=1), rel=1e-9)
        for label, q in QUANTILES.items():
            first, last = (np.searchsorted(numbers, row[label], side=s) for s in ("left", "right"))
            assert first - 0.002 * rows <= q * rows <= last + 0.002 * rows
        bins = row["histogram"]
        assert sum(part["count"] for part in bins) == rows
        edges = [part["low"] for part in bins] + [bins[-1]["high"]]
        errors = np.array([part["count"] for part in bins]) - np.histogram(numbers, edges)[0]
        assert np.abs(errors).max() <= 0.004 * rows
    row, counts = column(profile, "skewed"), frame["skewed"].value_counts(sort=True)
    true = dict(counts.iter_rows())
    assert 0 < row["top_shortfall"] <= rows / 4_097
    assert [v["value"] for v in row["top"]] == [str(v) for v in counts["skewed"].head(10)]
    for value in row["top"]:
        exact = true[int(value["value"])]
        assert exact - row["top_shortfall"] <= value["count"] <= exact


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(0, 9_000), max_size=6), size=st.integers(100, 10_000))
def test_the_batches_do_not_change_the_profile(cuts: list[int], size: int):
    table = LONG.to_arrow()
    edges = [0, *sorted(cuts), table.num_rows]
    parts = [table.slice(a, b - a) for a, b in pairwise(edges)]
    batches = [batch for part in parts for batch in part.to_batches(max_chunksize=size)]
    frame = statistics(batches, table.schema, block=2_000, bins=7, top=3)
    whole = statistics(table.to_batches(), table.schema, block=2_000, bins=7, top=3)
    assert frame.equals(whole)


LONG = pl.DataFrame(
    {
        "x": np.random.default_rng(8).normal(size=9_000),
        "s": pl.Series(np.random.default_rng(9).integers(0, 6_000, 9_000)).cast(pl.String),
        "c": pl.Series(["a", None, "b"] * 3_000, dtype=pl.Categorical),
    }
)


def test_wide_data_is_cut_into_smaller_blocks():
    assert [block_rows(columns) for columns in (0, 1, 64, 128, 10_000)] == [
        *[65_536] * 3,
        32_768,
        4_096,
    ]


def test_a_profile_made_twice_is_the_same_frame(datasets):
    frame = LONG.select("x", "s", "c").sample(200_000, with_replacement=True, seed=1)
    profiles = [profiled(datasets, frame) for _ in range(2)]
    assert profiles[0].frame.equals(profiles[1].frame)


def test_memory_does_not_grow_with_the_rows(datasets):
    class Generated(type(datasets)):
        """40 batches of 1 MB that exist one at a time."""

        def batches(self, ref: str, size: int) -> Iterator[pa.RecordBatch]:
            rng = np.random.default_rng(1)
            for _ in range(40):
                x, n = rng.normal(size=65_536), rng.integers(9, size=65_536)
                yield pa.record_batch({"x": x, "n": n})

    generated = Generated(datasets.workspace.home)
    generated.save(pl.DataFrame({"x": [1.0], "n": [1]}), "t")
    tracemalloc.start()  # numpy's memory, which the batches have as well
    try:
        profile = ProfileService(generated).profile("t")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert column(profile, "n")["distinct"] == 9
    assert peak < 12_000_000  # of 42 MB


def test_there_are_never_more_distinct_values_than_values(datasets):
    # Above the exact range, where half of the estimates are too high.
    frame = pl.DataFrame({f"{i}": np.arange(5_000) + i * 10_000 for i in range(20)})
    distinct = profiled(datasets, frame).frame["distinct"]
    assert distinct.max() == 5_000
    assert distinct.min() < 5_000


def test_any_column_name_will_do(datasets):
    names = ['a "quoted" name', "with space", "select", "🦆", "", "a.b", "line\nbreak", "it's"]
    frame = pl.DataFrame({name: [i] for i, name in enumerate(names)})
    profile = profiled(datasets, frame)
    assert profile.frame["column"].to_list() == names
    assert profile.frame["max"].to_list() == [str(i) for i in range(len(names))]


def test_five_hundred_columns_are_profiled(datasets):
    frame = pl.DataFrame({f"c{i}": [i, None] for i in range(500)})
    profile = profiled(datasets, frame)
    assert profile.frame["mean"].to_list() == list(range(500))


@pytest.mark.parametrize(
    "frame",
    [pl.DataFrame(), EVERY_TYPE.clear()],
    ids=["no columns", "no rows"],
)
def test_empty_datasets_have_a_profile(datasets, frame: pl.DataFrame):
    profile = profiled(datasets, frame)
    assert profile.rows == 0
    assert profile.frame["column"].to_list() == frame.columns
    assert profile.frame.schema == SCHEMA
    assert profile.frame["nulls"].sum() == 0
    assert profile.frame["null_fraction"].null_count() == frame.width
    assert "0 rows" in repr(profile)
    assert "0 rows" in profile._repr_html_()


def test_the_profile_is_saved_with_the_version_it_describes(datasets):
    datasets.save(pl.DataFrame({"x": [1]}), "sales.orders")
    datasets.save(pl.DataFrame({"x": [1, 2]}), "sales.orders")
    profiles = ProfileService(datasets)
    newest = profiles.profile("sales.orders")
    first = profiles.profile("sales.orders@1", name="mine", bins=5, top=0)
    assert (newest.ref, newest.rows, newest.artifact.ref) == (
        "sales.orders@2",
        2,
        "sales.orders_profile@1",
    )
    assert first.ref == "sales.orders@1"
    assert datasets.saved[2:] == [
        {
            "name": "sales.orders_profile",
            "inputs": ("sales.orders@2",),
            "how": "profile(bins=20, top=10)",
        },
        {"name": "mine", "inputs": ("sales.orders@1",), "how": "profile(bins=5, top=0)"},
    ]
    assert pl.from_arrow(datasets.table("mine")).equals(first.frame)
    assert datasets.passes == 2


def test_a_version_saved_meanwhile_is_not_mixed_in(datasets):
    class Busy(type(datasets)):
        def schema(self, ref: str) -> pa.Schema:
            schema = super().schema(ref)
            self.save(pl.DataFrame({"x": [3]}), "t")
            return schema

    busy = Busy(datasets.workspace.home)
    busy.save(pl.DataFrame({"x": [1, 2]}), "t")
    profile = ProfileService(busy).profile("t")
    assert (profile.ref, profile.rows) == ("t@1", 2)
    assert column(profile, "x")["max"] == "2"


def test_the_default_name_of_a_long_name_is_a_name(datasets):
    datasets.save(pl.DataFrame({"x": [1]}), "t" * 63)
    assert ProfileService(datasets).profile("t" * 63).artifact.name == "t" * 55 + "_profile"


def test_the_text_of_a_profile_is_a_table(datasets):
    frame = pl.DataFrame({"carrier": ["UA", None, "AA"], "delay\n": [1.5, 2.5, 10_000.0]})
    assert repr(profiled(datasets, frame)) == (
        "Profile of t@1: 3 rows, 2 columns\n"
        "column   type    nulls  distinct  min  max\n"
        "carrier  string  1      2         AA   UA\n"
        "delay·   double  0      3         1.5  10000.0"
    )


def test_the_text_of_a_wide_profile_is_cut(datasets):
    lines = repr(profiled(datasets, pl.DataFrame({f"c{i}": [i] for i in range(35)}))).splitlines()
    assert len(lines) == 33
    assert lines[-1] == "… and 5 more columns: see .frame"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": 0}, "bins is 0: pass an integer from 1 to 1,000"),
        ({"bins": 1_001}, "bins is 1001"),
        ({"bins": 2.5}, "bins is 2.5"),
        ({"bins": True}, "bins is True"),
        ({"top": -1}, "top is -1: pass an integer from 0 to 4,096"),
        ({"top": 4_097}, "top is 4097"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(datasets, options, message: str):
    datasets.save(pl.DataFrame({"x": [1]}), "t")
    with pytest.raises(InvalidArgumentError, match=message):
        ProfileService(datasets).profile("t", **options)
    assert datasets.passes == 0


def test_unknown_datasets_names_and_raw_files_are_refused(datasets):
    datasets.save(pl.DataFrame({"x": [1]}), "t")
    profiles = ProfileService(datasets)
    with pytest.raises(DatasetNotFoundError):
        profiles.profile("u")
    with pytest.raises(InvalidNameError):
        profiles.profile("t", name="not a name")
    datasets.workspace.add(b"bytes", "t")
    with pytest.raises(InvalidArgumentError, match='"t@2": it is a raw file'):
        profiles.profile("t")
