"""The types of text columns: how the texts of each are read as values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import polars as pl

from toolkit.datasets.readers.csv.exactness import exact_integers, integers_or_null, is_code
from toolkit.datasets.readers.csv.moments import Moment
from toolkit.datasets.readers.csv.numbers import PLAIN, NumberStyle

Kind: TypeAlias = Literal["text", "boolean", "integer", "float", "date", "datetime", "time"]

NULL_TOKENS = frozenset(
    ["NA", "N/A", "n/a", "#N/A", "NULL", "Null", "null", "None", "NaN", "nan", "-"]
)
"""Texts that mean null in a column of numbers, booleans, dates or times. In text they are text."""

_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_BOOLEAN = re.compile("|".join(_TRUTHS))
BLANKS = " \t"
"""What may stand around a value and is not a part of it."""


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
        text = pl.col(name).str.strip_chars(BLANKS) if self.padded else pl.col(name)
        if self.nulls or not self._exact:
            text = pl.when(text.is_in(["", *self.nulls]).not_()).then(text)
        if self.moment is not None:
            return self.moment.parse(text).cast(self.dtype).alias(name)
        if self.kind == "boolean":
            return text.replace_strict(_TRUTHS, return_dtype=pl.Boolean).alias(name)
        number = self.style.plain(text)
        if not self._exact:
            return number.cast(self.dtype).alias(name)
        integers = number.map_batches(exact_integers, return_dtype=self.dtype, is_elementwise=True)
        return integers.alias(name)

    def lenient(self, texts: pl.Series) -> pl.Series | None:
        """The values of a column of texts, null where a text is none; None: every text is one."""
        frame = texts.to_frame("text")
        text = pl.col("text").str.strip_chars(BLANKS)
        text = pl.when(text.is_in(["", *self.nulls]).not_()).then(text)
        if self.moment is not None:
            return frame.select(self.moment.parse(text, strict=False)).to_series()
        if self.dtype == pl.String:
            return None
        if self.dtype == pl.Boolean:
            truth = text.replace_strict(_TRUTHS, default=None, return_dtype=pl.Boolean)
            return frame.select(truth).to_series()
        numbers = frame.select(self.style.plain(text)).to_series()
        if self._exact:
            return integers_or_null(numbers)
        return numbers.cast(self.dtype, strict=False)

    def loses(self, text: str) -> bool:
        """Whether a text is an integer, which says less than the text."""
        return self._exact and is_code(text.strip(BLANKS))

    @property
    def _exact(self) -> bool:
        """Integers that were inferred; those that a person asked for are what the engine makes."""
        return self.kind == "integer" and self.given is None

    @property
    def _converts(self) -> bool:
        if self.kind == "text":
            return bool(self.nulls)
        # The engine's own null_values take other columns' quoted empty fields for null.
        marked = bool(self.nulls) or self.padded or self.moment is not None
        return marked or self.style != PLAIN or self._exact

    def accepts(self, text: str) -> bool:
        """Whether a text could be a value of this column."""
        if self.kind == "text" or not text.strip(BLANKS):
            return True
        value = text.strip(BLANKS)
        if value in self.nulls or value in NULL_TOKENS:
            return True
        if self.moment is not None:
            return self.moment.accepts(value)
        return bool(pattern_of(self.kind, self.style).fullmatch(value))

    def __str__(self) -> str:
        return f"{self.kind} ({self.moment})" if self.moment else self.kind


_DTYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "float": pl.Float64(),
}


@cache
def pattern_of(kind: Kind, style: NumberStyle) -> re.Pattern[str]:
    """What texts of booleans, integers or floats look like."""
    if kind == "boolean":
        return _BOOLEAN
    return re.compile(style.integer if kind == "integer" else style.number)
