"""Files as a dataset of pyarrow, which pushes columns and filters down by itself."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.fs as pafs

from toolkit.datasets.readers.parquet.files import DataFile
from toolkit.datasets.readers.partitions import parse_value
from toolkit.datasets.readers.sources import ResolvedSource

if TYPE_CHECKING:
    import pyarrow.dataset as pads
    from pyarrow.parquet import FileDecryptionProperties


class RandomAccessHandler(pafs.FSSpecHandler):  # type: ignore[misc]
    """Lets pyarrow open files without fsspec's read-ahead."""

    def open_input_file(self, path: str) -> pa.PythonFile:
        return pa.PythonFile(self.fs.open(path, "rb", cache_type="none"), mode="r")


def dataset_of(
    source: ResolvedSource,
    files: Iterable[DataFile],
    schema: pa.Schema,
    partitions: Mapping[str, pl.DataType],
    *,
    microseconds: bool,
    decryption: FileDecryptionProperties | None,
) -> pads.Dataset:
    """The dataset of ``files`` with the columns ``schema``, in which those of ``partitions`` are.
    ``microseconds``: INT96 timestamps have them, else nanoseconds."""
    import pyarrow.dataset as pads

    options = pads.ParquetReadOptions(coerce_int96_timestamp_unit="us" if microseconds else None)
    format_ = pads.ParquetFileFormat(
        read_options=options,
        default_fragment_scan_options=pads.ParquetFragmentScanOptions(
            decryption_properties=decryption, page_checksum_verification=True
        ),
    )
    filesystem = (
        pafs.PyFileSystem(RandomAccessHandler(source.filesystem))
        if source.remote
        else pafs.LocalFileSystem()
    )
    fragments = [
        format_.make_fragment(
            file.path, filesystem, partition_expression=_expression(file.hive, partitions)
        )
        for file in files
    ]
    return pads.FileSystemDataset(fragments, schema, format_, filesystem)


def _expression(
    values: Mapping[str, str | None], partitions: Mapping[str, pl.DataType]
) -> pads.Expression | None:
    import pyarrow.dataset as pads

    if not partitions:
        return None
    terms = [
        pads.field(key).is_null()
        if values[key] is None
        else pads.field(key) == parse_value(values[key], dtype)
        for key, dtype in partitions.items()
    ]
    return functools.reduce(operator.and_, terms)
