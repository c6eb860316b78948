"""polars' own scan of local files that it reads right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from toolkit.datasets.readers.parquet.types import Columns
from toolkit.datasets.readers.partitions import partition_values


def native_scan(
    paths: Sequence[str], columns: Columns, partitions: Mapping[str, pl.DataType]
) -> pl.LazyFrame:
    """The engine's scan of files that have the same columns, with pushdown of both kinds.

    ``columns`` are those of the first; ``scanned`` of it is not None."""
    scanned = columns.scanned or pl.Schema()
    # polars takes keys from the whole path, also from above the folder that was passed: those
    # have to be declared, and are dropped again.
    above = [
        key
        for key in (partition_values(paths[0], "/") if partitions else ())
        if key not in partitions and key not in scanned
    ]
    frame = pl.scan_parquet(
        list(paths),
        glob=False,
        hive_partitioning=bool(partitions),
        hive_schema={**dict.fromkeys(above, pl.String()), **partitions} if partitions else None,
        # With microseconds asked for, polars makes them of INT96 without the way through
        # nanoseconds, which would not hold all.
        schema=scanned if columns.microseconds else None,
        cast_options=pl.ScanCastOptions(datetime_cast="nanosecond-downcast")
        if columns.microseconds
        else None,
    )
    casts = [
        pl.col(name).cast(dtype)
        for name, dtype in columns.dtypes.items()
        if scanned.get(name, dtype) != dtype and name not in partitions
    ]
    if casts:
        frame = frame.with_columns(casts)
    return frame.drop(above) if above else frame
