"""Numbers that JSON lines have and the engine does not take, or takes for others.

``NaN`` and ``Infinity`` are no JSON, and Python writes them nevertheless: the engine refuses a line
with them. Here it is given floats in their place that no file has, which then become what they
stand for. Integers that a float rounds are looked for in the lines whose floats are that large.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from toolkit.datasets.readers.schemas import instance_of

_STANDS_FOR = {
    1.7976931348623155e308: math.nan,
    1.7976931348623153e308: math.inf,
    -1.7976931348623153e308: -math.inf,
}
_TEXTS = {
    b"NaN": b"1.7976931348623155e308",
    b"Infinity": b"1.7976931348623153e308",
    b"-Infinity": b"-1.7976931348623153e308",
}
_SPELLED = {
    text.partition(b"e")[0].replace(b".", b"").decode() + "0" * 292: name.decode()
    for name, text in _TEXTS.items()
}
"""How the engine writes them as text, with what was meant."""
_TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|-?Infinity|NaN')
_EXACT = 1 << 53


def without_special(data: bytes) -> bytes | None:
    """Lines with floats in place of ``NaN`` and ``Infinity``; None where there are none."""
    if not any(name in data for name in _TEXTS):
        return None
    found = _TOKEN.sub(lambda token: _TEXTS.get(token[0], token[0]), data)
    return None if found == data else found


def with_special(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame of what ``without_special`` gave, with the numbers that were meant."""
    return frame.with_columns(_meant(pl.col(name), dtype) for name, dtype in frame.schema.items())


def said_of_special(message: str) -> str:
    """A message about what ``without_special`` gave, as one about the file."""
    for text, name in _SPELLED.items():
        message = message.replace(text, name)
    return message


def _meant(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_float():
        return values.replace(_STANDS_FOR)
    if isinstance(dtype, pl.String):
        return values.replace(_SPELLED)
    if isinstance(dtype, pl.List):
        return values.list.eval(_meant(pl.element(), instance_of(dtype.inner)))
    if isinstance(dtype, pl.Struct) and dtype.fields:
        return values.struct.with_fields(
            _meant(pl.field(field.name), instance_of(field.dtype)) for field in dtype.fields
        )
    return values


def rounded(
    frame: pl.DataFrame, data: bytes, exempt: frozenset[str]
) -> tuple[int, str, int] | None:
    """The first integer in the lines ``data`` that the frame of them has as a rounded float: which
    line, from 0, the path of its key, and the number. ``exempt`` are columns that may."""
    large = {
        series.name: rows
        for series in frame
        if series.name not in exempt and (rows := _large(series)).any()
    }
    if not large:
        return None
    wanted = pl.Struct({name: frame.schema[name] for name in large})
    lines = [(number, line) for number, line in enumerate(data.split(b"\n")) if line.strip()]
    for row in pl.select(pl.any_horizontal(*large.values()).arg_true()).to_series():
        number, line = lines[row]
        found = _rounded(json.loads(line), wanted, "")
        if found is not None:
            return (number, *found)
    return None


def _large(values: pl.Series) -> pl.Series:
    """For each row whether it has a float from which on floats round integers. For the rows of
    nested columns this is told of all at once."""
    dtype = values.dtype
    if isinstance(dtype, pl.Float64):
        return (values.abs() >= _EXACT).fill_null(False)
    found = False
    if isinstance(dtype, pl.List):
        found = _large(values.explode()).any()
    elif isinstance(dtype, pl.Struct) and dtype.fields:
        found = any(_large(inner).any() for inner in values.struct.unnest())
    return pl.repeat(found, len(values), dtype=pl.Boolean, eager=True)


def _rounded(value: Any, dtype: pl.DataType, path: str) -> tuple[str, int] | None:
    if isinstance(dtype, pl.Float64):
        inexact = isinstance(value, int) and abs(value) >= _EXACT and int(float(value)) != value
        return (path, value) if inexact else None
    within: list[tuple[Any, pl.DataType, str]] = []
    if isinstance(dtype, pl.List) and isinstance(value, list):
        within = [(each, instance_of(dtype.inner), path) for each in value]
    elif isinstance(dtype, pl.Struct) and isinstance(value, Mapping):
        for field in dtype.fields:
            below = f"{path}.{field.name}" if path else field.name
            within.append((value.get(field.name), instance_of(field.dtype), below))
    return next((found for each in within if (found := _rounded(*each)) is not None), None)
