"""How numbers are written: the decimal mark, what groups digits, what stands around numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from toolkit.core.errors import InvalidArgumentError


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """The marks in numbers. Anything but ``PLAIN`` is used only where a person asked for it."""

    decimal: str = "."
    thousands: str | None = None
    """What stands between groups of three digits."""
    affixes: str = ""
    """Characters before or behind a number that are not a part of it, such as ``"€% "``."""

    def __post_init__(self) -> None:
        marks = [self.decimal, *([] if self.thousands is None else [self.thousands])]
        for name, mark in zip(("decimal", "thousands"), marks, strict=False):
            if len(mark) != 1 or mark.isalnum() or mark in "-+\r\n":
                raise InvalidArgumentError(
                    f"{name}={mark!r} is not a mark in numbers: pass one character."
                )
        if len(set(marks)) < len(marks):
            raise InvalidArgumentError(
                f"decimal and thousands are both {self.decimal!r}: pass two different marks."
            )

        self._check_affixes()

    def _check_affixes(self) -> None:
        if "(" in self.affixes or ")" in self.affixes:
            raise InvalidArgumentError(
                f"affixes={self.affixes!r}: parentheses make numbers negative, and would be left "
                'out: have the column as text, and replace "(" by "-" in the frame.'
            )
        parts = (each for each in self.affixes if each.isdigit() or each in "-+" + self.decimal)
        part = next(parts, None)
        if part is not None:
            raise InvalidArgumentError(
                f"affixes={self.affixes!r}: {part!r} is a part of numbers; pass what is not."
            )

    @property
    def integer(self) -> str:
        """The pattern of an integer that loses nothing as a number: no leading zero, no plus."""
        return self._around("0|-?(?:[1-9][0-9]*" + self._groups() + ")")

    @property
    def number(self) -> str:
        """The pattern of an integer or a float."""
        point = re.escape(self.decimal)
        whole = "(?:0|[1-9][0-9]*" + self._groups() + ")"
        exponent = "(?:[eE][-+]?[0-9]+)?"
        finite = f"-?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+){exponent}"
        return self._around(f"{finite}|-?inf|-?Infinity|NaN|nan")

    def plain(self, text: pl.Expr) -> pl.Expr:
        """Texts as the engine's own casts take them, which fail on a text of another style."""
        if self == PLAIN:
            return text
        # Without the marks 12.34 would be 1234, and a mark alone nothing.
        text = pl.when(text.str.contains(self._any)).then(text).otherwise(pl.lit("? ") + text)
        if self.affixes:
            text = text.str.strip_chars(self.affixes)
        if self.thousands:
            text = text.str.replace_all(self.thousands, "", literal=True)
        if self.decimal != ".":
            text = text.str.replace(self.decimal, ".", literal=True)
        return text

    @property
    def _any(self) -> str:
        """The pattern of all that the engine's casts take, with leading zeros and a plus."""
        point = re.escape(self.decimal)
        whole = "(?:[0-9]+" + self._groups() + ")"
        number = f"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][-+]?[0-9]+)?"
        return f"^(?:{self._around(f'[-+]?(?:{number}|(?i:inf(?:inity)?|nan))')})$"

    def _groups(self) -> str:
        if self.thousands is None:
            return ""
        return f"|[1-9][0-9]{{0,2}}(?:{re.escape(self.thousands)}[0-9]{{3}})+"

    def _around(self, pattern: str) -> str:
        if not self.affixes:
            return pattern
        around = f"[{re.escape(self.affixes)}]*"
        return f"{around}(?:{pattern}){around}"


PLAIN = NumberStyle()
