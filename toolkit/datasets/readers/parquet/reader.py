"""The Parquet reader: polars' own scan where it reads a file right, pyarrow for the others and for
what is not local."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from itertools import groupby
from typing import TYPE_CHECKING, Literal

import polars as pl
import pyarrow.parquet as pq

from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.datasets.readers.agreement import require_joinable, require_same_columns
from toolkit.datasets.readers.base import LazyFrameReader, marked
from toolkit.datasets.readers.parquet.datasets import dataset_of
from toolkit.datasets.readers.parquet.decrypting import require_properties
from toolkit.datasets.readers.parquet.files import (
    DataFile,
    look_at_pages,
    needs_second_look,
    read_files,
)
from toolkit.datasets.readers.parquet.footer import MAGIC
from toolkit.datasets.readers.parquet.guarded import GuardedScan
from toolkit.datasets.readers.parquet.joining import exact_by_statistics, joined, needs_fitting
from toolkit.datasets.readers.parquet.native import native_scan
from toolkit.datasets.readers.parquet.scan import ArrowScan
from toolkit.datasets.readers.parquet.union import union_schema
from toolkit.datasets.readers.partitions import partition_schema
from toolkit.datasets.readers.portable import in_dataset
from toolkit.datasets.readers.sources import ResolvedSource

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads

    from toolkit.core.io_sources import Request
    from toolkit.datasets.readers.parquet.layout import FileLayout

SMALL = 4 << 20
"""Bytes up to which local files are read by pyarrow, which is as fast there and, unlike polars,
neither panics nor ends the process on damage that only shows in the pages."""
FEW = 8
"""Files up to which that holds: of many, polars reads several at once."""
_UNION = (
    "Pass schema='union' to join them, with null where a file has no such column, or read the "
    "files that belong together."
)


def looks_like_parquet(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a Parquet file."""
    return head.startswith((MAGIC, b"PARE"))


def _is_doubtful(layout: FileLayout | None) -> bool:
    """Whether pyarrow may read other values than the file has, which its pages tell."""
    return layout is not None and (layout.old_levels or layout.fixed_dictionaries)


class ParquetDatasetReader(LazyFrameReader):
    """Reads Parquet files, with their hive partitions.

    ``schema="same"`` asks that all files have the same columns; ``"union"`` joins files whose
    columns differ: those that a file does not have are null there, and types are widened where
    no value is lost. ``int96`` is the unit, ``"ns"`` or ``"us"``, of the old 96-bit timestamps;
    by default microseconds for files of Apache Spark, which has no finer ones, else nanoseconds.
    ``decryption`` has the keys of encrypted files: a FileDecryptionProperties of pyarrow. A file
    whose keys it does not have is an error, and so is one that is not encrypted unless the
    properties allow that, as those of pyarrow's CryptoFactory do.

    The footer of every file is read once, at the first call of a method, so that a file that is
    not Parquet, contradicts itself or has other columns is named at once. ``explain()`` tells
    which engine reads. ``arrow()`` is a pyarrow dataset, or a stream where pyarrow alone would give
    other types.
    """

    hint = "If it is a Parquet file, it is damaged or cut short: fetch it again."

    def __init__(
        self,
        source: ResolvedSource,
        *,
        schema: Literal["same", "union"] = "same",
        int96: Literal["ns", "us"] | None = None,
        decryption: pq.FileDecryptionProperties | None = None,
    ) -> None:
        super().__init__(source)
        if schema not in ("same", "union"):
            raise InvalidArgumentError(f"schema={schema!r} is neither 'same' nor 'union'.")
        if int96 not in (None, "ns", "us"):
            raise InvalidArgumentError(f"int96={int96!r} is neither 'ns' nor 'us'.")
        self._union = schema == "union"
        require_properties(decryption)
        self._int96 = int96
        self._decryption = decryption
        self._given_up: set[str] = set()

    @property
    def engine(self) -> Literal["polars", "pyarrow"]:
        """Which engine reads the files. Raises SourceError."""
        return "polars" if all(self._native) else "pyarrow"

    def explain(self) -> str:
        """The engine, and why it is not polars: a line each. Raises SourceError."""
        count = len(self._files)
        files = "1 file" if count == 1 else f"{count} files"
        lines = [f"{self._source.given}: {files}, read by {self.engine}"]
        if self._source.remote:
            lines.append("  fetched through fsspec: the columns and row groups that a query needs")
        elif not any(self._native) and all(file.columns.scanned for file in self._files):
            lines.append("  small enough for pyarrow, which checks more, or types that differ")
        for file in self._files:
            lines += [f"  {file.url}: {note}" for note in file.columns.notes]
            if file.url in self._given_up:
                lines.append(f"  {file.url}: polars gave up on it, pyarrow read the rest")
        return "\n".join(lines)

    @marked
    def polars(self) -> pl.LazyFrame:
        return self._frame(guarded=True)

    def _frame(self, *, guarded: bool) -> pl.LazyFrame:
        if not self._union:
            return self._scan(range(len(self._files)), guarded=guarded)
        wanted = self._schema
        runs = [list(run) for _, run in groupby(range(len(self._files)), self._kind)]
        return pl.concat(
            joined(
                self._scan(run, guarded=guarded),
                self._files[run[0]].url,
                wanted,
                self._partition_schema,
                self._proven[run[0]],
            )
            for run in runs
        )

    def count(self) -> int:
        self._require_agreement()
        return sum(file.rows for file in self._files)

    def _batches(self, frame: pl.LazyFrame, size: int) -> Iterator[pa.RecordBatch]:
        rows = 0
        try:
            # The errors of this face are ours without a guard.
            for batch in super()._batches(self._frame(guarded=False), size):
                rows += batch.num_rows
                yield batch
        except SourceError:
            if not any(self._native):
                raise
        # After a panic in one of its threads polars may end the stream as if all were well.
        if rows != self.count():
            yield from super()._batches(self._frame(guarded=True).slice(rows), size)

    def arrow(self) -> pads.Dataset | pa.RecordBatchReader:
        if not all(self._dataset_gives(file) for file in self._files) or any(self._fitted):
            return self._stream()
        schema = self.schema()
        micro = any(file.columns.microseconds for file in self._files)
        with self._reading():
            return dataset_of(
                self._source,
                self._files,
                schema,
                self._partition_schema,
                microseconds=micro,
                decryption=self._decryption,
            )

    @cached_property
    def _files(self) -> list[DataFile]:
        return read_files(
            self._source,
            self.hint,
            # What is far away takes longer to fetch than to look at.
            briefly_from=None if self._source.remote else SMALL,
            int96=self._int96,
            decryption=self._decryption,
        )

    @cached_property
    def _schema(self) -> pl.Schema:
        """The columns of the files, without those of the partitions."""
        files = [(file.url, file.columns.dtypes) for file in self._files]
        if not self._union:
            require_same_columns(self._source.given, *files, advice=_UNION)
            return files[0][1]
        joined, apart = union_schema([dtypes for _, dtypes in files])
        require_joinable(self._source.given, files, apart)
        return joined

    @cached_property
    def _native(self) -> tuple[bool, ...]:
        """Of each file, whether polars reads it."""
        self._require_agreement()
        native = tuple(self._suits_polars(file) for file in self._files)
        if not self._union and not (all(native) and self._scanned_alike()):
            # All of them are one scan.
            native = (False,) * len(native)
        looked_at = [
            file
            for file, chosen in zip(self._files, native, strict=True)
            if chosen or _is_doubtful(file.layout)
        ]
        look_at_pages(self._source, looked_at, self.hint)
        return native

    def _suits_polars(self, file: DataFile) -> bool:
        if self._source.remote or file.columns.scanned is None:
            return False
        beyond_pyarrow = file.columns.portable is None or file.odd_arrays or file.huge_lists
        return beyond_pyarrow or not self._small

    @cached_property
    def _small(self) -> bool:
        return len(self._files) <= FEW and sum(file.size for file in self._files) <= SMALL

    def _scanned_alike(self) -> bool:
        """Whether polars' scan has the same types in all files, in whatever order."""
        first, *others = (dict(file.columns.scanned or {}) for file in self._files)
        return all(other == first for other in others)

    def _require_agreement(self) -> None:
        """Raise SourceError unless the files go together."""
        self._schema, self._partition_schema  # noqa: B018 - they are computed once

    @cached_property
    def _partition_schema(self) -> dict[str, pl.DataType]:
        return partition_schema(self._source.partitions, self._source.urls)

    def _kind(self, index: int) -> tuple[object, ...]:
        """Files that follow each other and are equal in this are one scan."""
        found = self._files[index].columns
        proven, fitted = self._proven[index], self._fitted[index]
        # A file whose values have to be looked at is a scan of its own, so that errors name it.
        kind = (tuple(found.dtypes.items()), proven, index if fitted - proven else -1)
        return (*kind, tuple((found.scanned or {}).items())) if self._native[index] else kind

    @cached_property
    def _fitted(self) -> list[frozenset[str]]:
        """Of each file, the columns that a cast does not bring to the type of the union."""
        wanted = self._schema
        return [
            frozenset(
                name
                for name, dtype in file.columns.dtypes.items()
                if needs_fitting(dtype, wanted[name])
            )
            for file in self._files
        ]

    @cached_property
    def _proven(self) -> list[frozenset[str]]:
        """Of each file, those of them whose statistics tell that all values fit."""
        return [
            exact_by_statistics(file.metadata, sorted(names))
            for file, names in zip(self._files, self._fitted, strict=True)
        ]

    def _scan(self, indices: Sequence[int], *, guarded: bool) -> pl.LazyFrame:
        chosen = [self._files[index] for index in indices]
        if self._native[indices[0]]:
            paths = [file.path for file in chosen]
            rows = sum(file.rows for file in chosen)
            columns = chosen[0].columns
            if not guarded:
                return native_scan(paths, columns, self._partition_schema)
            other = None if columns.portable is None else partial(self._read_by_pyarrow, chosen)
            return GuardedScan(
                paths,
                columns,
                self._partition_schema,
                rows,
                self.hint,
                chosen[0].layout,
                other,
            ).lazy()
        return self._by_pyarrow(chosen).lazy()

    def _by_pyarrow(self, files: Sequence[DataFile]) -> ArrowScan:
        return ArrowScan(self._source, files, self._partition_schema, self._decryption)

    def _read_by_pyarrow(
        self, files: Sequence[DataFile], request: Request
    ) -> Iterator[pl.DataFrame]:
        """Answers what polars gave up on."""
        for part in self._by_pyarrow(files).read(request):
            self._given_up.update(file.url for file in files)
            yield part

    def _dataset_gives(self, file: DataFile) -> bool:
        """Whether pyarrow's dataset gives what the other faces give."""
        return not (
            file.mended
            or file.huge_lists
            or (file.columns.int96 and not file.columns.microseconds)
            or not file.columns.dtypes
            or needs_second_look(self._source, file)
            or not all(map(in_dataset, file.columns.dtypes.values()))
        )
