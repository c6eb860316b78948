from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.core.errors import InvalidArgumentError
from toolkit.sampling.strata import Strata, allocate

CYCLE = (0, 1, 2, 0, 1)


def codes_of(table: pa.Table, by: list[str], size: int, **options: int) -> list[int]:
    strata = Strata(by, table.schema, **options)
    return [c for b in table.to_batches(max_chunksize=size) for c in strata.codes(b).tolist()]


@pytest.mark.parametrize(
    "series",
    [
        pl.Series([1, 2, None], dtype=pl.Int8),
        pl.Series([1.5, float("nan"), None], dtype=pl.Float32),
        pl.Series([1.5, float("nan"), None], dtype=pl.Float16),
        pl.Series([True, False, None]),
        pl.Series(["a", "", None]),
        pl.Series([b"a", b"\xff", None]),
        pl.Series([date(2020, 1, 1), date(2021, 1, 1), None]),
        pl.Series([time(1), time(2), None]),
        pl.Series([timedelta(1), timedelta(2), None]),
        pl.Series([Decimal("1.2"), Decimal("1.3"), None]),
        pl.Series(["a", "b", None], dtype=pl.Categorical),
        pl.Series(["a", "b", None], dtype=pl.Enum(["b", "a"])),
    ],
    ids=lambda s: str(s.dtype),
)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_equal_values_are_one_stratum_and_nulls_one_of_their_own(series: pl.Series, size: int):
    table = series.gather(list(CYCLE)).alias("x").to_frame().to_arrow()
    assert codes_of(table, ["x"], size) == list(CYCLE)


def test_combinations_of_columns_are_numbered_by_first_appearance():
    table = pa.table({"a": ["x", "x", "y", None, "x"], "b": [1, 2, 1, None, 2]})
    for size in (1, 2, 5):
        assert codes_of(table, ["a", "b"], size) == [0, 1, 2, 3, 1]


def test_dictionaries_that_differ_between_batches_mean_the_same_values():
    parts = [pa.array(v).dictionary_encode() for v in (["a", "b"], ["b", "c", "a"])]
    table = pa.table({"x": pa.chunked_array(parts)})
    assert codes_of(table, ["x"], 10) == [0, 1, 1, 2, 0]


def test_both_zeros_are_one_stratum():
    assert codes_of(pa.table({"x": [0.0, -0.0]}), ["x"], 1) == [0, 0]


def test_nans_are_one_stratum_whatever_their_bits():
    bits = np.array([0x7FF8000000000000, 0xFFF8000000000000, 0x7FF8000000000001], np.uint64)
    assert codes_of(pa.table({"x": bits.view(np.float64)}), ["x"], 1) == [0, 0, 0]


def test_too_many_strata_are_refused_whether_in_one_batch_or_over_many():
    table = pa.table({"x": range(11)})
    assert codes_of(table, ["x"], 3, limit=11) == list(range(11))
    for size in (3, 100):
        with pytest.raises(InvalidArgumentError, match='by "x": there are more than 10 distinct'):
            codes_of(table, ["x"], size, limit=10)


@pytest.mark.parametrize(
    ("type_", "word"),
    [
        (pa.list_(pa.int64()), "nested"),
        (pa.struct([("a", pa.int64())]), "nested"),
        (pa.decimal256(60, 2), "256-bit decimal"),
        (pa.month_day_nano_interval(), "interval"),
    ],
)
def test_types_without_grouping_are_refused_by_name(type_: pa.DataType, word: str):
    with pytest.raises(InvalidArgumentError, match=f'Cannot stratify by "x".* is {word}'):
        Strata(["x"], pa.schema([("x", type_)]))


def test_allocation_gives_the_rows_left_over_to_the_largest_remainders():
    # Exact shares of 10: 4.7, 3.1, 2.2: one row is left, and 0.7 is the largest remainder.
    assert allocate(np.array([47, 31, 22]), 10).tolist() == [5, 3, 2]
    # Exact shares 2.5 and 2.5: the first of equals.
    assert allocate(np.array([5, 5]), 5).tolist() == [3, 2]


def test_allocation_is_exact_where_products_pass_64_bits():
    assert allocate(np.array([6 * 10**9, 3 * 10**9]), 6 * 10**9).tolist() == [4 * 10**9, 2 * 10**9]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.data())
def test_allocation_is_proportional_and_sums_to_n(sizes: list[int], data: st.DataObject):
    total = sum(sizes)
    n = data.draw(st.integers(0, total))
    quotas = allocate(np.array(sizes), n).tolist()
    assert sum(quotas) == n
    for size, quota in zip(sizes, quotas, strict=True):
        assert 0 <= quota <= size
        assert total == 0 or abs(quota - n * size / total) < 1
