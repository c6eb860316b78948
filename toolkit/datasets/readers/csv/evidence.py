"""What the texts of a column allow: a type that every value that was seen has, and nothing looser.

A type is given to a column only when reading back loses nothing that a person would miss: codes
with leading zeros, integers beyond 64 bits, numbers with a unit, dates that could be read in two
ways all stay text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from toolkit.datasets.readers.csv.moments import Moment, moment_of, moments_of
from toolkit.datasets.readers.csv.numbers import PLAIN, NumberStyle
from toolkit.datasets.readers.csv.types import BLANKS, NULL_TOKENS, ColumnType, Kind, pattern_of

_NAN = frozenset(["NaN", "nan"])


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the values of a column that were seen so far allow."""

    kinds: frozenset[Kind] | None = None
    """None: no value was seen."""
    moments: frozenset[Moment] = frozenset()
    tokens: frozenset[str] = frozenset()
    padded: bool = False
    gaps: bool = False
    """Whether a field was empty or one of ``tokens``."""

    def __and__(self, other: Evidence) -> Evidence:
        """What both allow."""
        tokens = self.tokens | other.tokens
        padded = self.padded or other.padded
        gaps = self.gaps or other.gaps
        if self.kinds is None or other.kinds is None:
            known = other if self.kinds is None else self
            return replace(known, tokens=tokens, padded=padded, gaps=gaps)
        return Evidence(
            self.kinds & other.kinds,
            frozenset(moments_of(self.moments, other.moments)),
            tokens,
            padded,
            gaps,
        )

    def column(
        self, style: NumberStyle = PLAIN, tokens: frozenset[str] = frozenset()
    ) -> ColumnType:
        """The narrowest type that everything seen has; text where two readings are possible.

        ``tokens`` are further texts for null, which other columns have."""
        kinds = self.kinds or frozenset()
        tokens |= self.tokens
        for kind in ("boolean", "integer", "float"):
            if kind in kinds:
                tokens = tokens - _NAN if kind == "float" else tokens
                numeric = PLAIN if kind == "boolean" else style
                return ColumnType(kind, None, tuple(sorted(tokens)), self.padded, numeric)
        if len(self.moments) == 1:
            (moment,) = self.moments
            return ColumnType(moment.kind, moment, tuple(sorted(tokens)), self.padded)
        return ColumnType()

    def allows(self, column: ColumnType) -> bool:
        """Whether all that was seen could stand in a column of this type."""
        if self.kinds is None or column.kind == "text":
            return True
        if column.moment is not None:
            return any(each.within(column.moment) for each in self.moments)
        return column.kind in self.kinds and (self.tokens <= set(column.nulls) | _NAN)


def evidence_of(
    column: pl.Series,
    style: NumberStyle = PLAIN,
    *,
    tokens: Iterable[str] = NULL_TOKENS,
    moment: Moment | None = None,
) -> Evidence:
    """What a column of texts allows. ``tokens`` mean null where the rest fits; ``moment`` is the
    one format of dates to try."""
    if column.null_count() == len(column):
        return Evidence(gaps=len(column) > 0)
    raw = column.drop_nulls().unique()
    values = raw.str.strip_chars(BLANKS).unique()
    values = values.filter(values != "")
    known = values.is_in(list(tokens))
    seen = frozenset(values.filter(known).to_list())
    values = values.filter(~known)
    gaps = bool(column.null_count()) or bool(seen) or "" in raw
    padded = not bool(raw.str.contains(r"^[ \t]|[ \t]$").not_().all())
    if values.is_empty():
        # NaN alone is a number; any other token alone says nothing.
        kinds: frozenset[Kind] | None = frozenset(["float"]) if seen and seen <= _NAN else None
        return Evidence(kinds, frozenset(), seen, padded, gaps)
    # One value rules most kinds out, in microseconds.
    possible = [kind for kind in _TESTS if pattern_of(kind, style).fullmatch(values[0])]
    kinds = frozenset(kind for kind in possible if _TESTS[kind](values, style))
    moments = () if kinds and moment is None else moment_of(values, moment)
    return Evidence(kinds, frozenset(moments), seen, padded, gaps)


def _is_boolean(values: pl.Series, style: NumberStyle) -> bool:
    return bool(values.str.contains(f"^(?:{pattern_of('boolean', style).pattern})$").all())


def _is_integer(values: pl.Series, style: NumberStyle) -> bool:
    if not values.str.contains(f"^(?:{style.integer})$").all():
        return False
    return style.plain_series(values).cast(pl.Int64, strict=False).null_count() == 0


def _is_float(values: pl.Series, style: NumberStyle) -> bool:
    if not values.str.contains(f"^(?:{style.number})$").all():
        return False
    # An integer that a float cannot hold would lose digits.
    whole = style.plain_series(values.filter(values.str.contains(f"^(?:{style.integer})$")))
    exact = whole.cast(pl.Int64, strict=False)
    return exact.null_count() == 0 and bool((exact.abs() <= 1 << 53).all())


_TESTS: Mapping[Kind, Callable[[pl.Series, NumberStyle], bool]] = {
    "boolean": _is_boolean,
    "integer": _is_integer,
    "float": _is_float,
}
