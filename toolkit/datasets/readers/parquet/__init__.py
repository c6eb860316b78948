"""Parquet files, by polars' own scan where it reads them right, else by pyarrow."""

from toolkit.datasets.readers.parquet.reader import ParquetDatasetReader, looks_like_parquet

__all__ = ["ParquetDatasetReader", "looks_like_parquet"]
