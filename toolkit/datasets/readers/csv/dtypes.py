"""Types that a person asked for, as JSON and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import polars as pl

from toolkit.core.errors import InvalidArgumentError

_Converters: TypeAlias = Mapping[str, Callable[[Any], Any]]

_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "Array": ("inner", "shape"),
    "Datetime": ("time_unit", "time_zone"),
    "Decimal": ("precision", "scale"),
    "Duration": ("time_unit",),
    "Enum": ("categories",),
    "List": ("inner",),
    "Struct": ("fields",),
}
"""What types have beside their name; the others have nothing."""


def dtype_json(dtype: pl.DataType | type[pl.DataType]) -> dict[str, Any]:
    """A type with all its parameters.

    Raises InvalidArgumentError for a type that would not come back the same."""
    # Within others a type without parameters may be the class.
    name = (dtype if isinstance(dtype, type) else type(dtype)).__name__
    document: dict[str, Any] = {"name": name}
    for key in _PARAMETERS.get(name, ()):
        value = getattr(dtype, key)
        document[key] = _TO_JSON[key](value) if key in _TO_JSON else value
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
    made = getattr(pl, document["name"])(
        **{key: _FROM_JSON[key](part) if key in _FROM_JSON else part for key, part in parts.items()}
    )
    if not isinstance(made, pl.DataType):
        raise ValueError(f"{document['name']!r} is no type")
    return made


_TO_JSON: _Converters = {
    "categories": list,
    "fields": lambda fields: {each.name: dtype_json(each.dtype) for each in fields},
    "inner": dtype_json,
    # The inner type of an array has the other dimensions.
    "shape": lambda shape: shape[0],
}
_FROM_JSON: _Converters = {
    "fields": lambda fields: {name: dtype_of(each) for name, each in fields.items()},
    "inner": dtype_of,
}
