"""Files of formats that are not read here, told by their first bytes, and what to do with them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TAR = slice(257, 262)
_SAVE = "save its table as CSV or Parquet"
_UNPACK = "unpack it first"

_KINDS: Sequence[tuple[bytes, str, str]] = (
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"PK\x03\x04", "a zip archive within a zip archive", _UNPACK),
    (b"PK\x05\x06", "a zip archive within a zip archive", _UNPACK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.xls)", _SAVE),
    (b"SQLite format 3\0", "an SQLite database", "query it with Python's sqlite3"),
    (b"%PDF-", "a PDF document", "tables have to be taken out of it"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "read it with pandas.read_hdf or h5py"),
    (b"Obj\x01", "an Avro file", "convert it to Parquet"),
    (b"RDX3\n", "a file of R", "save its table from R as Parquet or CSV"),
    (b"\x93NUMPY", "a NumPy array", "load it with numpy.load"),
)
_MARKUP: Sequence[tuple[re.Pattern[bytes], str, str]] = (
    (
        re.compile(rb"(?i)<!doctype html|<html[\s>]"),
        "an HTML page",
        "it may be what a server shows in place of the file; its tables are read by "
        "pandas.read_html",
    ),
    (re.compile(rb"<\?xml\s"), "an XML document", "pandas.read_xml reads some"),
)
"""What texts begin with that are no tables, whatever their name says, behind a mark and blanks."""
_DOCUMENTS = (
    *_MARKUP,
    (
        re.compile(rb'\[\s*\{\s*"'),
        "a JSON array",
        "read it with pl.read_json, whose frame's write_ndjson writes lines",
    ),
)
"""The same, where nothing is known but the text."""
_BEFORE = re.compile(rb"(?:\xef\xbb\xbf)?\s*")


def unsupported_kind(head: bytes, url: str) -> str | None:
    """What a file is that begins with ``head``, unpacked, and what to do; None: nothing known."""
    if head[_TAR] == b"ustar":
        return f'a tar archive. Name a file in it as "tar://<the file>::{url}"'
    for magic, kind, advice in _KINDS:
        if head.startswith(magic):
            return f"{kind}: {advice}"
    return _document(head, _DOCUMENTS)


def markup_kind(text: bytes) -> str | None:
    """What a text is that is marked up, and what to do; None: it may be a table."""
    return _document(text, _MARKUP)


def _document(text: bytes, documents: Sequence[tuple[re.Pattern[bytes], str, str]]) -> str | None:
    begins = _BEFORE.match(text)
    start = begins.end() if begins else 0
    for magic, kind, advice in documents:
        if magic.match(text, start):
            return f"{kind}: {advice}"
    return None
