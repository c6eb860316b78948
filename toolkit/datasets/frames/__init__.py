"""Frames on their way into the store: any engine's frame as blocks of columns, and as Parquet."""
