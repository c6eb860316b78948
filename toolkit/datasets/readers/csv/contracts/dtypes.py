"""Types that a person asked for, as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from toolkit.core.errors import InvalidArgumentError

_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "Datetime": ("time_unit", "time_zone"),
    "Decimal": ("precision", "scale"),
    "Enum": ("categories",),
}
"""What types have beside their name; the others that texts are read as have nothing."""


def dtype_json(dtype: pl.DataType) -> dict[str, Any]:
    """A type with all its parameters.

    Raises InvalidArgumentError for a type that would not come back the same."""
    name = type(dtype).__name__
    document: dict[str, Any] = {"name": name}
    for key in _PARAMETERS.get(name, ()):
        value = getattr(dtype, key)
        document[key] = list(value) if isinstance(value, pl.Series) else value
    try:
        same = dtype_of(document) == dtype
    except (AttributeError, TypeError, ValueError):
        same = False
    if not same:
        raise InvalidArgumentError(
            f"A contract cannot keep the type {dtype!r}: have the column as pl.String, and "
            "convert it after reading."
        )
    return document


def dtype_of(document: Mapping[str, Any]) -> pl.DataType:
    """The type that ``dtype_json`` wrote. Raises what its parts do where they are none."""
    parts = {key: value for key, value in document.items() if key != "name"}
    made = getattr(pl, document["name"])(**parts)
    if not isinstance(made, pl.DataType):
        raise ValueError(f"{document['name']!r} is no type")
    return made
