"""A lazy scan of CSV files that polars cannot open itself: remote, or in another encoding.

CSV has no random access: every byte has to be fetched. It goes in chunks to a private temporary
file as UTF-8, which polars then scans, so that the rows are those of a local file and memory stays
bounded. The file is deleted when the scan ends, fails or is given up.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import polars as pl
from polars.io.plugins import register_io_source

from toolkit.datasets.readers.failures import ENGINE_FAILURES, reading
from toolkit.datasets.readers.sources import ResolvedSource
from toolkit.datasets.readers.text import chunks

FIRST_ROWS_BYTES = 1 << 22
"""Bytes that a scan for the first rows fetches before it fetches the whole file."""


@dataclass(frozen=True, slots=True)
class SpooledScan:
    """The IO source of one reader; opens nothing until it is called by the engine."""

    source: ResolvedSource
    encoding: str
    parse: Callable[[str], pl.LazyFrame]
    """Scans a local UTF-8 file."""
    constants: Sequence[Sequence[pl.Expr]]
    """The partition columns of each file."""
    hint: str

    def lazy(self, schema: pl.Schema) -> pl.LazyFrame:
        """The lazy frame over all files; ``schema`` includes the partition columns."""
        return register_io_source(
            self._frames,
            schema=schema,
            is_pure=True,
            explain_name="CSV",
            explain_detail=self.source.given,
        )

    def _frames(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        # The engine asks for n_rows of the source, before the predicate.
        remaining = n_rows
        for index, path in enumerate(self.source.paths):
            if remaining == 0:
                return
            with (
                reading(self.source.urls[index], self.hint, remote=self.source.remote),
                tempfile.TemporaryDirectory(prefix="toolkit-") as folder,
                closing(chunks(self.source, path, self.encoding)) as parts,
            ):
                local = os.path.join(folder, "spool.csv")
                lazy = partial(self._lazy_file, local, index, with_columns)
                if remaining is None:
                    _fetch(local, parts, None)
                    frame = lazy() if predicate is None else lazy().filter(predicate)
                    yield from frame.collect_batches(chunk_size=batch_size, maintain_order=True)
                else:
                    first = _first_rows(local, parts, lazy, remaining)
                    remaining -= first.height
                    yield first if predicate is None else first.filter(predicate)

    def _lazy_file(self, local: str, index: int, columns: list[str] | None) -> pl.LazyFrame:
        frame = self.parse(local).with_columns(self.constants[index])
        return frame if columns is None else frame.select(columns)


def _first_rows(
    local: str, parts: Iterator[bytes], lazy: Callable[[], pl.LazyFrame], limit: int
) -> pl.DataFrame:
    if not _fetch(local, parts, FIRST_ROWS_BYTES):
        try:
            # The last row of a cut file may be wrong: one more than asked for must be there.
            frame = lazy().head(limit + 1).collect()
        except ENGINE_FAILURES:
            frame = pl.DataFrame()
        if frame.height > limit:
            return frame.head(limit)
        _fetch(local, parts, None)
    return lazy().head(limit).collect()


def _fetch(local: str, parts: Iterator[bytes], limit: int | None) -> bool:
    """Append to the file until ``limit`` bytes are there; True when all of the source is."""
    with open(local, "ab") as file:
        for part in parts:
            file.write(part)
            if limit is not None and file.tell() >= limit:
                return False
    return True
