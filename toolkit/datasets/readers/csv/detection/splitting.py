"""Splits text into records under a supposed dialect, and says how well the quotes fit it.

This serves to compare dialects on a bounded sample. It never fails: a quote that does not fit is
counted and taken as data, and a quote that is never closed ends with its line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from toolkit.datasets.readers.csv.layout import Newline

_USUAL_LINES = 1000


@dataclass(frozen=True, slots=True)
class Rules:
    """What splits records into fields."""

    delimiter: str
    quote: str | None
    escape: str | None


@dataclass(frozen=True, slots=True)
class Lines:
    """The physical lines of a text.

    Their characters are the bytes of the text (Latin-1), so that positions are byte offsets: all
    that detection looks for is ASCII.
    """

    texts: list[str]
    """Without their ends."""
    offsets: list[int]
    """Where each begins; one more than there are lines."""

    @property
    def end(self) -> int:
        return self.offsets[-1]


class Record(NamedTuple):
    """The fields of one record."""

    line: int
    """Index of its first physical line."""
    lines: int
    cells: list[str]
    quoted: int
    """Fields that are properly quoted."""
    strays: int
    """Quotes that are where the rules have none."""


def split_lines(data: bytes, newline: Newline) -> Lines:
    """The lines of UTF-8 text, offsets counted from its beginning."""
    if newline == "any":
        # Not those of the text: they would end at vertical tabs and the like, too.
        ended = data.splitlines(keepends=True)
        offsets = [0, *accumulate(map(len, ended))]
        return Lines([line.rstrip(b"\r\n").decode("latin-1") for line in ended], offsets)
    texts = data.decode("latin-1").split(newline)
    if not texts[-1]:
        texts.pop()
    offsets = [0, *accumulate(len(text) + 1 for text in texts)]
    offsets[-1] = len(data)
    if newline == "\n" and b"\r" in data:
        texts = [text[:-1] if text[-1:] == "\r" else text for text in texts]
    return Lines(texts, offsets)


def text_of(cell: str) -> str:
    """The real text of a cell of ``Lines``."""
    return cell if cell.isascii() else cell.encode("latin-1").decode("utf-8", "replace")


def usual_widths(lines: Sequence[str], rules: Rules) -> tuple[int, ...]:
    """The numbers of fields that many lines without quotes have, most frequent first."""
    delimiter, quote = rules.delimiter, rules.quote
    counts = Counter(
        line.count(delimiter) + 1
        for line in lines[:_USUAL_LINES]
        if line and (quote is None or quote not in line)
    )
    if not counts:
        return ()
    most = max(counts.values())
    return tuple(w for w, times in counts.most_common() if times >= 3 and times * 4 >= most)


def split_records(
    lines: Sequence[str], rules: Rules, usual: tuple[int, ...] = (), *, cut: bool = False
) -> list[Record]:
    """The records of lines, blank ones included (as one empty cell).

    A quoted field may span lines where it closes properly; ``usual``, the numbers of fields that
    many lines have, helps to tell that from a quote that was never closed. With ``cut`` a field
    may be open at the last line: its record is left out.
    """
    splitter = _Splitter(lines, rules, usual)
    records: list[Record] = []
    add = records.append
    delimiter, quote = rules.delimiter, rules.quote
    backslash = rules.escape == "\\"
    between = f"{quote}{delimiter}{quote}"
    index, count = 0, len(lines)
    while index < count:
        line = lines[index]
        if (quote is None or quote not in line) and not (backslash and "\\" in line):
            add(Record(index, 1, line.split(delimiter), 0, 0))
            index += 1
            continue
        if quote is not None and line[0] == quote == line[-1] and "\\" not in line:
            # Every field quoted, no quote within: the common way of files that quote all.
            cells = line[1:-1].split(between)
            if line.count(quote) == 2 * len(cells):
                add(Record(index, 1, cells, len(cells), 0))
                index += 1
                continue
        record = splitter.record(index)
        if cut and splitter.open:
            break
        add(record)
        index += record.lines
    return records


class _Splitter:
    """Splits the lines that have quotes or escapes."""

    def __init__(self, lines: Sequence[str], rules: Rules, usual: tuple[int, ...]) -> None:
        self._lines = lines
        self._delimiter = rules.delimiter
        self._quote = rules.quote
        self._doubled = rules.escape is not None and rules.escape == rules.quote
        self._backslash = rules.escape == "\\"
        self._escaped = "\\" + rules.delimiter, rules.delimiter
        self._usual = usual
        self.open = False
        """Whether a field of the last record was not closed on any line, and nothing else is wrong
        with its quotes."""

    def record(self, index: int) -> Record:
        """The record that begins with a line."""
        self.open = False
        quote = self._quote
        pieces = self._pieces(self._lines[index])
        cells: list[str] = []
        quoted = strays = 0
        spanned = 1
        at = 0
        while at < len(pieces):
            piece = pieces[at]
            if quote is None or quote not in piece:
                cells.append(piece.replace(*self._escaped) if self._backslash else piece)
                at += 1
                continue
            # Blanks before a quoted field are not of it, though it rather has none: they are kept.
            begun = piece.lstrip(" ") if piece[0] == " " else piece
            if begun[:1] == quote:
                blanks, piece = piece[: len(piece) - len(begun)], begun
                pieces[at] = begun
            else:
                cells.append(self._unescaped(piece) if self._backslash else piece)
                strays += not (self._backslash and self._is_clean(piece))
                at += 1
                continue
            until = self._close(pieces, at)
            if until < 0:
                longer = self._over_lines(index + spanned, pieces, at, len(cells))
                if longer is not None:
                    text, pieces, lines = longer
                    cells.append(blanks + text)
                    quoted += 1
                    spanned += lines
                    at = 1
                    continue
            if until < 0:
                cells.append(piece)
                strays += 1
                at += 1
                continue
            body = piece if until == at else self._delimiter.join(pieces[at : until + 1])
            body = body.rstrip(" ")[1:-1]
            clean = self._is_clean(body)
            if not clean and until > at:
                # Its quotes do not match up: the field ends with its own piece.
                cells.append(piece)
                strays += 1
                at += 1
                continue
            cells.append(blanks + self._unescaped(body))
            quoted += clean
            strays += not clean
            at = until + 1
        return Record(index, spanned, cells, quoted, strays)

    def _pieces(self, line: str) -> list[str]:
        pieces = line.split(self._delimiter)
        if not self._backslash or "\\" not in line:
            return pieces
        joined: list[str] = []
        open_ = False
        for piece in pieces:
            if open_:
                joined[-1] += self._delimiter + piece
            else:
                joined.append(piece)
            open_ = (len(piece) - len(piece.rstrip("\\"))) % 2 == 1
        return joined

    def _closes(self, piece: str, *, opens: bool) -> bool:
        """Whether a piece of a quoted field ends it."""
        quote = self._quote
        if quote is None or quote not in piece:
            return False
        piece = piece.rstrip(" ")
        if not piece.endswith(quote):
            return False
        bare = piece.rstrip(quote)
        run = len(piece) - len(bare) - (1 if opens and not bare else 0)
        if run == 0:
            return False
        if self._backslash:
            slashes = len(bare) - len(bare.rstrip("\\"))
            if slashes % 2:
                run -= 1
        return run % 2 == 1 if self._doubled else run >= 1

    def _close(self, pieces: list[str], at: int) -> int:
        if self._closes(pieces[at], opens=True):
            return at
        for until in range(at + 1, len(pieces)):
            if self._closes(pieces[until], opens=False):
                return until
        return -1

    def _over_lines(
        self, following: int, pieces: list[str], at: int, before: int
    ) -> tuple[str, list[str], int] | None:
        """The field that opens in a piece and closes on a later line, the pieces of that line from
        its end on, and the lines it took; None where nothing closes it properly."""
        quote = self._quote
        assert quote is not None
        held = [self._delimiter.join(pieces[at:])]
        if not self._is_clean(held[0].lstrip(" ")[1:]):
            return None
        for index in range(following, len(self._lines)):
            line = self._lines[index]
            if quote not in line:
                held.append(line)
                continue
            last = self._pieces(line)
            until = next(
                (i for i, piece in enumerate(last) if self._closes(piece, opens=False)), -1
            )
            if until < 0 and not self._is_clean(line):
                return None
            if until < 0:
                held.append(line)
                continue
            held.append(self._delimiter.join(last[: until + 1]))
            body = "\n".join(held).rstrip(" ")[1:-1]
            if not self._is_clean(body):
                return None
            width = before + 1 + len(last) - until - 1
            if self._swallows(following, index, width):
                return None
            return self._unescaped(body), last[until:], index - following + 1
        self.open = True
        return None

    def _swallows(self, first: int, last: int, width: int) -> bool:
        """Whether the lines that a field would span are rather records of their own."""
        usual = self._usual
        if not usual or usual[0] < 2:
            return False
        inner = self._lines[first : last + 1]
        alike = sum(line.count(self._delimiter) + 1 == usual[0] for line in inner)
        return alike * 2 > len(inner) and (width not in usual or alike >= 3)

    def _is_clean(self, body: str) -> bool:
        """Whether every quote within a quoted field is escaped."""
        quote = self._quote
        if quote is None or quote not in body:
            return True
        if self._backslash:
            body = body.replace("\\\\", "").replace("\\" + quote, "")
        if self._doubled:
            body = body.replace(quote + quote, "")
        return quote not in body

    def _unescaped(self, body: str) -> str:
        quote = self._quote
        if self._backslash and "\\" in body:
            body = re.sub(r"\\(.)", r"\1", body, flags=re.DOTALL)
        elif self._doubled and quote is not None and quote in body:
            body = body.replace(quote + quote, quote)
        return body
