"""One place where the scan was not sure: what stands there, and where reading goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from toolkit.datasets.readers.csv.records.fields import Fields, Strict, Unit, decode
from toolkit.datasets.readers.csv.records.grouping import (
    KEPT,
    LOST_QUOTE,
    ODD_QUOTE,
    Grouping,
    Reading,
)
from toolkit.datasets.readers.csv.records.oddly_quoted import OddlyQuoted
from toolkit.datasets.readers.csv.records.otherwise import Otherwise
from toolkit.datasets.readers.csv.records.overlong import shorten
from toolkit.datasets.readers.csv.records.profile import Profile
from toolkit.datasets.readers.csv.records.rules import Rules
from toolkit.datasets.readers.csv.records.spans import Spans
from toolkit.datasets.readers.csv.records.types import Finding, Kind


class Place(NamedTuple):
    """A record's text within a buffer."""

    text: bytes
    start: int
    end: int
    after: int

    @property
    def line(self) -> tuple[int, int]:
        """Where it ends, and where reading goes on."""
        return self.end, self.after

    @property
    def raw(self) -> bytes:
        return self.text[self.start : self.end]


class Examiner:
    """Reads what is damaged so that the lines after it stay what they are."""

    def __init__(
        self, rules: Rules, headers: tuple[bytes, ...], profile: Callable[[], Profile]
    ) -> None:
        self._rules, self._headers, self._profile = rules, headers, profile
        self._fields = Fields(rules)
        self._grouping = Grouping(self._fields) if rules.quote is not None else None
        self._others = Otherwise(rules, self._fields)
        self._spans = self._odd = None
        if self._grouping is not None:
            self._spans = Spans(rules, self._fields, self._grouping)
            self._odd = OddlyQuoted(rules, headers, self._fields, self._grouping)

    @property
    def on_their_line(self) -> bool:
        """Whether quotes no longer are taken to span lines."""
        return self._spans is None or self._spans.given_up

    def again(self, text: bytes, start: int, before: Finding, *, complete: bool) -> Finding | None:
        """A record that follows on one with odd quotes, if it is such a one, too."""
        if self._odd is None or before.data is None:
            return None
        known = complete or start + self._rules.limits.bytes <= len(text)
        return self._odd.at(text, start, known=known, on_their_line=self.on_their_line)

    def at(self, text: bytes, start: int, *, complete: bool) -> Finding | None:
        """What begins at ``start``; None where more text is needed to tell."""
        rules = self._rules
        # How a record goes on must not depend on where the buffer ends.
        known = complete or start + rules.limits.bytes <= len(text)
        if self._odd is not None:
            odd = self._odd.at(text, start, known=known, on_their_line=self.on_their_line)
            if odd is not None:
                return odd
        line = rules.line(text, start)
        if line is None:
            return None
        raw = text[start : line[0]]
        aside = rules.aside(raw)
        if aside is not None:
            return Finding(*line, None, aside, action="dropped")
        repeated = self._repeated_header(text, start)
        if repeated is not None:
            return repeated
        return self._record(Place(text, start, *line), known=known)

    def _record(self, place: Place, *, known: bool) -> Finding | None:
        rules, raw = self._rules, place.raw
        first = self._others.line_end(raw)
        if first is not None:
            cells = [unit.cell for unit in first.units]
            end = place.start + first.after - 1
            action = "ended at a line end of another kind"
            return Finding(end, end + 1, cells, "too many fields", 2 * rules.width - 1, action)
        if (rules.quote is not None and rules.quote in raw) or (rules.backslash and b"\\" in raw):
            if not known:
                return None
            strict = self._fields.record(place.text, place.start)
            if strict is not None and len(strict.units) == rules.width:
                return self._strictly(strict, place)
            if self._grouping is not None:
                return self._quoted(place, strict)
        decoded, encoding = decode(raw)
        units = [Unit(self._fields.unescape(piece)) for piece in self._fields.split(decoded)]
        if len(units) < rules.width and not known:
            return None
        return self._counted(units, place, encoding)

    def _repeated_header(self, text: bytes, start: int) -> Finding | None:
        for header in self._headers:
            end = start + len(header)
            if text.startswith(header, start):
                line = self._rules.line(text, end)
                if line is not None and line[0] == end:
                    return Finding(*line, None, "repeated header", self._rules.width, "dropped")
        return None

    def _counted(self, units: list[Unit], place: Place, encoding: str) -> Finding:
        """A record whose quotes say nothing more: it has all fields, too few or too many."""
        found = len(units)
        if found != self._rules.width:
            kind: Kind = "too few fields" if found < self._rules.width else "too many fields"
            return self._otherwise(kind, found, place) or self._resized(kind, units, place)
        cells = [unit.cell for unit in units]
        if encoding:
            return Finding(*place.line, cells, "not UTF-8", found, f"decoded as {encoding}")
        return Finding(*place.line, cells, found=found)

    def _otherwise(self, kind: Kind, found: int, place: Place) -> Finding | None:
        """The record, if it has all fields in another dialect."""
        other = self._others.read(place.raw, found, self._profile())
        if other is not None:
            return Finding(*place.line, other.cells, kind, found, other.action)
        return None

    def _resized(self, kind: Kind, units: list[Unit], place: Place) -> Finding:
        width, found, profile = self._rules.width, len(units), self._profile()
        if found > width:
            cells, action = shorten(units, width, self._rules.dialect.delimiter, profile)
            return Finding(*place.line, cells, kind, found, action)
        padded = [unit.cell for unit in units] + [None] * (width - found)
        joined = self._with_next(place.text, units, padded, place.after)
        return joined or Finding(*place.line, padded, kind, found, "padded with nulls")

    def _with_next(
        self, text: bytes, units: list[Unit], padded: list[str | None], start: int
    ) -> Finding | None:
        """The record with its next line, where a line break cut a field in two."""
        rules, profile = self._rules, self._profile()
        line = rules.line(text, start)
        if line is None or not profile.typed or not profile.cannot_be(padded):
            return None
        raw = text[start : line[0]]
        second = [Unit(self._fields.unescape(p)) for p in self._fields.split(decode(raw)[0])]
        broken = rules.quote is None or rules.quote not in raw
        if not broken or len(units) + len(second) - 1 != rules.width or units[-1].quoted:
            return None
        alone = [unit.cell for unit in second] + [None] * (rules.width - len(second))
        middle = Unit(f"{units[-1].text}\n{second[0].text}")
        cells = [unit.cell for unit in [*units[:-1], middle, *second[1:]]]
        if not profile.cannot_be(alone) or profile.cannot_be(cells):
            return None
        return Finding(*line, cells, "too few fields", len(units), "joined with the next line")

    def _quoted(self, place: Place, strict: Strict | None) -> Finding:
        """A record with odd quotes, on its line, else over several lines."""
        assert self._grouping is not None
        width = self._rules.width
        decoded, encoding = decode(place.raw)
        pieces = self._fields.split(decoded)
        natural = self._grouping.natural(pieces)
        found = len(natural.units)
        if natural.cost == 0 and (found > width or not natural.units[-1].quoted):
            return self._counted(natural.units, place, encoding)
        reading = self._grouping.exactly(pieces, width) if natural.cost else None
        unsure = reading is None or self._open_ended(reading)
        longer = self._over_lines(place, strict, natural) if unsure else None
        if longer is not None:
            return longer
        if natural.cost and (reading is None or reading.cost >= LOST_QUOTE):
            # One delimiter that was forgotten explains two odd quotes better.
            reading = self._grouping.restored(decoded, width) or reading
        if reading is not None:
            return self._misquoted(reading, found, place.line)
        return self._counted(natural.units, place, encoding)

    def _over_lines(self, place: Place, strict: Strict | None, natural: Reading) -> Finding | None:
        """A record that goes on in the next line; ``natural``: its first line by itself."""
        assert self._spans is not None
        width, text, after = self._rules.width, place.text, place.after
        found = len(natural.units)
        other = self._others.over_lines(text, place.start, self._profile)
        if other is not None:
            end = self._end(text, place.start, other.after)
            return Finding(end, other.after, other.cells, "too few fields", found, other.action)
        # Its quotes are well, no line between them is a row: only its fields are damaged.
        whole = strict if strict and self._spans.rowless(text, after, strict.after) else None
        if whole is not None and len(whole.units) >= width - 1:
            return self._strictly(whole, place)
        odd = place.raw.count(self._rules.quote or b"") % 2 == 1
        if odd or natural.units[-1].quoted or self._open_ended(natural):
            span = self._spans.damaged(text, place.start, after)
            if span is not None:
                return self._misquoted(span.reading, span.found, (span.end, span.after))
        return self._strictly(whole, place) if whole is not None else None

    def _strictly(self, strict: Strict, place: Place) -> Finding:
        text, start, after = place.text, place.start, strict.after
        place = Place(text, start, self._end(text, start, after), after)
        return self._counted(strict.units, place, strict.encoding)

    def _end(self, text: bytes, start: int, after: int) -> int:
        """Where a record ends, without the line end before ``after``."""
        return start + len(self._rules.without_end(text[start:after]))

    def _misquoted(self, reading: Reading, found: int, line: tuple[int, int]) -> Finding:
        """A record that has all fields once its quotes are understood."""
        cells = [unit.cell for unit in reading.units]
        if reading.action != KEPT:
            return Finding(*line, cells, "too few fields", found, reading.action)
        kind, action = self._kind(reading), KEPT
        if reading.lost:
            action = "read as if the missing quote stood where the field count asks for it"
        elif found != self._rules.width:
            kind = "misplaced quote" if kind == "stray quote" else kind
            action = "quotes read as the field count asks for it"
        return Finding(*line, cells, kind, found, action)

    def _kind(self, reading: Reading) -> Kind:
        quote = self._rules.dialect.quote or ""
        odd = [unit.text.lstrip(" ") for unit in reading.units if not unit.quoted]
        opened = [text for text in odd if text.startswith(quote)]
        if reading.lost or any(text.count(quote) == 1 for text in opened):
            return "unclosed quote"
        if opened or reading.cost > sum(ODD_QUOTE for text in odd if quote in text):
            return "misplaced quote"
        return "stray quote"

    def _open_ended(self, reading: Reading) -> bool:
        """Whether a field that a quote opens is not closed on the line."""
        quote = self._rules.dialect.quote or ""
        texts = (unit.text for unit in reading.units if not unit.quoted)
        return reading.lost or any(text.lstrip(" ").startswith(quote) for text in texts)
