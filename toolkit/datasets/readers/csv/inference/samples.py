"""The part of a file from which types are inferred: its beginning, and places further down."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import replace
from typing import Literal

import polars as pl

from toolkit.datasets.readers.csv.inference.whole_records import whole_records
from toolkit.datasets.readers.csv.layout import Layout
from toolkit.datasets.readers.csv.options import AUTO
from toolkit.datasets.readers.csv.planning import FilePlan, planned_text
from toolkit.datasets.readers.csv.records import Block, blocks, engine_dialect
from toolkit.datasets.readers.csv.typed_file import TypedFile, parse_block
from toolkit.datasets.readers.csv.types.column_types import ColumnType
from toolkit.datasets.readers.sources import ResolvedSource

_SPOTS = 8
"""Places behind the beginning of a large local file that are looked at, evenly spaced."""
_SPOT_BYTES = 1 << 15
"""Bytes of a place."""
_SPOT_RECORDS = 8
"""Records that a place has at least, as far as they end in its first ``_SPOT_LIMIT`` bytes."""
_SPOT_LIMIT = 1 << 18
"""Bytes that a place has at the most: files of longer records have none."""
_LEAST = 4
"""Records that are looked at in any case, as far as they end in the first ``_FAR`` bytes."""
_FAR = 1 << 24
_TOGETHER = 1 << 18
"""Bytes up to which the beginnings of several files are looked at together."""
_GOOD_SHARE = 0.9
"""Share of good records below which a place was cut within a quoted field and tells nothing."""


def samples_of_files(
    source: ResolvedSource,
    plans: Iterable[FilePlan],
    rows: int | Literal["auto"] | None,
    naming: Callable[[FilePlan], AbstractContextManager[None]],
) -> Iterator[pl.DataFrame]:
    """Frames of the texts of good records of files with the same columns, from ``rows`` of each.

    The beginnings of small files come in one frame: the engine takes longer to be called than to
    look at them. ``naming`` says in the errors of reading a file which it was."""
    held: list[Block] = []
    last: FilePlan | None = None
    for plan in plans:
        if rows != AUTO:
            with naming(plan):
                yield from samples_of_file(source, plan, rows)
            continue
        if last is not None and (
            sum(len(block.data) for block in held) > _TOGETHER
            or engine_dialect(plan.layout.dialect) != engine_dialect(last.layout.dialect)
        ):
            yield from _frame(last, held)
            held = []
        with naming(plan):
            held.extend(_beginning_and_places(source, plan))
        last = plan
    if last is not None:
        yield from _frame(last, held)


def samples_of_file(
    source: ResolvedSource, plan: FilePlan, rows: int | Literal["auto"] | None
) -> Iterator[pl.DataFrame]:
    """Frames of the texts of good records: of the first ``rows``, of all of them for None, or, for
    "auto", of the beginning and of places further down."""
    if rows == AUTO:
        yield from _frame(plan, _beginning_and_places(source, plan))
        return
    with closing(_text(source, plan)) as parts:
        for block in _good_blocks(parts, plan.layout):
            for frame in _frame(plan, [block]):
                yield frame if rows is None else frame.head(rows)
                if rows is not None:
                    rows -= frame.height
            if rows is not None and rows <= 0:
                return


def _frame(plan: FilePlan, several: Iterable[Block]) -> Iterator[pl.DataFrame]:
    """One frame of the texts of some small blocks, if they have any record."""
    found = list(several)
    data, records = b"".join(block.data for block in found), sum(block.records for block in found)
    if records:
        texts = {name: ColumnType() for name in plan.layout.names}
        yield parse_block(TypedFile(plan, texts, texts), Block(data, records, ()))


def _text(source: ResolvedSource, plan: FilePlan) -> Generator[bytes, None, None]:
    """The text of a file, which is not read again where its beginning is all."""
    if plan.complete:
        yield plan.head
        return
    with closing(planned_text(source, plan)) as parts:
        yield from parts


def _beginning_and_places(source: ResolvedSource, plan: FilePlan) -> Iterator[Block]:
    """The good records of the beginning of a file, and of places further down in a large one."""
    dialect = plan.layout.dialect
    head = plan.head if plan.complete else whole_records(plan.head, dialect, begins=True)
    seen = list(_good_blocks([head], plan.layout))
    if not plan.complete and sum(block.records for block in seen) < _LEAST:
        seen = _first_records(source, plan) or seen
    yield from seen
    length = max((len(block.data) // block.records for block in seen), default=0)
    if plan.complete or not plan.plain or length >= _SPOT_LIMIT:
        return
    layout = replace(plan.layout, header_rows=0, start=0, start_line=0, end=None, notes=())
    with source.open(plan.path, random_access=True) as handle:
        size = handle.seek(0, 2)
        wanted = min(max(_SPOT_BYTES, (_SPOT_RECORDS + 1) * length), _SPOT_LIMIT)
        for spot in range(1, _SPOTS + 1):
            handle.seek(max(size * spot // _SPOTS - wanted, len(plan.head)))
            text = whole_records(handle.read(wanted), dialect, begins=False)
            if text:
                yield from _good_blocks([text], layout, share=_GOOD_SHARE)


def _first_records(source: ResolvedSource, plan: FilePlan) -> list[Block]:
    """The first good records of a file of which few, or none, end in its beginning."""
    found: list[Block] = []
    with closing(planned_text(source, plan)) as parts, suppress(_TooFarError):
        for block in _good_blocks(_not_beyond(parts, _FAR), plan.layout):
            found.append(block)
            if sum(each.records for each in found) >= _LEAST:
                break
    return found


class _TooFarError(Exception):
    """As much of a file was read as may be."""


def _not_beyond(parts: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Parts up to a size; there the text does not end, and its last record is none that is cut."""
    for part in parts:
        size -= len(part)
        if size < 0:
            raise _TooFarError
        yield part


def _good_blocks(parts: Iterable[bytes], layout: Layout, share: float = 0.0) -> Iterator[Block]:
    """The good records of a text, where they are at least that share of all."""
    for block in blocks(parts, layout, "skip"):
        good = block.records / max(block.records + len(block.problems), 1)
        if block.records and good >= share:
            yield block
