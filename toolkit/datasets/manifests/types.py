"""The types of a version's columns in polars, from the catalog where it can tell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import polars as pl
import pyarrow as pa

from toolkit.datasets.fingerprint.logical_types import INT128_FIELD
from toolkit.datasets.manifests.remote import remote_schema
from toolkit.datasets.manifests.strands import Layout, Piece

_INT128: Mapping[bytes, pl.DataType] = {b"int128": pl.Int128(), b"uint128": pl.UInt128()}


def column_types(schema: pa.Schema, layout: Layout) -> dict[str, pl.DataType]:
    """The type of each column, by its name in the version.

    Footers are read only for what the saved schema does not tell: the categories of an ordered
    dictionary that another engine made, which polars keeps as an Enum."""
    told = [field for field in schema if _INT128.keys().isdisjoint(_marks(field))]
    told = [field for field in told if field.metadata or not _has_order(field.type)]
    known = dict(pl.Schema(pa.schema(told)))
    return {
        field.name: known.get(field.name) or _wide(field) or _stored(field.name, layout)
        for field in schema
    }


def _marks(field: pa.Field) -> set[bytes]:
    return {(field.metadata or {}).get(INT128_FIELD, b"")}


def _wide(field: pa.Field) -> pl.DataType | None:
    return next((_INT128[mark] for mark in _marks(field) if mark in _INT128), None)


def _has_order(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        return bool(type_.ordered)
    return any(_has_order(type_.field(index).type) for index in range(type_.num_fields))


def _stored(name: str, layout: Layout) -> pl.DataType:
    piece = next(s.pieces[0] for s in layout.strands if name in s.columns)
    return _footer(piece)[(piece.names or {}).get(name, name)]


def _footer(piece: Piece) -> pl.Schema:
    if piece.location.path is None:
        return remote_schema(piece.location)
    return _local_footer(str(piece.location.path))


@lru_cache(maxsize=64)
def _local_footer(path: str) -> pl.Schema:
    # Keys are never used again: what a path held once it holds for ever.
    return pl.Schema(pl.read_parquet_schema(path))
