"""Formats of columns that pyarrow reads batch by batch: Arrow IPC and ORC."""
