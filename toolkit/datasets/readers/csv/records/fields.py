"""One record at a time, strictly: for what the scan of a whole buffer cannot tell."""

from __future__ import annotations

import re
from typing import NamedTuple

from toolkit.datasets.readers.csv.records.rules import Rules


class Unit(NamedTuple):
    """A field as it was read."""

    text: str
    quoted: bool = False

    @property
    def cell(self) -> str | None:
        return self.text if self.text or self.quoted else None


class Strict(NamedTuple):
    """A record as the dialect has it."""

    units: list[Unit]
    after: int
    """Where the next record begins."""
    encoding: str
    """How it had to be decoded; empty for UTF-8."""


FALLBACK = "Windows-1252"


def decode(raw: bytes) -> tuple[str, str]:
    """Text, and how it had to be decoded: empty for UTF-8."""
    try:
        return raw.decode(), ""
    except UnicodeDecodeError:
        return _fallback(raw), FALLBACK


def _fallback(raw: bytes) -> str:
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _utf8(raw: bytes) -> str:
    return raw.decode()


class Fields:
    """Splits records and lines by the letter of a dialect."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.delimiter = rules.dialect.delimiter
        self.quote = rules.dialect.quote
        self.newline = "\r" if rules.dialect.newline == "\r" else "\n"
        self._escapes = re.compile(
            r"\\([\\\r\n" + re.escape(self.delimiter[0] + (self.quote or '"')) + "])"
        )
        self._delimiters = re.compile(r"(?s)\\.|(" + re.escape(self.delimiter) + ")")
        self._field = re.compile(_field_pattern(rules))
        quote = re.escape(rules.quote or b"")
        again = quote * 2 if rules.doubled else b"(?!)"
        self._quoted = re.compile(b"(?!)")
        if rules.quote is not None:
            body = rb"[^%b]*+(?:%b[^%b]*+)*+" % (quote, again, quote)
            self._quoted = re.compile(quote + body + quote)

    def split(self, text: str) -> list[str]:
        """The raw pieces between delimiters, whatever the quotes."""
        if not self.rules.backslash or "\\" not in text:
            return text.split(self.delimiter)
        pieces, start = [], 0
        for found in self._delimiters.finditer(text):
            if found.group(1) is not None:
                pieces.append(text[start : found.start()])
                start = found.end()
        pieces.append(text[start:])
        return pieces

    def unescape(self, text: str) -> str:
        """Without the backslashes that take the meaning from a character."""
        return self._escapes.sub(r"\1", text) if self.rules.backslash and "\\" in text else text

    def strict(self, text: bytes, start: int, limit: int) -> Strict | None:
        """The record at ``start``, which may span lines.

        None where a quote is misplaced, or the record does not end before ``limit``.
        """
        found: list[tuple[bytes, bool]] = []
        while (match := self._field.match(text, start, limit)) is not None:
            quoted, plain, end = match.group("quoted", "plain", "end")
            found.append((plain, False) if quoted is None else (quoted, True))
            start = match.end()
            if end != self.rules.delimiter:
                return self._strict(found, start)
        return None

    def failure(self, text: str) -> int:
        """The place in a text up to which something must be changed for it to be a record.

        A field that is not well up to there is not made so by what comes after it."""
        quote, raw, start = self.rules.quote, text.encode(), 0
        if quote is None or self.rules.backslash:
            return len(text)
        while (match := self._field.match(raw, start)) is not None:
            start = match.end()
            if match.group("end") != self.rules.delimiter:
                return len(raw[:start].decode())
        quoted = self._quoted.match(raw, start)
        odd = raw.find(quote, start) if not raw.startswith(quote, start) else -1
        end = quoted.end() if quoted is not None else odd
        return len(text) if end < 0 else len(raw[: end + 2].decode(errors="ignore"))

    def record(self, text: bytes, start: int) -> Strict | None:
        """The same within the limits of a record that spans lines."""
        limits = self.rules.limits
        found = self.strict(text, start, min(len(text), start + limits.bytes))
        if found is not None and self.rules.lines(text, start, found.after) > limits.lines:
            return None
        return found

    def _strict(self, found: list[tuple[bytes, bool]], after: int) -> Strict:
        encoding, decoder = "", _utf8
        try:
            texts = [decoder(raw) for raw, _ in found]
        except UnicodeDecodeError:
            encoding, decoder = FALLBACK, _fallback
            texts = [decoder(raw) for raw, _ in found]
        units = [
            Unit(self.inner(text) if quoted else self.unescape(text), quoted)
            for text, (_, quoted) in zip(texts, found, strict=True)
        ]
        return Strict(units, after, encoding)

    def inner(self, text: str) -> str:
        """What stands between two quotes, all quotes in it being escaped."""
        if self.rules.doubled and self.quote is not None:
            return text.replace(self.quote * 2, self.quote)
        return self.unescape(text)


def _field_pattern(rules: Rules) -> bytes:
    delimiter = re.escape(rules.delimiter)
    newline = {"\n": rb"\r?\n", "\r": rb"\r", "any": rb"\r\n|\r|\n"}[rules.dialect.newline]
    stops = (
        re.escape(rules.delimiter[:1])
        + {"\n": rb"\r\n", "\r": rb"\r", "any": rb"\r\n"}[rules.dialect.newline]
    )
    stops += re.escape(rules.quote or b"")
    again = []
    if rules.backslash:
        stops += rb"\\"
        again.append(rb"\\[\s\S]")
    if len(rules.delimiter) == 2:
        again.append(
            delimiter[: len(re.escape(rules.delimiter[:1]))]
            + rb"(?!"
            + re.escape(rules.delimiter[1:])
            + rb")"
        )
    if rules.dialect.newline == "\n":
        again.append(rb"\r(?!\n)")
    # Possessive: a field that does not end where it must is looked through once, not once a byte.
    plain = rb"[^%b]*+" % stops
    if again:
        plain += rb"(?:(?:%b)[^%b]*+)*+" % (rb"|".join(again), stops)
    pattern = rb"(?P<plain>%b)(?P<end>%b|%b)" % (plain, delimiter, newline)
    if rules.quote is None:
        return rb"(?:(?P<quoted>(?!))|)" + pattern
    quote = re.escape(rules.quote)
    if rules.backslash:
        body = rb"[^%b\\]*+(?:\\[\s\S][^%b\\]*+)*+" % (quote, quote)
    elif rules.doubled:
        body = rb"[^%b]*+(?:%b%b[^%b]*+)*+" % (quote, quote, quote, quote)
    else:
        body = rb"[^%b]*+" % quote
    return rb"(?:%b(?P<quoted>%b)%b|(?P<plain>%b))(?P<end>%b|%b)" % (
        quote,
        body,
        quote,
        plain,
        delimiter,
        newline,
    )
