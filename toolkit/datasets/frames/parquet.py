"""Writing Parquet: zstd level 1, statistics, row groups of 131,072 rows, in one streaming pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TypedDict

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from polars.io.plugins import register_io_source

from toolkit.datasets.fingerprint.tree import BLOCK_ROWS

_PANDAS = "pandas"


class _Options(TypedDict):
    compression: Literal["zstd"]
    compression_level: int
    row_group_size: int
    statistics: bool


_OPTIONS: _Options = {
    "compression": "zstd",
    "compression_level": 1,
    "row_group_size": BLOCK_ROWS,
    "statistics": True,
}


def write_polars(frame: pl.DataFrame, path: Path, pandas: str) -> None:
    """Write a DataFrame; ``pandas`` is pandas' description of it, for ``pandas.read_parquet``."""
    frame.write_parquet(path, **_OPTIONS, metadata={_PANDAS: pandas} if pandas else None)


def write_polars_blocks(schema: pl.Schema, blocks: Iterator[pl.DataFrame], path: Path) -> None:
    """Write frames of BLOCK_ROWS rows as they come. An error of theirs is raised as it was."""
    failure: list[BaseException] = []

    def source(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        try:
            yield from blocks
        except BaseException as error:
            failure.append(error)
            raise

    try:
        register_io_source(source, schema=schema).sink_parquet(
            path, **_OPTIONS, maintain_order=True, engine="streaming"
        )
    except BaseException:
        if failure:
            raise failure[0] from None
        raise


def write_arrow(schema: pa.Schema, blocks: Iterable[pa.Table], path: Path, pandas: str) -> None:
    """Write tables whose types only Arrow has."""
    if pandas:
        schema = schema.with_metadata({_PANDAS: pandas})
    options = {"compression": "zstd", "compression_level": 1, "write_statistics": True}
    with pq.ParquetWriter(path, schema, **options) as writer:
        for block in blocks:
            writer.write_table(block.replace_schema_metadata(schema.metadata), BLOCK_ROWS)
