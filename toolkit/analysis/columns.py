"""The statistics of one column while blocks of it go by."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from toolkit.analysis.histogram import bin_counts, bin_edges
from toolkit.analysis.kinds import Kind, kind_of, to_series, type_text
from toolkit.analysis.sketches import DistinctSketch, FrequentValues, Moments, QuantileSketch

QUANTILES: dict[str, float] = {
    "q01": 0.01,
    "q05": 0.05,
    "q25": 0.25,
    "q50": 0.5,
    "q75": 0.75,
    "q95": 0.95,
    "q99": 0.99,
}


class ColumnStatistics:
    """Everything that a profile says of one column."""

    def __init__(self, field: pa.Field):
        self._field = field
        self._kind = kind_of(field.type)
        self._nulls = 0
        self._values = Values(self._kind) if self._kind else None
        self._numbers = Numbers(self._kind) if self._kind and self._kind.number else None

    def update(self, block: pa.ChunkedArray) -> None:
        """Add the column's values in the next block."""
        if self._kind is None or self._values is None:
            self._nulls += block.null_count
            return
        series = to_series(block)
        self._nulls += len(block) - len(series)
        self._values.update(series)
        if self._numbers is not None and self._kind.number is not None:
            self._numbers.update(self._kind.number(series).to_numpy())

    def summary(self, rows: int, *, bins: int, top: int) -> dict[str, Any]:
        """The column's row of the profile; what has no meaning for its kind is absent."""
        summary: dict[str, Any] = {
            "column": self._field.name,
            "type": type_text(self._field.type),
            "kind": self._kind.name if self._kind else "other",
            "nulls": self._nulls,
            "null_fraction": self._nulls / rows if rows else None,
        }
        if self._values is not None:
            summary |= self._values.summary(top)
        if self._numbers is not None:
            summary |= self._numbers.summary(bins)
        return summary


class Values:
    """What every kind has: distinct values, the most frequent ones, the smallest and largest."""

    def __init__(self, kind: Kind):
        self._kind = kind
        # Text is shortened before it is kept; other values have a fixed size and stay exact.
        self._shortened = kind.number is None
        self._count = 0
        self._distinct = DistinctSketch()
        self._frequent = FrequentValues()
        self._extremes: pl.DataFrame | None = None

    def update(self, series: pl.Series) -> None:
        self._count += len(series)
        value = pl.col("value")
        counted = series.value_counts(name="count").select(
            value.hash().alias("hash"), value, pl.col("count").cast(pl.Int64)
        )
        self._distinct.update(counted["hash"].to_numpy())
        kept = self._kind.text(value) if self._shortened else value
        self._frequent.update(counted.with_columns(kept.alias("value")))
        ordered = counted.filter(value.is_not_nan()) if self._kind.floats else counted
        extremes = ordered.select(min=value.min(), max=value.max())
        if self._extremes is not None:
            extremes = pl.concat([self._extremes, extremes])
        self._extremes = extremes.select(pl.col("min").min(), pl.col("max").max())

    def summary(self, top: int) -> dict[str, Any]:
        if self._extremes is None:
            return {"distinct": 0, "top": [], "top_shortfall": 0}
        low, high = self._extremes.select(self._kind.text(pl.all())).row(0)
        frequent = self._frequent.top(top)
        if not self._shortened:
            frequent = frequent.with_columns(self._kind.text(pl.col("value")))
        return {
            # An estimate can exceed what there is to count.
            "distinct": min(self._distinct.estimate(), self._count),
            "min": low,
            "max": high,
            "top": frequent.to_dicts(),
            "top_shortfall": self._frequent.shortfall,
        }


class Numbers:
    """What kinds on a scale have: moments, quantiles, a histogram; NaN and infinities counted."""

    def __init__(self, kind: Kind):
        self._kind = kind
        self._nans = 0
        self._below = 0
        self._above = 0
        self._low = np.inf
        self._high = -np.inf
        self._moments = Moments()
        self._sketch = QuantileSketch()

    def update(self, numbers: NDArray[np.float64]) -> None:
        finite = numbers
        if self._kind.floats:
            finite = numbers[np.isfinite(numbers)]
            self._below += int((numbers == -np.inf).sum())
            self._above += int((numbers == np.inf).sum())
            self._nans += int(np.isnan(numbers).sum())
            numbers = numbers[~np.isnan(numbers)]
        self._moments.update(finite)
        if self._kind.scale:
            self._sketch.update(numbers)
        self._low = min(self._low, float(finite.min(initial=np.inf)))
        self._high = max(self._high, float(finite.max(initial=-np.inf)))

    def summary(self, bins: int) -> dict[str, Any]:
        summary: dict[str, Any] = {"mean": self._moments.mean, "std": self._moments.std}
        if self._kind.floats:
            summary |= {"nans": self._nans, "infinities": self._below + self._above}
        if self._kind.scale:
            summary |= self._quantiles() | {"histogram": self._histogram(bins)}
        return summary

    def _quantiles(self) -> dict[str, float]:
        values = self._sketch.quantiles(np.array(list(QUANTILES.values())))
        return {} if values is None else dict(zip(QUANTILES, values.tolist(), strict=True))

    def _histogram(self, bins: int) -> list[dict[str, Any]]:
        count = self._moments.count
        if not count:
            return []
        edges = bin_edges(self._low, self._high, bins, self._kind.step)
        counts = bin_counts(self._sketch, edges, below=self._below, count=count)
        rows = zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
        return [{"low": low, "high": high, "count": n} for low, high, n in rows]
