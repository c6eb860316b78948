"""What can be computed for a column, by its Arrow type: a kind, with its conversions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

MAX_TEXT = 256
"""Characters of a value that a profile shows; longer ones end in an ellipsis."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How the values of a column are told apart, shown and measured."""

    name: str
    text: Callable[[pl.Expr], pl.Expr]
    """Values as text of bounded length, for people."""
    number: Callable[[pl.Series], pl.Series] | None = None
    """Values as Float64: numbers as they are, moments in seconds since 1970-01-01 (UTC, or the
    wall clock without a time zone), times in seconds since midnight, durations in seconds."""
    scale: bool = True
    """False where quantiles and a histogram of the numbers would say nothing (booleans)."""
    step: float = 0.0
    """The smallest difference between values, 0 when continuous: bin edges are multiples of it."""
    floats: bool = False
    """True when NaN and infinities can occur."""


def kind_of(type_: pa.DataType) -> Kind | None:
    """The kind of a type, None when only nulls are counted (nested, null and unknown types)."""
    if isinstance(type_, pa.BaseExtensionType):
        return kind_of(type_.storage_type)
    if pa.types.is_dictionary(type_):
        return kind_of(type_.value_type)
    if pa.types.is_decimal256(type_) and type_.precision > _MAX_PRECISION:
        return None
    return _KINDS.get(type_.id)


def type_text(type_: pa.DataType) -> str:
    """The type as Arrow writes it, without the variants of memory layout (``large_string``)."""
    if pa.types.is_dictionary(type_):
        ordered = ", ordered" if type_.ordered else ""
        return f"dictionary<{type_text(type_.value_type)}{ordered}>"
    return _LAYOUT.sub(r"\1", str(type_))


def to_series(column: pa.ChunkedArray) -> pl.Series:
    """The values of a column that has a kind, without nulls, under the name ``value``."""
    if isinstance(column.type, pa.BaseExtensionType):
        storage = column.type.storage_type
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], storage)
    if pa.types.is_dictionary(column.type):
        values = _PLAIN.get(column.type.value_type.id, column.type.value_type)
        # Two steps: a dictionary of views cannot be decoded as it is.
        column = column.cast(pa.dictionary(column.type.index_type, values)).cast(values)
    if pa.types.is_decimal256(column.type):
        column = column.cast(pa.decimal128(_MAX_PRECISION, column.type.scale))
    series = pl.from_arrow(column)
    assert isinstance(series, pl.Series)
    if pa.types.is_date64(column.type):
        series = series.cast(pl.Date)
    if series.dtype.is_float():
        series = series.set(series == 0.0, 0.0)  # -0.0 and 0.0 are shown as the one value they are
    return series.alias("value").drop_nulls()


_MAX_PRECISION = 38
_LAYOUT = re.compile(r"\b(?:large_)?(string|binary|list)(?:_view)?\b")
_PLAIN: Mapping[int, pa.DataType] = {
    pa.lib.Type_STRING_VIEW: pa.large_string(),
    pa.lib.Type_BINARY_VIEW: pa.large_binary(),
}
_PER_SECOND = {"ms": 1e3, "us": 1e6, "ns": 1e9}
_DAY = 86_400.0


def _as_number(series: pl.Series) -> pl.Series:
    return series.cast(pl.Float64)


def _as_days(series: pl.Series) -> pl.Series:
    return series.to_physical().cast(pl.Float64) * _DAY


def _as_seconds(series: pl.Series) -> pl.Series:
    unit = getattr(series.dtype, "time_unit", "ns")
    return series.to_physical().cast(pl.Float64) / _PER_SECOND[unit]


def _plain(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.String)


def _iso(value: pl.Expr) -> pl.Expr:
    return value.dt.to_string("iso")


def _short(value: pl.Expr) -> pl.Expr:
    cut = value.str.head(MAX_TEXT - 1) + "…"
    return pl.when(value.str.len_chars() > MAX_TEXT).then(cut).otherwise(value)


def _hex(value: pl.Expr) -> pl.Expr:
    # Twice as many digits as bytes; one byte more than fits shows that something is missing.
    return _short(value.bin.head(MAX_TEXT // 2 + 1).bin.encode("hex"))


_INTEGER = Kind("integer", _plain, _as_number, step=1.0)
_FLOAT = Kind("float", _plain, _as_number, floats=True)
_DECIMAL = Kind("decimal", _plain, _as_number)
_TEXT = Kind("text", _short)
_BINARY = Kind("binary", _hex)
_DATE = Kind("date", _iso, _as_days, step=_DAY)

_KINDS: Mapping[int, Kind] = {
    pa.lib.Type_BOOL: Kind("boolean", _plain, _as_number, scale=False),
    **dict.fromkeys((t.id for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64())), _INTEGER),
    **dict.fromkeys((t.id for t in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())), _INTEGER),
    **dict.fromkeys((t.id for t in (pa.float16(), pa.float32(), pa.float64())), _FLOAT),
    pa.lib.Type_DECIMAL32: _DECIMAL,
    pa.lib.Type_DECIMAL64: _DECIMAL,
    pa.lib.Type_DECIMAL128: _DECIMAL,
    pa.lib.Type_DECIMAL256: _DECIMAL,
    pa.lib.Type_STRING: _TEXT,
    pa.lib.Type_LARGE_STRING: _TEXT,
    pa.lib.Type_STRING_VIEW: _TEXT,
    pa.lib.Type_BINARY: _BINARY,
    pa.lib.Type_LARGE_BINARY: _BINARY,
    pa.lib.Type_BINARY_VIEW: _BINARY,
    pa.lib.Type_FIXED_SIZE_BINARY: _BINARY,
    pa.lib.Type_DATE32: _DATE,
    pa.lib.Type_DATE64: _DATE,
    pa.lib.Type_TIMESTAMP: Kind("datetime", _iso, _as_seconds),
    pa.lib.Type_TIME32: Kind("time", _iso, _as_seconds),
    pa.lib.Type_TIME64: Kind("time", _iso, _as_seconds),
    pa.lib.Type_DURATION: Kind("duration", _iso, _as_seconds),
}
