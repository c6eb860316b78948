"""Summaries of a stream in fixed memory, with bounds on their errors.

They use no random numbers: the same values in the same blocks give the same summary, so that the
profile of a version is the same frame every time it is made.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

QUANTILE_CAPACITY = 4_096
DISTINCT_CAPACITY = 4_096
FREQUENT_CAPACITY = 4_096


class Moments:
    """Count, mean and standard deviation (Chan, Golub and LeVeque 1979: pairwise updating), of
    differences from the first value, which keep their digits far from zero."""

    def __init__(self) -> None:
        self.count = 0
        self._first = 0.0
        self._mean = 0.0
        self._squares = 0.0

    def update(self, values: NDArray[np.float64]) -> None:
        """Add finite values."""
        if not values.size:
            return
        if not self.count:
            self._first = float(values[0])
        # Differences and squares near the float64 maximum overflow; then the result is None.
        with np.errstate(over="ignore", invalid="ignore"):
            values = values - self._first
            mean = float(values.mean())
            delta, total = mean - self._mean, self.count + values.size
            self._squares += float(((values - mean) ** 2).sum())
            self._squares += delta * delta * self.count * values.size / total
            self._mean += delta * values.size / total
        self.count = total

    @property
    def mean(self) -> float | None:
        """None without values, or where it has no float64."""
        return self._first + self._mean if self.count and np.isfinite(self._mean) else None

    @property
    def std(self) -> float | None:
        """With n - 1 in the denominator; None below two values, or where it has no float64."""
        if self.count < 2 or not np.isfinite(self._squares):
            return None
        return float(np.sqrt(self._squares / (self.count - 1)))


class QuantileSketch:
    """Ranks and quantiles of a stream of floats: a hierarchy of compactors.

    A full buffer of weight-w values is sorted, and every second one of them goes on with weight 2w
    (Munro and Paterson 1980; Manku, Rajagopalan and Lindsay 1998; with more levels and random
    choices it is the KLL sketch of Karnin, Lang and Liberty 2016). Which half goes on alternates,
    so that the errors of successive compactions cancel.

    Exact up to ``capacity`` values. Beyond, the rank of a value is off by at most
    ``ceil(log2(n / capacity)) / capacity`` of all n values: 0.2 % at a million with the default,
    0.5 % at a billion; an order less is usual. Memory: ``8 * capacity * log2(n / capacity)`` bytes.
    """

    def __init__(self, capacity: int = QUANTILE_CAPACITY):
        """``capacity`` is even."""
        self._capacity = capacity
        self._levels: list[list[NDArray[np.float64]]] = [[]]
        self._sizes = [0]
        self._offsets = [0]
        self.count = 0

    def update(self, values: NDArray[np.float64]) -> None:
        """Add values without NaN; infinities are values like others."""
        self.count += values.size
        while values.size:
            room = self._capacity - self._sizes[0]
            # A full buffer is compacted only when more comes: up to the capacity nothing is lost.
            if room == 0:
                self._compact(0)
                continue
            self._push(0, values[:room])
            values = values[room:]

    def ranks(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """How many values are below each point (about; see the class)."""
        values, below = self._sorted()
        return below[np.searchsorted(values, points, side="left")]

    def quantiles(self, fractions: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """The smallest values with at least these fractions of all values at or below them
        (numpy's ``inverted_cdf``, polars' ``equiprobable``). None without values."""
        values, below = self._sorted()
        if not values.size:
            return None
        wanted = np.ceil(fractions * self.count).astype(np.int64)
        index = np.searchsorted(below[1:], np.maximum(wanted, 1), side="left")
        return values[index]

    def _push(self, level: int, values: NDArray[np.float64]) -> None:
        # A copy: a slice would keep its whole block alive.
        self._levels[level].append(values.copy())
        self._sizes[level] += values.size

    def _compact(self, level: int) -> None:
        if level + 1 == len(self._levels):
            self._levels.append([])
            self._sizes.append(0)
            self._offsets.append(0)
        full = np.sort(np.concatenate(self._levels[level]))
        self._levels[level], self._sizes[level] = [], 0
        offset = self._offsets[level]
        self._offsets[level] = 1 - offset
        if self._sizes[level + 1] == self._capacity:
            self._compact(level + 1)
        self._push(level + 1, full[offset::2])

    def _sorted(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The values that are kept, ascending, and the weight below each and below the end."""
        parts = [part for level in self._levels for part in level]
        weights = [1 << level for level, parts in enumerate(self._levels) for _ in parts]
        if not parts:
            return np.zeros(0), np.zeros(1, np.int64)
        values = np.concatenate(parts)
        weight = np.repeat(np.array(weights, np.int64), [part.size for part in parts])
        order = np.argsort(values, kind="stable")
        return values[order], np.concatenate([[0], np.cumsum(weight[order])])


class DistinctSketch:
    """The number of distinct values from the k smallest hashes (Bar-Yossef et al. 2002; the
    estimator of Beyer et al. 2007).

    Exact up to ``capacity - 1`` distinct values; beyond, the standard error is
    ``1 / sqrt(capacity - 2)``, 1.6 % with the default. Memory: ``8 * capacity`` bytes.
    """

    def __init__(self, capacity: int = DISTINCT_CAPACITY):
        self._capacity = capacity
        self._hashes = np.zeros(0, np.uint64)

    def update(self, hashes: NDArray[np.uint64]) -> None:
        """Add values by their 64-bit hashes."""
        if self._hashes.size == self._capacity:
            hashes = hashes[hashes < self._hashes[-1]]
        if hashes.size:
            merged = np.union1d(self._hashes, hashes)
            self._hashes = merged[: self._capacity].copy()

    def estimate(self) -> int:
        """The number of distinct values."""
        if self._hashes.size < self._capacity:
            return int(self._hashes.size)
        return round((self._capacity - 1) / (float(self._hashes[-1]) / 2.0**64))


class FrequentValues:
    """The most frequent values with their counts: a Misra-Gries summary of ``capacity`` counters,
    merged block by block (Agarwal et al.: Mergeable Summaries, PODS 2012).

    Exact up to ``capacity`` distinct values. Beyond, each count is a lower bound, short by at most
    ``shortfall`` occurrences, which is at most ``1 / (capacity + 1)`` of the values: a value that
    makes up more than that is always found. Values are told apart by 64-bit hashes.
    """

    def __init__(self, capacity: int = FREQUENT_CAPACITY):
        self._capacity = capacity
        self._kept: pl.DataFrame | None = None
        self.shortfall = 0

    def update(self, block: pl.DataFrame) -> None:
        """Add the distinct values of a block: columns ``hash``, ``value`` and ``count`` (Int64)."""
        merged = block
        if self._kept is not None:
            merged = (
                pl.concat([self._kept, block])
                .group_by("hash", maintain_order=True)
                .agg(pl.col("value").first(), pl.col("count").sum())
            )
        if merged.height > self._capacity:
            counts = merged["count"].to_numpy()
            cut = int(np.partition(counts, -self._capacity - 1)[-self._capacity - 1])
            merged = merged.filter(pl.col("count") > cut).with_columns(pl.col("count") - cut)
            self.shortfall += cut
        self._kept = merged

    def top(self, n: int) -> pl.DataFrame:
        """The ``n`` most frequent, columns ``value`` and ``count``; by value among equals."""
        assert self._kept is not None
        ordered = self._kept.sort("count", "value", "hash", descending=[True, False, False])
        return ordered.select("value", "count").head(n)
