"""Finds out how each file of a source is to be read, from a bounded part of it."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.detection import (
    UNSET,
    Given,
    Sample,
    Unset,
    detect,
    detect_encoding,
)
from toolkit.datasets.readers.csv.layout import Layout, Newline
from toolkit.datasets.readers.csv.options import AUTO, CSVOptions
from toolkit.datasets.readers.packing.text import chunks, codec_of, first_bytes, is_utf8, prefix
from toolkit.datasets.readers.sources import ResolvedSource
from toolkit.datasets.readers.unsupported import markup_kind

HEAD_BYTES = 1 << 18
"""Bytes of a file that detection looks at."""
_MARKUP_BYTES = 1 << 12
"""Those that tell a page that a server gave in place of a file."""
TAIL_BYTES = 1 << 14
"""Bytes at the end of a file in which a footer is looked for."""

_BOM = codecs.BOM_UTF8
_LINES: dict[Newline, re.Pattern[bytes]] = {
    "\n": re.compile(rb"[^\n]*\n|[^\n]+"),
    "\r": re.compile(rb"[^\r]*\r|[^\r]+"),
    "any": re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+"),
}


@dataclass(frozen=True, slots=True)
class FilePlan:
    """How one file is read."""

    path: str
    url: str
    """How messages name it."""
    local: bool
    """Whether engines can open ``path`` by themselves."""
    encoding: str
    codec: str | None
    """What it is packed with."""
    layout: Layout
    head: bytes = field(repr=False)
    """Its beginning as UTF-8 without a byte order mark."""
    complete: bool
    """Whether ``head`` is all of it."""

    @property
    def size(self) -> int:
        """The bytes of the file as it is now; 0 of one that is not local. Raises OSError."""
        return os.path.getsize(self.path) if self.local else 0

    @property
    def beginning(self) -> bytes:
        """What stands before the first row: the plan holds for a text that begins so."""
        return self.head[: self.layout.start] + b"".join(self._header)

    @property
    def first_row(self) -> int:
        """Offset of the first row in the text, as those of ``layout`` count."""
        return len(self.beginning)

    @property
    def bytes_a_row(self) -> float:
        """About how long a row is."""
        return (len(self.head) - self.first_row) / max(self.head.count(b"\n", self.first_row), 1)

    @property
    def _header(self) -> list[bytes]:
        """The lines of the header, and those before and within it that are none of its records."""
        dialect, found, records, within = self.layout.dialect, [], 0, False
        quote, comment = (dialect.quote or "").encode(), (dialect.comment or "").encode()
        for match in _LINES[dialect.newline].finditer(self.head, self.layout.start):
            if records == self.layout.header_rows:
                break
            line = match[0]
            found.append(line)
            if quote and line.count(quote) % 2:
                within = not within
            marked = comment and line.startswith(comment) and not self.layout.marked
            if not within and line.strip() and not marked:
                records += 1
        return found

    @property
    def plain(self) -> bool:
        """Whether the bytes of the file are its text."""
        return self.codec is None and is_utf8(self.encoding)


def plan_file(source: ResolvedSource, index: int, options: CSVOptions) -> FilePlan:
    """Detect encoding, compression and layout of one file.

    Raises SourceError for what is empty or no text, and whatever opening and unpacking raise."""
    path, url = source.paths[index], source.urls[index]
    codec = codec_of(first_bytes(source, path, 6))
    encoding = options.encoding
    if encoding is None:
        packed = prefix(source, path, HEAD_BYTES)
        with _naming(url):
            encoding = detect_encoding(packed, complete=len(packed) < HEAD_BYTES)
    head = bytearray()
    complete = True
    with closing(text_of(source, path, encoding)) as parts:
        for part in parts:
            head += part
            if len(head) > HEAD_BYTES:
                complete = False
                break
    markup = markup_kind(bytes(head[:_MARKUP_BYTES]))
    if markup is not None:
        raise SourceError(f"{url} is {markup}.")
    sample = Sample(bytes(head[:HEAD_BYTES]), complete)
    if not complete and codec is None and is_utf8(encoding):
        sample = _with_tail(source, path, sample)
    with _naming(url):
        layout = detect(sample, _given(options))
    return FilePlan(path, url, not source.remote, encoding, codec, layout, sample.head, complete)


def planned_text(source: ResolvedSource, plan: FilePlan) -> Generator[bytes, None, None]:
    """The text of a file, which must still begin as it did when the plan was made: what is in a
    column follows from its place.

    Raises SourceError if it does not, before anything of it is given, and for a local file that is
    shorter at its end than it was when it was opened."""
    beginning = plan.beginning
    size = plan.size
    held: bytes | None = b""
    with closing(text_of(source, plan.path, plan.encoding)) as parts:
        for part in parts:
            if held is None:
                yield part
                continue
            held += part
            if len(held) >= len(beginning):
                yield _begun(plan, held, beginning)
                held = None
    if held is not None:
        yield _begun(plan, held, beginning)
    require_whole(plan, size)


def require_whole(plan: FilePlan, size: int) -> None:
    """Raise SourceError for a file that was ``size`` bytes long when reading it began, and is not
    any more: rows are missing. One that became longer has all that it had."""
    if plan.size < size:
        raise SourceError(
            f"{plan.url} was cut short or written anew while it was read. Read it again when that "
            "is done."
        )


def require_beginning(source: ResolvedSource, plan: FilePlan) -> None:
    """Raise what ``planned_text`` raises."""
    with closing(planned_text(source, plan)) as parts:
        next(parts, None)


def _begun(plan: FilePlan, text: bytes, beginning: bytes) -> bytes:
    if text.startswith(beginning):
        return text
    raise SourceError(
        f"{plan.url} has changed since the reader was made: its header, or what stands before it, "
        "is another. Make the reader anew."
    )


def text_of(source: ResolvedSource, path: str, encoding: str) -> Generator[bytes, None, None]:
    """The unpacked file as UTF-8 without a byte order mark, in chunks."""
    begun = False
    held = b""
    with closing(chunks(source, path, encoding)) as parts:
        for part in parts:
            if begun:
                yield part
                continue
            held += part
            if len(held) < len(_BOM):
                continue
            begun = True
            yield held.removeprefix(_BOM)
    if not begun and held:
        yield held.removeprefix(_BOM)


@contextmanager
def _naming(url: str) -> Iterator[None]:
    """Detection knows a text, not its name."""
    try:
        yield
    except SourceError as error:
        raise SourceError(f"{url}: {error}") from error


def _with_tail(source: ResolvedSource, path: str, sample: Sample) -> Sample:
    """The sample with the end of the file, where that is a seek away."""
    with source.open(path, random_access=True) as handle:
        size = handle.seek(0, 2)
        handle.seek(max(size - TAIL_BYTES, 0))
        tail = handle.read(TAIL_BYTES)
    bom = len(_BOM) if first_bytes(source, path, len(_BOM)) == _BOM else 0
    return Sample(sample.head, complete=False, tail=tail, tail_offset=size - len(tail) - bom)


def _given(options: CSVOptions) -> Given:
    def said(value: str | None) -> str | Unset | None:
        return UNSET if value == AUTO else value

    return Given(
        delimiter=options.delimiter,
        quote=said(options.quote),
        escape=said(options.escape),
        comment=said(options.comment),
        has_header=options.has_header,
        header_rows=options.header_rows,
        skip_lines=options.skip_lines,
    )
