"""How a CSV file is written: what detection finds and everything else goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Newline: TypeAlias = Literal["\n", "\r", "any"]
"""What ends a record outside of quotes: LF or CRLF, CR alone, or each of the three."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How records and fields are told apart."""

    delimiter: str = ","
    """One ASCII character, or two where the second is a blank, as in ``", "``."""
    quote: str | None = '"'
    """One ASCII character; None where no field is quoted, so that every quote is data."""
    escape: str | None = '"'
    """How a quote stands inside of quotes: ``quote`` itself (doubled), a backslash, or None
    (never). A backslash also takes the meaning from a delimiter and from a backslash."""
    newline: Newline = "\n"
    comment: str | None = None
    """What a line begins with that is not data."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something in the file that is not a part of the table."""

    kind: Literal["preamble", "footer", "table"]
    line: int
    """Its first physical line, from 1."""
    lines: int
    text: str
    """Its beginning, at most 200 characters."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the table lies in a file, and how it is written.

    Offsets and lines count in the unpacked text as UTF-8, without a byte order mark.
    """

    dialect: Dialect
    names: tuple[str, ...]
    """The columns: unique, none empty. Their number is the number of fields of every good row."""
    header_rows: int
    """Records at ``start`` that make the names; 0: the names were made up, ``column_1`` onwards."""
    start: int = 0
    """Offset of the first record of the table, its header included."""
    start_line: int = 0
    """Physical lines before ``start``."""
    end: int | None = None
    """Offset at which the table ends, before a footer or another table; None: the end of file."""
    marked: bool = False
    """Whether the header begins as comments do, so that only what is below it may be one."""
    notes: tuple[Note, ...] = ()
    """What lies before and after the table, in order."""
