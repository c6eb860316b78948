"""The formats of dates and times: what texts of one look like, and how they are read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
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
    **{f"%{digits}f": rf"\d{{{digits}}}" for digits in (3, 6, 9)},
    **{f"%.{digits}f": rf"\.\d{{{digits}}}" for digits in (3, 6, 9)},
    "%.f": r"(?:\.\d{1,9})?",
    "%s": r"\d+",
    "%F": r"\d{4}-\d{1,2}-\d{1,2}",
    "%R": r"\d{1,2}:\d{2}",
    "%T": r"\d{1,2}:\d{2}:[0-5]\d",
}
"""What the directives of a format that a person wrote stand for; any other stands for any text."""
_OF_DATES = frozenset(["%Y", "%y", "%m", "%d", "%e", "%b", "%B", "%j", "%F", "%s"])
_OF_TIMES = frozenset(["%H", "%I", "%M", "%S", "%T", "%R", "%f", "%.f", "%s"])
_DIRECTIVE = re.compile(r"%[-_0]?[.:#]?\d?[A-Za-z]|.", re.DOTALL)
_PADDING = re.compile(r"%[-_0](?=[A-Za-z])")
"""How a number is to be filled up where it is written; read it is with or without."""
_SAMPLE = pl.Series([datetime(2024, 11, 23, 22, 34, 45, tzinfo=UTC)])


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


@cache
def given_moment(format: str, *, fine: bool = False) -> Moment:
    """The moment of a format that a person wrote, in the notation of Python's ``strptime`` or in
    that of chrono, which has other fractions: ``.%f`` is Python's, chrono's alone would be a number
    of nanoseconds.

    Raises InvalidArgumentError for one that no values can be read by, or without their year."""
    known = _PADDING.sub("%", format.replace(".%f", "%.f"))
    parts = set(_DIRECTIVE.findall(known))
    dated, timed = bool(parts & _OF_DATES), bool(parts & _OF_TIMES)
    if not dated and not timed:
        raise InvalidArgumentError(
            f"{format!r} is not a format of dates: use directives such as %Y-%m-%d %H:%M:%S."
        )
    for part in parts & _MISREAD.keys():
        raise InvalidArgumentError(f"{format!r} is a format with {part}: {_MISREAD[part]}.")
    kind: MomentKind = "time"
    if dated:
        kind = "datetime" if timed else "date"
    moment = Moment(kind, known, fine or not parts.isdisjoint(["%9f", "%.9f"]))
    _require_readable(moment, format)
    return moment


_MISREAD = {
    "%f": "pass %.f for the fraction of a second with its point, or %3f or %6f for its digits",
    "%Z": "the name of a time zone is no offset (%z), and would be read over. Have the column as "
    "text, and convert it in the frame",
}
"""Directives that the engine takes for something else than what they look like."""


def _require_readable(moment: Moment, format: str) -> None:
    """Raise InvalidArgumentError unless the engine reads what it writes in a format."""
    try:
        # An offset is written in one way only.
        written = _SAMPLE.dt.to_string(moment.format.replace("%#z", "%z"))
        read = pl.select(moment.parse(pl.lit(written[0]))).item()
    except pl.exceptions.PolarsError as error:
        raise InvalidArgumentError(
            f"{format!r} is a format that values cannot be read by: say all of a date, such as "
            "%Y-%m-%d, and of a time at least the hour of 24 and the minute, %H:%M."
        ) from error
    if moment.kind != "time" and read.year != _SAMPLE[0].year:
        raise InvalidArgumentError(
            f"{format!r} is a format with no year: have the column as text, and add one in the "
            "frame."
        )


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
