"""The result of a query as a polars frame, with the types that a person expects of it.

DuckDB counts sums of integers in 128 bits and times in calendar intervals, which Arrow carries as
decimals and as months, days and nanoseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from IPython.core.error import UsageError

_BATCH_ROWS = 131_072
_NESTED = frozenset({"struct", "list", "array", "map", "union"})
_INTERVAL = "interval"
_DAY = 86_400_000_000
"""Microseconds, DuckDB's smallest unit."""
_MOST_DAYS = 100_000_000
"""Of so many, 64 bits hold the microseconds, and those of the time of day."""
_PARTS = np.dtype([("months", "i4"), ("days", "i4"), ("nanoseconds", "i8")])
"""An interval as Arrow lays it out."""


def collect(relation: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """Run a query. Integers of 128 bits become those of 64 where all fit, and stay decimals
    otherwise; intervals become durations.

    Raises UsageError for an interval with months, which have no fixed length, and for one within
    another type."""
    _check_nested(relation)
    # Batch by batch: between two of them a person can interrupt.
    reader = relation.to_arrow_reader(_BATCH_ROWS)
    table = pa.Table.from_batches(list(reader), schema=reader.schema)
    for position, (name, kind) in enumerate(zip(relation.columns, relation.types, strict=True)):
        convert = _CONVERSIONS.get(kind.id)
        if convert is not None:
            table = table.set_column(position, name, convert(name, table.column(position)))
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _integers(_name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return values.cast(pa.int64())
    except pa.ArrowInvalid:
        return values


def _durations(name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = pa.duration("us")
    return pa.chunked_array([_duration(name, chunk).cast(kind) for chunk in values.chunks], kind)


def _duration(name: str, values: pa.Array) -> pa.Array:
    valid = values.is_valid().to_numpy(zero_copy_only=False)
    parts = np.frombuffer(values.buffers()[1], _PARTS)[values.offset :][: len(values)][valid]
    if parts["months"].any():
        raise _no_interval([name], "with months, which have no fixed length")
    if (np.abs(parts["days"]) > _MOST_DAYS).any():
        raise _no_interval([name], f"of more than {_MOST_DAYS:,} days")
    found = np.zeros(len(values), np.int64)
    found[valid] = parts["days"] * np.int64(_DAY) + parts["nanoseconds"] // 1_000
    return pa.array(found, mask=~valid)


def _check_nested(relation: duckdb.DuckDBPyRelation) -> None:
    columns = zip(relation.columns, relation.types, strict=True)
    within = [name for name, kind in columns if kind.id != _INTERVAL and _has_interval(kind)]
    if within:
        raise _no_interval(within, "within another type")


def _no_interval(names: list[str], which: str) -> UsageError:
    return UsageError(
        f"Column {', '.join(map(repr, names))} has an INTERVAL {which}, which polars has no type "
        "for: take epoch(...) of it, or cast it to VARCHAR."
    )


def _has_interval(kind: Any) -> bool:
    if kind.id in _NESTED:
        return any(_has_interval(child) for _, child in kind.children if hasattr(child, "id"))
    return bool(kind.id == _INTERVAL)


_CONVERSIONS: Mapping[str, Callable[[str, pa.ChunkedArray], pa.ChunkedArray]] = {
    "hugeint": _integers,
    "uhugeint": _integers,
    _INTERVAL: _durations,
}
