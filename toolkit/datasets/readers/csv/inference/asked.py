"""Types that a person asked for, and how the texts of such columns are read as them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from toolkit.core.errors import InvalidArgumentError
from toolkit.datasets.readers.csv.inference.evidence import Evidence
from toolkit.datasets.readers.csv.inference.formats import moments_of_first
from toolkit.datasets.readers.csv.types.column_types import BLANKS, ColumnType
from toolkit.datasets.readers.csv.types.moments import Moment, MomentKind, given_moment
from toolkit.datasets.readers.csv.types.numbers import NumberStyle
from toolkit.datasets.readers.schemas import type_of

_KINDS: dict[type[pl.DataType], frozenset[MomentKind]] = {
    pl.Date: frozenset(["date", "datetime"]),
    pl.Datetime: frozenset(["date", "datetime"]),
    pl.Time: frozenset(["time", "datetime"]),
}
"""Formats of which kinds are read as a type."""
_ISO: dict[type[pl.DataType], str] = {
    pl.Date: "%Y-%m-%d",
    pl.Datetime: "%Y-%m-%d %H:%M:%S%.f",
    pl.Time: "%H:%M:%S%.f",
}
"""How values are taken to be written where none was seen."""
_EXAMPLES: dict[type[pl.DataType], str] = {
    pl.Date: "%d.%m.%y",
    pl.Datetime: "%d.%m.%y %H:%M",
    pl.Time: "%H.%M",
}
"""The formats that messages show, as an example of how to name one."""
_UNREADABLE = (pl.Duration, pl.Binary, pl.Object, pl.Null)
_ROUNDS = 100
"""Steps in which values are sorted by how they are written: each takes out those that are written
as the first, or the first alone where it is no moment. What is left then is not looked at."""


def polars_type(dtype: Any) -> pl.DataType:
    """A type as a person writes it in ``schema``.

    Raises InvalidArgumentError for what is no type, or none that a text can be read as."""
    asked = type_of(dtype)
    if asked.is_nested() or asked.base_type() in _UNREADABLE:
        raise InvalidArgumentError(
            f"schema has {asked}, which texts are not read as: pass pl.String, and convert the "
            "column of the frame."
        )
    return asked


def is_of_moments(dtype: Any) -> bool:
    """Whether a type of a schema is one of dates or times."""
    return dtype is not None and polars_type(dtype).base_type() in _KINDS


def column_asked_for(
    name: str, dtype: Any, seen: Evidence, style: NumberStyle, formats: Mapping[str, str]
) -> ColumnType:
    """How the texts of a column are read as a type; ``formats`` are those of dates, by column.

    Raises InvalidArgumentError for dates of which no format, or more than one, can be told."""
    asked = polars_type(dtype)
    tokens = tuple(sorted(seen.tokens))
    if asked == pl.String:
        return ColumnType()
    if asked == pl.Boolean:
        return ColumnType("boolean", None, tokens, seen.padded, given=asked)
    if asked.is_numeric():
        return ColumnType("float", None, tokens, seen.padded, style, asked)
    if asked.base_type() not in _KINDS:
        return ColumnType(given=asked)
    moment = _moment(name, asked, seen, formats)
    if isinstance(asked, pl.Datetime) and asked.time_unit == "ns":
        # What nanoseconds do not reach is a misfit, which a later cast would wrap.
        moment = replace(moment, fine=True)
    return ColumnType(moment.kind, moment, tokens, seen.padded, given=asked)


def moments_asked_for(
    texts: pl.Series, tokens: Iterable[str], dtype: Any, seen: Evidence
) -> Evidence:
    """What the values of a column allow that is to be one of dates or times.

    What is no moment at all is a misfit, and rules no format out."""
    bare = texts.drop_nulls().str.strip_chars(BLANKS)
    values = bare.filter(~bare.is_in(["", *tokens])).unique(maintain_order=True)
    if values.is_empty():
        return seen
    found = list(_formats(values, _KINDS[polars_type(dtype).base_type()]))
    if not found:
        return replace(seen, kinds=None, moments=frozenset(), example=values[0])
    one = found[0] if len(found) == 1 else frozenset()
    return replace(seen, kinds=frozenset(), moments=one, example=values[0])


def _formats(values: pl.Series, kinds: frozenset[MomentKind]) -> Iterator[frozenset[Moment]]:
    """Of each group of values that are written alike the formats that all of them have: an empty
    set where each has one, and they have none in common."""
    for _ in range(_ROUNDS):
        if values.is_empty():
            return
        found = moments_of_first(values, kinds)
        known = pl.repeat(False, len(values), eager=True)
        for fits in found.values():
            known |= fits
        if known[0]:
            yield frozenset(moment for moment, fits in found.items() if fits.sum() == known.sum())
        values = values.filter(~known) if known[0] else values.slice(1)


def _moment(name: str, asked: pl.DataType, seen: Evidence, formats: Mapping[str, str]) -> Moment:
    kinds = _KINDS[asked.base_type()]
    if name in formats and given_moment(formats[name]).kind not in kinds:
        raise InvalidArgumentError(
            f"Column {name!r} is to be {asked} by schema, and is written as {formats[name]!r} by "
            "dates: pass what agrees."
        )
    for given in (formats[key] for key in (name, "*") if key in formats):
        if (moment := given_moment(given)).kind in kinds:
            return moment
    moments = sorted(seen.moments, key=lambda moment: moment.format)
    if len(moments) == 1:
        return moments[0]
    if moments:
        either = " or ".join(repr(moment.format) for moment in moments)
        raise InvalidArgumentError(
            f"Column {name!r} is to be {asked} by schema, and its values, such as "
            f"`{seen.example}`, could be written as {either}: pass "
            f"dates={{{name!r}: {moments[0].format!r}}}, or the other."
        )
    if seen.example is None:
        return given_moment(_ISO[asked.base_type()])
    example = _EXAMPLES[asked.base_type()]
    raise InvalidArgumentError(
        f"Column {name!r} is to be {asked} by schema, and its values, such as `{seen.example}`, "
        f"are in no one format that is known: pass dates={{{name!r}: {example!r}}} with the right "
        f"format, or schema={{{name!r}: pl.String}} to have them as text."
    )
