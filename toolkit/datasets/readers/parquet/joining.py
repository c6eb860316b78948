"""Files whose columns differ, as one frame: each column brought to the type that all files share,
without a changed value or an error that names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import polars as pl
import pyarrow.parquet as pq

from toolkit.core.errors import SourceError

EXACT = 1 << 53
"""Up to it, and down to its negative, every integer is a Float64."""
_NARROW = (pl.Int8(), pl.Int16(), pl.Int32(), pl.UInt8(), pl.UInt16(), pl.UInt32())
"""Integers of which every one is."""


def joined(
    frame: pl.LazyFrame,
    url: str,
    wanted: pl.Schema,
    partitions: Mapping[str, pl.DataType],
    proven: frozenset[str],
) -> pl.LazyFrame:
    """``frame`` with all the columns, null where it has none. ``url`` names its files in errors;
    the values of the columns ``proven`` are known to fit."""
    have = frame.collect_schema()
    columns = [
        _joined(name, have[name], dtype, url, checked=name not in proven)
        if name in have
        else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in wanted.items()
    ]
    return frame.select(*columns, *(name for name in partitions if name not in wanted))


def _joined(
    name: str, have: pl.DataType, wanted: pl.DataType, url: str, *, checked: bool
) -> pl.Expr:
    if have == wanted:
        return pl.col(name)
    if not needs_fitting(have, wanted) or (not checked and not have.is_nested()):
        return pl.col(name).cast(wanted)
    return pl.col(name).map_batches(
        Fitting(url, name, wanted), return_dtype=wanted, is_elementwise=True
    )


def needs_fitting(have: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether a cast of polars is not enough: it would round, or cannot be."""
    if have == wanted:
        return False
    if isinstance(have, pl.Struct) and isinstance(wanted, pl.Struct):
        return True
    if isinstance(have, pl.List | pl.Array) and isinstance(wanted, pl.List):
        return needs_fitting(_inner(have), _inner(wanted))
    return needs_looking_at(have, wanted)


def needs_looking_at(have: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether some values of the one type are none of the other."""
    if isinstance(wanted, pl.Datetime | pl.Duration):
        return have != wanted
    return wanted == pl.Float64() and have.is_integer() and have not in _NARROW


@dataclass(frozen=True, slots=True)
class Fitting:
    """Brings the values of a column of one file to a type that holds those of the others."""

    url: str
    column: str
    wanted: pl.DataType

    def __call__(self, values: pl.Series) -> pl.Series:
        """Raises SourceError for a value that the type does not hold."""
        return self._fitted(values, self.wanted)

    def _fitted(self, values: pl.Series, wanted: pl.DataType) -> pl.Series:
        have = values.dtype
        if not needs_fitting(have, wanted):
            return values.cast(wanted)
        if isinstance(have, pl.Struct) and isinstance(wanted, pl.Struct):
            return self._struct(values, wanted)
        if isinstance(have, pl.Array):
            values = values.cast(pl.List(_inner(have)))
        if isinstance(have, pl.List | pl.Array) and isinstance(wanted, pl.List):
            inner = _inner(wanted)
            element = pl.element().map_batches(
                lambda within: self._fitted(within, inner), return_dtype=inner
            )
            return values.list.eval(element)
        if have.is_integer() and wanted == pl.Float64():
            self._require(values, values.cast(pl.Int128).abs() > EXACT, wanted)
            return values.cast(wanted)
        fitted = values.cast(wanted, strict=False)
        self._require(values, fitted.is_null() & values.is_not_null(), wanted)
        return fitted

    def _struct(self, values: pl.Series, wanted: pl.Struct) -> pl.Series:
        fields = values.struct.unnest()
        made = [
            self._fitted(fields[field.name], cast(pl.DataType, field.dtype))
            if field.name in fields.columns
            else pl.Series(field.name, [None], dtype=field.dtype).new_from_index(0, len(values))
            for field in wanted.fields
        ]
        whole = pl.DataFrame(made).to_struct(values.name)
        if not values.null_count():
            return whole
        nothing = pl.Series(values.name, [None], dtype=wanted)
        return whole.zip_with(values.is_not_null(), nothing.new_from_index(0, len(values)))

    def _require(self, values: pl.Series, bad: pl.Series, wanted: pl.DataType) -> None:
        if not bad.any():
            return
        value = values.filter(bad.fill_null(False))[0]
        raise SourceError(
            f"{self.url} has {value} in column {self.column!r}, which is {values.dtype} there and "
            f"{wanted} in other files: {wanted} cannot hold that value exactly. Leave the column "
            "out of the query, or read the files that belong together and cast."
        )


def exact_by_statistics(metadata: pq.FileMetaData | None, names: Sequence[str]) -> frozenset[str]:
    """Those of the top-level columns ``names`` of which every row group says that all its numbers
    are exact as Float64."""
    if metadata is None:
        return frozenset()
    known = {metadata.schema.column(i).path: i for i in range(metadata.num_columns)}
    return frozenset(name for name in names if name in known and _exact(metadata, known[name]))


def _exact(metadata: pq.FileMetaData, column: int) -> bool:
    return all(
        _bounded(metadata.row_group(group).column(column).statistics)
        for group in range(metadata.num_row_groups)
    )


def _bounded(statistics: Any) -> bool:
    if statistics is None or not statistics.has_min_max:
        return False
    bounds = (statistics.min, statistics.max)
    return all(isinstance(bound, int) and abs(bound) <= EXACT for bound in bounds)


def _inner(dtype: pl.DataType) -> pl.DataType:
    return cast(pl.DataType, cast(pl.List, dtype).inner)
