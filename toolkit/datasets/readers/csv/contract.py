"""What one CSV file was found to be, kept as JSON to hold the next one against."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.core.errors import (
    InvalidArgumentError,
    SourceDriftError,
    SourceNotFoundError,
)
from toolkit.datasets.readers.csv.evidence import Evidence
from toolkit.datasets.readers.csv.moments import given_moment
from toolkit.datasets.readers.csv.numbers import NumberStyle
from toolkit.datasets.readers.csv.planning import FilePlan
from toolkit.datasets.readers.csv.types import ColumnType

_FORMAT = "toolkit-csv-contract"
_VERSION = 1
_PARAMETERS = {
    "Decimal": ("precision", "scale"),
    "Datetime": ("time_unit", "time_zone"),
    "Duration": ("time_unit",),
}


@dataclass(frozen=True, slots=True)
class Contract:
    """The columns of a CSV file, their types, and how the file is written."""

    delimiter: str
    header_rows: int
    columns: Mapping[str, ColumnType]

    @classmethod
    def of(cls, given: Contract | str | os.PathLike[str]) -> Contract:
        """A contract itself, or the one in a file that ``write`` made.

        Raises SourceNotFoundError, and InvalidArgumentError for a file that is none."""
        if isinstance(given, Contract):
            return given
        try:
            text = Path(given).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise SourceNotFoundError(
                f"There is no contract at {os.fspath(given)}. Write one: "
                "reader.contract().write(path)."
            ) from None
        try:
            return cls._from_json(json.loads(text))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidArgumentError(
                f"{os.fspath(given)} is not a contract that this version reads "
                f"({type(error).__name__}: {error}). Write it anew: reader.contract().write(path)."
            ) from error

    @classmethod
    def from_plan(cls, plan: FilePlan, columns: Mapping[str, ColumnType]) -> Contract:
        """What was found out about a file."""
        layout = plan.layout
        return cls(layout.dialect.delimiter, layout.header_rows, dict(columns))

    @property
    def json(self) -> str:
        """The contract as an indented JSON document."""
        document = {
            "format": _FORMAT,
            "version": _VERSION,
            "delimiter": self.delimiter,
            "header_rows": self.header_rows,
            "columns": [_column_json(name, column) for name, column in self.columns.items()],
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write ``json`` to a file."""
        Path(path).write_text(self.json, encoding="utf-8")

    def check(self, plan: FilePlan, evidence: Mapping[str, Evidence]) -> None:
        """Raise SourceDriftError, which lists every difference, unless a file keeps the contract.

        A file may have values of a column that the contract's type allows, and fewer of them."""
        differences = list(self._differences(plan, evidence))
        if differences:
            raise SourceDriftError(
                f"{plan.url} does not keep its contract: {'; '.join(differences)}. Read it without "
                "contract= to see what it is now, and write a new contract if that is right."
            )

    def _differences(self, plan: FilePlan, evidence: Mapping[str, Evidence]) -> Iterator[str]:
        layout = plan.layout
        if layout.dialect.delimiter != self.delimiter and len(self.columns) > 1:
            yield f"the delimiter is {layout.dialect.delimiter!r}, not {self.delimiter!r}"
        if bool(layout.header_rows) != bool(self.header_rows):
            yield "it has a header" if layout.header_rows else "it has no header"
        names, kept = list(layout.names), list(self.columns)
        yield from (f"column {name!r} is missing" for name in kept if name not in names)
        yield from (f"column {name!r} is new" for name in names if name not in kept)
        if names != kept and sorted(names) == sorted(kept):
            yield f"the columns come in another order: {', '.join(names)}"
        for name, column in self.columns.items():
            if name in evidence and not evidence[name].allows(column):
                found = evidence[name].column(column.style)
                if found.kind == column.kind and found.moment == column.moment:
                    texts = ", ".join(sorted(set(found.nulls) - set(column.nulls)))
                    yield f"column {name!r} has {texts} for null, which was not there"
                else:
                    yield f"column {name!r} has values of the type {found}, not {column}"

    @classmethod
    def _from_json(cls, document: Any) -> Contract:
        if document["format"] != _FORMAT or document["version"] != _VERSION:
            raise ValueError(f"format {document['format']!r}, version {document['version']!r}")
        columns = {each["name"]: _column_of(each) for each in document["columns"]}
        return cls(str(document["delimiter"]), int(document["header_rows"]), columns)


def _column_json(name: str, column: ColumnType) -> dict[str, Any]:
    document: dict[str, Any] = {"name": name, "type": column.kind}
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
        document["dtype"] = _dtype_json(column.given)
    return document


def _column_of(document: Mapping[str, Any]) -> ColumnType:
    moment = None
    if "format" in document:
        moment = given_moment(document["format"], fine=bool(document["fine"]))
    dtype = document.get("dtype")
    return ColumnType(
        document["type"],
        moment,
        tuple(document.get("nulls", ())),
        bool(document.get("padded", False)),
        NumberStyle(**document.get("numbers", {})),
        None if dtype is None else getattr(pl, dtype.pop("name"))(**dtype),
    )


def _dtype_json(dtype: pl.DataType) -> dict[str, Any]:
    name = type(dtype).__name__
    return {"name": name, **{key: getattr(dtype, key) for key in _PARAMETERS.get(name, ())}}
