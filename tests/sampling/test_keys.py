from __future__ import annotations

import numpy as np

from toolkit.sampling.keys import row_keys

MASK = 2**64 - 1


def reference_splitmix64(state: int) -> int:
    """The published algorithm in plain integers: advance the state, then mix it."""
    z = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def test_keys_are_the_splitmix64_sequence_of_the_mixed_seed():
    for seed in (0, 1, 42, 2**64 - 1):
        state = reference_splitmix64(seed)
        expected = [
            reference_splitmix64((state + i * 0x9E3779B97F4A7C15) & MASK) for i in range(100)
        ]
        assert row_keys(seed, 0, 100).tolist() == expected


def test_first_keys_of_seed_0_never_change():
    # The first output of SplitMix64 seeded with 0 is a published test vector.
    assert reference_splitmix64(0) == 0xE220A8397B1DCDAF
    assert row_keys(0, 0, 3).tolist() == [
        0xA706DD2F4D197E6F,
        0xB382A305F4414F5E,
        0x631A9154FBABF717,
    ]


def test_a_key_depends_on_the_position_and_not_on_where_a_batch_starts():
    whole = row_keys(7, 0, 1000)
    assert np.array_equal(whole[123:456], row_keys(7, 123, 333))


def test_keys_of_one_seed_are_distinct():
    assert np.unique(row_keys(3, 0, 1_000_000)).size == 1_000_000


def test_keys_of_neighbouring_seeds_are_not_shifts_of_each_other():
    assert np.intersect1d(row_keys(1, 0, 100_000), row_keys(2, 0, 100_000)).size == 0


def test_keys_are_uniform():
    counts = np.bincount((row_keys(11, 0, 1_000_000) >> np.uint64(56)).astype(int), minlength=256)
    chi_square = ((counts - 1_000_000 / 256) ** 2 / (1_000_000 / 256)).sum()
    assert 150 < chi_square < 380  # 255 degrees of freedom: mean 255, deviation 22.6
