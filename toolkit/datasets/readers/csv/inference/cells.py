"""The cells of many columns in one long column, so that the engine is called once for all.

A call of the engine costs more than it takes to look at the cells of most columns.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

COLUMN, TEXT, VALUE = pl.col("column"), pl.col("text"), pl.col("value")
"""Of each cell: the position of its column, what stands there, and that without blanks around."""


def cells_of(frame: pl.DataFrame, blanks: str) -> pl.DataFrame:
    """The cells of a frame of texts that are not null, column after column."""
    texts = pl.concat([column.alias("text") for column in frame.get_columns()], rechunk=True)
    column = pl.int_range(pl.len(), dtype=pl.Int64) // max(frame.height, 1)
    cells = texts.to_frame().with_columns(column=column).filter(TEXT.is_not_null())
    return cells.with_columns(value=TEXT.str.strip_chars(blanks))


def among(cells: pl.DataFrame, columns: Collection[int]) -> pl.DataFrame:
    """The cells of some columns."""
    return cells.filter(COLUMN.is_in(list(columns)))


def columns_where(cells: pl.DataFrame, condition: pl.Expr) -> set[int]:
    """The columns in which it holds for some cell."""
    return set(cells.filter(condition)["column"].unique().to_list())
