"""Finds out in which encoding a file is written, from its first bytes."""

from __future__ import annotations

import re

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.detection.legacy import legacy_encoding

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_MAGICS = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive or spreadsheet",
    b"ARROW1": "an Arrow IPC file",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"\xfd7zXZ": "an xz archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet or document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"\x7fELF": "a program",
    b"\x1f\x8b": "a gzip archive",
}
_ZEROS = 1 << 12
"""Bytes in which UTF-16 shows itself by its zero bytes."""
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1e\x7f]")
_STRAY = 0.05
"""Share of bytes that are no text up to which a file is text all the same."""


def detect_encoding(head: bytes, *, complete: bool) -> str:
    """The encoding of the raw, unpacked bytes that a file begins with; Python's name for it.

    UTF-8 wherever it can be, with or without a byte order mark. UTF-16 and UTF-32 by their mark,
    UTF-16 also by its zero bytes. Else the old encoding that its letters speak for. ``complete``
    says that ``head`` is the whole file: otherwise a character may be cut at its end.

    Raises SourceError for binary data.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    looks = next((what for magic, what in _MAGICS.items() if _is(head, magic)), None)
    if looks:
        raise _binary(looks)
    if b"\0" in head[:_ZEROS]:
        wide = _by_zeros(head[:_ZEROS])
        if wide is not None and _is_readable(head[:_ZEROS], wide):
            return wide
        if _is_binary(head[:_ZEROS]):
            raise _binary("binary data")
    if is_utf8(head, complete=complete):
        return "utf-8"
    return legacy_encoding(head, complete=complete)


def is_utf8(head: bytes, *, complete: bool) -> bool:
    """Whether bytes are UTF-8, but for a character that may be cut at their end."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return not complete and error.start >= len(head) - 3 and "unexpected end" in error.reason
    return True


def _is(head: bytes, magic: bytes) -> bool:
    if not head.startswith(magic):
        return False
    # Letters may begin a text as well: then nothing in it is binary.
    return not magic.isalnum() or not head[:_ZEROS].isascii() or b"\0" in head[:_ZEROS]


def _by_zeros(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: ASCII has a zero byte in every character at one side."""
    pairs = len(head) // 2
    if pairs < 2:
        return None
    even, odd = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if head[1:4] == b"\0\0\0" and even * 3 >= pairs:
        return "utf-32-le"
    if head[:3] == b"\0\0\0" and odd * 3 >= pairs:
        return "utf-32-be"
    if odd * 3 >= pairs and even * 20 <= odd:
        return "utf-16-le"
    if even * 3 >= pairs and odd * 20 <= even:
        return "utf-16-be"
    return None


def _is_readable(head: bytes, encoding: str) -> bool:
    text = head.decode(encoding, "replace")
    odd = sum(not (c.isprintable() or c.isspace()) for c in text)
    return odd * 20 <= len(text)


def _is_binary(head: bytes) -> bool:
    """Whether more than a stray byte or two are none of a text."""
    most = _STRAY if is_utf8(head, complete=False) else _STRAY / 5
    return len(_CONTROLS.findall(head)) > most * len(head)


def _binary(looks: str) -> SourceError:
    return SourceError(
        f"This is not text: it looks like {looks}. Pass the format it has, or unpack it."
    )
