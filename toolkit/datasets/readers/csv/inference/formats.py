"""The formats of dates and times that values are written in: one that all agree on, or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import polars as pl

from toolkit.datasets.readers.csv.inference.cells import VALUE, among, columns_where
from toolkit.datasets.readers.csv.types.moments import DATES, TIMES, Moment, MomentKind, shape_of

_FINE = r"\.\d{7,9}"
"""Fractions of a second beyond microseconds."""


def moments_of_columns(
    values: pl.DataFrame, firsts: Mapping[int, str], given: Moment | None = None
) -> dict[int, frozenset[Moment]]:
    """The formats that every value of a column has: none, one, or two that cannot be told apart.

    ``values`` are cells without blanks around them; ``firsts`` has one of each column to look at;
    ``given`` is the only format to try."""
    columns: dict[Moment, list[int]] = {}
    for column, first in firsts.items():
        for candidate in [given] if given else _candidates(first):
            columns.setdefault(candidate, []).append(column)
    found: dict[int, set[Moment]] = {}
    for candidate, likely in columns.items():
        texts = among(values, likely)
        fine = columns_where(texts, VALUE.str.contains(_FINE))
        for moment, some in (
            (replace(candidate, fine=True), fine),
            (replace(candidate, fine=False), set(likely) - fine),
        ):
            if some:
                unlike = moment.parse(VALUE, strict=False).is_null()
                for column in some - columns_where(among(texts, some), unlike):
                    found.setdefault(column, set()).add(moment)
    return {column: frozenset(moments) for column, moments in found.items()}


def moments_of_first(values: pl.Series, kinds: frozenset[MomentKind]) -> dict[Moment, pl.Series]:
    """The formats of those kinds that the first of the values has, and which values have each."""
    fine = bool(values.str.contains(_FINE).any())
    found = {}
    for candidate in _candidates(values[0], any_time="time" in kinds):
        moment = replace(candidate, fine=fine)
        if moment.kind in kinds:
            parsed = values.to_frame("text").select(moment.parse(pl.col("text"), strict=False))
            found[moment] = parsed.to_series().is_not_null()
    return {moment: fits for moment, fits in found.items() if fits[0]}


def common_moments(one: Iterable[Moment], other: Iterable[Moment]) -> Iterator[Moment]:
    """The formats that are among both; a finer one where one of the two is."""
    others = {replace(each, fine=False): each.fine for each in other}
    for each in one:
        plain = replace(each, fine=False)
        if plain in others:
            yield replace(each, fine=each.fine or others[plain])


def _candidates(text: str, *, any_time: bool = False) -> Iterator[Moment]:
    """The formats that a text may have; ``any_time``: one of hours and minutes alone is one too."""
    for time in TIMES:
        if shape_of(time).fullmatch(text):
            # Hours and minutes alone are as often minutes and seconds.
            if any_time or time == "%H:%M:%S%.f":
                yield Moment("time", time)
            return
    for date in DATES:
        rest = shape_of(date).match(text)
        if rest is None:
            continue
        if rest.end() == len(text):
            yield Moment("date", date)
        elif text[rest.end()] in "T ":
            yield from _with_time(date + text[rest.end()], text[rest.end() + 1 :])


def _with_time(date: str, rest: str) -> Iterator[Moment]:
    for time in TIMES:
        for zone in ("", "%#z", " %#z"):
            if shape_of(time + zone).fullmatch(rest):
                yield Moment("datetime", date + time + zone)
