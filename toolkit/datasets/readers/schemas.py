"""The option ``schema``, and the types within others, in one form each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, cast

import polars as pl
import pyarrow as pa

from toolkit.core.errors import InvalidArgumentError

SchemaLike: TypeAlias = Mapping[str, Any] | pa.Schema
"""Types of some or all columns, as a person gives them."""


def polars_types(schema: SchemaLike | None) -> Mapping[str, Any] | None:
    """A schema as a person gives it, with polars' types in place of Arrow's."""
    if not isinstance(schema, pa.Schema):
        return schema
    return dict(cast(pl.DataFrame, pl.from_arrow(schema.empty_table())).schema)


def type_of(dtype: Any) -> pl.DataType:
    """A type as a person writes it in ``schema``: an instance, its class, or a type of Python.

    Raises InvalidArgumentError for what is no type."""
    try:
        return pl.DataFrame(schema={"column": dtype}).schema["column"]
    except TypeError as error:
        raise InvalidArgumentError(
            f"schema has {dtype!r}, which is no type: pass polars types, such as pl.Int64."
        ) from error


def instance_of(dtype: Any) -> pl.DataType:
    """A type that another one holds: polars gives what it was made of, classes too."""
    return cast(pl.DataType, dtype if isinstance(dtype, pl.DataType) else dtype())


def names_in(schema: Mapping[str, Any]) -> Iterator[str]:
    """The names of columns, and of the fields within them."""
    for name, dtype in schema.items():
        yield name
        within = instance_of(dtype)
        while isinstance(within, pl.List | pl.Array):
            within = instance_of(within.inner)
        if isinstance(within, pl.Struct):
            yield from names_in(within.to_schema())
