from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.analysis.histogram import bin_counts, bin_edges
from toolkit.analysis.sketches import QuantileSketch

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(FINITE, FINITE, st.integers(1, 50))
def test_continuous_edges_ascend_from_low_to_high(a: float, b: float, bins: int):
    low, high = sorted((a, b))
    edges = bin_edges(low, high, bins, 0.0)
    assert (edges[0], edges[-1]) == (low, high)
    assert 2 <= edges.size <= bins + 1
    assert low == high or (np.diff(edges) > 0).all()


def test_few_integers_have_a_bin_each():
    assert bin_edges(1, 12, 20, 1.0).tolist() == list(range(1, 14))


def test_integer_bins_all_cover_equally_many_integers():
    assert bin_edges(0, 99, 20, 1.0).tolist() == list(range(0, 101, 5))
    assert set(np.diff(bin_edges(-7, 1_000_003, 20, 1.0))) == {50_001.0}


@given(st.integers(-(2**63), 2**64), st.integers(0, 2**64), st.integers(1, 50))
def test_integer_edges_reach_the_largest_value(low: int, span: int, bins: int):
    first, last = float(low), float(low + span)
    edges = bin_edges(first, last, bins, 1.0)
    assert edges[0] == first
    assert edges[-1] >= last
    assert edges.size <= bins + 1


def test_integer_edges_reach_the_largest_value_where_floats_round_down():
    low, high = 1.6031802890236048e16, 8.50066586170655e18
    assert bin_edges(low, high, 814, 1.0)[-1] == high


def test_edges_of_the_whole_float64_range_are_finite():
    edges = bin_edges(-1.7e308, 1.7e308, 10, 0.0)
    assert np.isfinite(edges).all()
    assert edges.size == 11


@settings(deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200), st.integers(1, 30))
def test_counts_are_those_of_numpy_while_the_sketch_is_exact(values: list[float], bins: int):
    array = np.array(values)
    sketch = QuantileSketch()
    sketch.update(np.concatenate([[-np.inf, -np.inf], array, [np.inf]]))
    edges = bin_edges(array.min(), array.max(), bins, 0.0)
    counts = bin_counts(sketch, edges, below=2, count=array.size)
    expected = np.histogram(array, edges)[0] if edges[0] < edges[-1] else [array.size]
    assert counts.tolist() == list(expected)


@settings(deadline=None)
@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 40))
def test_counts_are_never_negative_when_infinities_blur(below: int, above: int, finite: int):
    sketch = QuantileSketch(4)
    values = np.arange(float(finite))
    sketch.update(np.concatenate([np.full(above, np.inf), values, np.full(below, -np.inf)]))
    edges = bin_edges(0.0, float(finite - 1), 10, 1.0)
    counts = bin_counts(sketch, edges, below=below, count=finite)
    assert counts.min() >= 0
    assert counts.sum() == finite


@pytest.mark.parametrize("step", [0.0, 1.0])
def test_counts_of_a_million_values_are_near_and_sum_to_all(step: float):
    values = np.floor(np.random.default_rng(3).exponential(1_000, 1_000_000))
    sketch = QuantileSketch()
    for start in range(0, values.size, 65_536):
        sketch.update(values[start : start + 65_536])
    edges = bin_edges(values.min(), values.max(), 20, step)
    counts = bin_counts(sketch, edges, below=0, count=values.size)
    assert counts.sum() == values.size
    assert np.abs(counts - np.histogram(values, edges)[0]).max() <= 0.004 * values.size
