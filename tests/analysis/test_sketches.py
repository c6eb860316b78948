from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.analysis.sketches import DistinctSketch, FrequentValues, Moments, QuantileSketch

FRACTIONS = np.array([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])


def fed(sketch, values: np.ndarray, size: int):
    for start in range(0, values.size, size):
        sketch.update(values[start : start + size])
    return sketch


@settings(deadline=None)
@given(
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=200),
    st.integers(1, 50),
)
def test_quantiles_and_ranks_are_exact_up_to_the_capacity(values: list[float], size: int):
    array = np.array(values)
    sketch = fed(QuantileSketch(200), array, size)
    expected = np.quantile(array, FRACTIONS, method="inverted_cdf")
    assert np.array_equal(sketch.quantiles(FRACTIONS), expected)
    ordered = np.sort(array)
    assert np.array_equal(sketch.ranks(ordered), np.searchsorted(ordered, ordered, side="left"))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.integers(65, 5_000), st.integers(1, 500))
def test_ranks_stay_within_the_bound_whatever_the_values(seed: int, count: int, size: int):
    rng = np.random.default_rng(seed)
    values = rng.choice([rng.normal(size=count), rng.zipf(1.5, count), np.arange(count)])
    capacity = 64
    sketch = fed(QuantileSketch(capacity), values.astype(float), size)
    ordered = np.sort(values)
    error = np.abs(sketch.ranks(ordered) - np.searchsorted(ordered, ordered)).max()
    assert error <= np.ceil(np.log2(count / capacity)) / capacity * count


@pytest.mark.parametrize("order", ["random", "ascending", "descending", "zigzag"])
def test_a_million_values_have_ranks_within_two_tenths_of_a_percent(order: str):
    values = np.arange(1_000_000.0)
    arranged = {
        "random": np.random.default_rng(1).permutation(values),
        "ascending": values,
        "descending": values[::-1],
        "zigzag": np.stack([values[:500_000], values[:499_999:-1]], axis=1).ravel(),
    }[order]
    sketch = fed(QuantileSketch(), arranged, 65_536)
    points = values[::777]
    assert np.abs(sketch.ranks(points) - points).max() <= 0.002 * values.size
    quantiles = sketch.quantiles(FRACTIONS)
    assert np.abs(quantiles - FRACTIONS * values.size).max() <= 0.002 * values.size
    # Alternating halves cancel most of the error that the bound allows for.
    assert np.abs(sketch.ranks(points) - points).max() <= 0.0005 * values.size


def test_the_sketch_counts_every_value_and_its_memory_grows_with_the_logarithm():
    sketch = fed(QuantileSketch(256), np.random.default_rng(2).normal(size=1_000_000), 1_000)
    assert sketch.count == sketch.ranks(np.array([np.inf]))[0] == 1_000_000
    kept = sum(part.size for level in sketch._levels for part in level)
    assert kept <= 256 * (np.log2(1_000_000 / 256) + 2)


def test_the_sketch_does_not_keep_its_input_alive():
    sketch, values = QuantileSketch(4), np.arange(10.0)
    sketch.update(values)
    parts = [part for level in sketch._levels for part in level]
    assert parts
    assert not any(np.shares_memory(part, values) for part in parts)


def test_no_values_have_no_quantiles():
    assert QuantileSketch().quantiles(FRACTIONS) is None
    assert QuantileSketch().ranks(np.array([1.0])).tolist() == [0]


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=200), st.integers(1, 50))
def test_moments_are_those_of_the_whole(values: list[float], size: int):
    array = np.array(values)
    moments = fed(Moments(), array, size)
    assert moments.count == array.size
    assert moments.mean == pytest.approx(array.mean(), rel=1e-9, abs=1e-6)
    assert moments.std == pytest.approx(array.std(ddof=1), rel=1e-6, abs=1e-3)


def test_moments_keep_their_digits_far_from_zero():
    array = 1e15 + np.array([0.0, 1.0, 2.0, 3.0] * 1_000)
    moments = fed(Moments(), array, 7)
    assert moments.std == pytest.approx(np.std([0, 1, 2, 3] * 1_000, ddof=1), rel=1e-6)


def test_moments_without_enough_values_or_without_a_float64_are_none():
    assert (Moments().mean, Moments().std) == (None, None)
    one = fed(Moments(), np.array([3.0]), 1)
    assert (one.mean, one.std) == (3.0, None)
    huge = fed(Moments(), np.array([1e308, -1e308, 1e308, 1e308]), 2)
    assert huge.std is None


def test_distinct_values_are_exact_below_the_capacity():
    hashes = pl.int_range(4_095, eager=True).hash().to_numpy()
    assert fed(DistinctSketch(), np.tile(hashes, 3), 1_000).estimate() == 4_095


@pytest.mark.parametrize("distinct", [10_000, 100_000, 1_000_000])
def test_distinct_values_are_within_four_standard_errors(distinct: int):
    hashes = pl.int_range(distinct, eager=True).hash().to_numpy()
    sketch = fed(DistinctSketch(), np.concatenate([hashes, hashes[: distinct // 3]]), 65_536)
    assert abs(sketch.estimate() / distinct - 1) < 4 / np.sqrt(4_094)


def test_distinct_values_do_not_depend_on_the_order_or_the_batches():
    hashes = pl.int_range(50_000, eager=True).hash().to_numpy()
    assert (
        fed(DistinctSketch(), hashes, 777).estimate()
        == fed(DistinctSketch(), hashes[::-1], 50_000).estimate()
    )


def counted(values: list[int]) -> pl.DataFrame:
    series = pl.Series("value", values, dtype=pl.Int64)
    return series.value_counts(name="count").select(
        pl.col("value").hash().alias("hash"), "value", pl.col("count").cast(pl.Int64)
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 30), max_size=300), st.integers(1, 100), st.integers(1, 40))
def test_frequent_values_are_lower_bounds_within_the_shortfall(values, size, capacity):
    frequent = FrequentValues(capacity)
    frequent.update(counted([]))
    for start in range(0, len(values), size):
        frequent.update(counted(values[start : start + size]))
    top = dict(frequent.top(capacity).iter_rows())
    assert frequent.shortfall <= len(values) / (capacity + 1)
    for value in set(values):
        true = values.count(value)
        assert true - frequent.shortfall <= top.get(value, 0) <= true
    if len(set(values)) <= capacity:
        assert frequent.shortfall == 0


def test_equally_frequent_values_come_in_their_order():
    frequent = FrequentValues()
    frequent.update(counted([3, 1, 2, 2, 5]))
    assert frequent.top(3).rows() == [(2, 2), (1, 1), (3, 1)]
