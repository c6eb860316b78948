"""How a file is read that is held against a contract, which knows what few rows do not tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.contracts.contract import Contract
from toolkit.datasets.readers.csv.contracts.drift import DriftCheck, layout_differences
from toolkit.datasets.readers.csv.inference.columns import evidence_of_file
from toolkit.datasets.readers.csv.layout import Layout
from toolkit.datasets.readers.csv.options import CSVOptions
from toolkit.datasets.readers.csv.planning import FilePlan, plan_file
from toolkit.datasets.readers.csv.types.column_types import BLANKS, ColumnType
from toolkit.datasets.readers.sources import ResolvedSource

_LINES_OF_PREAMBLE = 100
"""Lines among which the one with the names is looked for."""
_AROUND_NAMES = BLANKS + "\"'"


def plan_by_contract(
    source: ResolvedSource, index: int, options: CSVOptions, contract: Contract
) -> FilePlan:
    """How one file is read: as it is found to be, or as its contract says where only that fits.

    Few rows tell little of how they are written, while a contract knows."""
    plan = _planned(source, index, options, contract)
    if _is_laid_out(plan.layout, contract):
        return plan
    for told in _told(plan, options, contract):
        try:
            other = _planned(source, index, told, contract)
            if _is_laid_out(other.layout, contract) and (
                contract.header_rows or _speaks_for_itself(source, other, told, contract)
            ):
                return other
        except SourceError:
            # Read like this it is no table, so the plan that was found tells what it is.
            continue
    return plan


def _told(plan: FilePlan, options: CSVOptions, contract: Contract) -> Iterator[CSVOptions]:
    """What to say of a file by its contract, beside what a person said."""
    told = replace(options, delimiter=options.delimiter or contract.delimiter)
    if options.header_rows is None and options.has_header is None:
        told = replace(told, header_rows=contract.header_rows)
    yield told
    line = _line_of_names(plan.head, contract)
    if line is not None and options.skip_lines is None:
        yield replace(told, skip_lines=line)


def _line_of_names(head: bytes, contract: Contract) -> int | None:
    """The physical lines before the one that has the names, where none of them could be a row."""
    if contract.delimiter is None or contract.header_rows != 1:
        return None
    for number, line in enumerate(head.splitlines()[:_LINES_OF_PREAMBLE]):
        fields = line.decode(errors="replace").split(contract.delimiter)
        cells = [cell.strip(_AROUND_NAMES) for cell in fields]
        if cells == list(contract.columns):
            return number
        fits = map(ColumnType.accepts, contract.columns.values(), cells)
        if len(cells) == len(contract.columns) and all(fits):
            return None
    return None


def _planned(
    source: ResolvedSource, index: int, options: CSVOptions, contract: Contract
) -> FilePlan:
    plan = plan_file(source, index, options)
    return replace(plan, layout=contract.named(plan.layout))


def _is_laid_out(layout: Layout, contract: Contract) -> bool:
    return not list(layout_differences(layout, contract))


def _speaks_for_itself(
    source: ResolvedSource, plan: FilePlan, options: CSVOptions, contract: Contract
) -> bool:
    """Whether the values tell that a file without names has the columns of the contract."""
    check = DriftCheck(contract, options)
    evidence = evidence_of_file(source, plan, options, check)
    typed = any(evidence[name].kinds is not None for name in check.typed)
    return typed and not list(check.differences(evidence))
