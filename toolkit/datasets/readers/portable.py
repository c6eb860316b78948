"""Arrow types that polars cannot import, and those that stand for them, for all who use pyarrow."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import cast

import polars as pl
import pyarrow as pa

DECIMAL_DIGITS = 38
"""Digits of the widest decimal that polars has."""


def portable(field: pa.Field) -> pa.Field:
    """The field without what polars cannot import."""
    return field.with_type(_type(field.type))


def changes(dtype: pa.DataType) -> bool:
    """Whether a column of this type is read as another one; extensions are but names."""
    plain = dtype.storage_type if isinstance(dtype, pa.BaseExtensionType) else dtype
    return bool(_type(plain) != plain)


def _type(dtype: pa.DataType) -> pa.DataType:
    while pa.types.is_run_end_encoded(dtype):
        dtype = dtype.value_type
    if isinstance(dtype, pa.BaseExtensionType):
        return pa.large_string() if isinstance(dtype, pa.JsonType) else _type(dtype.storage_type)
    if pa.types.is_timestamp(dtype):
        return pa.timestamp(dtype.unit, "UTC") if is_in_unknown_zone(dtype) else dtype
    if pa.types.is_decimal256(dtype):
        if dtype.precision > DECIMAL_DIGITS:
            return pa.large_string()
        return pa.decimal128(dtype.precision, dtype.scale)
    if is_list_view(dtype):
        return pa.large_list(portable(dtype.value_field))
    return _rebuilt(dtype, portable)


def coarser(schema: pa.Schema, names: set[str]) -> pa.Schema:
    """``schema`` with microseconds for nanoseconds in the columns ``names``."""

    def coarse(field: pa.Field) -> pa.Field:
        if pa.types.is_timestamp(field.type):
            return field.with_type(pa.timestamp("us", field.type.tz))
        return field.with_type(_rebuilt(field.type, coarse))

    return pa.schema([coarse(field) if field.name in names else field for field in schema])


def _rebuilt(dtype: pa.DataType, change: Callable[[pa.Field], pa.Field]) -> pa.DataType:
    """A nested type with its fields changed."""
    inner = [dtype.field(index) for index in range(dtype.num_fields)]
    changed = [change(field) for field in inner]
    if changed == inner:
        return dtype
    if pa.types.is_struct(dtype):
        return pa.struct(changed)
    if pa.types.is_map(dtype):
        return pa.map_(change(dtype.key_field), change(dtype.item_field))
    if pa.types.is_fixed_size_list(dtype):
        return pa.list_(changed[0], dtype.list_size)
    return pa.large_list(changed[0])


def any_within(dtype: pa.DataType, test: Callable[[pa.DataType], bool]) -> bool:
    """Whether ``test`` is true of a type or of one within it."""
    inner = (dtype.field(index).type for index in range(dtype.num_fields))
    return test(dtype) or any(any_within(each, test) for each in inner)


def is_list_view(dtype: pa.DataType) -> bool:
    """Whether it is a view of lists, of either size."""
    return bool(pa.types.is_list_view(dtype) or pa.types.is_large_list_view(dtype))


def is_in_unknown_zone(dtype: pa.DataType) -> bool:
    """Whether it is a timestamp of a time zone that polars does not have."""
    return pa.types.is_timestamp(dtype) and bool(dtype.tz) and not _is_known(dtype.tz)


@functools.cache
def _is_known(zone: str) -> bool:
    """Whether polars has a time zone: it has no offsets of half an hour, for instance."""
    try:
        pl.Series([0]).cast(pl.Datetime("us")).dt.replace_time_zone(zone)
    except pl.exceptions.ComputeError:
        return False
    return True


def names_within(fields: Iterable[pa.Field]) -> Iterator[str]:
    """The names of fields, and of those within them."""
    for field in fields:
        yield field.name
        yield from names_within(field.type.field(at) for at in range(field.type.num_fields))


def repeated_within(dtype: pa.DataType) -> str | None:
    """The name that two fields of a struct within a type share."""
    fields = [dtype.field(index) for index in range(dtype.num_fields)]
    names = [field.name for field in fields]
    if pa.types.is_struct(dtype) and len(set(names)) < len(names):
        return next(name for name in map(str, names) if names.count(name) > 1)
    within = map(repeated_within, (field.type for field in fields))
    return next((found for found in within if found is not None), None)


def in_dataset(dtype: pl.DataType) -> bool:
    """Whether pyarrow's dataset gives a type as polars does: to an extension of lists it casts none
    that have another offset."""
    if isinstance(dtype, pl.BaseExtension):
        return not _has_lists(cast(pl.DataType, dtype.ext_storage()))
    if isinstance(dtype, pl.Struct):
        return all(in_dataset(cast(pl.DataType, field.dtype)) for field in dtype.fields)
    if isinstance(dtype, pl.List | pl.Array):
        return in_dataset(cast(pl.DataType, dtype.inner))
    return True


def _has_lists(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.Struct):
        return any(_has_lists(cast(pl.DataType, field.dtype)) for field in dtype.fields)
    if isinstance(dtype, pl.Array):
        return _has_lists(cast(pl.DataType, dtype.inner))
    return isinstance(dtype, pl.List | pl.String | pl.Binary)
