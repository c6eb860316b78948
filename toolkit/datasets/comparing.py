"""Comparing two versions column by column, from their digests: no data is read."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from toolkit.core.types import ColumnRecord

SCHEMA = pl.Schema(
    {
        "column": pl.String,
        "status": pl.String,
        "was": pl.String,
        "type_before": pl.String,
        "type_after": pl.String,
        "nulls_before": pl.Int64,
        "nulls_after": pl.Int64,
    }
)


def compare(before: Sequence[ColumnRecord], after: Sequence[ColumnRecord]) -> pl.DataFrame:
    """One row a column: those of ``after`` in order, then those that are gone.

    ``status`` is ``same`` (equal values, type and rows), ``changed``, ``renamed`` (the values of a
    column that is gone, ``was`` tells which), ``added`` or ``removed``."""
    old = {column.name: column for column in before}
    gone = [column for column in before if column.name not in {c.name for c in after}]
    rows = []
    for column in after:
        twin = old.get(column.name)
        status = "added"
        if twin is not None:
            status = "same" if twin.digest == column.digest else "changed"
        else:
            twin = next((c for c in gone if c.digest == column.digest), None)
            if twin is not None:
                status = "renamed"
                gone.remove(twin)
        rows.append(_row(column.name, status, twin, column))
    rows += [_row(column.name, "removed", column, None) for column in gone]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _row(
    name: str, status: str, before: ColumnRecord | None, after: ColumnRecord | None
) -> tuple[object, ...]:
    return (
        name,
        status,
        before.name if before is not None and status == "renamed" else None,
        before.type if before else None,
        after.type if after else None,
        before.null_count if before else None,
        after.null_count if after else None,
    )
