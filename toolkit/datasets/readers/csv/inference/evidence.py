"""What the texts of a column allow: a type that every value that was seen has, and nothing looser.

A type is given to a column only when reading back loses nothing that a person would miss: codes
with leading zeros, integers beyond 64 bits, numbers with a unit, dates that could be read in two
ways all stay text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from toolkit.datasets.readers.csv.inference.cells import (
    COLUMN,
    TEXT,
    VALUE,
    among,
    cells_of,
    columns_where,
)
from toolkit.datasets.readers.csv.inference.formats import common_moments, moments_of_columns
from toolkit.datasets.readers.csv.types.column_types import (
    BLANKS,
    NULL_TOKENS,
    ColumnType,
    Kind,
    pattern_of,
)
from toolkit.datasets.readers.csv.types.moments import Moment
from toolkit.datasets.readers.csv.types.numbers import PLAIN, NumberStyle

_NAN = frozenset(["NaN", "nan"])


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the values of a column that were seen so far allow."""

    kinds: frozenset[Kind] | None = None
    """None: no value was seen."""
    moments: frozenset[Moment] = frozenset()
    """Formats of dates and times that all values have; none is looked for among numbers."""
    tokens: frozenset[str] = frozenset()
    """Texts for null that were seen."""
    padded: bool = False
    """Whether blanks stood around some text."""
    gaps: bool = False
    """Whether a field was empty or one of ``tokens``."""
    example: str | None = None
    """A value of a column that is to be one of dates or times, for messages."""

    def __and__(self, other: Evidence) -> Evidence:
        """What both allow."""
        if self.kinds is None or other.kinds is None:
            known = other if self.kinds is None else self
            kinds, moments = known.kinds, known.moments
        else:
            kinds = self.kinds & other.kinds
            moments = frozenset(common_moments(self.moments, other.moments))
        return Evidence(
            kinds,
            moments,
            self.tokens | other.tokens,
            self.padded or other.padded,
            self.gaps or other.gaps,
            other.example if self.example is None else self.example,
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
        if column.kind == "text":
            return True
        if not self.tokens - (_NAN if column.kind == "float" else set()) <= set(column.nulls):
            return False
        if self.kinds is None:
            return True
        if column.moment is not None:
            return any(each.within(column.moment) for each in self.moments)
        return column.kind in self.kinds


def evidence_of(
    frame: pl.DataFrame,
    style: NumberStyle = PLAIN,
    *,
    tokens: Iterable[str] = NULL_TOKENS,
    moment: Moment | None = None,
) -> dict[str, Evidence]:
    """What each column of a frame of texts allows. ``tokens`` mean null where the rest fits;
    ``moment`` is the one format of dates to try."""
    cells = cells_of(frame, BLANKS)
    padded = columns_where(cells, TEXT != VALUE)
    empty = columns_where(cells, TEXT == "")
    cells = cells.filter(VALUE != "").select(COLUMN, VALUE, known=VALUE.is_in(list(tokens)))
    seen: dict[int, set[str]] = {}
    for column, token in cells.filter("known").select(COLUMN, VALUE).unique().iter_rows():
        seen.setdefault(column, set()).add(token)
    values = cells.filter(pl.col("known").not_()).select(COLUMN, VALUE)
    # One value rules most types out, in microseconds.
    firsts = dict(values.filter(COLUMN.ne_missing(COLUMN.shift())).iter_rows())
    kinds = _kinds(values, firsts, style)
    undecided = [column for column in firsts if moment is not None or not kinds[column]]
    moments = moments_of_columns(values, {column: firsts[column] for column in undecided}, moment)
    evidence = {}
    nulls = frame.null_count().row(0)
    for column, name in enumerate(frame.columns):
        known = frozenset(seen.get(column, ()))
        evidence[name] = Evidence(
            # NaN alone is a number; any other token alone says nothing.
            kinds.get(column, frozenset(["float"]) if known and known <= _NAN else None),
            moments.get(column, frozenset()),
            known,
            column in padded,
            bool(nulls[column] or known) or column in empty,
        )
    return evidence


def _kinds(
    values: pl.DataFrame, firsts: Mapping[int, str], style: NumberStyle
) -> dict[int, frozenset[Kind]]:
    """The kinds of numbers and truths that all values of a column are; ``firsts`` has one of
    each column."""

    def like(kind: Kind) -> set[int]:
        pattern = pattern_of(kind, style)
        return {column for column, first in firsts.items() if pattern.fullmatch(first)}

    def has(kind: Kind) -> pl.Expr:
        return VALUE.str.contains(f"^(?:{pattern_of(kind, style).pattern})$")

    truths, numbers = like("boolean"), like("float")
    # What has the pattern of an integer has that of a float, too.
    numeric = among(values, numbers).with_columns(whole=has("integer"))
    exact = style.plain(VALUE).cast(pl.Int64, strict=False)
    whole = numeric.filter("whole").select(COLUMN, exact=exact)
    broken = numeric.filter(pl.col("whole").not_())
    huge = columns_where(whole, pl.col("exact").is_null())
    # An integer that a float cannot hold would lose digits.
    lossy = columns_where(whole, pl.col("exact").abs() > 1 << 53)
    infinite = style.plain(VALUE).cast(pl.Float64, strict=False).is_infinite()
    # Digits that make infinity are a code, such as 12e3456.
    strange = columns_where(broken, has("float").not_() | infinite & VALUE.str.contains("[0-9]"))
    found: dict[Kind, set[int]] = {
        "boolean": truths - columns_where(among(values, truths), has("boolean").not_()),
        "integer": numbers - huge - set(broken["column"].to_list()),
        "float": numbers - huge - lossy - strange,
    }
    return {
        column: frozenset(kind for kind, columns in found.items() if column in columns)
        for column in firsts
    }
