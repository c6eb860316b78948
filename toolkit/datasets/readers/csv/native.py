"""polars' own scan of a CSV file, in which nothing that it hides can hide.

polars pads short rows with nulls and takes blank lines for rows of nulls, without a word. Such a
null cannot hide: a row that lacks a field lacks all that follow, so it has a null in the right-most
column that is read, and in each to the right of it. One of these, one without nulls of its own if
there is any, is watched: the first null in it makes the scan verify the file's records.

polars refuses a row that is too long only when it reads all columns. Otherwise one column more than
the file has is read: a value in it is the field too many.

Both cost some percent of a scan. What one scan to the end has shown holds until the file changes:
the next one goes without.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import reduce
from operator import or_

import polars as pl

from toolkit.datasets.readers.csv.planning import FilePlan
from toolkit.datasets.readers.csv.typed_file import TypedFile

_BEYOND = "\0beyond"
"""The column that no file has."""


def is_native(plan: FilePlan) -> bool:
    """Whether polars opens the file itself and has its dialect."""
    dialect, layout = plan.layout.dialect, plan.layout
    return (
        plan.plain
        and plan.local
        and len(dialect.delimiter) == 1
        and dialect.escape in (dialect.quote, None)
        and dialect.newline == "\n"
        and dialect.comment is None
        and layout.end is None
    )


class Wanted:
    """What of a file the engine asks for."""

    def __init__(
        self,
        file: TypedFile,
        constants: Sequence[pl.Expr],
        columns: Sequence[str],
        predicate: pl.Expr | None,
    ) -> None:
        self.file, self.constants, self.predicate = file, constants, predicate
        names = list(file.columns)
        asked = set(columns)
        self.read = [name for name in names if name in asked] or names[:1]
        """The columns that must be read of the file: one at least, which tells the rows."""
        self.reach = names.index(self.read[-1])
        """The right-most of them."""
        right = names[self.reach :]
        self._watched = next((name for name in right if name in file.full), right[0])
        self.proven = names.index(self._watched)
        """The column up to which a scan with nothing suspicious shows that all rows have fields."""
        self._partly = len(self.read) < len(names)

    def scan(
        self, limit: int | None, *, watched: bool, quoted: bool, trusted: Collection[str]
    ) -> pl.LazyFrame:
        """polars' own scan; ``watched`` with what tells the rows that polars makes up.

        Not ``quoted``: there is no quote in the file, without which polars is faster. ``trusted``
        are columns whose numbers are known to be written as such."""
        file, plan, beyond = self.file.trusting(trusted), self.file.plan, watched and self._partly
        frame = pl.scan_csv(
            plan.path,
            has_header=False,
            separator=plan.layout.dialect.delimiter,
            quote_char=plan.layout.dialect.quote if quoted else None,
            skip_lines=plan.layout.start_line + plan.header_lines,
            schema={**file.engine_schema, **({_BEYOND: pl.String} if beyond else {})},
            missing_columns="insert" if beyond else None,
            glob=False,
        )
        if limit is not None:
            frame = frame.head(limit)
        read = dict.fromkeys([*self.read, self._watched] if watched else self.read)
        values = [*file.expressions(read), *([_BEYOND] if beyond else [])]
        if self.predicate is None:
            return frame.select(values).with_columns(self.constants)
        kept = [self.predicate]
        if watched:
            kept.append(pl.col(self._watched).is_null())
        if beyond:
            kept.append(pl.col(_BEYOND).is_not_null())
        unchecked = file.unchecked(self.predicate.meta.root_names())
        if unchecked is None:
            converted = frame.select(values).with_columns(self.constants)
            return converted.filter(reduce(or_, kept))
        # What is left out is not converted. A number that the check refuses must reach it.
        kept.extend(pl.col(name).is_infinite() for name in unchecked)
        return frame.filter(reduce(or_, kept)).select(values).with_columns(self.constants)

    def suspicious(self, frame: pl.DataFrame) -> bool:
        """Whether a row may lack fields, or be none: see the module."""
        if frame[self._watched].null_count():
            return True
        return self._partly and frame[_BEYOND].null_count() < frame.height

    def filtered(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame if self.predicate is None else frame.filter(self.predicate)
