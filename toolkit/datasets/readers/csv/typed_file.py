"""A file of which all is known, and the engine's parser with that knowledge."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from toolkit.datasets.readers.csv.engine_text import engine_text
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

    def is_parsed(self, columns: Iterable[str]) -> bool:
        """Whether those are columns of the file of which the engine's parser gives the values."""
        return all(name in self.columns and not self.columns[name].converts for name in columns)

    def typed(self, frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        """Those columns of the engine's frame, with the types of the reader's.

        Raises what the engine does for a text that is no such value, and InexactNumberError."""
        found = {name: frame[name] for name in columns}
        expressions = {name: self.columns[name].expression(name) for name in columns}
        converted = [(name, each) for name, each in expressions.items() if each is not None]
        # The time that planning takes grows with the square of the expressions, and with the
        # columns that there are.
        for first in range(0, len(converted), _TOGETHER):
            part = converted[first : first + _TOGETHER]
            texts = pl.DataFrame([found[name] for name, _ in part])
            found.update(texts.select(each for _, each in part).to_dict())
        return pl.DataFrame([self.columns[name].finished(one) for name, one in found.items()])

    @property
    def fits(self) -> Acceptance:
        """Tells whether a text could be a value of the column of a position."""
        return Acceptance(tuple(self.likely.values()))


def parse_block(file: TypedFile, block: Block) -> pl.DataFrame:
    """The records of a block with the engine's types."""
    engine = engine_dialect(file.plan.layout.dialect)
    return pl.read_csv(
        engine_text(block.data),
        has_header=False,
        separator=engine.separator,
        quote_char=engine.quote,
        schema=file.engine_schema,
    )
