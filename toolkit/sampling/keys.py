"""A pseudo-random key for every row, computed from the seed and the row's position alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_SEED = 2**64 - 1

_MASK = 2**64 - 1
_GAMMA = 0x9E3779B97F4A7C15
_MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


def row_keys(seed: int, start: int, count: int) -> NDArray[np.uint64]:
    """The keys of the rows ``start`` to ``start + count - 1``, as uint64.

    SplitMix64 used as a counter-based generator (Steele, Lea and Flood: Fast Splittable
    Pseudorandom Number Generators, OOPSLA 2014): a key depends on the seed and the position and on
    nothing else, so batches, engines and machines agree. The mix is a bijection: the keys of a
    dataset are distinct, and an order by key has no ties.
    """
    state = np.arange(start + 1, start + 1 + count, dtype=np.uint64)
    state *= np.uint64(_GAMMA)
    # The seed is mixed first: seeds 1 and 2 would otherwise give shifts of one sequence.
    state += np.uint64(_mix_int(seed))
    return _mix(state)


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_MULTIPLIERS[0])
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_MULTIPLIERS[1])
    return z ^ (z >> np.uint64(31))


def _mix_int(z: int) -> int:
    # Plain integers: numpy warns of overflow on scalars, which is what a mix is made of.
    z = (z + _GAMMA) & _MASK
    z = ((z ^ (z >> 30)) * _MULTIPLIERS[0]) & _MASK
    z = ((z ^ (z >> 27)) * _MULTIPLIERS[1]) & _MASK
    return z ^ (z >> 31)
