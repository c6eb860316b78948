"""The formats of dates and times: what texts of one look like, and how they are read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, TypeAlias

import polars as pl

from toolkit.core.errors import InvalidArgumentError

MomentKind: TypeAlias = Literal["date", "datetime", "time"]

DATES = {
    "%Y-%m-%d": r"\d{4}-\d{1,2}-\d{1,2}",
    "%Y/%m/%d": r"\d{4}/\d{1,2}/\d{1,2}",
    "%Y.%m.%d": r"\d{4}\.\d{1,2}\.\d{1,2}",
    "%d.%m.%Y": r"\d{1,2}\.\d{1,2}\.\d{4}",
    "%d/%m/%Y": r"\d{1,2}/\d{1,2}/\d{4}",
    "%m/%d/%Y": r"\d{1,2}/\d{1,2}/\d{4}",
    "%d-%m-%Y": r"\d{1,2}-\d{1,2}-\d{4}",
    "%m-%d-%Y": r"\d{1,2}-\d{1,2}-\d{4}",
    "%d %b %Y": r"\d{1,2} [A-Za-z]{3} \d{4}",
    "%d-%b-%Y": r"\d{1,2}-[A-Za-z]{3}-\d{4}",
    "%b %d, %Y": r"[A-Za-z]{3} \d{1,2}, \d{4}",
    "%d %B %Y": r"\d{1,2} [A-Za-z]{4,} \d{4}",
    "%B %d, %Y": r"[A-Za-z]{4,} \d{1,2}, \d{4}",
}
"""The formats of dates that are inferred, with what their texts look like."""
TIMES = {
    "%H:%M:%S%.f": r"\d{1,2}:\d{2}:[0-5]\d(?:\.\d{1,9})?",
    "%H:%M": r"\d{1,2}:\d{2}",
    "%I:%M:%S %p": r"\d{1,2}:\d{2}:[0-5]\d [AaPp][Mm]",
    "%I:%M %p": r"\d{1,2}:\d{2} [AaPp][Mm]",
}
"""The same of times of day."""
_ZONE = r"(?:Z|[+-]\d{2}:?\d{2})"
_YEARS_IN_NANOSECONDS = r"(?:1[7-9]\d{2}|2[01]\d{2}|22[0-5]\d)"
"""64 bits of nanoseconds reach from 1677 to 2262."""
_DIRECTIVES = {
    **dict.fromkeys(["%m", "%d", "%H", "%I", "%M"], r"\d{1,2}"),
    # The engine takes a leap second for the next minute.
    "%S": r"[0-5]?\d",
    **dict.fromkeys(["%z", "%#z", "%:z"], _ZONE),
    **dict.fromkeys(["%b", "%B", "%a", "%A", "%p", "%P"], r"\w+"),
    "%Y": r"\d{4}",
    "%y": r"\d{2}",
    "%e": r"[ \d]?\d",
    "%j": r"\d{1,3}",
    "%f": r"\d{1,9}",
    "%.f": r"(?:\.\d{1,9})?",
    "%s": r"\d+",
    "%F": r"\d{4}-\d{1,2}-\d{1,2}",
    "%R": r"\d{1,2}:\d{2}",
    "%T": r"\d{1,2}:\d{2}:[0-5]\d",
}
"""What the directives of a format that a person wrote stand for; any other stands for any text."""
_OF_DATES = frozenset(["%Y", "%y", "%m", "%d", "%e", "%b", "%B", "%j", "%F", "%s"])
_OF_TIMES = frozenset(["%H", "%I", "%M", "%S", "%T", "%R", "%f", "%.f", "%s"])
_DIRECTIVE = re.compile(r"%[.:#]?[A-Za-z]|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Moment:
    """A format of dates, times, or both, in the notation of polars (chrono's ``strftime``)."""

    kind: MomentKind
    format: str
    fine: bool = False
    """Whether fractions of a second go beyond microseconds."""

    @property
    def dtype(self) -> pl.DataType:
        if self.kind == "date":
            return pl.Date()
        if self.kind == "time":
            return pl.Time()
        return pl.Datetime("ns" if self.fine else "us", "UTC" if self._zoned else None)

    @property
    def _zoned(self) -> bool:
        return self.format.endswith("z")

    def parse(
        self, text: pl.Expr, dtype: pl.DataType | None = None, *, strict: bool = True
    ) -> pl.Expr:
        """The moments that texts write, as a type; one of another shape fails, or is null.

        Those without an offset are local times where the type has a zone."""
        value = self._parse(text, strict)
        if dtype is None or dtype == self.dtype:
            return value
        if not isinstance(dtype, pl.Datetime) or dtype.time_zone is None or self._zoned:
            return value.cast(dtype, strict=strict)
        unclear: Literal["raise", "null"] = "raise" if strict else "null"
        return value.cast(pl.Datetime(dtype.time_unit), strict=strict).dt.replace_time_zone(
            dtype.time_zone, ambiguous=unclear, non_existent=unclear
        )

    def _parse(self, text: pl.Expr, strict: bool) -> pl.Expr:
        # The engine takes 05.01.24 for the year 24, and wraps nanoseconds beyond their range.
        fits = text.str.contains(f"^(?:{shape_of(self.format, self.fine).pattern})$")
        text = pl.when(fits).then(text).otherwise(pl.lit("? ") + text)
        if self.kind == "time":
            return text.str.to_time(self.format, strict=strict)
        if self.kind == "date":
            return text.str.to_date(self.format, strict=strict)
        unit: Literal["ns", "us"] = "ns" if self.fine else "us"
        return text.str.to_datetime(self.format, time_unit=unit, strict=strict)

    @property
    def pattern(self) -> str:
        """What ``accepts`` matches with a whole text."""
        return shape_of(self.format, self.fine).pattern

    def accepts(self, text: str) -> bool:
        """Whether a text has the shape of the format; whether there is such a day is not asked."""
        return bool(shape_of(self.format, self.fine).fullmatch(text))

    def within(self, other: Moment) -> bool:
        """Whether every value of this format is one of the other."""
        return replace(self, fine=other.fine) == other and (other.fine or not self.fine)

    def __str__(self) -> str:
        return self.format.replace("%.f", "").replace("%#z", " and offset")


def given_moment(format: str, *, fine: bool = False) -> Moment:
    """The moment of a format that a person wrote.

    Raises InvalidArgumentError for one without any directive of a date or a time."""
    parts = set(_DIRECTIVE.findall(format))
    dated, timed = bool(parts & _OF_DATES), bool(parts & _OF_TIMES)
    if not dated and not timed:
        raise InvalidArgumentError(
            f"{format!r} is not a format of dates: use directives such as %Y-%m-%d %H:%M:%S."
        )
    kind: MomentKind = "time"
    if dated:
        kind = "datetime" if timed else "date"
    return Moment(kind, format, fine)


@cache
def shape_of(format: str, fine: bool | None = None) -> re.Pattern[str]:
    """What texts of a format look like; ``fine`` as in Moment, or None for both."""
    pattern = {**DATES, **TIMES}.get(format)
    if pattern is None:
        parts = _DIRECTIVE.findall(format)
        pattern = "".join(_DIRECTIVES.get(part) or _literal(part) for part in parts)
    if fine is True:
        pattern = pattern.replace(r"\d{4}", _YEARS_IN_NANOSECONDS)
    elif fine is False:
        pattern = pattern.replace(r"\d{1,9}", r"\d{1,6}")
    return re.compile(pattern)


def _literal(part: str) -> str:
    return ".+" if part.startswith("%") and part != "%%" else re.escape(part)
