"""Columns of pyarrow as polars can import them."""

from __future__ import annotations

import pyarrow as pa

from toolkit.datasets.readers.portable import any_within, is_in_unknown_zone, portable
from toolkit.datasets.readers.spelled_out import can_spell_out, is_indirect, spelled_out


def foreign_column(schema: pa.Schema) -> pa.Field | None:
    """The first column with values that a frame cannot hold."""
    return next((field for field in schema if _is_foreign(field.type)), None)


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema of what ``plain_column`` makes of the columns."""
    return pa.schema([_plain(field) for field in schema], metadata=schema.metadata)


def plain_column(column: pa.Array) -> pa.Array:
    """The values in a type that polars imports: runs spelled out, views of lists as lists, wide
    decimals as text where polars has not as many digits, and times of an unknown zone in UTC."""
    column, plain = spelled_out(column), _plain(pa.field("", column.type)).type
    return column if plain == column.type else column.cast(plain)


def _plain(field: pa.Field) -> pa.Field:
    return portable(field) if any_within(field.type, _stands_for_another) else field


def _stands_for_another(dtype: pa.DataType) -> bool:
    return is_indirect(dtype) or is_in_unknown_zone(dtype) or bool(pa.types.is_decimal256(dtype))


def _is_foreign(dtype: pa.DataType) -> bool:
    return any_within(dtype, _has_no_frame) or not can_spell_out(dtype)


def _has_no_frame(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_union(dtype) or pa.types.is_interval(dtype))
