"""The files of a source, as their footers tell of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
import pyarrow.parquet as pq

from toolkit.datasets.readers.failures import reading
from toolkit.datasets.readers.parquet import pages
from toolkit.datasets.readers.parquet.footer import Footer, read_footer
from toolkit.datasets.readers.parquet.hadoop_lz4 import CODEC
from toolkit.datasets.readers.parquet.layout import FileLayout
from toolkit.datasets.readers.parquet.types import Columns, columns_of
from toolkit.datasets.readers.partitions import constant_columns
from toolkit.datasets.readers.sources import ResolvedSource

if TYPE_CHECKING:
    from pyarrow.parquet import FileDecryptionProperties

_KEPT = 64 << 20
"""Bytes of footers that are kept; the others are read again with the rows of their files."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """What the path and the footer of one file say."""

    path: str
    url: str
    hive: Mapping[str, str | None]
    """Keys and values of its hive partition; None: null."""
    columns: Columns
    size: int
    """Bytes of the whole file."""
    rows: int
    metadata: pq.FileMetaData | None
    """None where it has to be read again, or pyarrow lacks a type."""
    layout: FileLayout | None
    """Kept of the files whose pages are looked at."""
    mended: bool
    """Whether only its metadata here tells how to read it: see ``Footer``, as for the next."""
    odd_arrays: bool
    huge_lists: bool
    """As of FileLayout."""

    def constants(self, partitions: Mapping[str, pl.DataType]) -> list[pl.Expr]:
        """The columns ``partitions``, which have one value in all of the file."""
        return constant_columns(self.hive, partitions)


def read_files(
    source: ResolvedSource,
    hint: str,
    *,
    briefly_from: int | None,
    int96: str | None,
    decryption: FileDecryptionProperties | None,
) -> list[DataFile]:
    """Read the footer of every file: see ``read_footer`` and ``columns_of``.

    Raises SourceError, which ends in ``hint`` where an engine refuses a footer."""
    found: list[DataFile] = []
    kept, budget = 0, pages.PAGES_LOOKED_AT
    before: tuple[Footer, Columns] | None = None
    for index, (path, url) in enumerate(zip(source.paths, source.urls, strict=True)):
        with (
            reading(url, hint, remote=source.remote),
            source.open(path, random_access=True) as handle,
        ):
            footer = read_footer(handle, url, briefly_from=briefly_from, decryption=decryption)
            kept += len(footer.serialized)
            decided = columns_of(footer, int96, before)
            before = before or (footer, decided)
            # Within: a text of the footer that is no UTF-8 shows only where it is asked for.
            found.append(
                DataFile(
                    path,
                    url,
                    source.hive(index),
                    decided,
                    footer.size,
                    footer.layout.rows,
                    footer.metadata if kept <= _KEPT else None,
                    footer.layout if budget > 0 and not footer.encrypted else None,
                    bool(footer.mended),
                    footer.odd_arrays,
                    footer.layout.huge_lists,
                )
            )
        budget -= sum(len(group.chunks) for group in footer.layout.groups)
    return found


def read_schema(source: ResolvedSource, path: str, url: str) -> pl.Schema:
    """The columns of one file, from its footer."""
    with source.open(path, random_access=True) as handle:
        return columns_of(read_footer(handle, url), None).dtypes


def needs_second_look(source: ResolvedSource, file: DataFile) -> bool:
    """Whether pyarrow alone may not read a file that can be read, as far as some of its first pages
    tell: see ``SecondLook``."""
    if file.layout is None:
        return False
    packed = any(chunk.codec == CODEC for _, chunk in file.layout.chunks())
    if packed or file.layout.decimals_of_any_length:
        return True
    if source.remote:
        return False
    with source.open(file.path, random_access=True) as handle:
        read = partial(os.pread, handle.fileno())
        some = pages.PAGES_LOOKED_AT // max(len(file.layout.leaves), 1)
        return any(pages.begins_empty(group, read) for group in file.layout.groups[: max(some, 1)])


def look_at_pages(source: ResolvedSource, files: Iterable[DataFile], hint: str) -> None:
    """Look at some of the pages of ``files`` before an engine does: see ``pages``. Raises
    SourceError."""
    budget = pages.PAGES_LOOKED_AT
    for file in files:
        if file.layout is None or budget <= 0:
            continue
        with (
            reading(file.url, hint, remote=source.remote),
            source.open(file.path, random_access=True) as handle,
        ):
            if source.remote:
                pages.check_levels(file.url, file.layout, partial(pages.read_at, handle))
            else:
                read = partial(os.pread, handle.fileno())
                budget = pages.check_pages(file.url, file.layout, read, budget)
