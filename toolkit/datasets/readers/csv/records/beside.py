"""Delimiters beside quotes that were forgotten, or are not those of the table."""

from __future__ import annotations

import re

from toolkit.datasets.readers.csv.records.fields import Fields, Unit

_MOST_QUOTES = 64
_DELIMITERS = ",;\t|"
_FORGOTTEN = "delimiter put beside a quote"
_ANOTHER = "another delimiter beside a quote taken for the table's"


class Beside:
    """Looks for the one change beside a quote that makes a record whole.

    A quote has text on both of its sides then, which it never has in a well written file."""

    def __init__(self, fields: Fields) -> None:
        assert fields.quote is not None
        self._fields, self._quote = fields, fields.quote
        quote = re.escape(fields.quote)
        outside = f"[^{re.escape(fields.delimiter + fields.quote)}\r\n]"
        self._places = re.compile(f"(?<={outside})(?={quote})|(?<={quote})(?={outside}|{quote})")
        self._others = _DELIMITERS.replace(fields.delimiter[0], "")

    def restored(self, text: str, width: int) -> tuple[list[Unit], str] | None:
        """The ``width`` fields of a record, and what was done; None where no change beside a quote
        makes them, or several do."""
        few = text.count(self._fields.delimiter) + 2 < width
        if few or not 0 < text.count(self._quote) <= _MOST_QUOTES:
            return None
        found: list[tuple[list[Unit], str]] = []
        last = self._fields.failure(f"{text}{self._fields.newline}")
        for match in self._places.finditer(text):
            place = match.start()
            if place > last:
                break
            at = place if text[place] != self._quote else place - 1
            units, action = None, _ANOTHER
            if text[at] in self._others:
                units = self._delimited(text, at, at + 1, width)
            if units is None:
                units, action = self._delimited(text, place, place, width), _FORGOTTEN
            if units is not None and all(units != others for others, _ in found):
                found.append((units, action))
        return found[0] if len(found) == 1 else None

    def _delimited(self, text: str, start: int, end: int, width: int) -> list[Unit] | None:
        """The fields with a delimiter in place of a part of the text, if all is well then."""
        whole = f"{text[:start]}{self._fields.delimiter}{text[end:]}{self._fields.newline}"
        raw = whole.encode()
        strict = self._fields.strict(raw, 0, len(raw))
        fits = strict is not None and strict.after == len(raw) and len(strict.units) == width
        return strict.units if strict is not None and fits else None
