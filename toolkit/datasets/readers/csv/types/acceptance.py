"""Whether texts could be values of a file's columns: one by one, or many at once."""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from toolkit.datasets.readers.csv.types.column_types import (
    BLANKS,
    NULL_TOKENS,
    ColumnType,
    pattern_of,
)


class Acceptance:
    """``ColumnType.accepts`` of the columns of a file, by their positions."""

    def __init__(self, columns: tuple[ColumnType, ...]) -> None:
        self._columns = columns

    def __call__(self, index: int, text: str, /) -> bool:
        return self._columns[index].accepts(text)

    def takes_all(self, index: int) -> bool:
        """Whether every text could be a value of the column."""
        return self._columns[index].kind == "text"

    def many(self, index: int, texts: pl.Series) -> pl.Series:
        """Which texts could be one; none of them is null."""
        column = self._columns[index]
        if self.takes_all(index):
            return pl.repeat(True, len(texts), eager=True)
        pattern = _pattern(column)
        if pattern is None:
            return texts.map_elements(column.accepts, return_dtype=pl.Boolean)
        return texts.str.contains(pattern)


@cache
def _pattern(column: ColumnType) -> str | None:
    """What the engine finds in exactly the texts that a column accepts, with blanks around them."""
    value = (
        column.moment.pattern if column.moment else pattern_of(column.kind, column.style).pattern
    )
    if r"\w" in value or value != value.strip(BLANKS):
        # What letters are differs between engines; blanks at an edge would be a part of the value.
        return None
    tokens = [token for token in (*column.nulls, *NULL_TOKENS) if token == token.strip(BLANKS)]
    choices = "|".join([value, *(re.escape(token) for token in sorted(tokens))])
    return rf"^[{BLANKS}]*(?:{choices})?[{BLANKS}]*$"
