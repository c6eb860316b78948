"""Reading a version back: its manifest as one lazy frame, as batches, or as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from toolkit.core.errors import FrameError, UnsupportedTypeError
from toolkit.core.interfaces import ICatalog, IStoredFiles
from toolkit.core.names import parse_ref
from toolkit.core.types import (
    FileId,
    FileLocation,
    FileRecord,
    Fragment,
    LocatedFile,
    LocatedFragment,
    VersionRecord,
)
from toolkit.datasets.fingerprint.logical_types import INT128_FIELD, logical_type
from toolkit.datasets.frames.blocks import streamed
from toolkit.datasets.frames.pandas_frames import pandas_frame
from toolkit.datasets.frames.scanning import scan_options
from toolkit.datasets.manifests.reader import scan_manifest, whole_files
from toolkit.datasets.readers.failures import reading
from toolkit.datasets.upkeep.reads import ReadCounter

if TYPE_CHECKING:
    import pyarrow.dataset as pads

ARROW_ONLY = "arrow_only"
"""Metadata of a version with types that polars does not have."""


def stored_files(manifest: Sequence[Fragment]) -> tuple[FileRecord, ...]:
    """The distinct files of a manifest, in its order."""
    found = {part.file.id: part.file for fragment in manifest for part in fragment.files}
    return tuple(found.values())


class Loader:
    """Resolves references and opens the files behind them."""

    def __init__(
        self, catalog: ICatalog, files: IStoredFiles, reads: ReadCounter | None = None
    ) -> None:
        self._catalog = catalog
        self._files = files
        self._reads = reads

    def resolve(self, ref: str) -> VersionRecord:
        """Raises InvalidNameError, DatasetNotFoundError."""
        parsed = parse_ref(ref)
        with self._catalog.transaction() as tx:
            return tx.versions.resolve(parsed)

    def open(self, ref: str) -> tuple[VersionRecord, tuple[LocatedFragment, ...]]:
        """The version and where its data lies, in the order of its rows.

        Raises FileMissingError or FileChangedError for files that were touched from outside."""
        parsed = parse_ref(ref)
        with self._catalog.transaction() as tx:
            version = tx.versions.resolve(parsed)
            manifest = tx.versions.manifest(version.id)
        places: dict[FileId, FileLocation] = {
            file.id: self._files.locate(file) for file in stored_files(manifest)
        }
        return version, tuple(
            LocatedFragment(
                fragment.rows,
                tuple(
                    LocatedFile(places[part.file.id], part.columns, part.offset)
                    for part in fragment.files
                ),
            )
            for fragment in manifest
        )

    def files(self, version: VersionRecord) -> tuple[FileRecord, ...]:
        """The distinct files of a version."""
        with self._catalog.transaction() as tx:
            manifest = tx.versions.manifest(version.id)
        return stored_files(manifest)

    def scan(self, ref: str) -> pl.LazyFrame:
        """The version as a lazy frame; nothing is read yet."""
        return self.scan_of(*self.open_frame(ref))

    def open_frame(self, ref: str) -> tuple[VersionRecord, tuple[LocatedFragment, ...]]:
        """As ``open``. Raises FrameError for a dataset of raw bytes."""
        version, fragments = self.open(ref)
        if version.kind != "frame":
            raise FrameError(
                f"{version.ref} is a raw file, not a frame: write it out with "
                f'ws.export("{version.ref}", path) and read that.'
            )
        if self._reads is not None:
            self._reads.note(version.id)
        return version, fragments

    def scan_of(self, version: VersionRecord, fragments: Sequence[LocatedFragment]) -> pl.LazyFrame:
        """What ``open_frame`` found as a lazy frame. Raises UnsupportedTypeError."""
        if version.metadata.get(ARROW_ONLY) and _beyond_polars(stored_schema(version)):
            raise UnsupportedTypeError(
                f'{version.ref} has types that polars lacks: load it with engine="arrow".'
            )
        return scan_manifest(version, fragments)

    def schema(self, ref: str) -> pa.Schema:
        """The Arrow schema with which the version was saved."""
        return stored_schema(self.resolve(ref))

    def batches(self, ref: str, size: int) -> Iterator[pa.RecordBatch]:
        """The rows in batches of at most ``size``, in the types of the saved schema, in bounded
        memory."""
        version, fragments = self.open_frame(ref)
        schema = stored_schema(version)
        _check_arrow_has(version)
        with reading(version.ref, hint="Run ws.check()."):
            if not whole_files(fragments):
                for part in streamed(self.scan_of(version, fragments), size):
                    table = in_types(part.to_arrow(), schema)
                    yield from table.to_batches(max_chunksize=size)
                return
            dataset = _dataset(fragments)
            for batch in dataset.to_batches(**scan_options(dataset, size)):
                yield from restore(pa.Table.from_batches([batch]), schema).to_batches()

    def table(self, ref: str) -> pa.Table:
        """The version as a pyarrow Table, in the types with which it was saved."""
        version, fragments = self.open_frame(ref)
        schema = stored_schema(version)
        _check_arrow_has(version)
        with reading(version.ref, hint="Run ws.check()."):
            if whole_files(fragments):
                return restore(_dataset(fragments).to_table(), schema)
            frame = self.scan_of(version, fragments).collect(engine="streaming")
            return in_types(frame.to_arrow(), schema)

    def pandas(self, ref: str) -> Any:
        """The version as a pandas DataFrame, with the index, dtypes and categories that it had."""
        version = self.resolve(ref)
        return pandas_frame(
            self.table(version.ref), version.metadata.get("pandas", ""), version.rows
        )


def _check_arrow_has(version: VersionRecord) -> None:
    if any(INT128_FIELD in (field.metadata or {}) for field in stored_schema(version)):
        raise UnsupportedTypeError(
            f"{version.ref} has 128-bit integers, which Arrow lacks: load it with polars."
        )


def stored_schema(version: VersionRecord) -> pa.Schema:
    """The Arrow schema that the version was saved with."""
    return pa.ipc.read_schema(pa.py_buffer(version.schema))


def restore(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Cast the columns whose type Parquet widened (seconds became milliseconds, say)."""
    for index, (stored, field) in enumerate(zip(table.schema, schema, strict=True)):
        if stored.type == field.type:
            continue
        if pa.types.is_dictionary(field.type):
            if not pa.types.is_dictionary(stored.type):
                # Parquet keeps only categories of text as such.
                encoded = table.column(index).cast(field.type.value_type).dictionary_encode()
                table = table.set_column(index, field.name, encoded)
            continue
        if logical_type(stored.remove_metadata()) != logical_type(field.remove_metadata()):
            table = table.set_column(index, field.name, table.column(index).cast(field.type))
    return table


def in_types(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """As ``restore``, for a table out of polars, which has wider texts and lists."""
    table = restore(table, schema)
    for index, (given, field) in enumerate(zip(table.schema, schema, strict=True)):
        if given.type != field.type and not pa.types.is_dictionary(field.type):
            # Where Arrow has no such cast, the logical type is the saved one nevertheless.
            with suppress(pa.ArrowNotImplementedError, pa.ArrowInvalid):
                cast = table.column(index).cast(field.type)
                table = table.set_column(index, field.name, cast)
    return table


def _dataset(fragments: Sequence[LocatedFragment]) -> pads.Dataset:
    import pyarrow.dataset as pads

    places = [file.location for fragment in fragments for file in fragment.files]
    if all(place.path is not None for place in places):
        return pads.dataset([str(place.path) for place in places], format="parquet")
    paths = [place.fs_path for place in places]
    return pads.dataset(paths, filesystem=places[0].filesystem, format="parquet")


def _beyond_polars(schema: pa.Schema) -> bool:
    """Whether polars cannot even open the file (a wide decimal; other types come back wider)."""
    return any(pa.types.is_decimal256(field.type) for field in schema)
