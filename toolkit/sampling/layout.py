"""The memory layout in which rows of a batch can be picked and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa


def keepable(schema: pa.Schema) -> pa.Schema:
    """The schema with the same logical types, and text and binary in large layouts throughout.

    Rows of view columns cannot be taken, and would keep the buffers of their whole batch alive;
    small offsets end at 2 GB, which the parts of a sample together may pass. Fields keep their
    metadata; the schema's own is left behind: a pandas index, say, describes all rows.
    """
    return pa.schema([_field(field) for field in schema])


def _field(field: pa.Field) -> pa.Field:
    return field.with_type(_large(field.type))


def _large(type_: pa.DataType) -> pa.DataType:
    if type_.id in _LARGE:
        return _LARGE[type_.id]
    rebuild = _REBUILD.get(type_.id)
    return rebuild(type_) if rebuild is not None else type_


_LARGE: Mapping[int, pa.DataType] = {
    pa.lib.Type_STRING: pa.large_string(),
    pa.lib.Type_STRING_VIEW: pa.large_string(),
    pa.lib.Type_BINARY: pa.large_binary(),
    pa.lib.Type_BINARY_VIEW: pa.large_binary(),
}

_REBUILD: Mapping[int, Callable[[pa.DataType], pa.DataType]] = {
    pa.lib.Type_LIST: lambda t: pa.list_(_field(t.value_field)),
    pa.lib.Type_LARGE_LIST: lambda t: pa.large_list(_field(t.value_field)),
    pa.lib.Type_FIXED_SIZE_LIST: lambda t: pa.list_(_field(t.value_field), t.list_size),
    pa.lib.Type_STRUCT: lambda t: pa.struct([_field(t.field(i)) for i in range(t.num_fields)]),
    pa.lib.Type_MAP: lambda t: pa.map_(_field(t.key_field), _field(t.item_field), t.keys_sorted),
    pa.lib.Type_DICTIONARY: lambda t: pa.dictionary(t.index_type, _large(t.value_type), t.ordered),
}
