"""The CSV reader: everything about the files is found out, nothing about them is hidden."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from typing import Literal

import polars as pl

from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.datasets.readers.agreement import require_same_names
from toolkit.datasets.readers.base import LazyFrameReader, marked
from toolkit.datasets.readers.csv.contracts.contract import Contract
from toolkit.datasets.readers.csv.contracts.drift import DriftCheck
from toolkit.datasets.readers.csv.contracts.planning import plan_by_contract
from toolkit.datasets.readers.csv.detection import detect_encoding
from toolkit.datasets.readers.csv.inference.columns import (
    column_types,
    evidence_of_file,
    evidence_of_files,
    unknown_columns,
)
from toolkit.datasets.readers.csv.inference.evidence import Evidence
from toolkit.datasets.readers.csv.options import (
    AUTO,
    CSVOptions,
    Dates,
    NullValues,
)
from toolkit.datasets.readers.csv.other_names import OTHER_NAMES
from toolkit.datasets.readers.csv.planning import FilePlan, plan_file
from toolkit.datasets.readers.csv.records import Policy
from toolkit.datasets.readers.csv.reports.errors import content_error
from toolkit.datasets.readers.csv.reports.explanation import Explanation
from toolkit.datasets.readers.csv.reports.problems import problems_frame
from toolkit.datasets.readers.csv.scanning.scan import CSVScan
from toolkit.datasets.readers.csv.typed_file import TypedFile
from toolkit.datasets.readers.csv.types.column_types import ColumnType
from toolkit.datasets.readers.failures import AdvisedError, reading
from toolkit.datasets.readers.schemas import SchemaLike, polars_types
from toolkit.datasets.readers.sources import ResolvedSource
from toolkit.datasets.readers.unsupported import unsupported_kind

_NOT_OF_CONTENT = (AdvisedError, FileNotFoundError)
"""Failures that no row of a file is to be blamed for."""


def looks_like_csv(head: bytes) -> bool:
    """Whether the first bytes of a file are text, and not that of another kind of document."""
    if unsupported_kind(head, "") is not None:
        return False
    try:
        detect_encoding(head, complete=False)
    except SourceError:
        return False
    return bool(head.strip())


class CSVDatasetReader(LazyFrameReader):
    """Reads CSV files that have the same columns.

    Encoding, compression, dialect, header, and what stands around the table are found out from a
    bounded part of each file, unless they are given. Types are inferred from the beginning of every
    file, and from places further down in large local ones (see ``infer_rows``), and joined: integer
    and float give float, anything and text give text. A later value that does not fit is an
    error that names it, never a null. Codes with leading zeros, integers beyond 64 bits, and dates
    that could be read in two ways stay text. See ``explain()`` for what was found.

    A row with too few or too many fields, or with a quote that is not closed or not at the edge of
    its field, is bad: ``on_bad_rows`` makes it an error that says where and how many there are
    ("error"), mends what can be mended without guessing ("repair") or leaves it out ("skip").
    ``problems()`` lists every one of them, and every line that is not a part of the table.

    ``contract`` is what ``contract()`` gave for an earlier file, or the path where it was saved:
    a file that drifted from it is an error that says how.

    ``arrow()`` is a stream that can be read once.
    """

    hint = (
        "Pass delimiter, quote or encoding if they were not recognized; schema={column: type} or a "
        "larger infer_rows if a type is too narrow; null_values for text that means null."
    )

    other_names = OTHER_NAMES

    def __init__(
        self,
        source: ResolvedSource,
        *,
        delimiter: str | None = None,
        quote: str | None = AUTO,
        escape: str | None = AUTO,
        comment: str | None = AUTO,
        encoding: str | None = None,
        has_header: bool | None = None,
        header_rows: int | None = None,
        skip_lines: int | None = None,
        schema: SchemaLike | None = None,
        infer_types: bool = True,
        infer_rows: int | Literal["auto"] | None = AUTO,
        null_values: NullValues | None = None,
        dates: Dates = True,
        decimal: str = ".",
        thousands: str | None = None,
        affixes: str = "",
        on_bad_rows: Policy = "error",
        contract: Contract | str | os.PathLike[str] | None = None,
    ) -> None:
        """See CSVOptions for what each option says of the files."""
        super().__init__(source)
        self._options = CSVOptions(
            delimiter=delimiter,
            quote=quote,
            escape=escape,
            comment=comment,
            encoding=encoding,
            has_header=has_header,
            header_rows=header_rows,
            skip_lines=skip_lines,
            schema=polars_types(schema),
            infer_types=infer_types,
            infer_rows=infer_rows,
            null_values=null_values,
            dates=dates,
            decimal=decimal,
            thousands=thousands,
            affixes=affixes,
            on_bad_rows=on_bad_rows,
        )
        if contract is not None and self._options.types_are_said:
            raise InvalidArgumentError(
                "contract= says what the columns are, and keeps what was said of them: pass it "
                "without schema, infer_types, infer_rows, null_values, dates, decimal, thousands "
                "and affixes."
            )
        self._contract = None if contract is None else Contract.of(contract)
        if self._contract is not None:
            self._options = self._contract.applied(self._options)

    @marked
    def polars(self) -> pl.LazyFrame:
        return self._scan.lazy(pl.Schema({**self._schema, **self._partition_schema}))

    def count(self) -> int:
        with self._reading():
            return sum(self._scan.rows(file) for file in self._files)

    def explain(self) -> Explanation:
        """What was found out about the files and their columns, to be printed or looked into."""
        with self._reading():
            return Explanation(
                tuple(self._plans),
                dict(self._types),
                self._options.on_bad_rows,
                self._unknown,
                self._partition_schema,
            )

    def problems(self) -> pl.DataFrame:
        """Everything in the files that is not in the frame as it is written.

        A row for each bad row, and for each blank line, comment, preamble, footer and further
        table: ``file``, ``line`` (physical, from 1), ``offset`` (of its first byte in the unpacked
        text as UTF-8), ``kind``, ``text`` (as it stands in the file) and ``action`` (what was done
        about it). Where bad rows are repaired or skipped, a value that does not fit the type of
        its column is one too (a "misfit", null or skipped): ``text`` is the value, ``line`` and
        ``offset`` are those of its row, and ``action`` has the row's number in the frame from 1.
        Reads all files."""
        with self._reading():
            return problems_frame(self._scan, self._files, self._options.on_bad_rows)

    def contract(self) -> Contract:
        """What was found out and said, to hold later files against: see ``contract=``.

        Raises InvalidArgumentError for a type of the schema that it cannot keep."""
        with self._reading():
            return Contract.from_plans(self._plans, self._types, self._unknown, self._options)

    @cached_property
    def _plans(self) -> list[FilePlan]:
        plans = []
        for index in range(len(self._source.paths)):
            with self._reading_file(index):
                plans.append(self._plan(index))
        if self._contract is not None:
            # The contract tells more of how a file's columns differ.
            return plans
        first = plans[0]
        for plan in plans[1:]:
            require_same_names(
                self._source.given,
                (first.url, list(first.layout.names)),
                (plan.url, list(plan.layout.names)),
            )
        return plans

    def _plan(self, index: int) -> FilePlan:
        if self._contract is not None:
            return plan_by_contract(self._source, index, self._options, self._contract)
        return self._renamed(plan_file(self._source, index, self._options))

    def _renamed(self, plan: FilePlan) -> FilePlan:
        """A schema names the columns of a file without a header."""
        names = tuple(self._options.schema or ())
        layout = plan.layout
        if layout.header_rows or len(names) != len(layout.names):
            return plan
        return replace(plan, layout=replace(layout, names=names))

    @cached_property
    def _evidence(self) -> Mapping[str, Evidence]:
        """What the values of all files that were looked at allow."""
        contract, options = self._contract, self._options
        if contract is None:
            return evidence_of_files(self._source, self._plans, options, self._naming)
        found: dict[str, Evidence] = {}
        for plan in self._plans:
            check = DriftCheck(contract, options)
            with self._naming(plan):
                seen = evidence_of_file(self._source, plan, options, check)
            found = {name: found.get(name, Evidence()) & each for name, each in seen.items()}
            check.require_kept(plan, seen)
        return found

    def _naming(self, plan: FilePlan) -> AbstractContextManager[None]:
        """Turns what goes wrong with a file into SourceError, which names it."""
        return reading(plan.url, self.hint, remote=self._source.remote)

    @cached_property
    def _types(self) -> Mapping[str, ColumnType]:
        types = column_types(self._evidence, self._options)
        if self._contract is None:
            return types
        kept, unknown = self._contract.columns, self._contract.unknown
        return {name: types[name] if name in unknown else kept[name] for name in kept}

    @cached_property
    def _unknown(self) -> frozenset[str]:
        unknown = unknown_columns(self._evidence, self._options)
        return unknown if self._contract is None else unknown & self._contract.unknown

    @cached_property
    def _files(self) -> list[TypedFile]:
        style = self._options.style
        likely = {name: seen.column(style) for name, seen in self._evidence.items()}
        full = frozenset(name for name, seen in self._evidence.items() if not seen.gaps)
        return [TypedFile(plan, self._types, likely, full) for plan in self._plans]

    @cached_property
    def _schema(self) -> pl.Schema:
        return self._files[0].schema

    @cached_property
    def _scan(self) -> CSVScan:
        constants = [self._partition_columns(index) for index in range(len(self._source.paths))]
        return CSVScan(
            self._source, self._files, constants, self._options.on_bad_rows, self._failed
        )

    def _failed(self, file: TypedFile, error: BaseException) -> BaseException:
        """The error to raise of what an engine or the splitter raised on a file."""
        with self._naming(file.plan):
            if isinstance(error, _NOT_OF_CONTENT):
                raise error
            return content_error(self._scan, file, error, self.hint)
