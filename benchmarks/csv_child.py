"""One streaming pass over a CSV file, in a process whose peak memory is its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl

from benchmarks import csv_files
from benchmarks.lazy_child import peak_bytes


def main() -> None:
    """Scan the way that the arguments name, and print the peak memory as JSON."""
    way, path = sys.argv[1], Path(sys.argv[2])
    frame = csv_files.scan(path) if way == "polars" else csv_files.reader(path).polars()
    frame.select(pl.all().null_count()).collect(engine="streaming")
    print(json.dumps({"peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    main()
