"""What one CSV file was found to be, kept as JSON to hold the next one against."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args

from toolkit.core.errors import InvalidArgumentError, SourceError, SourceNotFoundError
from toolkit.datasets.readers.csv.contracts.dtypes import dtype_json, dtype_of
from toolkit.datasets.readers.csv.layout import Layout
from toolkit.datasets.readers.csv.options import CSVOptions
from toolkit.datasets.readers.csv.planning import FilePlan
from toolkit.datasets.readers.csv.types.column_types import ColumnType, Kind
from toolkit.datasets.readers.csv.types.moments import given_moment
from toolkit.datasets.readers.csv.types.numbers import NumberStyle
from toolkit.datasets.readers.failures import first_line

_FORMAT = "toolkit-csv-contract"
_VERSIONS = (1, 2)
"""Version 1 has no options and no columns of unknown type."""
_UNKNOWN = "unknown"

_NOT_KEPT = frozenset(["schema", "on_bad_rows"])
"""Options that are no part of a contract: the one is in its columns, and the other says what is
wanted of a file rather than what the file is."""


@dataclass(frozen=True, slots=True, repr=False)
class Contract:
    """The columns of a CSV file, their types, and how the file is written. Printed, it is its JSON
    document."""

    delimiter: str | None
    """None: files that were looked at together differ in it."""
    header_rows: int
    columns: Mapping[str, ColumnType]
    unknown: frozenset[str] = frozenset()
    """Columns that had no value yet: their type, or the format of dates that were asked for, is
    inferred from the file that is read."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What a person said of the file beside the types of columns, by the names of CSVOptions."""

    def __repr__(self) -> str:
        return self.json.rstrip()

    @classmethod
    def of(cls, given: Contract | str | os.PathLike[str]) -> Contract:
        """A contract itself, or the one in a file that ``write`` made.

        Raises SourceNotFoundError, SourceError where it may not be opened, and InvalidArgumentError
        for a file that is none."""
        if isinstance(given, Contract):
            return given
        if not isinstance(given, str | os.PathLike):
            raise InvalidArgumentError(
                "contract= takes what contract() of a reader gave, or the path of the file that it "
                f"was written to, not a {type(given).__name__}."
            )
        try:
            text = Path(given).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise SourceNotFoundError(
                f"There is no contract at {os.fspath(given)}. Write one: "
                "reader.contract().write(path)."
            ) from None
        except OSError as error:
            raise SourceError(
                f"The contract at {os.fspath(given)} cannot be read: {first_line(error)}. Pass the "
                "path of the file that reader.contract().write(path) made."
            ) from error
        try:
            return cls._from_json(json.loads(text))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidArgumentError(
                f"{os.fspath(given)} is not a contract that this version reads "
                f"({type(error).__name__}: {error}). Write it anew: reader.contract().write(path)."
            ) from error

    @classmethod
    def from_plans(
        cls,
        plans: Sequence[FilePlan],
        columns: Mapping[str, ColumnType],
        unknown: frozenset[str],
        options: CSVOptions,
    ) -> Contract:
        """What was found out about files, and what was said of them.

        Raises InvalidArgumentError for a type that JSON would not keep."""
        for column in columns.values():
            if column.given is not None:
                dtype_json(column.given)
        delimiters = {plan.layout.dialect.delimiter for plan in plans}
        delimiter = delimiters.pop() if len(delimiters) == 1 else None
        header_rows = plans[0].layout.header_rows
        return cls(delimiter, header_rows, dict(columns), unknown, _said(options))

    @property
    def json(self) -> str:
        """The contract as an indented JSON document."""
        document: dict[str, Any] = {
            "format": _FORMAT,
            "version": _VERSIONS[-1],
            "delimiter": self.delimiter,
            "header_rows": self.header_rows,
        }
        if self.options:
            document["options"] = self.options
        document["columns"] = [
            _column_json(name, column, unknown=name in self.unknown)
            for name, column in self.columns.items()
        ]
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write ``json`` to a file."""
        Path(path).write_text(self.json, encoding="utf-8")

    def applied(self, options: CSVOptions) -> CSVOptions:
        """The options with what the contract keeps of them, where nothing else is said."""
        said = _said(options)
        kept = {name: value for name, value in self.options.items() if name not in said}
        if said.keys() & {"has_header", "header_rows"}:
            kept = {name: kept[name] for name in kept.keys() - {"has_header", "header_rows"}}
        asked = {name: self.columns[name].given for name in self.unknown}
        schema = {name: dtype for name, dtype in asked.items() if dtype is not None}
        return replace(options, **kept, schema=schema or None)

    def named(self, layout: Layout) -> Layout:
        """The layout with the contract's names, where the file has none of its own."""
        if self.header_rows or layout.header_rows or len(layout.names) != len(self.columns):
            return layout
        return replace(layout, names=tuple(self.columns))

    @classmethod
    def _from_json(cls, document: Any) -> Contract:
        if document["format"] != _FORMAT or document["version"] not in _VERSIONS:
            raise ValueError(f"format {document['format']!r}, version {document['version']!r}")
        options = dict(document.get("options", {}))
        if options.keys() & _NOT_KEPT:
            raise ValueError(f"options {', '.join(sorted(options))}")
        CSVOptions(**options)
        columns = {each["name"]: _column_of(each) for each in document["columns"]}
        unknown = frozenset(
            each["name"] for each in document["columns"] if each["type"] == _UNKNOWN
        )
        delimiter = document["delimiter"]
        if not isinstance(delimiter, str | None):
            raise ValueError(f"delimiter {delimiter!r}")
        return cls(delimiter, int(document["header_rows"]), columns, unknown, options)


def _said(options: CSVOptions) -> dict[str, Any]:
    """What of the options differs from the default, as JSON gives it back."""
    plain = CSVOptions()
    return {
        each.name: _as_json(getattr(options, each.name))
        for each in fields(CSVOptions)
        if each.name not in _NOT_KEPT and getattr(options, each.name) != getattr(plain, each.name)
    }


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _as_json(each) for name, each in value.items()}
    return value if value is None or isinstance(value, str | int) else list(value)


def _column_json(name: str, column: ColumnType, *, unknown: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"name": name, "type": _UNKNOWN if unknown else column.kind}
    if column.moment is not None:
        document["format"] = column.moment.format
        document["fine"] = column.moment.fine
    if column.nulls:
        document["nulls"] = list(column.nulls)
    if column.padded:
        document["padded"] = True
    if column.style != NumberStyle():
        document["numbers"] = asdict(column.style)
    if column.given is not None:
        document["dtype"] = dtype_json(column.given)
    return document


def _column_of(document: Mapping[str, Any]) -> ColumnType:
    kind = document["type"]
    if kind not in (_UNKNOWN, *get_args(Kind)):
        raise ValueError(f"type {kind!r}")
    moment = None
    if "format" in document:
        moment = given_moment(document["format"], fine=bool(document["fine"]))
    if kind == _UNKNOWN:
        kind = "text" if moment is None else moment.kind
    return ColumnType(
        kind,
        moment,
        tuple(document.get("nulls", ())),
        bool(document.get("padded", False)),
        NumberStyle(**document.get("numbers", {})),
        dtype_of(document["dtype"]) if "dtype" in document else None,
    )
