"""Ad-hoc SQL over a workspace: datasets as views, in a DuckDB instance of its own."""
