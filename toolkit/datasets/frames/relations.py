"""DuckDB relations as Arrow streams, without the types whose values the way to Arrow changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from toolkit.core.errors import UnsupportedTypeError

_LOST: Mapping[str, str] = {
    "uhugeint": "cast to HUGEINT, DECIMAL or VARCHAR",
    "time with time zone": "cast to TIME (without the offset) or VARCHAR",
    "bit": "cast to VARCHAR or BLOB",
    "bignum": "cast to VARCHAR, or to DECIMAL where it fits",
    "union": "take its members with union_extract, or cast to VARCHAR",
    "variant": "cast to JSON, or to the type that its values have",
    "interval": "cast to VARCHAR, or take epoch(...) of it",
}
"""Types that arrive in Arrow with other values (-1, no offset, DuckDB's own bytes) or not at all,
and what can be saved instead."""

_UTC = frozenset(
    {"Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu", "UTC"}
)
"""UTC and the links to it in the IANA time zone database."""


def relation_stream(relation: Any, rows: int) -> pa.RecordBatchReader:
    """The relation's rows in batches of ``rows``.

    A TIMESTAMP WITH TIME ZONE has no zone of its own: it comes in that of the session, and where
    this is another name of UTC, as UTC. Raises UnsupportedTypeError, by column, for types that
    Arrow cannot carry as they are."""
    bad = [
        f"{name!r} ({type_}: {_LOST[lost]})"
        for name, type_ in zip(relation.columns, relation.types, strict=True)
        if (lost := next(_lost(type_), None)) is not None
    ]
    if bad:
        raise UnsupportedTypeError(
            f"Column {', '.join(bad)} has a type of DuckDB whose values Parquet cannot hold as "
            "they are. Nothing was written: cast in the query, then save again."
        )
    reader = relation.to_arrow_reader(rows)
    schema = pa.schema([field.with_type(_in_utc(field.type)) for field in reader.schema])
    return reader if schema.equals(reader.schema) else reader.cast(schema)


def _lost(type_: Any) -> Iterator[str]:
    """The types in a type that cannot be saved."""
    if type_.id in _LOST:
        yield type_.id
    elif type_.id in ("struct", "list", "array", "map"):
        for _, child in type_.children:
            if hasattr(child, "id"):
                yield from _lost(child)


def _in_utc(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(type_) and type_.tz in _UTC:
        return pa.timestamp(type_.unit, "UTC")
    if pa.types.is_struct(type_):
        return pa.struct([field.with_type(_in_utc(field.type)) for field in type_.fields])
    if pa.types.is_map(type_):
        return pa.map_(_in_utc(type_.key_type), _in_utc(type_.item_type))
    if pa.types.is_fixed_size_list(type_):
        return pa.list_(_child(type_), type_.list_size)
    if pa.types.is_list(type_):
        return pa.list_(_child(type_))
    return type_


def _child(type_: pa.DataType) -> pa.Field:
    field = type_.value_field
    return field.with_type(_in_utc(field.type))
