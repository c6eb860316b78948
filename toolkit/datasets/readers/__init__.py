"""Lazy readers of Parquet and CSV."""
