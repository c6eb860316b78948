"""The columns of one Parquet file, as every reader of it names and types them."""

from __future__ import annotations

import polars as pl

from toolkit.datasets.readers.parquet.footer import read_footer
from toolkit.datasets.readers.parquet.types import columns
from toolkit.datasets.readers.sources import ResolvedSource


def read_schema(source: ResolvedSource, path: str, url: str) -> pl.Schema:
    """The columns of one file, from its footer."""
    with source.open(path, random_access=True) as handle:
        return columns(read_footer(handle, url), None).dtypes
