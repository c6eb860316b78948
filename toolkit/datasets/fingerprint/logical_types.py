"""One text for each logical type: equal for the layouts in which engines hold the same type.

``string``, ``large_string`` and ``string_view`` are all ``string``; list layouts are all ``list``;
dictionary codes and their width do not show. What does show is what a value means: widths and signs
of numbers, units, time zones, precision, the categories of an ordered dictionary (a polars Enum).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import blake3
import pyarrow as pa

from toolkit.core.errors import UnsupportedTypeError

_CATEGORIES_SHOWN = 200
"""Categories are spelled out while their JSON is this long; longer ones are hashed."""

INT128_FIELD = b"toolkit.int128"
"""Field metadata that marks a struct{hi, lo} standing for polars' Int128 or UInt128."""


def logical_type(field: pa.Field, values: pa.ChunkedArray | pa.Array | None = None) -> str:
    """The text of a field's type.

    ``values`` supply the categories of an ordered dictionary, which Arrow keeps with the data.
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
    if isinstance(type_, pa.BaseExtensionType):
        extra = type_.__arrow_ext_serialize__().decode("utf-8", "backslashreplace")
        storage = _text(type_.storage_type)
        return f"extension<{json.dumps(type_.extension_name)}, {json.dumps(extra)}, {storage}>"
    if type_.id == pa.lib.Type_DICTIONARY:
        return _dictionary(type_, values)
    describe = _NAMES.get(type_.id)
    if describe is None:
        raise UnsupportedTypeError("it has no Parquet counterpart")
    return describe if isinstance(describe, str) else describe(type_)


def _dictionary(type_: pa.DictionaryType, values: pa.ChunkedArray | pa.Array | None) -> str:
    value_type = _text(type_.value_type)
    if not type_.ordered:
        return "categorical" if value_type == "string" else f"dictionary<{value_type}>"
    categories = json.dumps(_categories(values), ensure_ascii=False, default=str)
    if len(categories) > _CATEGORIES_SHOWN:
        categories = blake3.blake3(categories.encode()).hexdigest()
    return f"enum<{value_type}, {categories}>"


def _categories(values: pa.ChunkedArray | pa.Array | None) -> list[object]:
    chunk = values
    if isinstance(values, pa.ChunkedArray):
        chunk = values.chunk(0) if values.num_chunks else None
    return [] if chunk is None else chunk.dictionary.to_pylist()


def _child(field: pa.Field) -> str:
    # The name of a list's child and nullability say nothing about the values.
    return logical_type(field)


def _struct(type_: pa.StructType) -> str:
    fields = (type_.field(i) for i in range(type_.num_fields))
    return f"struct<{', '.join(f'{json.dumps(f.name)}: {_child(f)}' for f in fields)}>"


def _map(type_: pa.MapType) -> str:
    return f"map<{_child(type_.key_field)}, {_child(type_.item_field)}>"


def _timestamp(type_: pa.TimestampType) -> str:
    zone = f", {type_.tz}" if type_.tz is not None else ""
    return f"timestamp[{type_.unit}{zone}]"


def _decimal(type_: pa.DataType) -> str:
    return f"decimal({type_.precision}, {type_.scale})"


def _list(type_: pa.DataType) -> str:
    return f"list<{_child(type_.value_field)}>"


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
    pa.lib.Type_LIST: _list,
    pa.lib.Type_LARGE_LIST: _list,
    pa.lib.Type_LIST_VIEW: _list,
    pa.lib.Type_LARGE_LIST_VIEW: _list,
    pa.lib.Type_FIXED_SIZE_LIST: lambda t: f"array<{_child(t.value_field)}, {t.list_size}>",
    pa.lib.Type_STRUCT: _struct,
    pa.lib.Type_MAP: _map,
    pa.lib.Type_RUN_END_ENCODED: lambda t: _text(t.value_type),
}
