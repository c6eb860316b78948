"""Reads the Parquet files it is given through the faces it is told, as small files are read or as
"large" ones are, and prints what came of each as a line of JSON. Memory and the time for a file are
limited: what does not keep to them ends this process."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys

import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.factory import DatasetReaderFactory
from toolkit.datasets.readers.parquet import reader as reader_module

MEMORY = 3 << 30
SECONDS = 10
ENGINE = (OSError, pa.ArrowException, UnicodeError, MemoryError)
"""What a pyarrow dataset raises by itself, outside of the reader."""


def polars(reader):
    frame = reader.polars()
    collected = frame.collect()
    assert collected.schema == frame.collect_schema(), "another schema than announced"
    return collected.height


def arrow(reader):
    found = reader.arrow()
    try:
        table = found.to_table() if isinstance(found, pads.Dataset) else found.read_all()
    except ENGINE as error:
        if isinstance(error, SourceError):
            raise
        return "engine"
    assert table.schema.equals(reader.schema()), "another schema than announced"
    return table.num_rows


FACES = {
    "polars": polars,
    "arrow": arrow,
    "count": lambda reader: reader.count(),
    "batches": lambda reader: sum(batch.num_rows for batch in reader.batches(1000)),
}


def verdict(path: str, faces: list[str]) -> dict[str, str]:
    told = {}
    for face in faces:
        # A reader of its own for each, which has to find out by itself.
        reader = DatasetReaderFactory().reader(path, format="parquet")
        try:
            told[face] = str(FACES[face](reader))
        except SourceError as error:
            told[face] = "SourceError" if os.path.basename(path) in str(error) else str(error)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            told[face] = "engine"
    return told


def main() -> None:
    faces = sys.argv[1].split()
    if sys.argv[2] == "large":
        reader_module.SMALL = 0
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for path in sys.argv[3:]:
        signal.alarm(SECONDS)
        before = os.fstat(sys.stderr.fileno()).st_size
        told: dict[str, object] = dict(verdict(path, faces))
        told["panics"] = os.fstat(sys.stderr.fileno()).st_size > before
        print(json.dumps([os.path.basename(path), told]), flush=True)
    # The end of the process is none of a file's time.
    signal.alarm(0)


if __name__ == "__main__":
    main()
