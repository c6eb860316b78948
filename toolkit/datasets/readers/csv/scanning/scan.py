"""The lazy scan over CSV files: an IO source that opens nothing until the engine calls it.

Two ways lead through a file, with the same rows. A plain local file in a dialect that polars has is
parsed by polars, piece by piece, only the columns that are wanted. All others, and all files whose
bad rows are to be repaired or skipped, are split into records by the toolkit before.

Where polars hides something (see ``native``), or quotes stand where it takes them for others (see
``quotes``), the splitter goes on from the row that was reached. What was found out about a file is
known until it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TypeAlias

import polars as pl

from toolkit.core.io_sources import Request, lazy_frame
from toolkit.datasets.readers.csv.fitting import fitted
from toolkit.datasets.readers.csv.planning import (
    HEAD_BYTES,
    planned_text,
    require_beginning,
    require_whole,
)
from toolkit.datasets.readers.csv.records import (
    BLOCK_SIZE,
    BadRecordError,
    Block,
    Policy,
    Verdict,
    blocks,
    engine_dialect,
)
from toolkit.datasets.readers.csv.scanning.known import Known
from toolkit.datasets.readers.csv.scanning.native import (
    HiddenError,
    UnsoundQuotesError,
    Wanted,
    is_native,
)
from toolkit.datasets.readers.csv.scanning.pieces import UncutError, each_piece
from toolkit.datasets.readers.csv.typed_file import TypedFile
from toolkit.datasets.readers.failures import ENGINE_FAILURES
from toolkit.datasets.readers.partitions import is_ruled_out
from toolkit.datasets.readers.sources import ResolvedSource

_WIDE = 500
"""Columns from which the engine's lazy conversions cost more than the splitter does."""
_COLUMNS, _LARGEST = 100, 32
"""Converting a column costs something for each block: more of them make larger blocks."""

_GROUP = 1 << 20
"""Bytes of small files that are parsed together: each by itself costs more than its rows do."""

_FAILURES: tuple[type[BaseException], ...] = (BadRecordError, *ENGINE_FAILURES)
"""What a file raises that has something wrong with it."""

_GIVEN_UP: tuple[type[BaseException], ...] = (HiddenError, UncutError, *ENGINE_FAILURES)
"""What makes the splitter read on."""

_Part: TypeAlias = tuple[TypedFile, Sequence[pl.Expr]]
"""A file and its partition columns."""

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
        self._known = Known(source)

    def lazy(self, schema: pl.Schema) -> pl.LazyFrame:
        """The lazy frame over all files; ``schema`` includes the partition columns."""
        return lazy_frame(self._read, schema, name="CSV", detail=self._source.given)

    def verdict(self, file: TypedFile) -> Verdict:
        """What the records of a file are like; read once, as long as it does not change."""
        return self._known.verdict(file)

    def rows(self, file: TypedFile) -> int:
        """How many rows the frame has of a file. Raises what reading it would."""
        if self.policy != "error":
            found = (block for block in self.blocks(file, self.policy) if block.records)
            return sum(fitted(file, block, self.policy).height for block in found)
        verdict = self.verdict(file)
        if verdict.first is not None:
            raise self._failed(file, BadRecordError(verdict.first))
        return verdict.records

    def blocks(self, file: TypedFile, policy: Policy, *, located: bool = False) -> Iterator[Block]:
        """The records of a file as the splitter gives them; ``located`` with their places."""
        plan = file.plan
        with closing(planned_text(self._source, plan)) as parts:
            yield from blocks(
                parts,
                plan.layout,
                policy,
                file.fits,
                block_size=BLOCK_SIZE * max(1, min(len(file.columns) // _COLUMNS, _LARGEST)),
                located=located,
            )

    def _read(self, request: Request) -> Iterator[pl.DataFrame]:
        for group in self._groups(request):
            if request.done:
                return
            together = self._together(group, request.remaining)
            if together is None:
                yield from self._each(group, request)
            else:
                yield request.answer(together)

    def _each(self, group: list[_Part], request: Request) -> Iterator[pl.DataFrame]:
        """The rows of files that are read one by one."""
        for file, constants in group:
            if request.done:
                return
            wanted = Wanted(file, constants, request.columns, request.pushed)
            try:
                for frame in self._frames(wanted, request.remaining):
                    yield request.answer(frame, matching=request.pushed is not None)
            except BadRecordError as error:
                # It says nothing that the error does not.
                raise self._failed(file, error) from None
            except ENGINE_FAILURES as error:
                raise self._failed(file, error) from error

    def _groups(self, request: Request) -> Iterator[list[_Part]]:
        """The files in their order, small ones that can be parsed together as one group."""
        group: list[_Part] = []
        size = 0
        for part in zip(self._files, self._constants, strict=True):
            if is_ruled_out(request.pushed, part[1]):
                continue
            size += len(part[0].plan.head)
            if group and not (size <= _GROUP and _are_alike(group[-1], part)):
                yield group
                group, size = [], len(part[0].plan.head)
            group.append(part)
        if group:
            yield group

    def _together(self, group: list[_Part], limit: int | None) -> pl.DataFrame | None:
        """The rows of a group of small files, up to ``limit`` at least; None: read each by itself,
        which tells what is wrong with it."""
        if len(group) == 1:
            return None
        found: list[Block] = []
        try:
            for file, _ in group:
                if file.plan.size > HEAD_BYTES:
                    return None
                found.extend(self.blocks(file, self.policy))
                if limit is not None and sum(block.records for block in found) >= limit:
                    break
            data = b"".join(block.data for block in found)
            whole = Block(data, sum(block.records for block in found), ())
            file, constants = group[0]
            frame = fitted(file, whole, self.policy)
        except _FAILURES:
            return None
        return frame.with_columns(constants)

    def _frames(self, wanted: Wanted, limit: int | None) -> Iterator[pl.DataFrame]:
        file, given = wanted.file, 0
        if self._suits_engine(wanted):
            try:
                for frame in self._native(wanted, limit):
                    given += frame.height
                    yield frame
            except _GIVEN_UP as error:
                # The splitter fails as well, and at the very row, or it is not reached.
                if isinstance(error, UnsoundQuotesError):
                    self._known.learn(file, replace(self._known.proof(file), quotes="unsound"))
            else:
                return
        yield from _from_row(given, limit, self._split(wanted))

    def _suits_engine(self, wanted: Wanted) -> bool:
        """Whether polars is to parse the file."""
        file = wanted.file
        few = len(wanted.read) <= _WIDE
        usual = self.policy == "error" and is_native(file.plan)
        return few and usual and self._known.proof(file).quotes != "unsound"

    def _native(self, wanted: Wanted, limit: int | None) -> Iterator[pl.DataFrame]:
        """The frames as polars reads them, up to where it hides something."""
        file, given, quoted = wanted.file, 0, False
        proof = self._known.proof(file)
        if proof.quotes is None:
            require_beginning(self._source, file.plan)
        watched = wanted.reach > proof.reach
        length = file.plan.size
        parse = wanted.parser(
            watched=watched, sound=proof.quotes is not None, trusted=proof.columns
        )
        found = each_piece(
            file.plan.path,
            file.plan.first_row,
            None if proof.quotes == "none" else file.plan.layout.dialect.quote,
            parse,
            limited=limit is not None,
        )
        with closing(found):
            for parsed in found:
                if parsed.suspicious and self._known.differs(file):
                    raise HiddenError
                quoted |= parsed.quoted
                given += parsed.frame.height
                yield parsed.frame
                if limit is not None and given >= limit:
                    return
        require_whole(file.plan, length)
        if limit is None:
            self._known.learn(file, proof.after(wanted, watched=watched, quoted=quoted))
        elif self._known.differs(file):
            raise HiddenError

    def _split(self, wanted: Wanted) -> Iterator[pl.DataFrame]:
        for block in self.blocks(wanted.file, self.policy):
            if block.records:
                frame = fitted(wanted.file, block, self.policy).with_columns(wanted.constants)
                yield wanted.filtered(frame)


def _are_alike(one: _Part, other: _Part) -> bool:
    """Whether two small files can be parsed together."""
    (file, constants), (next_file, next_constants) = one, other
    return (
        file.plan.complete
        and next_file.plan.complete
        and engine_dialect(file.plan.layout.dialect)
        == engine_dialect(next_file.plan.layout.dialect)
        and [str(each) for each in constants] == [str(each) for each in next_constants]
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
