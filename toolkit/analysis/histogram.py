"""Histograms read from a quantile sketch: no second pass, and no bins fixed before the data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toolkit.analysis.sketches import QuantileSketch


def bin_edges(low: float, high: float, bins: int, step: float) -> NDArray[np.float64]:
    """Ascending edges of at most ``bins`` equal bins from ``low``; the last one is at or above
    ``high``.

    With a ``step`` (1 for integers, a day for dates) widths are its multiples, so that every bin
    covers as many possible values as the others.
    """
    if step:
        width = max(float(np.ceil(((high - low) / step + 1) / bins)), 1.0) * step
        # Beyond 2**53 a float64 has no room for the + 1: the last bin ends at the last value then.
        edges = low + width * np.arange(min(int((high - low) // width) + 1, bins) + 1)
        edges[-1] = max(edges[-1], high)
    else:
        # Weights instead of a width: high - low may be beyond the float64 range.
        share = np.linspace(0.0, 1.0, bins + 1)
        edges = np.clip(low * (1.0 - share) + high * share, low, high)
        edges[-1] = high
    distinct: NDArray[np.float64] = np.unique(edges)
    return distinct if distinct.size > 1 else np.array([low, high])


def bin_counts(
    sketch: QuantileSketch, edges: NDArray[np.float64], *, below: int, count: int
) -> NDArray[np.int64]:
    """Values in each bin (low ≤ value < high, in the last one ≤ high), summing to ``count``.

    ``below`` of the sketch's values are -inf, and ``count`` are finite. Each inner edge has the
    rank error of the sketch, so a bin's count is off by at most twice that, and by nothing while
    the sketch is exact.
    """
    inner = np.clip(sketch.ranks(edges[1:-1]), below, below + count)
    return np.diff(np.concatenate([[below], inner, [below + count]]))
