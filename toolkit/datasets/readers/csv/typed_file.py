"""A file of which all is known, and the engine's parser with that knowledge."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from toolkit.datasets.readers.csv.planning import FilePlan
from toolkit.datasets.readers.csv.records import Block, engine_dialect
from toolkit.datasets.readers.csv.types.acceptance import Acceptance
from toolkit.datasets.readers.csv.types.column_types import ColumnType

_TOGETHER = 200
"""Columns that are converted in one query."""


@dataclass(frozen=True, slots=True)
class TypedFile:
    """A file and the types that its columns have."""

    plan: FilePlan
    columns: Mapping[str, ColumnType]
    likely: Mapping[str, ColumnType]
    """What the values look like, also where they are to stay text: bad rows are mended by it."""
    full: frozenset[str] = frozenset()
    """Columns that had a value wherever they were looked at."""

    @property
    def as_text(self) -> TypedFile:
        """The same file with every column the text it was."""
        return replace(self, columns=dict.fromkeys(self.columns, ColumnType()))

    def trusting(self, columns: Collection[str]) -> TypedFile:
        """The same file with columns whose numbers are known to be written as such."""
        known = {
            name: replace(column, proven=True) if name in columns else column
            for name, column in self.columns.items()
        }
        return replace(self, columns=known)

    @property
    def engine_schema(self) -> pl.Schema:
        return pl.Schema({name: column.engine_dtype for name, column in self.columns.items()})

    @property
    def schema(self) -> pl.Schema:
        return pl.Schema({name: column.dtype for name, column in self.columns.items()})

    def expressions(self, columns: Iterable[str]) -> list[pl.Expr]:
        """Those columns, with the types of the reader's, of a frame with the engine's."""
        found = []
        for name in columns:
            converted = self.columns[name].expression(name)
            found.append(pl.col(name) if converted is None else converted)
        return found

    def unchecked(self, columns: Sequence[str]) -> list[str] | None:
        """Which of those columns have what the engine's parser made of their texts, but for a check
        of infinite numbers; None if one of them is no column of the file or is converted."""
        found = [self.columns.get(name) for name in columns]
        known = [column for column in found if column is not None and not column.converts]
        if len(known) < len(columns):
            return None
        return [name for name, one in zip(columns, known, strict=True) if one.checks_overflow]

    def typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The engine's frame with the types of the reader's."""
        series, expressions = frame.get_columns(), self.expressions(self.columns)
        # The time that planning takes grows with the square of the expressions, and with the
        # columns that there are.
        parts = [
            pl.DataFrame(series[first : first + _TOGETHER]).select(
                expressions[first : first + _TOGETHER]
            )
            for first in range(0, len(expressions), _TOGETHER)
        ]
        return pl.concat(parts, how="horizontal") if len(parts) > 1 else parts[0]

    @property
    def fits(self) -> Acceptance:
        """Tells whether a text could be a value of the column of a position."""
        return Acceptance(tuple(self.likely.values()))


def parse_block(file: TypedFile, block: Block) -> pl.DataFrame:
    """The records of a block with the engine's types."""
    engine = engine_dialect(file.plan.layout.dialect)
    return pl.read_csv(
        io.BytesIO(block.data),
        has_header=False,
        separator=engine.separator,
        quote_char=engine.quote,
        schema=file.engine_schema,
    )
