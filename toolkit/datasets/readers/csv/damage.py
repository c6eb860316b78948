"""What is wrong with the content of a CSV file: as errors that say where, and as a frame."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.options import OnBadRows
from toolkit.datasets.readers.csv.records import BAD, Problem
from toolkit.datasets.readers.csv.scanning import CSVScan, TypedFile, parse_block
from toolkit.datasets.readers.csv.types import ColumnType
from toolkit.datasets.readers.failures import first_line

PROBLEMS_SCHEMA = pl.Schema(
    {
        "file": pl.String(),
        "line": pl.Int64(),
        "offset": pl.Int64(),
        "kind": pl.String(),
        "text": pl.String(),
        "action": pl.String(),
    }
)

_SHOWN = 120


def problems_frame(scan: CSVScan, files: list[TypedFile], policy: OnBadRows) -> pl.DataFrame:
    """A row for everything that is not, or not as it is written, in the reader's frame."""
    # Where a bad row is an error nothing was done to it; the others are listed all the same.
    acted: OnBadRows = "skip" if policy == "error" else policy
    rows = [
        _row(file, problem, refused=policy == "error" and problem.kind in BAD)
        for file in files
        for block in scan.blocks(file, acted)
        for problem in block.problems
    ]
    return pl.DataFrame(rows, schema=PROBLEMS_SCHEMA, orient="row")


def _row(file: TypedFile, problem: Problem, *, refused: bool) -> tuple[str | int, ...]:
    action = "refused" if refused else problem.action
    return (file.plan.url, problem.line, problem.offset, problem.kind, problem.text, action)


def content_error(scan: CSVScan, file: TypedFile, error: BaseException, hint: str) -> SourceError:
    """The error that says what in a file made an engine, or the splitter, give up."""
    verdict = scan.verdict(file)
    if verdict.first is not None and scan.policy == "error":
        return _bad_rows(file, verdict.first, verdict.bad)
    misfit = next(_misfits(scan, file), None)
    if misfit is not None:
        return SourceError(f"{file.plan.url} could not be read: {misfit}. {hint}")
    return SourceError(f"{file.plan.url} could not be read: {first_line(error)}. {hint}")


def _bad_rows(file: TypedFile, first: Problem, count: int) -> SourceError:
    text = first.text if len(first.text) <= _SHOWN else f"{first.text[:_SHOWN]}…"
    others = f" {count:,} rows of the file are bad." if count > 1 else " It is the only bad row."
    return SourceError(
        f"{file.plan.url}, line {first.line:,}: {_what(first)}: {text!r}.{others} "
        'Pass on_bad_rows="repair" or on_bad_rows="skip"; problems() of the reader lists them; '
        "pass delimiter, quote or escape if they were not recognized (see explain())."
    )


def _what(problem: Problem) -> str:
    if problem.expected != problem.found:
        return f"{problem.kind}, {problem.expected} expected and {problem.found} found"
    return problem.kind


def _misfits(scan: CSVScan, file: TypedFile) -> Iterator[str]:
    """Values that are not of the type of their column, in order."""
    texts = TypedFile(file.plan, {name: ColumnType() for name in file.columns}, file.likely)
    row = 0
    for block in scan.blocks(file, scan.policy if scan.policy != "error" else "skip"):
        frame = parse_block(texts, block) if block.records else None
        if frame is None:
            continue
        found = [
            (int(place), name)
            for name, column in file.columns.items()
            if (place := _first_misfit(frame[name], column)) is not None
        ]
        if found:
            place, name = min(found)
            value = frame[name][place]
            yield (
                f"row {row + place + 1:,}: `{value[:_SHOWN]}` in column {name!r} "
                f"is no {file.columns[name].dtype}"
            )
        row += frame.height


def _first_misfit(texts: pl.Series, column: ColumnType) -> int | None:
    converted = column.lenient(texts)
    if converted is None:
        return None
    lost = converted.is_null() & texts.is_not_null() & ~texts.is_in(["", *column.nulls])
    return None if not lost.any() else lost.arg_max()
