"""How a CSV file differs from the contract that it is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from toolkit.core.errors import SourceDriftError
from toolkit.datasets.readers.csv.contracts.contract import Contract
from toolkit.datasets.readers.csv.inference.evidence import Evidence
from toolkit.datasets.readers.csv.layout import Layout
from toolkit.datasets.readers.csv.options import CSVOptions
from toolkit.datasets.readers.csv.planning import FilePlan
from toolkit.datasets.readers.csv.types.column_types import BLANKS, NULL_TOKENS, ColumnType
from toolkit.datasets.readers.failures import ENGINE_FAILURES


def layout_differences(layout: Layout, contract: Contract) -> Iterator[str]:
    """In what a file is laid out otherwise than its contract says: delimiter, header, columns."""
    names, kept = list(layout.names), list(contract.columns)
    delimiter, wanted = layout.dialect.delimiter, contract.delimiter
    # Whether a blank follows it changes no value.
    if wanted is not None and delimiter[:1] != wanted[:1] and len(kept) > 1:
        yield f"the delimiter is {delimiter!r}, not {wanted!r}"
    if bool(layout.header_rows) != bool(contract.header_rows):
        yield "it has a header" if layout.header_rows else "it has no header"
    yield from (f"column {name!r} is missing" for name in kept if name not in names)
    yield from (f"column {name!r} is new" for name in names if name not in kept)
    if names != kept and sorted(names) == sorted(kept):
        yield f"the columns come in another order: {', '.join(names)}"


@dataclass(slots=True)
class _Misfits:
    """Texts of a column that are no values of its type."""

    values: int = 0
    """Texts that were looked at."""
    count: int = 0
    tokens: frozenset[str] = frozenset()
    """Those that mean null elsewhere."""
    first: str | None = None
    """The first of the others."""


class DriftCheck:
    """Holds the values of one file against the types of a contract."""

    def __init__(self, contract: Contract, options: CSVOptions) -> None:
        self._contract = contract
        self.typed: Mapping[str, ColumnType] = {
            name: column
            for name, column in contract.columns.items()
            if (column.kind != "text" or column.given is not None) and name not in contract.unknown
        }
        """The columns in which not every text is a value."""
        self._mends = options.on_bad_rows != "error"
        self._misfits = {name: _Misfits() for name in self.typed}

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Count the texts that are no values of their columns. Where bad rows are repaired or
        skipped, the frame comes back without these texts."""
        for name in self._misfits.keys() & set(frame.columns):
            texts = frame[name]
            unfit = _unfit(self.typed[name], texts)
            if unfit is not None:
                self._count(self._misfits[name], texts, unfit)
                if self._mends and unfit.any():
                    frame = frame.with_columns(texts.set(unfit, None))
        return frame

    def require_kept(self, plan: FilePlan, evidence: Mapping[str, Evidence]) -> None:
        """Raise SourceDriftError, which lists every difference, unless a file keeps the contract.

        A file may have values that the contract's types allow, and fewer kinds of them."""
        differences = [
            *layout_differences(plan.layout, self._contract),
            *self.differences(evidence),
        ]
        if differences:
            single = any(misfits.first is not None for misfits in self._misfits.values())
            mending = ' Pass on_bad_rows="repair" to have single values that do not fit as null.'
            raise SourceDriftError(
                f"{plan.url} does not keep its contract: {'; '.join(differences)}. Read it without "
                "contract= to see what it is now, and write a new contract if that is right."
                f"{mending if single and not self._mends else ''}"
            )

    def differences(self, evidence: Mapping[str, Evidence]) -> Iterator[str]:
        """What to know of each column with values that the contract does not allow."""
        for name, column in self.typed.items():
            if name not in evidence:
                continue
            misfits = self._misfits.get(name, _Misfits())
            # Some values that do not fit are what mending is for; most of them are a drift.
            asked = _is_asked_for(column)
            most = misfits.count * 2 > misfits.values
            bad = most if self._mends else asked and misfits.count > 0
            if bad or not (asked or evidence[name].allows(column)):
                yield f"column {name!r} has {_found(column, evidence[name], misfits)}"

    @staticmethod
    def _count(misfits: _Misfits, texts: pl.Series, unfit: pl.Series) -> None:
        misfits.values += len(texts) - texts.null_count()
        found = texts.filter(unfit).str.strip_chars(BLANKS)
        known = found.is_in(list(NULL_TOKENS))
        misfits.count += len(found)
        misfits.tokens |= set(found.filter(known))
        others = found.filter(~known)
        if misfits.first is None and len(others):
            misfits.first = others[0]


def _is_asked_for(column: ColumnType) -> bool:
    """Whether a person may have said how the texts are to be read: then it does not matter what
    would be inferred of them."""
    return column.given is not None or column.moment is not None


def _unfit(column: ColumnType, texts: pl.Series) -> pl.Series | None:
    """Which texts are no values; None: reading them fails in another way, which says why."""
    try:
        values = column.lenient(texts)
    except ENGINE_FAILURES:
        return None
    if values is None:
        return None
    return column.misfits(texts, values)


def _found(column: ColumnType, seen: Evidence, misfits: _Misfits) -> str:
    found = seen.column(column.style)
    alike = found.kind == column.kind and found.moment == column.moment
    if misfits.first is not None and (alike or column.given is not None):
        wanted = column if column.given is None else column.given
        return f"values that are no {wanted}, such as {misfits.first!r}"
    nulls = misfits.tokens or seen.tokens - set(column.nulls)
    if nulls and misfits.first is None and (alike or misfits.count or seen.kinds is None):
        return f"{', '.join(sorted(nulls))} for null, which was not there"
    example = "" if misfits.first is None else f", such as {misfits.first!r}"
    return f"values of the type {found}, not {column}{example}"
