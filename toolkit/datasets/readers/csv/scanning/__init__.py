"""The rows of CSV files: parsed by polars from pieces of a file, or split into records.

``scan`` chooses between the two ways and gives the rows. ``pieces`` cuts a file, and ``native`` has
polars parse a piece, after a look at its ``quotes`` and ``codes``. ``known`` keeps what was found
out about a file.
"""
