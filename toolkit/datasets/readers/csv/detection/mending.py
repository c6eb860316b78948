"""Reads a damaged header as damaged rows are read: its quotes or its delimiter may be wrong."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.datasets.readers.csv.detection.splitting import Lines, Record
from toolkit.datasets.readers.csv.detection.splitting import Rules as Split
from toolkit.datasets.readers.csv.layout import Dialect, Layout
from toolkit.datasets.readers.csv.records.fields import Fields
from toolkit.datasets.readers.csv.records.grouping import LOST_QUOTE, Grouping
from toolkit.datasets.readers.csv.records.otherwise import DELIMITERS, QUOTES, Otherwise
from toolkit.datasets.readers.csv.records.rules import Rules
from toolkit.datasets.readers.csv.records.types import Limits


class Mender:
    """Reads single records of a text anew, for the number of fields that its table has."""

    def __init__(self, lines: Lines, split: Split) -> None:
        self._lines, self._split = lines, split
        self._dialect = Dialect(split.delimiter, split.quote, split.escape)

    def cells(self, record: Record, width: int) -> Sequence[str]:
        """The cells of a record: other ones only if it is damaged and they are ``width``."""
        if len(record.cells) == width and not record.strays:
            return self._otherwise_quoted(record.cells)
        if record.lines > 1 or width < 2:
            return record.cells
        line = self._lines.texts[record.line]
        found = self._told_apart(line, len(record.cells), width)
        if found is None and record.strays:
            found = self._misquoted(line, width)
        return found or record.cells

    def _otherwise_quoted(self, cells: Sequence[str]) -> Sequence[str]:
        """Cells without the other quote, if it is around all."""
        other = QUOTES.get(self._split.quote or "")
        if other and all(len(c) > 1 and c[0] == c[-1] == other for c in cells):
            return [cell[1:-1].replace(other * 2, other) for cell in cells]
        return cells

    def _told_apart(self, line: str, found: int, width: int) -> list[str] | None:
        """The cells by another delimiter or another quote."""
        rules, dialect = self._rules(width), self._dialect
        if found == width:
            return None
        # The characters of ``Lines`` are bytes.
        raw = line.encode("latin-1")
        if found == 1 and (whole := Otherwise(rules, Fields(rules)).unwrapped(raw)) is not None:
            return [(cell or "").encode().decode("latin-1") for cell in whole]
        for delimiter in DELIMITERS:
            own = delimiter == dialect.delimiter
            # Another delimiter shows where there is hardly one of the table's own.
            few = found * 2 <= width
            if delimiter == " ":
                # Words of a text are no fields, unless there are quoted ones among them.
                few &= width > 2 and (found == 1 or _opens(line, delimiter, dialect.quote))
            if not (own or few or delimiter == dialect.delimiter[:-1]):
                continue
            for quote in (QUOTES.get(dialect.quote or ""), dialect.quote):
                if quote != dialect.quote and not _opens(line, delimiter, quote):
                    continue
                escape = dialect.escape if dialect.escape == "\\" else quote
                told = Dialect(delimiter, quote, escape)
                apart = Fields(Rules.of(Layout(told, ("",) * width, 0), rules.limits))
                strict = apart.strict(raw + apart.newline.encode(), 0, len(raw) + 1)
                if strict is not None and len(strict.units) == width:
                    return [unit.text.encode().decode("latin-1") for unit in strict.units]
        return None

    def _misquoted(self, line: str, width: int) -> list[str] | None:
        """The cells of a line whose quotes do not stand where they must."""
        if self._split.quote is None or self._split.quote not in line:
            return None
        fields = Fields(self._rules(width))
        grouping, pieces = Grouping(fields), fields.split(line)
        reading = grouping.exactly(pieces, width)
        if reading is None or reading.cost >= LOST_QUOTE:
            reading = grouping.restored(line, width) or reading or grouping.natural(pieces)
        return [unit.text for unit in reading.units]

    def _rules(self, width: int) -> Rules:
        return Rules.of(Layout(self._dialect, ("",) * width, 0), Limits())


def _opens(line: str, delimiter: str, quote: str | None) -> bool:
    """Whether a quote begins a field of a line."""
    return quote is not None and (line.startswith(quote) or delimiter + quote in line)
