"""The types of text columns: how the texts of each are read as values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal, TypeAlias

import polars as pl

from toolkit.datasets.readers.csv.types.exactness import (
    exact_floats,
    exact_integers,
    floats_or_null,
    integers_or_null,
    is_code,
    require_finite,
)
from toolkit.datasets.readers.csv.types.moments import Moment
from toolkit.datasets.readers.csv.types.numbers import PLAIN, NumberStyle

Kind: TypeAlias = Literal["text", "boolean", "integer", "float", "date", "datetime", "time"]

NULL_TOKENS = frozenset(
    ["NA", "N/A", "n/a", "#N/A", "NULL", "Null", "null", "None", "NaN", "nan", "-"]
)
"""Texts that mean null in a column of numbers, booleans, dates or times. In text they are text."""


def _spellings(word: str) -> Iterator[str]:
    """A word in all mixtures of small letters and capitals, as the engine's own parser takes it."""
    return map("".join, product(*zip(word.lower(), word.upper(), strict=True)))


_TRUTHS = {text: truth == "true" for truth in ("true", "false") for text in _spellings(truth)}
_BOOLEAN = re.compile("[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]")
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
    proven: bool = False
    """Whether all numbers of a file are known to be written as such, and none to overflow."""

    @property
    def dtype(self) -> pl.DataType:
        """The type of the column in the frame."""
        if self.given is not None:
            return self.given
        return self.moment.dtype if self.moment else _DTYPES[self.kind]

    @property
    def engine_dtype(self) -> pl.DataType:
        """What the engine's own parser makes of the column: text where ``expression`` goes on."""
        return pl.String() if self.converts else self.dtype

    def expression(self, name: str) -> pl.Expr | None:
        """From the engine's column towards the frame's; ``finished`` does the rest. Fails on a text
        that is no such value. None: there is nothing to do before."""
        if not self.converts or self.tells_codes:
            return None
        return self._values(pl.col(name), strict=True).alias(name)

    def finished(self, values: pl.Series) -> pl.Series:
        """The frame's column, of what ``expression`` gave.

        Raises InexactNumberError for a number that would say less than its text."""
        if self.checks_overflow:
            require_finite(values)
        finish = self._last_step if self.converts else None
        return values if finish is None else _STRICT[finish](values, self.dtype)

    def lenient(self, texts: pl.Series) -> pl.Series | None:
        """The values of a column of texts, null where a text is none; None: every text is one."""
        if self.dtype == pl.String and not self.nulls:
            return None
        found = texts.to_frame("text").select(self._values(pl.col("text"), strict=False))
        values, finish = found.to_series(), self._last_step
        return values if finish is None else _LENIENT[finish](values, self.dtype)

    def misfits(self, texts: pl.Series, values: pl.Series) -> pl.Series:
        """Which texts are no values of the column, by what ``lenient`` made of them."""
        if self.dtype == pl.String:
            return pl.repeat(False, len(texts), eager=True)
        return values.is_null() & texts.is_not_null() & ~_bare(texts).is_in(self._gaps)

    def _values(self, text: pl.Expr, *, strict: bool) -> pl.Expr:
        """The values of a column of texts; a text that is none fails, or is null."""
        if self.dtype == pl.String:
            return pl.when(text.is_in(list(self.nulls)).not_()).then(text)
        if self.padded or not strict:
            text = text.str.strip_chars(BLANKS)
        if self._altered or not self._exact or not strict:
            text = pl.when(text.is_in(self._gaps).not_()).then(text)
        if self.moment is not None:
            return self.moment.parse(text, self.dtype, strict=strict)
        if self.kind == "boolean":
            if strict:
                return text.replace_strict(_TRUTHS, return_dtype=pl.Boolean)
            return text.replace_strict(_TRUTHS, default=None, return_dtype=pl.Boolean)
        number = self.style.plain(text)
        return number if self._last_step else number.cast(self.dtype, strict=strict)

    @property
    def _last_step(self) -> Literal["integer", "float"] | None:
        """What is made of texts by looking at them again, which an expression does slowly."""
        if self.dtype == pl.String or self.moment is not None or self.kind == "boolean":
            return None
        if self._exact:
            return "integer"
        return "float" if self.dtype.is_float() else None

    def loses(self, text: str) -> bool:
        """Whether a text of digits would lose zeros or a sign as a value of the column."""
        return self._exact and is_code(text.strip(BLANKS))

    @property
    def _gaps(self) -> list[str]:
        """What means null, without blanks around it or as it was given."""
        return ["", *self.nulls, *(token.strip(BLANKS) for token in self.nulls)]

    @property
    def tells_codes(self) -> bool:
        """Whether integers are read as text for no more than to tell codes from them."""
        return self._exact and not self._altered

    @property
    def _exact(self) -> bool:
        """Whether integers must say all that their texts do: where they were inferred. Those of a
        type that a person asked for are what the engine makes of them."""
        return self.kind == "integer" and self.given is None and not self.proven

    @property
    def checks_overflow(self) -> bool:
        """Whether an infinite number of the engine's may be one that was said otherwise."""
        return self.dtype.is_float() and not self.converts and not self.proven

    @property
    def converts(self) -> bool:
        """Whether the engine's parser gives text, of which ``expression`` makes the values."""
        if self.kind == "text":
            return bool(self.nulls)
        # The engine's own null_values take other columns' quoted empty fields for null.
        return self._altered or self.moment is not None or self._exact

    @property
    def _altered(self) -> bool:
        """Whether the texts are not what the engine takes for such values."""
        return bool(self.nulls) or self.padded or self.style != PLAIN

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


_Finish: TypeAlias = Callable[[pl.Series, pl.DataType], pl.Series]

_STRICT: dict[Kind, _Finish] = {"integer": exact_integers, "float": exact_floats}
_LENIENT: dict[Kind, _Finish] = {"integer": integers_or_null, "float": floats_or_null}

_DTYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "float": pl.Float64(),
}


def _bare(texts: pl.Series) -> pl.Series:
    return texts.str.strip_chars(BLANKS)


@cache
def pattern_of(kind: Kind, style: NumberStyle) -> re.Pattern[str]:
    """What texts of booleans, integers or floats look like."""
    if kind == "boolean":
        return _BOOLEAN
    return re.compile(style.integer if kind == "integer" else style.number)
