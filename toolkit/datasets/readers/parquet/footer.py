"""The footer of a file: fetched once, in one or two reads, and held against the file."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.failures import LEAVE_OUT
from toolkit.datasets.readers.parquet.checks import check_layout
from toolkit.datasets.readers.parquet.decrypting import decrypted, needs_key
from toolkit.datasets.readers.parquet.layout import (
    CHUNKS_LOOKED_AT,
    FIXED,
    UTF8,
    FileLayout,
    read_layout,
)
from toolkit.datasets.readers.parquet.rewriting import as_bytes, mended

if TYPE_CHECKING:
    from pyarrow.parquet import FileDecryptionProperties

MAGIC = b"PAR1"
_ENCRYPTED = b"PARE"
DECIMAL_BYTES = 16
"""Bytes that hold every decimal of 38 digits."""
_AROUND = 12
"""Bytes that are not of the footer in every file: the magic at both ends, and the length."""
_TAIL = 64 << 10
"""Bytes of the end that are read at once: most footers are smaller."""
_BRIEFLY = 20
"""Column chunks that are looked at where it has to be quick: well under 1 ms."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What the end of one file says."""

    url: str
    size: int
    """Bytes of the whole file."""
    serialized: bytes
    """A file of the footer alone, as engines take it."""
    layout: FileLayout
    metadata: pq.FileMetaData | None
    schema: pa.Schema | None
    """The columns as pyarrow reads them; None, as the metadata, where it lacks a type."""
    mended: tuple[str, ...] = ()
    """What the metadata says otherwise than the file does, for pyarrow would refuse it."""
    encrypted: bool = False

    @property
    def content(self) -> bytes:
        """The FileMetaData of the file, as it is."""
        return self.serialized[len(MAGIC) : -8]

    def bare(self, *names: str) -> pq.FileMetaData:
        """The metadata with the top-level columns ``names``, of bytes or INT96, as they are
        stored."""
        content = as_bytes(self.content, self.layout.leaves, names)
        return pq.read_metadata(io.BytesIO(_alone(content)))

    @property
    def odd_arrays(self) -> bool:
        """Whether it may have arrays as DuckDB writes them, null with as many values as the others
        have, which pyarrow refuses."""
        try:
            writer = (self.metadata and self.metadata.created_by) or ""
        except UnicodeDecodeError:
            return False
        return writer.startswith("DuckDB") and any(leaf.repeated for leaf in self.layout.leaves)


def read_footer(
    handle: BinaryIO,
    url: str,
    *,
    briefly_from: int | None = None,
    decryption: FileDecryptionProperties | None = None,
) -> Footer:
    """Read and check the footer of an open file. Of one of more than ``briefly_from`` bytes only
    the first row groups are looked at: of what polars reads, that would be felt. With
    ``decryption`` the file may be encrypted.

    Raises SourceError for a file whose keys are missing, has its data elsewhere, or contradicts
    itself; what the engines raise for one that is not Parquet at all."""
    size = handle.seek(0, io.SEEK_END)
    if not size:
        raise SourceError(f"{url} could not be read: it is empty. Write it anew, or {LEAVE_OUT}.")
    tail = _read(handle, max(size - _TAIL, 0), size)
    if tail.endswith(_ENCRYPTED):
        content = decrypted(handle, url, decryption)
        return replace(_parsed(url, content, size, CHUNKS_LOOKED_AT), encrypted=True)
    if size < _AROUND or not tail.endswith(MAGIC):
        raise SourceError(
            f"{url} could not be read: it does not end as a Parquet file does. "
            "If it is one, it is cut short: fetch it again."
        )
    length = int.from_bytes(tail[-8:-4], "little")
    if length > size - _AROUND:
        raise SourceError(
            f"{url} could not be read: its footer claims {length:,} of its {size:,} bytes. "
            "It is damaged or cut short: fetch it again."
        )
    if length + 8 > len(tail):
        tail = _read(handle, size - length - 8, size - len(tail)) + tail
    brief = briefly_from is not None and size > briefly_from
    footer = _parsed(url, tail[-length - 8 : -8], size, _BRIEFLY if brief else CHUNKS_LOOKED_AT)
    groups = footer.layout.groups[:1]
    encrypted = any(chunk.encrypted for group in groups for chunk in group.chunks)
    if encrypted and decryption is None:
        raise needs_key(url)
    if decryption is not None:
        # It may ask that the footer be signed, and that all files be encrypted.
        decrypted(handle, url, decryption, copied=False)
    return replace(footer, encrypted=encrypted)


def _parsed(url: str, content: bytes, size: int, chunks: int) -> Footer:
    try:
        layout = read_layout(content, chunks)
    except ValueError as error:
        raise SourceError(_damaged(url, str(error))) from error
    check_layout(url, layout, size)
    fixed = next(
        (leaf for leaf in layout.leaves if leaf.type == FIXED and leaf.converted == UTF8), None
    )
    if fixed is not None:
        raise SourceError(
            f"{url} could not be read: column {'.'.join(fixed.path)!r} is text of a fixed length, "
            "which Parquet does not have. Write it anew without that (fixed_text of fastparquet), "
            "or read it with DuckDB, which takes it."
        )
    serialized = _alone(content)
    notes: tuple[str, ...] = ()
    try:
        metadata, schema = _told(content)
    except pa.ArrowNotImplementedError:
        metadata = schema = None
    except (pa.ArrowException, OSError) as error:
        found = mended(content, layout, str(error))
        if found is None:
            raise
        content, notes = found[0], (found[1],)
        metadata, schema = _told(content)
    wide = _wide_decimals(layout, schema)
    if wide:
        metadata = pq.read_metadata(io.BytesIO(_alone(as_bytes(content, layout.leaves, wide))))
        notes += (f"column {wide[0]!r} has decimals of more than {DECIMAL_BYTES} bytes",)
    return Footer(url, size, serialized, layout, metadata, schema, notes)


def _told(content: bytes) -> tuple[pq.FileMetaData, pa.Schema]:
    metadata = pq.read_metadata(io.BytesIO(_alone(content)))
    return metadata, metadata.schema.to_arrow_schema()


def _wide_decimals(layout: FileLayout, schema: pa.Schema | None) -> list[str]:
    """The columns of decimals that have fewer digits than bytes to hold them, which no engine of
    ours reads."""
    names = [
        leaf.path[0]
        for leaf in layout.leaves
        if leaf.type == FIXED and leaf.length > DECIMAL_BYTES and len(leaf.path) == 1
    ]
    if schema is None:
        return []
    return [
        name
        for name in names
        if schema.get_field_index(name) >= 0 and pa.types.is_decimal128(schema.field(name).type)
    ]


def _alone(content: bytes) -> bytes:
    return MAGIC + content + len(content).to_bytes(4, "little") + MAGIC


def _read(handle: BinaryIO, start: int, stop: int) -> bytes:
    handle.seek(start)
    parts = []
    while start < stop and (part := handle.read(stop - start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)


def _damaged(url: str, what: str) -> str:
    return f"{url} could not be read: in its footer, {what}. It is damaged: fetch it again."
