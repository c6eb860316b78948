"""Refuses footers and page headers that contradict the file, before an engine believes them.

Each rule here is a file that made an engine abort, allocate what it was told to, or read other rows
than the file has. Everything that an engine refuses by itself is left to it."""

from __future__ import annotations

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.parquet.layout import FIXED, Chunk, FileLayout, Leaf, RowGroup

MANY_VALUES = 1 << 26
"""Values from which a row group has to have bytes to show for them: nulls and repetitions take
next to none, and are all spelled out in memory."""
VALUES_PER_BYTE = 1 << 12
_LONG_VALUE = 1 << 20


def check_layout(url: str, layout: FileLayout, size: int) -> None:
    """Raise SourceError where the footer of a file of ``size`` bytes cannot be true."""
    total = 0
    for number, group in enumerate(layout.groups):
        where = f"row group {number}"
        if len(group.chunks) != len(layout.leaves):
            _refuse(
                url,
                f"{where} has {len(group.chunks)} columns, but the schema {len(layout.leaves)}",
            )
        if group.rows < 0:
            _refuse(url, f"{where} has {group.rows} rows")
        total += group.rows
        for leaf, chunk in zip(layout.leaves, group.chunks, strict=True):
            # Of an encrypted chunk the numbers may be hidden; they are signed in any case.
            problem = "" if chunk.encrypted else _problem(leaf, chunk, group, size)
            if problem:
                _refuse(url, f"column {'.'.join(leaf.path)!r} of {where} {problem}")
        stored = sum(chunk.stored for chunk in group.chunks)
        values = max((chunk.values for chunk in group.chunks), default=0)
        if values > max(MANY_VALUES, stored * VALUES_PER_BYTE):
            _refuse(url, f"{where} claims {values:,} values in {stored:,} bytes")
    if layout.rows < total or (layout.complete and layout.rows != total):
        _refuse(url, f"the file has {layout.rows} rows, but its row groups {total}")


def _problem(leaf: Leaf, chunk: Chunk, group: RowGroup, size: int) -> str:
    if chunk.elsewhere:
        return f"lies in another file ({chunk.elsewhere.decode('utf-8', 'replace')[:80]!r})"
    if chunk.stored < 0 or chunk.start < 0 or chunk.start + chunk.stored > size:
        return (
            f"lies outside of the file: {chunk.stored:,} bytes at {chunk.start:,} of {size:,} bytes"
        )
    if chunk.values and not chunk.stored:
        return f"has no bytes for {chunk.values} values"
    if not leaf.repeated and chunk.values != group.rows:
        return f"has {chunk.values} values for {group.rows} rows"
    if leaf.type == FIXED and leaf.length > max(_LONG_VALUE, chunk.unpacked, size):
        return f"claims values of {leaf.length:,} bytes"
    return ""


def _refuse(url: str, what: str) -> None:
    raise SourceError(f"{url} could not be read: {what}. It is damaged: fetch it again.")
