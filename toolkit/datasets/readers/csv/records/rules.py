"""A layout made ready for splitting: its characters as bytes, and how the engine is told."""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolkit.datasets.readers.csv.layout import Dialect, Layout
from toolkit.datasets.readers.csv.records.types import EngineDialect, Kind, Limits

UNIT_SEPARATOR = "\x1f"
START_OF_HEADING = "\x01"
"""Characters that text hardly ever has: where they separate and quote, every other character can
stand for itself, so that a dialect is rewritten without anything being inserted."""

BLANKS = b" \t"
"""What a blank line may have."""


def engine_dialect(dialect: Dialect) -> EngineDialect:
    """How ``Block.data`` of a file in this dialect is written."""
    plain = len(dialect.delimiter) == 1 and dialect.escape != "\\"
    quote = START_OF_HEADING if dialect.escape == "\\" else dialect.quote or START_OF_HEADING
    return EngineDialect(dialect.delimiter if plain else UNIT_SEPARATOR, quote)


_LINE_ENDS = {"\n": rb"\n", "\r": rb"\r", "any": rb"\r\n|\r|\n"}


@dataclass(frozen=True, slots=True)
class Rules:
    """What the modules of this package ask of a layout."""

    dialect: Dialect
    width: int
    engine: EngineDialect
    limits: Limits
    delimiter: bytes
    quote: bytes | None
    backslash: bool
    doubled: bool
    comment: bytes | None
    passes: bool
    """Whether good records are the engine's CSV as they are."""
    line_end: re.Pattern[bytes]

    @classmethod
    def of(cls, layout: Layout, limits: Limits) -> Rules:
        dialect = layout.dialect
        engine = engine_dialect(dialect)
        return cls(
            dialect=dialect,
            width=len(layout.names),
            engine=engine,
            limits=limits,
            delimiter=dialect.delimiter.encode(),
            quote=dialect.quote.encode() if dialect.quote else None,
            backslash=dialect.escape == "\\",
            doubled=dialect.quote is not None and dialect.escape == dialect.quote,
            comment=dialect.comment.encode() if dialect.comment else None,
            passes=engine.separator == dialect.delimiter and dialect.newline == "\n",
            line_end=re.compile(_LINE_ENDS[dialect.newline]),
        )

    def aside(self, line: bytes) -> Kind | None:
        """What a line is that is never a record."""
        if self.comment is not None and line.startswith(self.comment):
            return "comment"
        # In a table of one column blanks are a text; as many delimiters as rows have are a row of
        # nulls, be they blanks.
        nulls = self.delimiter in BLANKS and line.count(self.delimiter) == self.width - 1
        blanks = b"" if self.width == 1 else BLANKS
        return "blank line" if not (nulls or line.strip(blanks)) else None

    def lines(self, text: bytes, start: int, end: int) -> int:
        """Line ends in a part of a text, those within quotes included."""
        if self.dialect.newline == "any":
            return len(self.line_end.findall(text, start, end))
        return text.count(self.dialect.newline.encode(), start, end)

    def without_end(self, record: bytes) -> bytes:
        """A record without the line end it ends in."""
        if self.dialect.newline != "\r" and record.endswith(b"\r\n"):
            return record[:-2]
        return record[:-1] if record.endswith((b"\n", b"\r")) else record

    def closed(self, text: bytes) -> bytes:
        """A text whose last line has an end, too."""
        newline = self.dialect.newline
        ends = (b"\n", b"\r") if newline == "any" else (newline.encode(),)
        return text if not text or text.endswith(ends) else text + ends[0]

    def line(self, text: bytes, start: int) -> tuple[int, int] | None:
        """Where the physical line at ``start`` ends, and where the next begins."""
        found = self.line_end.search(text, start)
        if found is None:
            return None
        end = found.start()
        # A carriage return before a line feed belongs to the line end.
        if self.dialect.newline == "\n" and end > start and text[end - 1] == 13:
            end -= 1
        return end, found.end()
