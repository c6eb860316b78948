"""What one messy file is: its bytes, and beside them what a careful person would type over by hand.

How the right answers are chosen:

- An unquoted empty cell is null, a quoted empty one is an empty text.
- A short row is padded with nulls at its end.
- A row that is too long loses an empty field at its end, or is joined where one joining alone makes
  every cell fit its column.
- A quote that stands where it must not is data of its cell.
- A file about which a careful person would be of two minds is no case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One file and the table that is in it.

    ``problems`` names the kinds that ``reader.problems()`` must list, in no order: ``a/b`` is met
    by either, ``a?`` may be there or not, and any other kind is wrong.
    ``error`` is a pattern for the message where the file must be refused.
    ``python`` holds the arguments with which Python's csv module reads the same cells, where it
    can: the proof that the answer is typed right.
    """

    name: str
    data: bytes
    columns: Row
    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    error: str = ""
    python: Mapping[str, object] | None = None
    encoding: str = "utf-8"


def cells(line: str | Sequence[str | None]) -> Row:
    """``1|alpha||""`` as a row: ``|`` stands between cells, nothing is null, ``""`` is empty."""
    if not isinstance(line, str):
        return tuple(line)
    return tuple({"": None, '""': ""}.get(cell, cell) for cell in line.split("|"))


def case(
    name: str,
    data: str | bytes,
    columns: str | Sequence[str],
    *rows: str | Sequence[str | None],
    problems: Sequence[str] = (),
    python: Mapping[str, object] | None = None,
    encoding: str = "utf-8",
    options: Mapping[str, object] | None = None,
) -> Case:
    """A case whose cells are written with ``|`` between them, or as tuples."""
    return Case(
        name=name,
        data=data if isinstance(data, bytes) else data.encode(encoding),
        columns=cells(columns),
        rows=tuple(cells(row) for row in rows),
        problems=tuple(problems),
        options=options or {},
        python=python,
        encoding=encoding,
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """A clean file from which cases are made by damaging one of its lines."""

    lines: tuple[str, ...]
    columns: str
    rows: tuple[str, ...]

    def damaged(
        self,
        name: str,
        line: int,
        text: str,
        row: str | Sequence[str | None],
        *problems: str,
        newline: str = "\n",
    ) -> Case:
        """The file with ``text`` in place of a line (the header is 0), and the row that it is."""
        lines, rows = list(self.lines), [cells(each) for each in self.rows]
        lines[line] = text
        data = newline.join(lines) + newline
        if line == 0:
            return case(name, data, row, *rows, problems=problems)
        rows[line - 1] = cells(row)
        return case(name, data, self.columns, *rows, problems=problems)

    def clean(self, name: str, **python: object) -> Case:
        """The file as it is."""
        data = "\n".join(self.lines) + "\n"
        return case(name, data, self.columns, *self.rows, python=python)
