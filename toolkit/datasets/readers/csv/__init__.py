"""The CSV reader: what a file is like, its records, its types, and the scans over them."""
