"""Strata: which one a row belongs to, and how many rows of the sample each one gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from toolkit.core.errors import InvalidArgumentError

MAX_STRATA = 100_000
"""Most distinct combinations of the stratifying columns' values that a sample accepts."""

_CODE = "code"

_REFUSED: Mapping[str, Callable[[pa.DataType], bool]] = {
    "nested": pa.types.is_nested,
    "256-bit decimal": pa.types.is_decimal256,
    "interval": pa.types.is_interval,
    "run-end encoded": pa.types.is_run_end_encoded,
}


class Strata:
    """Numbers the strata of a stream from 0, in the order of their first rows.

    Nulls form a stratum of their own, and so do NaNs; ``0.0`` and ``-0.0`` are one value.
    """

    def __init__(self, columns: Sequence[str], schema: pa.Schema, *, limit: int = MAX_STRATA):
        """Raises InvalidArgumentError for a column whose type has no grouping."""
        for name in columns:
            _require_groupable(name, schema.field(name).type)
        self._columns = tuple(columns)
        self._limit = limit
        self._known: pl.DataFrame | None = None

    def codes(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        """The stratum of each row. Raises InvalidArgumentError above the limit of strata."""
        if not self._columns:
            return np.zeros(batch.num_rows, np.int64)
        frame = pl.DataFrame(
            [_values(batch.column(name)).alias(f"{i}") for i, name in enumerate(self._columns)]
        )
        known = self._known = self._learn(frame)
        coded = frame.join(
            known, on=frame.columns, how="left", nulls_equal=True, maintain_order="left"
        )
        return coded[_CODE].to_numpy().astype(np.int64)

    def _learn(self, frame: pl.DataFrame) -> pl.DataFrame:
        known = self._known
        new = frame.unique(maintain_order=True)
        if known is not None:
            new = new.join(
                known, on=frame.columns, how="anti", nulls_equal=True, maintain_order="left"
            )
        start = 0 if known is None else known.height
        if start + new.height > self._limit:
            columns = ", ".join(f'"{name}"' for name in self._columns)
            raise InvalidArgumentError(
                f"Cannot stratify by {columns}: there are more than {self._limit:,} distinct "
                "combinations of values. Stratify by columns with fewer values, or bin them first."
            )
        code = pl.int_range(start, start + new.height, dtype=pl.UInt32, eager=True).alias(_CODE)
        new = new.with_columns(code)
        return new if known is None else known.vstack(new)


def allocate(sizes: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Divide a sample of ``n`` rows among strata in proportion to their sizes.

    Largest remainders (Hamilton's method): every stratum gets its exact share rounded down, and
    the rows that are left go to the strata with the largest fractions, the first stratum among
    equals. The quotas sum to ``n`` (at most the sum of the sizes), no quota exceeds its stratum,
    and each is less than one row away from the exact share: a stratum whose share is below one
    row may get none.
    """
    total = int(sizes.sum())
    if total == 0:
        return np.zeros_like(sizes)
    # Python integers: the product of a row count and a sample size can pass 64 bits.
    shares = [divmod(n * int(size), total) for size in sizes]
    quotas = np.array([whole for whole, _ in shares], np.int64)
    remainders = np.array([rest for _, rest in shares])
    left = n - int(quotas.sum())
    quotas[np.argsort(-remainders, kind="stable")[:left]] += 1
    return quotas


def _require_groupable(name: str, type_: pa.DataType) -> None:
    for word, matches in _REFUSED.items():
        if matches(type_):
            raise InvalidArgumentError(
                f'Cannot stratify by "{name}": its type, {type_}, is {word}. Stratify by a column '
                "of numbers, text, dates or categories."
            )


def _values(array: pa.Array) -> pl.Series:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        # Batches have dictionaries of their own; the values are what they have in common.
        array = array.cast(array.type.value_type)
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)
    return _bits(series) if series.dtype.is_float() else series


def _bits(series: pl.Series) -> pl.Series:
    """Floats as integers that are equal when the values are: joins disagree about NaN."""
    values = series.cast(pl.Float64).fill_null(0.0).to_numpy() + 0.0
    values[np.isnan(values)] = np.nan
    return pl.Series(values.view(np.int64)).set(series.is_null(), None)
