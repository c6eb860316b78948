"""Lazy readers: of CSV, Parquet, JSON lines, Arrow IPC and ORC, wherever the files are."""
