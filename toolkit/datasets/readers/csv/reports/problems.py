"""What is wrong with the content of CSV files, as a frame: ``problems()`` of a reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import polars as pl

from toolkit.datasets.readers.csv.fitting import misfits
from toolkit.datasets.readers.csv.records import BAD, Policy
from toolkit.datasets.readers.csv.scanning.scan import CSVScan
from toolkit.datasets.readers.csv.typed_file import TypedFile

PROBLEMS_SCHEMA = pl.Schema(
    {
        "file": pl.String(),
        "line": pl.Int64(),
        "offset": pl.Int64(),
        "kind": pl.String(),
        "text": pl.String(),
        "action": pl.String(),
    }
)
"""The columns of ``problems()``."""

_Row: TypeAlias = tuple[str | int | None, ...]
"""A row of that frame."""


def problems_frame(scan: CSVScan, files: list[TypedFile], policy: Policy) -> pl.DataFrame:
    """A row for everything that is not, or not as it is written, in the reader's frame."""
    # Where a bad row is an error nothing was done to it; the others are listed all the same.
    acted: Policy = "skip" if policy == "error" else policy
    rows = [row for file in files for row in _rows(scan, file, acted, policy)]
    return pl.DataFrame(rows, schema=PROBLEMS_SCHEMA, orient="row")


def _rows(scan: CSVScan, file: TypedFile, acted: Policy, policy: Policy) -> Iterator[_Row]:
    url, number = file.plan.url, 0
    for block in scan.blocks(file, acted, located=True):
        for problem in block.problems:
            refused = policy == "error" and problem.kind in BAD
            if policy == "error" and problem.kind == "repeated header":
                # It is a row there.
                continue
            action = "refused" if refused else problem.action
            yield (url, problem.line, problem.offset, problem.kind, problem.text, action)
        found = misfits(file, block) if block.records and policy != "error" else []
        for misfit in found:
            what = "null" if policy == "repair" else "skipped"
            action = f"{what}: row {number + misfit.row + 1:,}, column {misfit.column!r}"
            yield (url, *misfit.place(block), "misfit", misfit.text, action)
        number += block.records
