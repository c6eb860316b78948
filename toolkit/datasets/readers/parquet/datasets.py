"""Files as a dataset of pyarrow, which pushes columns and filters down by itself."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from toolkit.datasets.readers.parquet.scan import RandomAccessHandler
from toolkit.datasets.readers.partitions import parse_value
from toolkit.datasets.readers.sources import ResolvedSource

if TYPE_CHECKING:
    import pyarrow.dataset as pads
    from pyarrow.parquet import FileDecryptionProperties


def dataset_of(
    source: ResolvedSource,
    schema: pa.Schema,
    partitions: Mapping[str, pl.DataType],
    *,
    microseconds: bool,
    decryption: FileDecryptionProperties | None,
) -> pads.Dataset:
    """The dataset with the columns ``schema``, in which those of the ``partitions`` are.
    ``microseconds``: INT96 timestamps have them, else nanoseconds."""
    import pyarrow.dataset as pads
    import pyarrow.fs as pafs

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
            path, filesystem, partition_expression=_expression(values, partitions)
        )
        for path, values in zip(source.paths, _values(source, partitions), strict=True)
    ]
    return pads.FileSystemDataset(fragments, schema, format_, filesystem)


def _values(
    source: ResolvedSource, partitions: Mapping[str, pl.DataType]
) -> list[Mapping[str, str | None]]:
    return list(source.partitions) if partitions else [{}] * len(source.paths)


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
