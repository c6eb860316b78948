"""The types of text columns: what every value that was seen agrees on, and nothing looser.

A type is given to a column only when reading back loses nothing that a person would miss: codes
with leading zeros, integers beyond 64 bits, numbers with a unit, dates that could be read in two
ways all stay text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, TypeAlias

import polars as pl

from toolkit.datasets.readers.csv.moments import Moment, moment_of, moments_of
from toolkit.datasets.readers.csv.numbers import PLAIN, NumberStyle

Kind: TypeAlias = Literal["text", "boolean", "integer", "float", "date", "datetime", "time"]

NULL_TOKENS = frozenset(
    ["NA", "N/A", "n/a", "#N/A", "NULL", "Null", "null", "None", "NaN", "nan", "-"]
)
"""Texts that mean null in a column of numbers, booleans, dates or times. In text they are text."""

_NAN = frozenset(["NaN", "nan"])
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_BOOLEAN = re.compile("|".join(_TRUTHS))
_BLANKS = " \t"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """How the texts of a column are read."""

    kind: Kind = "text"
    moment: Moment | None = None
    """How a date, a time or a date with a time is written."""
    nulls: tuple[str, ...] = ()
    """Texts that mean null, beside the empty field."""
    padded: bool = False
    """Whether some values have blanks around them, which are not a part of them."""
    style: NumberStyle = PLAIN
    given: pl.DataType | None = None
    """The type that a person asked for, which then holds."""

    @property
    def dtype(self) -> pl.DataType:
        """The type of the column in the frame."""
        if self.given is not None:
            return self.given
        return self.moment.dtype if self.moment else _DTYPES[self.kind]

    @property
    def engine_dtype(self) -> pl.DataType:
        """What the engine's own parser makes of the column: text where ``expression`` goes on."""
        return pl.String() if self._converts else self.dtype

    def expression(self, name: str) -> pl.Expr | None:
        """From the engine's column to the frame's; fails on a text that is no such value."""
        if not self._converts:
            return None
        if self.kind == "text":
            text = pl.col(name)
            return pl.when(text.is_in(list(self.nulls)).not_()).then(text).alias(name)
        text = pl.col(name).str.strip_chars(_BLANKS) if self.padded else pl.col(name)
        text = pl.when(text.is_in(["", *self.nulls]).not_()).then(text)
        if self.moment is not None:
            return self.moment.parse(text).cast(self.dtype).alias(name)
        if self.kind == "boolean":
            return text.replace_strict(_TRUTHS, return_dtype=pl.Boolean).alias(name)
        return self.style.plain(text).cast(self.dtype).alias(name)

    def lenient(self, texts: pl.Series) -> pl.Series | None:
        """The values of a column of texts, null where a text is none; None: every text is one."""
        frame = texts.to_frame("text")
        text = pl.col("text").str.strip_chars(_BLANKS)
        text = pl.when(text.is_in(["", *self.nulls]).not_()).then(text)
        if self.moment is not None:
            return frame.select(self.moment.parse(text, strict=False)).to_series()
        if self.dtype == pl.String:
            return None
        if self.dtype == pl.Boolean:
            truth = text.replace_strict(_TRUTHS, default=None, return_dtype=pl.Boolean)
            return frame.select(truth).to_series()
        return frame.select(self.style.plain(text).cast(self.dtype, strict=False)).to_series()

    @property
    def _converts(self) -> bool:
        if self.kind == "text":
            return bool(self.nulls)
        # The engine's own null_values take other columns' quoted empty fields for null.
        marked = bool(self.nulls) or self.padded or self.moment is not None
        return marked or self.style != PLAIN

    def accepts(self, text: str) -> bool:
        """Whether a text could be a value of this column."""
        if self.kind == "text" or not text.strip(_BLANKS):
            return True
        value = text.strip(_BLANKS)
        if value in self.nulls or value in NULL_TOKENS:
            return True
        if self.moment is not None:
            return self.moment.accepts(value)
        return bool(_pattern(self.kind, self.style).fullmatch(value))

    def __str__(self) -> str:
        return f"{self.kind} ({self.moment})" if self.moment else self.kind


_DTYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "float": pl.Float64(),
}


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
    values = raw.str.strip_chars(_BLANKS).unique()
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
    possible = [kind for kind in _TESTS if _pattern(kind, style).fullmatch(values[0])]
    kinds = frozenset(kind for kind in possible if _TESTS[kind](values, style))
    moments = () if kinds and moment is None else moment_of(values, moment)
    return Evidence(kinds, frozenset(moments), seen, padded, gaps)


def _is_boolean(values: pl.Series, style: NumberStyle) -> bool:
    return bool(values.str.contains(f"^(?:{_BOOLEAN.pattern})$").all())


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


@cache
def _pattern(kind: Kind, style: NumberStyle) -> re.Pattern[str]:
    if kind == "boolean":
        return _BOOLEAN
    return re.compile(style.integer if kind == "integer" else style.number)
