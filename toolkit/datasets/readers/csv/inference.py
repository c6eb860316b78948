"""The types of the columns of a reader: from the beginning of each file and places further down."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import replace
from typing import Literal

import polars as pl

from toolkit.core.errors import InvalidArgumentError
from toolkit.datasets.readers.csv.asked import (
    column_asked_for,
    is_of_moments,
    moments_asked_for,
)
from toolkit.datasets.readers.csv.evidence import Evidence, evidence_of
from toolkit.datasets.readers.csv.layout import Layout
from toolkit.datasets.readers.csv.moments import given_moment
from toolkit.datasets.readers.csv.options import AUTO, CSVOptions
from toolkit.datasets.readers.csv.planning import FilePlan, planned_text
from toolkit.datasets.readers.csv.records import Block, blocks, engine_dialect
from toolkit.datasets.readers.csv.typed_file import TypedFile, parse_block
from toolkit.datasets.readers.csv.types import NULL_TOKENS, ColumnType
from toolkit.datasets.readers.csv.whole_records import whole_records
from toolkit.datasets.readers.sources import ResolvedSource

_SPOTS = 8
"""Places behind the beginning of a large local file that are looked at, evenly spaced."""
_SPOT_BYTES = 1 << 15
_SPOT_RECORDS = 8
"""Records that a place has where those of the beginning are long, up to ``_SPOT_LIMIT`` bytes."""
_SPOT_LIMIT = 1 << 18
_LEAST = 4
"""Records that are looked at in any case, as far as they end in the first ``_FAR`` bytes."""
_FAR = 1 << 24
_TOGETHER = 1 << 18
"""Bytes up to which the beginnings of several files are looked at together."""
_GOOD_SHARE = 0.9
"""Share of good records below which a place was cut within a quoted field and tells nothing."""


def evidence_of_file(
    source: ResolvedSource,
    plan: FilePlan,
    options: CSVOptions,
    look: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> Mapping[str, Evidence]:
    """What the values of one file allow, by column; ``infer_rows`` says of how many.

    ``look`` gets each frame of their texts, and gives the one that counts."""
    found: Mapping[str, Evidence] = {}
    for frame in _samples(source, plan, options.infer_rows):
        more = _evidence(frame if look is None else look(frame), options)
        found = {name: found[name] & more[name] for name in found} or more
    nothing = Evidence()
    return {name: found.get(name, nothing) for name in plan.layout.names}


def evidence_of_files(
    source: ResolvedSource,
    plans: Sequence[FilePlan],
    options: CSVOptions,
    naming: Callable[[FilePlan], AbstractContextManager[None]],
) -> Mapping[str, Evidence]:
    """What the values of files with the same columns allow, of all together.

    ``naming`` says in the errors of reading a file which it was."""
    found = dict.fromkeys(plans[0].layout.names, Evidence())
    for frame in _samples_of_all(source, plans, options.infer_rows, naming):
        more = _evidence(frame, options)
        found = {name: seen & more[name] for name, seen in found.items()}
    return found


def column_types(evidence: Mapping[str, Evidence], options: CSVOptions) -> Mapping[str, ColumnType]:
    """The type of each column, by what was seen and what was asked for.

    Raises InvalidArgumentError for a column that an option names and the files do not have."""
    given = dict(options.schema or {})
    formats = dict(options.date_formats)
    for option, names in (
        ("schema", given),
        ("dates", formats.keys() - {"*"}),
        ("null_values", options.null_values if isinstance(options.null_values, Mapping) else ()),
    ):
        unknown = next((name for name in names if name not in evidence), None)
        if unknown is not None:
            raise InvalidArgumentError(
                f"There is no column {unknown!r}, which {option} names. "
                f"The columns: {', '.join(evidence)}."
            )
    style = options.style
    # What means null in one column means it in the others, where it may come further down.
    tokens = frozenset(
        token
        for name, seen in evidence.items()
        if seen.tokens and options.nulls_of(name) is None and seen.column(style).kind != "text"
        for token in seen.tokens
    )
    return {
        name: _type(name, seen, seen.column(style, tokens), options)
        for name, seen in evidence.items()
    }


def unknown_columns(evidence: Mapping[str, Evidence], options: CSVOptions) -> frozenset[str]:
    """Columns of which no value was seen that would tell their type, or the format of dates that
    were asked for."""
    schema = options.schema or {}
    told = {name for name, dtype in schema.items() if not is_of_moments(dtype)}
    told |= options.date_formats.keys()
    return frozenset(
        name
        for name, seen in evidence.items()
        if seen.kinds is None and name not in told and (options.infer_types or name in schema)
    )


def _type(name: str, seen: Evidence, inferred: ColumnType, options: CSVOptions) -> ColumnType:
    if not options.infer_types:
        inferred = ColumnType()
    if inferred.moment is not None and not options.dates:
        inferred = ColumnType()
    asked = options.date_formats.get(name)
    if asked is not None:
        moment = given_moment(asked)
        inferred = ColumnType(moment.kind, moment, tuple(sorted(seen.tokens)), seen.padded)
    dtype = (options.schema or {}).get(name)
    if dtype is not None:
        inferred = column_asked_for(name, dtype, seen, options.style, options.date_formats)
    nulls = options.nulls_of(name)
    return inferred if nulls is None else replace(inferred, nulls=nulls)


def _evidence(frame: pl.DataFrame, options: CSVOptions) -> Mapping[str, Evidence]:
    """What each column of a frame allows, in its order."""
    asked = options.date_formats.get("*")
    moment = given_moment(asked) if asked else None
    alike: dict[tuple[str, ...] | None, list[str]] = {}
    for name in frame.columns:
        alike.setdefault(options.nulls_of(name), []).append(name)
    found: dict[str, Evidence] = {}
    for nulls, names in alike.items():
        tokens = NULL_TOKENS if nulls is None else nulls
        found |= evidence_of(frame.select(names), options.style, tokens=tokens, moment=moment)
        for name in names:
            dtype = (options.schema or {}).get(name)
            if is_of_moments(dtype):
                found[name] = moments_asked_for(frame[name], tokens, dtype, found[name])
    return found


def _samples_of_all(
    source: ResolvedSource,
    plans: Iterable[FilePlan],
    rows: int | Literal["auto"] | None,
    naming: Callable[[FilePlan], AbstractContextManager[None]],
) -> Iterator[pl.DataFrame]:
    """Frames of the texts of good records; small files have one together."""
    held: list[Block] = []
    last: FilePlan | None = None
    for plan in plans:
        if rows != AUTO:
            with naming(plan):
                yield from _samples(source, plan, rows)
            continue
        if last is not None and (
            sum(len(block.data) for block in held) > _TOGETHER
            or engine_dialect(plan.layout.dialect) != engine_dialect(last.layout.dialect)
        ):
            yield from _texts(last, held)
            held = []
        with naming(plan):
            held.extend(_places(source, plan))
        last = plan
    if last is not None:
        yield from _texts(last, held)


def _samples(
    source: ResolvedSource, plan: FilePlan, rows: int | Literal["auto"] | None
) -> Iterator[pl.DataFrame]:
    """Frames of the texts of good records."""
    if rows == AUTO:
        yield from _texts(plan, _places(source, plan))
        return
    with closing(_parts(source, plan)) as parts:
        for block in _good_blocks(parts, plan.layout):
            for frame in _texts(plan, [block]):
                yield frame if rows is None else frame.head(rows)
                if rows is not None:
                    rows -= frame.height
            if rows is not None and rows <= 0:
                return


def _texts(plan: FilePlan, several: Iterable[Block]) -> Iterator[pl.DataFrame]:
    """The texts of small blocks: looking at all costs little more than looking at each."""
    found = list(several)
    data, records = b"".join(block.data for block in found), sum(block.records for block in found)
    if records:
        texts = {name: ColumnType() for name in plan.layout.names}
        yield parse_block(TypedFile(plan, texts, texts), Block(data, records, ()))


def _parts(source: ResolvedSource, plan: FilePlan) -> Generator[bytes, None, None]:
    """The text of a file, which is not read again where its beginning is all."""
    if plan.complete:
        yield plan.head
        return
    with closing(planned_text(source, plan)) as parts:
        yield from parts


def _places(source: ResolvedSource, plan: FilePlan) -> Iterator[Block]:
    """The good records of the beginning of a file, and of places further down in a large one."""
    dialect = plan.layout.dialect
    head = plan.head if plan.complete else whole_records(plan.head, dialect, begins=True)
    seen = list(_good_blocks([head], plan.layout))
    if not plan.complete and sum(block.records for block in seen) < _LEAST:
        seen = _further(source, plan) or seen
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


def _further(source: ResolvedSource, plan: FilePlan) -> list[Block]:
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
