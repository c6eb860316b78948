"""The types that files whose columns differ are joined by: ``schema="union"``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import polars as pl

from toolkit.datasets.readers.portable import DECIMAL_DIGITS

if TYPE_CHECKING:
    from polars._typing import TimeUnit

_SIGNED: tuple[pl.DataType, ...] = (pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.Int128())
_UNSIGNED: tuple[pl.DataType, ...] = (pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64())
_FLOATS: tuple[pl.DataType, ...] = (pl.Float16(), pl.Float32(), pl.Float64())
_BITS: dict[pl.DataType, int] = {
    **dict(zip(_FLOATS, (11, 24, 53), strict=True)),
    **dict(zip(_SIGNED, (7, 15, 31, 63, 127), strict=True)),
    **dict(zip(_UNSIGNED, (8, 16, 32, 64), strict=True)),
}
"""Binary digits that a number of the type may have."""
_INTEGER_DIGITS: dict[pl.DataType, int] = {
    **dict(zip(_SIGNED[:4], (3, 5, 10, 19), strict=True)),
    **dict(zip(_UNSIGNED, (3, 5, 10, 20), strict=True)),
}
_UNITS = ("ms", "us", "ns")
_TEXT = (pl.String, pl.Categorical, pl.Enum)


def union_schema(schemas: Sequence[Mapping[str, pl.DataType]]) -> tuple[pl.Schema, list[str]]:
    """The columns of all schemas, in the order in which they appear first, each of the narrowest
    type that holds every value of every file; and the names of those that have none."""
    joined: dict[str, pl.DataType] = {}
    apart: list[str] = []
    for schema in schemas:
        for name, dtype in schema.items():
            common = promoted(joined[name], dtype) if name in joined else dtype
            if common is None:
                apart += [name] if name not in apart else []
            else:
                joined[name] = common
    return pl.Schema(joined), apart


def promoted(left: pl.DataType, right: pl.DataType) -> pl.DataType | None:
    """The narrowest type that holds all values of both without loss, if there is one. Two are
    taken that hold nearly all, for ``joining`` looks at each value: Float64 for wide integers and
    floats, as pandas writes a month of integers of which one is missing, and the finer unit of two
    for times."""
    if left == right:
        return left
    if left == pl.Null():
        return right
    if right == pl.Null():
        return left
    if isinstance(left, _TEXT) and isinstance(right, _TEXT):
        return pl.String()
    for rule in (_number, _decimal, _time, _nested):
        if (found := rule(left, right)) is not None:
            return found
    return None


def _number(left: pl.DataType, right: pl.DataType) -> pl.DataType | None:
    if left.is_float() or right.is_float():
        return _float(left, right)
    if left in _SIGNED and right in _SIGNED:
        return max(left, right, key=_SIGNED.index)
    if left in _UNSIGNED and right in _UNSIGNED:
        return max(left, right, key=_UNSIGNED.index)
    if left in _UNSIGNED:
        left, right = right, left
    if left in _SIGNED and right in _UNSIGNED:
        # A signed type needs twice the bits.
        needed = _SIGNED[_UNSIGNED.index(right) + 1]
        return max(left, needed, key=_SIGNED.index)
    return None


def _float(left: pl.DataType, right: pl.DataType) -> pl.DataType | None:
    if left not in _BITS or right not in _BITS:
        return None
    bits = max(_BITS[left], _BITS[right])
    return next((dtype for dtype in _FLOATS if _BITS[dtype] >= bits), pl.Float64())


def _decimal(left: pl.DataType, right: pl.DataType) -> pl.DataType | None:
    if not isinstance(left, pl.Decimal):
        left, right = right, left
    if isinstance(left, pl.Decimal) and right in _INTEGER_DIGITS:
        right = pl.Decimal(_INTEGER_DIGITS[right], 0)
    if not isinstance(left, pl.Decimal) or not isinstance(right, pl.Decimal):
        return None
    scale = max(left.scale, right.scale)
    whole = max(left.precision - left.scale, right.precision - right.scale)
    return pl.Decimal(whole + scale, scale) if whole + scale <= DECIMAL_DIGITS else None


def _time(left: pl.DataType, right: pl.DataType) -> pl.DataType | None:
    if isinstance(right, pl.Datetime) and left == pl.Date():
        left, right = right, left
    if isinstance(left, pl.Datetime) and right == pl.Date():
        return left if left.time_zone is None else None
    if isinstance(left, pl.Duration) and isinstance(right, pl.Duration):
        return pl.Duration(_finer(left, right))
    if not isinstance(left, pl.Datetime) or not isinstance(right, pl.Datetime):
        return None
    zones = {left.time_zone, right.time_zone}
    if None in zones and len(zones) > 1:
        return None  # a time of a clock somewhere is no moment
    return pl.Datetime(_finer(left, right), left.time_zone if len(zones) == 1 else "UTC")


def _finer(left: pl.Datetime | pl.Duration, right: pl.Datetime | pl.Duration) -> TimeUnit:
    return max(left.time_unit, right.time_unit, key=_UNITS.index)


def _nested(left: pl.DataType, right: pl.DataType) -> pl.DataType | None:
    if isinstance(left, pl.List | pl.Array) and isinstance(right, pl.List | pl.Array):
        inner = promoted(cast(pl.DataType, left.inner), cast(pl.DataType, right.inner))
        return None if inner is None else pl.List(inner)
    if isinstance(left, pl.Struct) and isinstance(right, pl.Struct):
        joined, apart = union_schema([dict(left), dict(right)])  # type: ignore[arg-type]
        return None if apart else pl.Struct(dict(joined))
    return None
