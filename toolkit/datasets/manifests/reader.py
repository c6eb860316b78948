"""A version's manifest as one lazy frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import polars as pl
import pyarrow as pa

from toolkit.core.types import LocatedFragment, VersionRecord
from toolkit.datasets.manifests.scans import StrandScanner
from toolkit.datasets.manifests.strands import Piece, lay_out
from toolkit.datasets.manifests.types import column_types
from toolkit.datasets.manifests.zipped import ZippedScan
from toolkit.datasets.readers.parquet import ParquetDatasetReader
from toolkit.datasets.readers.sources import ResolvedSource


def scan_manifest(version: VersionRecord, fragments: Sequence[LocatedFragment]) -> pl.LazyFrame:
    """The version's columns, in order and under their names, as a lazy frame; nothing is read yet.

    Where one file after the other has the rows, the frame is the engine's own scan of them, with
    renames and row ranges in its plan. Where rows have to be put together from several files, it
    is an IO source that opens the files which a query needs."""
    schema = pa.ipc.read_schema(pa.py_buffer(version.schema))
    layout = lay_out(schema.names, fragments)

    @cache
    def dtypes() -> Mapping[str, pl.DataType]:
        return column_types(schema, layout)

    if len(layout.strands) > 1:
        return ZippedScan(version.ref, layout, dtypes).lazy()
    pieces = layout.strands[0].pieces
    if _remote_whole(pieces):
        return _remote_reader(version, pieces).polars()
    scanner = StrandScanner(layout.row_name, layout.origin, dtypes)
    return scanner.filterable(layout.strands[0], layout.columns)


def whole_files(fragments: Sequence[LocatedFragment]) -> bool:
    """Whether each fragment is a file as it is: any Parquet reader can then read the version."""
    return all(
        len(fragment.files) == 1
        and fragment.files[0].columns is None
        and fragment.files[0].offset is None
        for fragment in fragments
    )


def _remote_whole(pieces: Sequence[Piece]) -> bool:
    return all(
        piece.names is None and piece.offset is None and piece.location.path is None
        for piece in pieces
    )


def _remote_reader(version: VersionRecord, pieces: Sequence[Piece]) -> ParquetDatasetReader:
    return ParquetDatasetReader(
        ResolvedSource(
            version.ref,
            tuple(piece.location.fs_path for piece in pieces),
            tuple(piece.location.uri for piece in pieces),
            pieces[0].location.filesystem,
        )
    )
