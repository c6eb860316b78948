"""What was found out about CSV files, for a person to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from toolkit.datasets.readers.csv.layout import Dialect
from toolkit.datasets.readers.csv.planning import FilePlan
from toolkit.datasets.readers.csv.types.column_types import ColumnType
from toolkit.datasets.readers.csv.types.numbers import PLAIN, NumberStyle

_NEWLINES = {"\n": "LF or CRLF", "\r": "CR", "any": "LF, CRLF or CR"}
_CHARACTERS = {
    "\t": "tab",
    " ": "blank",
    ",": "comma",
    ", ": "comma and blank",
    "\x1f": "unit separator",
}

_UNKNOWN = "unknown, no value was seen; read as text"

_NUMBERS = ("integer", "float")

_SHOWN = 5
"""Files that are described; the others are in ``files``."""


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """How a reader reads its files. Printed, it says so in words."""

    files: tuple[FilePlan, ...]
    columns: Mapping[str, ColumnType]
    policy: str
    unknown: frozenset[str] = frozenset()
    """Columns in which no value was seen."""
    partitions: Mapping[str, pl.DataType] = field(default_factory=dict)
    """Columns that the paths of the files tell."""

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for plan in self.files[:_SHOWN]:
            yield from _file_lines(plan)
        if len(self.files) > _SHOWN:
            yield f"… and {len(self.files) - _SHOWN} more files"
        described = dict(self._columns())
        width = max(map(len, described), default=0)
        yield "1 column:" if len(described) == 1 else f"{len(described)} columns:"
        yield from (f"  {name:<{width}}  {text}" for name, text in described.items())
        yield f"Bad rows: {self.policy}"

    def _columns(self) -> Iterator[tuple[str, str]]:
        for name, column in self.columns.items():
            unknown = name in self.unknown and column.given is None
            yield name, _UNKNOWN if unknown else _column(column)
        for name, dtype in self.partitions.items():
            yield name, f"{dtype}, from the paths of the files"


def _file_lines(plan: FilePlan) -> Iterator[str]:
    layout = plan.layout
    packed = f", packed with {plan.codec}" if plan.codec else ""
    yield f"{plan.url}: {plan.encoding}{packed}"
    yield f"  {_dialect(layout.dialect)}"
    line = layout.start_line + 1
    if layout.header_rows:
        rows = "1 row" if layout.header_rows == 1 else f"{layout.header_rows} rows"
        yield f"  header: {rows}, from line {line}"
    else:
        yield f"  no header; the rows begin at line {line}"
    for note in layout.notes:
        lines = "1 line" if note.lines == 1 else f"{note.lines} lines"
        yield f"  {note.kind} left out: {lines}, from line {note.line}: {note.text[:60]!r}"


def _dialect(dialect: Dialect) -> str:
    parts = [f"delimiter {_named(dialect.delimiter)}"]
    if dialect.quote is None:
        parts.append("no quoting")
        if dialect.escape is not None:
            parts.append("escapes after a backslash")
    else:
        escape = {dialect.quote: "doubled", "\\": "after a backslash", None: "not escaped"}
        parts.append(f"quote {dialect.quote} ({escape[dialect.escape]} inside of quotes)")
    parts.append(f"records end in {_NEWLINES[dialect.newline]}")
    if dialect.comment is not None:
        parts.append(f"comments after {dialect.comment}")
    return ", ".join(parts)


def _named(character: str) -> str:
    return _CHARACTERS.get(character, character)


def _column(column: ColumnType) -> str:
    text = str(column) if column.given is None else f"{column.given} (given)"
    if column.kind in _NUMBERS and column.style != PLAIN:
        text += f"; {_style(column.style)}"
    if column.nulls:
        text += f"; null: {', '.join(map(repr, column.nulls))}"
    if column.padded:
        text += "; blanks around values left out"
    return text


def _style(style: NumberStyle) -> str:
    parts = [f"decimal mark {style.decimal!r}"]
    if style.thousands is not None:
        parts.append(f"thousands mark {style.thousands!r}")
    if style.affixes:
        parts.append(f"around numbers any of {style.affixes!r}")
    return ", ".join(parts)
