"""Reads a damaged header as damaged rows are read: its quotes or its delimiter may be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from toolkit.datasets.readers.csv.detection.splitting import Lines, Record
from toolkit.datasets.readers.csv.detection.splitting import Rules as Split
from toolkit.datasets.readers.csv.layout import Dialect, Layout
from toolkit.datasets.readers.csv.records.fields import Fields
from toolkit.datasets.readers.csv.records.grouping import Grouping
from toolkit.datasets.readers.csv.records.otherwise import Otherwise
from toolkit.datasets.readers.csv.records.profile import Profile
from toolkit.datasets.readers.csv.records.rules import Rules
from toolkit.datasets.readers.csv.records.types import Limits


class Mender:
    """Reads single records of a text anew, for the number of fields that its table has."""

    def __init__(self, lines: Lines, split: Split) -> None:
        self._lines, self._split = lines, split

    def cells(self, record: Record, width: int) -> Sequence[str]:
        """The cells of a record: other ones only if it is damaged and they are ``width``."""
        whole = len(record.cells) == width and not record.strays
        if whole or record.lines > 1 or width < 2:
            return record.cells
        line = self._lines.texts[record.line]
        return self._read(line, len(record.cells), width) or record.cells

    def _read(self, line: str, found: int, width: int) -> list[str] | None:
        split = self._split
        dialect = Dialect(split.delimiter, split.quote, split.escape)
        rules = Rules.of(Layout(dialect, ("",) * width, 0), Limits())
        fields = Fields(rules)
        # The characters of ``Lines`` are bytes.
        raw = line.encode("latin-1")
        if found != width:
            other = Otherwise(rules, fields).read(raw, found, Profile(width, (), None))
            if other is not None:
                return [(cell or "").encode().decode("latin-1") for cell in other.cells]
        # Names are told apart by blanks as well, and in a table with ", " by the comma.
        others = [*split.delimiter[:-1], *(" " if found == 1 and width > 2 else "")]
        for delimiter in others:
            told = replace(dialect, delimiter=delimiter)
            apart = Fields(replace(rules, delimiter=delimiter.encode(), dialect=told))
            strict = apart.strict(raw + apart.newline.encode(), 0, len(raw) + 1)
            if strict is not None and len(strict.units) == width:
                return [unit.text.encode().decode("latin-1") for unit in strict.units]
        if split.quote is None or split.quote not in line:
            return None
        grouping = Grouping(fields)
        pieces = fields.split(line)
        reading = grouping.exactly(pieces, width) or grouping.restored(line, width)
        units = (reading or grouping.natural(pieces)).units
        return [unit.text for unit in units]
