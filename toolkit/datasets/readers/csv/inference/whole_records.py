"""Parts of a text, cut anywhere, without the records that are cut."""

from __future__ import annotations

from toolkit.datasets.readers.csv.detection.spanning import first_record
from toolkit.datasets.readers.csv.detection.splitting import Rules, split_lines, split_records
from toolkit.datasets.readers.csv.layout import Dialect


def whole_lines(text: bytes) -> bytes:
    """The text without its last line, which may be cut."""
    return text[: max(text.rfind(b"\n"), text.rfind(b"\r")) + 1]


def whole_records(text: bytes, dialect: Dialect, *, begins: bool) -> bytes:
    """The whole records of a part of a text: without its first line, unless it ``begins`` there,
    without lines of quoted fields that begin before it, and without the record that it ends in."""
    if not begins:
        text = text[text.find(b"\n") + 1 :]
    text = whole_lines(text)
    quote = dialect.quote
    # Quotes come in pairs where no field is cut.
    if quote is None or quote.encode() not in text or (begins and not _odd(text, quote)):
        return text
    rules = Rules(dialect.delimiter, quote, dialect.escape)
    lines = split_lines(text, dialect.newline)
    first = 0 if begins else first_record(lines.texts, rules)
    if first:
        text = text[lines.offsets[first] :]
    if not _odd(text, quote):
        return text
    records = split_records(lines.texts[first:], rules, cut=True)
    after = first + records[-1].line + records[-1].lines if records else first
    return text[: lines.offsets[after] - lines.offsets[first]]


def _odd(text: bytes, quote: str) -> bool:
    return text.count(quote.encode()) % 2 == 1
