"""What a person may say about CSV files instead of letting it be found out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal, TypeAlias, get_args

from toolkit.core.errors import InvalidArgumentError
from toolkit.datasets.readers.csv.records import Policy
from toolkit.datasets.readers.csv.types.moments import given_moment
from toolkit.datasets.readers.csv.types.numbers import NumberStyle

NullText: TypeAlias = str | int
NullValues: TypeAlias = NullText | Sequence[NullText] | Mapping[str, NullText | Sequence[NullText]]
Dates: TypeAlias = bool | str | Mapping[str, str]

AUTO: Literal["auto"] = "auto"
"""Find out from the file, where None has a meaning of its own."""

_NO_MARKS = ("", "\r", "\n", "\0")
"""What neither separates nor quotes cells: files with zero bytes are none of text."""

_TEXT = ((str,), "text")
_TEXT_OR_NONE = ((str, type(None)), "text, or None")
_TRUTH = ((bool,), "True or False")
_TRUTH_OR_NONE = ((bool, type(None)), "True, False or None")
_NUMBER_OR_NONE = ((Integral, type(None)), "a whole number, or None")
_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(["delimiter", "quote", "escape", "comment", "encoding"], _TEXT_OR_NONE),
    **dict.fromkeys(["decimal", "affixes"], _TEXT),
    "thousands": _TEXT_OR_NONE,
    "has_header": _TRUTH_OR_NONE,
    "infer_types": _TRUTH,
    **dict.fromkeys(["header_rows", "skip_lines", "infer_rows"], _NUMBER_OR_NONE),
    "schema": ((Mapping, type(None)), "a mapping of columns to types, {'id': pl.Int64}"),
    "dates": ((bool, str, Mapping), "True, False, a format, or a mapping of columns to formats"),
}
"""Of what type the value of an option may be, and how to say so."""


@dataclass(frozen=True, slots=True)
class CSVOptions:
    """How to read CSV files; None (or "auto"): find out from the file."""

    delimiter: str | None = None
    """One ASCII character, or one and a blank."""
    quote: str | None = AUTO
    """One ASCII character, or None when the files have no quoting."""
    escape: str | None = AUTO
    """The quote itself (doubled), a backslash, or None when quotes never stand inside of quotes."""
    comment: str | None = AUTO
    """What a line begins with that is no data, or None when every line is."""
    encoding: str | None = None
    """Any encoding that Python knows. All but UTF-8 are converted on the way."""
    has_header: bool | None = None
    header_rows: int | None = None
    """Records that make the names; 0 is ``has_header=False``."""
    skip_lines: int | None = None
    """Physical lines before the header, or before the first row of a file without one."""
    schema: Mapping[str, Any] | None = None
    """Types of some or all columns, which are then not inferred."""
    infer_types: bool = True
    """False leaves every value the text it was."""
    infer_rows: int | Literal["auto"] | None = AUTO
    """Rows at the beginning of each file from which types are inferred; None: all rows; "auto":
    those of its first 256 KB, and of places further down in a large local file."""
    null_values: NullValues | None = None
    """Text that means null: for all columns, or for each column by name; an integer is its text."""
    dates: Dates = True
    """False leaves dates text; a format (``"%d.%m.%Y"``) is the one of every date, or of the
    columns that a mapping names."""
    decimal: str = "."
    thousands: str | None = None
    affixes: str = ""
    """Characters around numbers that are not a part of them, such as ``"€% "``."""
    on_bad_rows: Policy = "error"

    def __post_init__(self) -> None:
        self._check_types()
        if self.quote == AUTO and self.escape in ('"', "'"):
            # What is doubled within quotes is the quote.
            object.__setattr__(self, "quote", self.escape)
        self._check_characters()
        rows = self.infer_rows
        if rows is not None and rows != AUTO and rows < 1:
            raise InvalidArgumentError(
                f"infer_rows={self.infer_rows}: pass a number from 1, or None for all rows."
            )
        for name in ("header_rows", "skip_lines"):
            number = getattr(self, name)
            if number is not None and number < 0:
                raise InvalidArgumentError(f"{name}={number}: pass a number from 0.")
        if None not in (self.has_header, self.header_rows) and (
            self.has_header != bool(self.header_rows)
        ):
            raise InvalidArgumentError(
                f"has_header={self.has_header} and header_rows={self.header_rows} contradict "
                "each other: pass one of them."
            )
        if self.on_bad_rows not in get_args(Policy):
            policies = ", ".join(map(repr, get_args(Policy)))
            raise InvalidArgumentError(f"on_bad_rows={self.on_bad_rows!r}: pass one of {policies}.")
        if self.encoding is not None and not _is_encoding(self.encoding):
            raise InvalidArgumentError(
                f"encoding={self.encoding!r}: Python has no such encoding of text. Pass another, "
                "or None to have it found out."
            )
        for each in self.date_formats.values():
            given_moment(each)
        NumberStyle(self.decimal, self.thousands, self.affixes)

    def _check_types(self) -> None:
        for name, (types, wanted) in _TYPES.items():
            value = getattr(self, name)
            fits = isinstance(value, types) and (bool in types or not isinstance(value, bool))
            if not fits and not (name == "infer_rows" and value == AUTO):
                also = ', or "auto"' if name == "infer_rows" else ""
                raise InvalidArgumentError(f"{name}={value!r}: pass {wanted}{also}.")
        for name, value in (("schema", self.schema), ("dates", self.dates)):
            if isinstance(value, Mapping) and not all(isinstance(key, str) for key in value):
                raise InvalidArgumentError(f"{name}={value!r}: the keys are names of columns.")
        if not all(isinstance(each, str) for each in self.date_formats.values()):
            raise InvalidArgumentError(
                f"dates={self.dates!r}: a format is text, such as '%d.%m.%Y'."
            )
        nulls = self.null_values
        for given in nulls.values() if isinstance(nulls, Mapping) else [nulls]:
            if given is not None and not _is_null_text(given):
                raise InvalidArgumentError(
                    f"null_values={self.null_values!r}: pass texts as they stand in the files, "
                    "one or a list, or a mapping of columns to these."
                )

    def _check_characters(self) -> None:
        delimiter = self.delimiter
        if delimiter is not None and not (
            delimiter.isascii() and delimiter[1:] in ("", " ") and delimiter[:1] not in _NO_MARKS
        ):
            raise InvalidArgumentError(
                f"delimiter={delimiter!r}: pass one ASCII character, or one and a blank."
            )
        quote = self.quote
        if quote not in (None, AUTO) and (len(str(quote).encode()) != 1 or quote in _NO_MARKS):
            raise InvalidArgumentError(
                f"quote={self.quote!r}: pass one ASCII character, or None for no quoting."
            )
        if quote == AUTO and delimiter is not None and delimiter[:1] in ('"', "'"):
            raise InvalidArgumentError(
                f"delimiter={delimiter!r} is a quote in most files: pass quote too, as None or "
                "the character that quotes then."
            )
        for name, given in (("delimiter", delimiter), ("quote", quote), ("comment", self.comment)):
            for other, mark in (("delimiter", delimiter), ("quote", quote)):
                if name != other and given == mark and mark not in (None, AUTO):
                    raise InvalidArgumentError(
                        f"{other} and {name} are both {mark!r}: pass different characters."
                    )
        if self.escape not in (None, AUTO, "\\", quote):
            raise InvalidArgumentError(
                f"escape={self.escape!r} with quote={quote!r}: pass the quote (doubled), a "
                "backslash, or None."
            )
        if self.comment == "":
            raise InvalidArgumentError("comment='' begins every line: pass None for no comments.")
        if self.comment is not None and set(self.comment) & set("\r\n"):
            raise InvalidArgumentError(
                f"comment={self.comment!r}: pass what such lines begin with, without a line break."
            )

    @property
    def types_are_said(self) -> bool:
        """Whether anything was said of the types of columns."""
        plain = CSVOptions()
        said = ("schema", "infer_types", "infer_rows", "null_values", "dates")
        return self.style != plain.style or any(
            getattr(self, name) != getattr(plain, name) for name in said
        )

    @property
    def style(self) -> NumberStyle:
        return NumberStyle(self.decimal, self.thousands, self.affixes)

    @property
    def date_formats(self) -> Mapping[str, str]:
        """Formats by column; ``"*"`` stands for every column that has none of its own."""
        if isinstance(self.dates, str):
            return {"*": self.dates}
        return self.dates if isinstance(self.dates, Mapping) else {}

    def nulls_of(self, column: str) -> tuple[str, ...] | None:
        """The texts that mean null in a column; None: those that are known to."""
        given = self.null_values
        if isinstance(given, Mapping):
            given = given.get(column, ())
        if given is None:
            return None
        return tuple(map(str, [given] if isinstance(given, str | int) else given))


def _is_encoding(name: str) -> bool:
    """Whether Python knows an encoding of text by a name: its codecs are others too."""
    try:
        b"a".decode(name)
    except UnicodeError:
        return True
    except (LookupError, ValueError):
        return False
    return True


def _is_null_text(given: object) -> bool:
    """Whether something is a text or an integer, or several of them."""
    several = [given] if isinstance(given, str) or not isinstance(given, Iterable) else given
    return all(isinstance(each, str | int) and not isinstance(each, bool) for each in several)
