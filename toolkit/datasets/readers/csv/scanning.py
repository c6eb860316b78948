"""The lazy scan over CSV files: an IO source that opens nothing until the engine calls it.

Two ways lead through a file, with the same rows. A plain file in a dialect that polars has is
scanned by polars, at its speed. All others, and all files whose bad rows are to be repaired or
skipped, are split into records by the toolkit and parsed block by block.

polars pads short rows with nulls and takes blank lines for rows of nulls, without a word. Such a
null cannot hide: a row that lacks a field lacks all that follow, so it has a null in the right-most
column that is read, and in each to the right of it. One of these, one without nulls of its own if
there is any, is watched: the first null in it makes the scan verify the file's records.

polars refuses a row that is too long only when it reads all columns. Otherwise one column more than
the file has is read: a value in it is the field too many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import polars as pl
from polars.io.plugins import register_io_source

from toolkit.core.batches import batches_of
from toolkit.datasets.readers.csv.fitting import fitted
from toolkit.datasets.readers.csv.planning import FilePlan, text_of
from toolkit.datasets.readers.csv.records import (
    BadRecordError,
    Block,
    Policy,
    Verdict,
    blocks,
    verify,
)
from toolkit.datasets.readers.csv.typed_file import TypedFile
from toolkit.datasets.readers.failures import ENGINE_FAILURES
from toolkit.datasets.readers.sources import ResolvedSource

BATCH_ROWS = 1 << 17

_BEYOND = "\0beyond"
"""The column that no file has."""

_FAILURES: tuple[type[BaseException], ...] = (BadRecordError, *ENGINE_FAILURES)

Failed = Callable[[TypedFile, BaseException], BaseException]


class CSVScan:
    """Reads the files of one reader in their order; remembers which of them were verified."""

    def __init__(
        self,
        source: ResolvedSource,
        files: Sequence[TypedFile],
        constants: Sequence[Sequence[pl.Expr]],
        policy: Policy,
        failed: Failed,
    ) -> None:
        """``constants`` are the partition columns of each file; ``failed`` makes the error to
        raise of what an engine or the splitter raised."""
        self._source = source
        self._files = files
        self._constants = constants
        self.policy: Policy = policy
        self._failed = failed
        self._verdicts: dict[str, Verdict] = {}

    def lazy(self, schema: pl.Schema) -> pl.LazyFrame:
        """The lazy frame over all files; ``schema`` includes the partition columns."""
        return register_io_source(
            self._frames,
            schema=schema,
            is_pure=True,
            explain_name="CSV",
            explain_detail=self._source.given,
        )

    def verdict(self, file: TypedFile) -> Verdict:
        """What the records of a file are like; read once."""
        path = file.plan.path
        if path not in self._verdicts:
            with closing(text_of(self._source, path, file.plan.encoding)) as parts:
                self._verdicts[path] = verify(parts, file.plan.layout)
        return self._verdicts[path]

    def rows(self, file: TypedFile) -> int:
        """How many rows the frame has of a file. Raises what reading it would."""
        if self.policy != "error":
            found = (block for block in self.blocks(file, self.policy) if block.records)
            return sum(fitted(file, block, self.policy).height for block in found)
        verdict = self.verdict(file)
        if verdict.first is not None:
            raise self._failed(file, BadRecordError(verdict.first))
        return verdict.records

    def blocks(self, file: TypedFile, policy: Policy) -> Iterator[Block]:
        """The records of a file as the splitter gives them."""
        plan = file.plan
        with closing(text_of(self._source, plan.path, plan.encoding)) as parts:
            yield from blocks(parts, plan.layout, policy, file.fits)

    def _frames(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        # The engine asks for n_rows of the source, before the predicate.
        remaining = n_rows
        for file, constants in zip(self._files, self._constants, strict=True):
            if remaining == 0:
                return
            wanted = _Wanted(file, constants, with_columns)
            try:
                for frame in self._file_frames(wanted, remaining, batch_size or BATCH_ROWS):
                    if remaining is not None:
                        remaining -= frame.height
                    yield frame if predicate is None else frame.filter(predicate)
            except _FAILURES as error:
                raise self._failed(file, error) from error

    def _file_frames(
        self, wanted: _Wanted, limit: int | None, batch_size: int
    ) -> Iterator[pl.DataFrame]:
        given = 0
        if self.policy == "error" and is_native(wanted.file.plan):
            try:
                for frame in self._native(wanted, limit, min(batch_size, BATCH_ROWS)):
                    if wanted.suspicious(frame) and self._has_hidden(wanted.file):
                        break
                    given += frame.height
                    yield wanted.finished(frame)
                else:
                    if limit is None or given >= limit or not self._has_hidden(wanted.file):
                        return
            except ENGINE_FAILURES:
                # The splitter fails as well, and at the very row, or it is not reached.
                pass
        yield from _from_row(given, limit, self._split(wanted))

    def _has_hidden(self, file: TypedFile) -> bool:
        """Whether polars would give rows that the file does not have."""
        verdict = self.verdict(file)
        return bool(verdict.bad or verdict.dropped)

    def _native(
        self, wanted: _Wanted, limit: int | None, batch_size: int
    ) -> Iterator[pl.DataFrame]:
        file = wanted.file
        dialect = file.plan.layout.dialect
        frame = pl.scan_csv(
            file.plan.path,
            has_header=False,
            separator=dialect.delimiter,
            quote_char=dialect.quote,
            skip_lines=_lines_before(file.plan),
            schema={**file.engine_schema, **({_BEYOND: pl.String} if wanted.partly else {})},
            missing_columns="insert" if wanted.partly else None,
            glob=False,
        )
        if limit is not None:
            frame = frame.head(limit)
        read = dict.fromkeys([*wanted.read, wanted.watched])
        frame = file.typed(frame, list(read), [_BEYOND] if wanted.partly else [])
        yield from batches_of(frame, batch_size)

    def _split(self, wanted: _Wanted) -> Iterator[pl.DataFrame]:
        for block in self.blocks(wanted.file, self.policy):
            if block.records:
                yield wanted.finished(fitted(wanted.file, block, self.policy))


class _Wanted:
    """What of a file the engine asks for."""

    def __init__(
        self, file: TypedFile, constants: Sequence[pl.Expr], columns: Sequence[str] | None
    ) -> None:
        self.file = file
        self._constants = constants
        self._columns = columns
        names = list(file.columns)
        asked = names if columns is None else [name for name in names if name in set(columns)]
        self.read: Sequence[str] = asked or names[:1]
        """The columns that must be read of the file: one at least, which tells the rows."""
        right = names[names.index(self.read[-1]) :]
        self.watched = next((name for name in right if name in file.full), right[0])
        self.partly = len(self.read) < len(names)

    def suspicious(self, frame: pl.DataFrame) -> bool:
        """Whether a row may lack fields, or be none: see the module."""
        if frame[self.watched].null_count():
            return True
        return self.partly and frame[_BEYOND].null_count() < frame.height

    def finished(self, frame: pl.DataFrame) -> pl.DataFrame:
        frame = frame.select(self.read).with_columns(self._constants)
        return frame if self._columns is None else frame.select(self._columns)


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


def _from_row(
    given: int, limit: int | None, frames: Iterator[pl.DataFrame]
) -> Iterator[pl.DataFrame]:
    """The frames without the rows that were given before, up to the row ``limit``."""
    seen = 0
    for frame in frames:
        first = max(given - seen, 0)
        last = frame.height if limit is None else min(frame.height, limit - seen)
        seen += frame.height
        if first < last:
            yield frame.slice(first, last - first)
        if limit is not None and seen >= limit:
            return


def _lines_before(plan: FilePlan) -> int:
    return plan.layout.start_line + plan.header_lines
