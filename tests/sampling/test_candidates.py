from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.sampling.candidates import Candidates
from toolkit.sampling.keys import row_keys
from toolkit.sampling.layout import keepable
from toolkit.sampling.strata import allocate

SCHEMA = pa.schema([("row", pa.int64())])


def draw(codes: np.ndarray, n: int, size: int, **options: float) -> tuple[list[int] | None, int]:
    """The rows of the sample, and the most rows that were held on the way."""
    candidates, most = Candidates(SCHEMA, n / max(codes.size, 1), **options), 0
    for start in range(0, codes.size, size):
        part = codes[start : start + size]
        rows = np.arange(start, start + part.size)
        batch = pa.record_batch({"row": rows})
        candidates.add(batch, row_keys(5, start, part.size), part)
        most = max(most, candidates.held)
    sample = candidates.select(n)
    return (None if sample is None else sample["row"].to_pylist()), most


def exact(codes: np.ndarray, n: int) -> list[int]:
    """Bottom-k of each stratum, with every row at hand."""
    keys = row_keys(5, 0, codes.size)
    quotas = allocate(np.bincount(codes), n)
    chosen = []
    for stratum, quota in enumerate(quotas):
        rows = np.flatnonzero(codes == stratum)
        chosen += rows[np.argsort(keys[rows])][:quota].tolist()
    return sorted(chosen)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=300),
    st.integers(1, 300),
    st.integers(1, 300),
)
def test_the_sample_is_the_exact_bottom_k_of_every_stratum(values, n, size):
    codes = np.array(values)
    n = min(n, codes.size)
    assert draw(codes, n, size)[0] == exact(codes, n)


@pytest.mark.parametrize("order", ["shuffled", "sorted"])
def test_many_strata_of_very_different_sizes_are_exact_and_bounded(order: str):
    rng = np.random.default_rng(1)
    codes = np.minimum(rng.zipf(1.6, 300_000) - 1, 200)
    if order == "sorted":
        codes = np.sort(codes)
    n, strata = 3_000, np.unique(codes).size
    rows, most = draw(codes, n, 4_096)
    assert rows == exact(codes, n)
    bound = n + np.sqrt(80 * n * strata) + 80 * strata
    assert most <= 2 * bound + 1024 + 4_096


def test_rows_that_early_limits_let_through_are_dropped_later():
    # A hundred strata that grow together: early on every row may be needed.
    codes = np.arange(200_000) % 100
    most = draw(codes, 200, 500)[1]
    assert most <= 2 * (200 + np.sqrt(80 * 200 * 100) + 80 * 100) + 1024 + 500


def test_rows_held_do_not_grow_with_the_rows_of_the_stream():
    most = [draw(np.zeros(rows, np.int64), 1_000, 4_096)[1] for rows in (100_000, 1_000_000)]
    assert max(most) < 2 * (1_000 + 80 + np.sqrt(80 * 1_000)) + 1024 + 4_096


def test_a_sample_that_may_be_incomplete_is_not_returned():
    codes = np.zeros(5_000, np.int64)
    # With no slack the expected number of rows below the limit is n: too few about half the time.
    samples = {n: draw(codes, n, 1_000, slack=1e-9)[0] for n in range(1, 40)}
    assert None in samples.values()
    assert all(rows in (None, exact(codes, n)) for n, rows in samples.items())


def test_a_stream_without_candidates_is_incomplete_and_not_empty():
    candidates = Candidates(SCHEMA, 1e-12, slack=1e-9)
    candidates.add(pa.record_batch({"row": [0]}), np.array([2**63], np.uint64), np.zeros(1, int))
    assert candidates.select(1) is None


def test_no_rows_give_the_empty_table_with_its_schema():
    sample = Candidates(SCHEMA, 1.0).select(0)
    assert sample is not None
    assert (sample.num_rows, sample.schema) == (0, SCHEMA)


def test_rows_that_are_kept_do_not_keep_their_batch_in_memory():
    schema = keepable(pa.schema([("text", pa.string_view())]))
    before = pa.total_allocated_bytes()
    candidates = Candidates(schema, 1e-4)
    for start in range(0, 200_000, 20_000):
        text = [f"a text that is too long to be inlined {i}" for i in range(start, start + 20_000)]
        batch = pa.record_batch({"text": pa.array(text, pa.string_view())})
        candidates.add(batch.cast(schema), row_keys(1, start, 20_000), np.zeros(20_000, np.int64))
        del batch
    assert candidates.held < 1_500
    assert pa.total_allocated_bytes() - before < 300_000
