"""Hive partitions: ``year=2024/month=5/part.parquet`` carries two columns in its path.

The convention is Apache Hive's: values are percent-encoded, ``__HIVE_DEFAULT_PARTITION__`` is null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import unquote

import polars as pl

from toolkit.core.errors import SourceError

_NULL = "__HIVE_DEFAULT_PARTITION__"
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def partition_values(path: str, base: str) -> dict[str, str | None]:
    """The keys and values in the folders of ``path`` below the folder ``base``.

    >>> partition_values("/data/run=1/year=2024/k=a%20b/part.parquet", "/data/run=1")
    {'year': '2024', 'k': 'a b'}
    """
    below = path[len(base.rstrip("/")) + 1 :]
    pairs = [part.split("=", 1) for part in below.split("/")[:-1] if "=" in part[1:]]
    return {unquote(key): None if value == _NULL else unquote(value) for key, value in pairs}


def partition_schema(
    partitions: Sequence[Mapping[str, str | None]], urls: Sequence[str]
) -> dict[str, pl.DataType]:
    """Name and type of each partition column: Int64, Date where every value is one, else String.

    Raises SourceError when the files do not have the same keys.
    """
    if not partitions:
        return {}
    first = list(partitions[0])
    for values, url in zip(partitions, urls, strict=True):
        if set(values) != set(first):
            raise SourceError(
                f"Hive partitions differ: {urls[0]} has the keys {first}, {url} has "
                f"{list(values)}. Read the folders that belong together."
            )
    return {key: _type([values[key] for values in partitions]) for key in first}


def parse_value(value: str | None, dtype: pl.DataType) -> Any:
    """A value of a partition as Python holds it."""
    if value is None:
        return None
    return _PARSERS.get(type(dtype), str)(value)


def constant_columns(
    values: Mapping[str, str | None], schema: Mapping[str, pl.DataType]
) -> list[pl.Expr]:
    """The partition columns of one file."""
    return [
        pl.lit(parse_value(values[key], dtype), dtype=dtype).alias(key)
        for key, dtype in schema.items()
    ]


def is_ruled_out(predicate: pl.Expr | None, constants: Sequence[pl.Expr]) -> bool:
    """Whether no row of a file with these partition columns matches: a part of the predicate that
    names no other column is not true of them."""
    if predicate is None or not constants:
        return False
    known = pl.select(constants)
    return any(
        (names := part.meta.root_names())
        and known.schema.keys() >= set(names)
        and _fails(part, known)
        for part in _parts(predicate)
    )


def _parts(predicate: pl.Expr) -> Iterator[pl.Expr]:
    """What must be true all at once."""
    left = [predicate]
    while left:
        part = left.pop()
        inputs = part.meta.pop()
        if len(inputs) == 2 and part.meta.eq(inputs[1] & inputs[0]):
            left += inputs
        else:
            yield part


def _fails(part: pl.Expr, known: pl.DataFrame) -> bool:
    try:
        return known.filter(part).is_empty()
    except pl.exceptions.PolarsError:
        # The query fails, and says why.
        return False


_PARSERS: dict[type[pl.DataType], Any] = {pl.Int64: int, pl.Date: date.fromisoformat}


def _type(values: Sequence[str | None]) -> pl.DataType:
    known = [value for value in values if value is not None]
    if known and all(_INTEGER.fullmatch(value) for value in known):
        return pl.Int64()
    if known and all(_is_date(value) for value in known):
        return pl.Date()
    return pl.String()


def _is_date(value: str) -> bool:
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
