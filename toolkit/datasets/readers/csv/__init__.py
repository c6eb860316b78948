"""The CSV reader: what a file is like, its records, its types, and the scans over them.

In the order of the work: ``planning`` has ``detection`` find out how a file is written, which is a
``Layout``; ``inference`` finds the ``types`` of its columns; ``scanning`` reads its rows, by polars
itself or by ``records``, which splits a text and mends what is damaged. ``contracts``
keep what was found for later files, ``reports`` tell it to a person."""
