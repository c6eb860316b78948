"""What is wrong with the content of a CSV file, as an error that says where, and what to pass."""

from __future__ import annotations

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.fitting import Misfit, misfits
from toolkit.datasets.readers.csv.records import Problem
from toolkit.datasets.readers.csv.scanning.scan import CSVScan
from toolkit.datasets.readers.csv.typed_file import TypedFile
from toolkit.datasets.readers.csv.types.column_types import ColumnType
from toolkit.datasets.readers.failures import ENGINE_FAILURES, first_line

_SHOWN = 120
"""Characters of a row or a value that messages show."""


def content_error(scan: CSVScan, file: TypedFile, error: BaseException, hint: str) -> SourceError:
    """The error that says what in a file made an engine, or the splitter, give up."""
    verdict = scan.verdict(file)
    if verdict.first is not None and scan.policy == "error":
        return _bad_rows(file, verdict.first, verdict.bad)
    try:
        misfit = _first_misfit(scan, file)
    except ENGINE_FAILURES:
        # The type that was asked for is none that texts can be read as.
        misfit = None
    if misfit is not None:
        return SourceError(f"{file.plan.url}, {misfit}")
    return SourceError(f"{file.plan.url} could not be read: {first_line(error)}. {hint}")


def _bad_rows(file: TypedFile, first: Problem, count: int) -> SourceError:
    text = first.text if len(first.text) <= _SHOWN else f"{first.text[:_SHOWN]}…"
    others = f" {count:,} rows of the file are bad." if count > 1 else " It is the only bad row."
    advice = "delimiter, quote or escape if they were not recognized"
    if first.kind == "not UTF-8":
        advice = 'encoding, such as "cp1252" or "latin-1", if it was not recognized'
    return SourceError(
        f"{file.plan.url}, line {first.line:,}: {_what(first)}: {text!r}.{others} "
        'Pass on_bad_rows="repair" or on_bad_rows="skip"; problems() of the reader lists them; '
        f"pass {advice} (see explain())."
    )


def _what(problem: Problem) -> str:
    if problem.expected != problem.found:
        return f"{problem.kind}, {problem.expected} expected and {problem.found} found"
    return problem.kind


def _first_misfit(scan: CSVScan, file: TypedFile) -> str | None:
    """The first value that is not of the type of its column."""
    for block in scan.blocks(file, scan.policy, located=True):
        found = misfits(file, block) if block.records else []
        if found:
            first = found[0]
            column = file.columns[first.column]
            why = ""
            if first.text == first.column:
                why = ' (the header again, which on_bad_rows="repair" leaves out)'
            elif column.loses(first.text):
                why = " as it is written: the number would lose its zeros or its sign in front"
            return (
                f"line {first.place(block)[0]:,}: `{first.text[:_SHOWN]}` in column "
                f"{first.column!r} is no {column.dtype}{why}. {_advice(first, column)}"
            )
    return None


def _advice(misfit: Misfit, column: ColumnType) -> str:
    text = f"schema={{{misfit.column!r}: pl.String}} to have the column as text"
    more = "" if column.given is not None else ", infer_rows=None to see all of the file first"
    return (
        f'Pass {text}{more}, null_values if it means null, or on_bad_rows="repair" for null in '
        "its place."
    )
