"""What detection is given: the beginning and the end of a text, and what a person said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Unset(Enum):
    """The type of ``UNSET``."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""Nothing was said, where None says something: "no quoting", "no escape", "no comments"."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is known of a text."""

    head: bytes
    """Its beginning, as UTF-8 without a byte order mark. It may end within a character."""
    complete: bool
    """Whether ``head`` is all of it."""
    tail: bytes = b""
    """Its last bytes, when they are known and ``head`` is not all."""
    tail_offset: int = 0
    """Where ``tail`` begins in the text."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a person said of a file; None, or ``UNSET``, means: find out."""

    delimiter: str | None = None
    quote: str | Unset | None = UNSET
    """None: no field is quoted."""
    escape: str | Unset | None = UNSET
    comment: str | Unset | None = UNSET
    has_header: bool | None = None
    header_rows: int | None = None
    """Rows that make the names; stronger than ``has_header``."""
    skip_lines: int | None = None
    """Physical lines before the table."""
    names: Sequence[str] | None = None
    """The names of the columns, in place of those in the file."""
