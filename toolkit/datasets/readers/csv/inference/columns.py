"""The types of the columns of a reader: by what its files were seen to have, and what was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import polars as pl

from toolkit.core.errors import InvalidArgumentError
from toolkit.datasets.readers.csv.inference.asked import (
    column_asked_for,
    is_of_moments,
    moments_asked_for,
)
from toolkit.datasets.readers.csv.inference.evidence import Evidence, evidence_of
from toolkit.datasets.readers.csv.inference.samples import samples_of_file, samples_of_files
from toolkit.datasets.readers.csv.options import CSVOptions
from toolkit.datasets.readers.csv.planning import FilePlan
from toolkit.datasets.readers.csv.types.column_types import NULL_TOKENS, ColumnType
from toolkit.datasets.readers.csv.types.moments import given_moment
from toolkit.datasets.readers.sources import ResolvedSource


def evidence_of_file(
    source: ResolvedSource,
    plan: FilePlan,
    options: CSVOptions,
    look: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> Mapping[str, Evidence]:
    """What the values of one file allow, by column; ``infer_rows`` says of how many.

    ``look`` is given each frame of their texts, and returns the one to take in its place."""
    found: Mapping[str, Evidence] = {}
    for frame in samples_of_file(source, plan, options.infer_rows):
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
    for frame in samples_of_files(source, plans, options.infer_rows, naming):
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
