"""Finds out how a CSV file is written, from a bounded prefix of it."""

from __future__ import annotations

import csv
import os
import tempfile
from collections import Counter
from dataclasses import dataclass

import duckdb

from toolkit.core.errors import SourceError

PREFIX_BYTES = 1 << 18
"""Bytes of a file that detection looks at."""

_DELIMITERS = ",;\t|"
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_UTF8_BOM = b"\xef\xbb\xbf"
_MAGICS = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive or spreadsheet",
    b"ARROW1": "an Arrow IPC file",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"\xfd7zXZ": "an xz archive",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the rows of a file are written."""

    delimiter: str
    has_header: bool


def require_text(name: str, head: bytes, *, complete: bool) -> None:
    """Raise SourceError unless ``head``, the unpacked beginning of a file, is UTF-8 text.

    ``complete`` says that it is the whole file; otherwise a character may be cut at its end.
    """
    if not head.removeprefix(_UTF8_BOM).strip():
        raise SourceError(f"{name} is empty: a CSV file has at least a header or a row.")
    for bom, encoding in _BOMS.items():
        if head.startswith(bom):
            raise SourceError(f'{name} is not UTF-8. Pass encoding="{encoding}".')
    looks = next((what for magic, what in _MAGICS.items() if head.startswith(magic)), None)
    if looks or b"\0" in head:
        raise SourceError(
            f"{name} is not text: it looks like {looks or 'binary data'}. "
            "Pass the format it has, or unpack it."
        )
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if complete or error.start < len(head) - 3:
            raise SourceError(
                f"{name} is not UTF-8: byte {error.start} is 0x{head[error.start]:02x}. "
                'Pass its encoding, for example encoding="cp1252" or encoding="latin-1".'
            ) from error


def detect(head: bytes, *, delimiter: str | None, quote: str | None) -> Dialect:
    """Delimiter and header by DuckDB's sniffer; a comma and a header where it finds nothing.

    ``delimiter`` fixes the delimiter and leaves only the header to detect.
    """
    found = _sniff(whole_lines(head), delimiter, quote)
    if found is None:
        return Dialect(delimiter or ",", has_header=True)
    sniffed, has_header = found
    # With one column every delimiter fits, and the sniffer names any.
    usable = sniffed in _DELIMITERS and sniffed.encode() in head
    return Dialect(delimiter or (sniffed if usable else ","), has_header)


def require_distinct_names(name: str, head: bytes, dialect: Dialect, quote: str | None) -> None:
    """Raise SourceError when the header has a name twice: engines would rename one silently."""
    lines = head.removeprefix(_UTF8_BOM).decode(errors="replace").splitlines(keepends=True)
    if quote:
        rows = csv.reader(lines, delimiter=dialect.delimiter, quotechar=quote)
    else:
        rows = csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)
    try:
        header = next((row for row in rows if row), [])
    except csv.Error:
        return
    repeated = [column for column, times in Counter(header).items() if times > 1 and column]
    if repeated:
        raise SourceError(
            f"{name} has several columns of the name {repeated[0]!r}. Rename them in its header."
        )


def whole_lines(head: bytes) -> bytes:
    """The prefix without its last line, which may be cut."""
    end = head.rfind(b"\n")
    return head if end < 0 else head[: end + 1]


def _sniff(head: bytes, delimiter: str | None, quote: str | None) -> tuple[str, bool] | None:
    options = {"delim": delimiter, "quote": quote}
    given = {key: value for key, value in options.items() if value is not None}
    arguments = "".join(f", {key} = ${key}" for key in given)
    with tempfile.TemporaryDirectory(prefix="toolkit-") as folder:
        path = os.path.join(folder, "prefix.csv")
        with open(path, "wb") as file:
            file.write(head)
        with duckdb.connect(config={"threads": 1}) as connection:
            try:
                row = connection.execute(
                    f"SELECT Delimiter, HasHeader FROM sniff_csv($path{arguments})",
                    {"path": path, **given},
                ).fetchone()
            except duckdb.Error:
                return None
    return None if row is None else (row[0], row[1])
