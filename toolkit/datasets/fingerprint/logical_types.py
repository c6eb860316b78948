"""One text for each logical type: equal for the layouts in which engines hold the same type.

``string``, ``large_string`` and ``string_view`` are all ``string``; list layouts are all ``list``;
dictionary codes and their width do not show. What does show is what a value means: widths and signs
of numbers, units, time zones, precision, the categories of an ordered dictionary (a polars Enum).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import blake3
import pyarrow as pa

from toolkit.core.errors import UnsupportedTypeError

_CATEGORIES_SHOWN = 200
"""Categories are spelled out while their JSON is this long; longer ones are hashed."""

INT128_FIELD = b"toolkit.int128"
"""Field metadata that marks a struct{hi, lo} standing for polars' Int128 or UInt128."""


def logical_type(field: pa.Field, values: pa.ChunkedArray | pa.Array | None = None) -> str:
    """The text of a field's type.

    ``values`` supply the categories of an ordered dictionary, which Arrow keeps with the data; all
    of its chunks have the same ones (``frames.categories``).
    Raises UnsupportedTypeError, naming the column, for a type that Parquet cannot hold."""
    metadata = field.metadata or {}
    if INT128_FIELD in metadata:
        return str(metadata[INT128_FIELD].decode())
    if b"ARROW:extension:name" in metadata:
        name = metadata[b"ARROW:extension:name"].decode()
        extra = metadata.get(b"ARROW:extension:metadata", b"").decode("utf-8", "backslashreplace")
        return f"extension<{json.dumps(name)}, {json.dumps(extra)}, {_text(field.type, values)}>"
    try:
        return _text(field.type, values)
    except UnsupportedTypeError as error:
        raise UnsupportedTypeError(
            f"Column {field.name!r} has the type {field.type}, which Parquet cannot hold: {error}. "
            "Nothing was written: cast or drop it, then save again."
        ) from None


def _text(type_: pa.DataType, values: pa.ChunkedArray | pa.Array | None = None) -> str:
    if isinstance(values, pa.ChunkedArray):
        values = values.chunk(0) if values.num_chunks else None
    if isinstance(type_, pa.BaseExtensionType):
        name, extra = json.dumps(type_.extension_name), json.dumps(_extension_metadata(type_))
        return f"extension<{name}, {extra}, {_text(type_.storage_type)}>"
    nested = _NESTED.get(type_.id)
    if nested is not None:
        return nested(type_, values)
    describe = _NAMES.get(type_.id)
    if describe is None:
        raise UnsupportedTypeError("it has no Parquet counterpart")
    return describe if isinstance(describe, str) else describe(type_)


def _extension_metadata(type_: pa.BaseExtensionType) -> str:
    if hasattr(type_, "__arrow_ext_serialize__"):
        return str(type_.__arrow_ext_serialize__().decode("utf-8", "backslashreplace"))
    # Arrow's own extension types: those named here have no parameters, and the others print theirs.
    plain = type_.extension_name in ("arrow.uuid", "arrow.json", "arrow.bool8")
    return "" if plain else str(type_)


def _dictionary(type_: pa.DictionaryType, values: pa.Array | None) -> str:
    value_type = _text(type_.value_type)
    if pa.types.is_nested(type_.value_type) or isinstance(type_.value_type, pa.BaseExtensionType):
        raise UnsupportedTypeError(f"its categories are of the type {type_.value_type}")
    if value_type == "null":
        raise UnsupportedTypeError("its categories have no type")
    if not type_.ordered:
        return "categorical" if value_type == "string" else f"dictionary<{value_type}>"
    if value_type not in ("string", "binary"):
        raise UnsupportedTypeError(f"the order of its categories ({value_type}) would be lost")
    categories = json.dumps(_categories(values), ensure_ascii=False, default=str)
    if len(categories) > _CATEGORIES_SHOWN:
        categories = blake3.blake3(categories.encode()).hexdigest()
    return f"enum<{value_type}, {categories}>"


def _categories(values: pa.Array | None) -> list[object]:
    return [] if values is None else values.dictionary.to_pylist()


def _struct(type_: pa.StructType, values: pa.Array | None) -> str:
    if type_.num_fields == 0:
        raise UnsupportedTypeError("a struct without fields holds nothing to write")
    fields = []
    for index in range(type_.num_fields):
        child = type_.field(index)
        below = None if values is None else values.field(index)
        fields.append(f"{json.dumps(child.name)}: {logical_type(child, below)}")
    return f"struct<{', '.join(fields)}>"


def _map(type_: pa.MapType, values: pa.Array | None) -> str:
    key = logical_type(type_.key_field, None if values is None else values.keys)
    return f"map<{key}, {logical_type(type_.item_field, None if values is None else values.items)}>"


def _list(type_: pa.DataType, values: pa.Array | None) -> str:
    # The name of a list's child and nullability say nothing about the values.
    return f"list<{logical_type(type_.value_field, None if values is None else values.values)}>"


def _array(type_: pa.FixedSizeListType, values: pa.Array | None) -> str:
    child = logical_type(type_.value_field, None if values is None else values.values)
    return f"array<{child}, {type_.list_size}>"


def _timestamp(type_: pa.TimestampType) -> str:
    zone = f", {type_.tz}" if type_.tz is not None else ""
    return f"timestamp[{type_.unit}{zone}]"


def _decimal(type_: pa.DataType) -> str:
    return f"decimal({type_.precision}, {type_.scale})"


_NAMES: Mapping[int, str | Callable[[pa.DataType], str]] = {
    pa.lib.Type_NA: "null",
    pa.lib.Type_BOOL: "bool",
    **{
        type_.id: str(type_)
        for type_ in (
            *(pa.int8(), pa.int16(), pa.int32(), pa.int64()),
            *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        )
    },
    pa.lib.Type_HALF_FLOAT: "float16",
    pa.lib.Type_FLOAT: "float32",
    pa.lib.Type_DOUBLE: "float64",
    pa.lib.Type_STRING: "string",
    pa.lib.Type_LARGE_STRING: "string",
    pa.lib.Type_STRING_VIEW: "string",
    pa.lib.Type_BINARY: "binary",
    pa.lib.Type_LARGE_BINARY: "binary",
    pa.lib.Type_BINARY_VIEW: "binary",
    pa.lib.Type_FIXED_SIZE_BINARY: lambda t: f"binary[{t.byte_width}]",
    pa.lib.Type_DATE32: "date",
    pa.lib.Type_DATE64: "date64",
    pa.lib.Type_TIME32: lambda t: f"time[{t.unit}]",
    pa.lib.Type_TIME64: lambda t: f"time[{t.unit}]",
    pa.lib.Type_TIMESTAMP: _timestamp,
    pa.lib.Type_DURATION: lambda t: f"duration[{t.unit}]",
    pa.lib.Type_DECIMAL32: _decimal,
    pa.lib.Type_DECIMAL64: _decimal,
    pa.lib.Type_DECIMAL128: _decimal,
    pa.lib.Type_DECIMAL256: _decimal,
}

_NESTED: Mapping[int, Callable[[Any, pa.Array | None], str]] = {
    pa.lib.Type_DICTIONARY: _dictionary,
    pa.lib.Type_LIST: _list,
    pa.lib.Type_LARGE_LIST: _list,
    pa.lib.Type_FIXED_SIZE_LIST: _array,
    pa.lib.Type_STRUCT: _struct,
    pa.lib.Type_MAP: _map,
}
"""Types whose text may depend on the categories of an ordered dictionary in them."""
