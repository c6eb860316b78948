"""Records as CSV that the engine reads cell by cell as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolkit.datasets.readers.csv.records.bits import Index, Ranks, earlier, later, unpack
from toolkit.datasets.readers.csv.records.rules import Rules
from toolkit.datasets.readers.csv.records.scan import View


class Encoder:
    """Writes records of cells that were read one by one; None is null."""

    def __init__(self, rules: Rules) -> None:
        self._separator, self._quote = rules.engine.separator, rules.engine.quote
        special = f"{self._separator}{self._quote}\n\r"
        self._special = re.compile(f"[{re.escape(special)}]")

    def record(self, cells: Sequence[str | None]) -> bytes:
        return (self._separator.join(map(self.cell, cells)) + "\n").encode()

    def cell(self, cell: str | None) -> str:
        """A field with this cell."""
        if cell is None:
            return ""
        if cell and not self._special.search(cell):
            return cell
        return self._quote + cell.replace(self._quote, self._quote * 2) + self._quote


class Rewriter:
    """Good records of a view as the engine's CSV, a run of them at a time.

    Characters are replaced or left out and never inserted, so that it takes a few passes over the
    whole buffer; a record that would need more is one of the view's suspects.
    """

    def __init__(self, view: View) -> None:
        self.data = view.scan.text
        self._left_out: Ranks | None = None
        if not view.scan.rules.passes:
            self._prepare(view)

    def run(self, start: int, end: int) -> bytes:
        if self._left_out is not None:
            start, end = start - self._left_out.at(start), end - self._left_out.at(end)
        return self.data[start:end]

    def place(self, positions: Index) -> Index:
        """Where in ``data`` the characters at some positions of the text are."""
        return positions if self._left_out is None else positions - self._left_out.all_at(positions)

    def _prepare(self, view: View) -> None:
        scan, rules = view.scan, view.scan.rules
        array = scan.array.copy()
        dropped = scan.none
        if rules.engine.separator != rules.dialect.delimiter:
            array[unpack(view.delimiters, scan.size)] = ord(rules.engine.separator)
        if len(rules.delimiter) == 2:
            dropped = dropped | later(view.delimiters)
        if rules.quote is not None and rules.engine.quote != rules.dialect.quote and scan.quoted:
            array[unpack(scan.quotes, scan.size)] = ord(rules.engine.quote)
        if rules.backslash:
            dropped = dropped | earlier(scan.escaped & scan.escapable)
        if rules.dialect.newline != "\n":
            # The engine drops a carriage return before it.
            array[view.ends] = 10
        if dropped.any():
            self._left_out = Ranks(dropped)
            array = array[~unpack(dropped, scan.size)]
        self.data = array.tobytes()
