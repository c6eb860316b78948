"""The catalog: one embedded DuckDB file, shared by threads and processes under a lease."""
