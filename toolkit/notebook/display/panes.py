"""What the browser shows of one version, as HTML. Each function reads only what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from toolkit.notebook.display.interfaces import IViewedWorkspace
from toolkit.notebook.display.sample import (
    COLUMNS_AT_ONCE,
    picture,
    sample_of,
    sampled_columns,
)
from toolkit.notebook.display.words import age, html_table, many, safe, size

PREVIEW_ROWS = 10
PREVIEW_COLUMNS = 30
MOST_COLUMNS = 100
"""Columns that are described."""

_RAW = "<p>A raw file, kept byte for byte: it has no rows or columns to show.</p>"


def preview(workspace: IViewedWorkspace, ref: str, version: Mapping[str, Any]) -> str:
    """The first rows. Raises what ``load`` raises."""
    if version["kind"] != "frame":
        return _RAW
    frame = workspace.load(ref)
    names = frame.collect_schema().names()
    shown = frame.select(names[:PREVIEW_COLUMNS]).head(PREVIEW_ROWS).collect()
    # polars' own table knows every type, and escapes what it shows.
    with pl.Config(
        tbl_rows=PREVIEW_ROWS,
        tbl_cols=PREVIEW_COLUMNS,
        fmt_str_lengths=60,
        tbl_hide_dataframe_shape=True,
    ):
        table = shown._repr_html_()
    notes = [f"The first {shown.height:,} of {many(version['rows'], 'row')}"]
    if names[PREVIEW_COLUMNS:]:
        notes.append(f"and the first {PREVIEW_COLUMNS} of {len(names):,} columns")
    note = " ".join(notes) if shown.height < version["rows"] or notes[1:] else "All rows"
    return f'<p class="toolkit-dim">{note}.</p><div class="toolkit-wide">{table}</div>'


def columns(
    workspace: IViewedWorkspace, ref: str, version: Mapping[str, Any], step: Callable[[], None]
) -> str:
    """Each column with its type, its exact number of nulls and a picture of a sample.

    ``step`` is called now and then: ``column_steps`` times."""
    if version["kind"] != "frame":
        return _RAW
    rows = version["rows"]
    # A version compared with itself: names, types and nulls as the catalog has them.
    known = workspace.diff(ref, ref).select("column", "type_after", "nulls_after").rows()
    shown = known[:MOST_COLUMNS]
    frame = workspace.load(ref)
    pictures: list[str] = []
    for values in sampled_columns(frame, rows, [name for name, *_ in shown]):
        pictures += [picture(column) for column in values]
        step()
    cells = (
        [safe(name), f'<span class="toolkit-dim">{safe(kind)}</span>', _nulls(nulls, rows), drawn]
        for (name, kind, nulls), drawn in zip(shown, pictures, strict=True)
    )
    table = html_table(("column", "type", "nulls", "values"), cells, numbers=(2,))
    more = f" Shown are {MOST_COLUMNS} of {len(known):,} columns." if known[MOST_COLUMNS:] else ""
    note = f"Nulls are of all rows, values of {sample_of(frame, rows)}.{more}"
    return f'<p class="toolkit-dim">{note}</p>{table}'


def column_steps(version: Mapping[str, Any]) -> int:
    """How often ``columns`` calls ``step``."""
    described: int = min(version["columns"], MOST_COLUMNS)
    return -(-described // COLUMNS_AT_ONCE)


def versions(history: pl.DataFrame) -> str:
    """A row a version, the newest first."""
    headings = ("version", "rows", "columns", "size", "new", "saved", "tags", "held", "from", "how")
    rows = (
        [
            f"{row['version']:,}",
            f"{row['rows']:,}" if row["kind"] == "frame" else "",
            f"{row['columns']:,}" if row["kind"] == "frame" else "",
            size(row["byte_size"]),
            size(row["new_bytes"]),
            age(row["created_at"]),
            safe(", ".join(row["tags"])),
            "held" if row["held"] else "",
            ", ".join(safe(ref) for ref in row["inputs"][:5]),
            safe(row["how"]),
        ]
        for row in history.reverse().iter_rows(named=True)
    )
    return html_table(headings, rows, numbers=(0, 1, 2, 3, 4))


def changes(
    workspace: IViewedWorkspace, before: Mapping[str, Any], after: Mapping[str, Any], name: str
) -> str:
    """What differs between two versions of a dataset, column by column."""
    found = workspace.diff(f"{name}@{before['version']}", f"{name}@{after['version']}")
    counts = dict(found["status"].value_counts(sort=True).iter_rows())
    told = ", ".join(f"{number:,} {status}" for status, number in counts.items())
    summary = f"Rows: {before['rows']:,} → {after['rows']:,}. Columns: {told or 'none'}."
    rows = (
        [
            safe(row["column"]),
            safe(row["status"]) + (f" from {safe(row['was'])}" if row["was"] else ""),
            _both(row["type_before"], row["type_after"]),
            _both(row["nulls_before"], row["nulls_after"]),
        ]
        for row in found.filter(pl.col("status") != "same").iter_rows(named=True)
    )
    cells = list(rows)
    table = html_table(("column", "status", "type", "nulls"), cells) if cells else ""
    return f"<p>{summary}</p>{table}"


def _nulls(nulls: int, rows: int) -> str:
    share = f' <span class="toolkit-dim">{nulls / rows:.1%}</span>' if nulls and rows else ""
    return f"{nulls:,}{share}"


def _both(before: object, after: object) -> str:
    old, new = ("" if value is None else safe(value) for value in (before, after))
    return new if old == new else f"{old} → {new}" if old and new else old or new
