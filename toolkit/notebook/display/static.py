"""A workspace and an artifact as plain HTML and as text: what an exported notebook, GitHub and a
terminal show. No scripts, no styles that matter, and no ages: a saved notebook grows old."""

from __future__ import annotations

from toolkit.core.types import Artifact
from toolkit.notebook.display.overview import DatasetRow, Overview, columns_of
from toolkit.notebook.display.words import html_table, many, safe, size, text_table

MOST_ROWS = 100
"""Datasets in a static table."""

_HEADINGS = ("name", "kind", "rows", "columns", "size", "versions", "tags")
_NUMBERS = (2, 3, 4, 5)


def overview_html(overview: Overview, rows: list[DatasetRow]) -> str:
    """``rows`` of an overview as a table, with a line of what was let go."""
    headline = safe(_headline(overview, rows))
    parts = [f"<p><b>{headline}</b>, {size(overview.stored_bytes)} stored</p>"]
    if rows:
        cells = ([safe(cell, 130) for cell in _cells(row)] for row in rows[:MOST_ROWS])
        parts.append(html_table(_HEADINGS, cells, numbers=_NUMBERS))
    parts += [f"<p>{safe(note, 1_000)}</p>" for note in _notes(overview, rows)]
    return "<div>\n" + "\n".join(parts) + "\n</div>"


def overview_text(overview: Overview, rows: list[DatasetRow]) -> str:
    """The same for a terminal."""
    parts = [_headline(overview, rows)]
    if rows:
        cells = (_cells(row) for row in rows[:MOST_ROWS])
        parts.append(text_table(_HEADINGS, cells, numbers=_NUMBERS))
    return "\n".join([*parts, *_notes(overview, rows)])


def artifact_html(artifact: Artifact) -> str:
    """What a save returned, as one line and the columns."""
    names = ", ".join(safe(name) for name in artifact.columns[:MOST_ROWS])
    more = len(artifact.columns) - MOST_ROWS
    rest = f" and {more:,} more" if more > 0 else ""
    columns = f"<p>Columns: {names}{rest}</p>" if names else ""
    return f"<div>\n<p><b>{safe(artifact.ref, 150)}</b>: {_facts(artifact)}</p>\n{columns}</div>"


def artifact_text(artifact: Artifact) -> str:
    """The same for a terminal."""
    return f"{artifact.ref}: {_facts(artifact)}"


def _headline(overview: Overview, rows: list[DatasetRow]) -> str:
    if len(rows) == len(overview.rows):
        return overview.headline
    return f"{len(rows):,} of {many(len(overview.rows), 'dataset')}"


def _facts(artifact: Artifact) -> str:
    shape = f"{many(artifact.rows, 'row')} × {many(len(artifact.columns), 'column')}, "
    state = "already stored" if artifact.deduplicated else "new"
    return f"{shape if artifact.kind == 'frame' else ''}{size(artifact.byte_size)}, {state}"


def _cells(row: DatasetRow) -> tuple[str, ...]:
    tags = ", ".join(row.tags)
    return (row.name, row.kind, *columns_of(row), size(row.byte_size), f"{row.versions:,}", tags)


def _notes(overview: Overview, rows: list[DatasetRow]) -> list[str]:
    more = len(rows) - MOST_ROWS
    notes = (
        [f"… and {more:,} more: %datasets with a part of a name shows those"] if more > 0 else []
    )
    return [*notes, *([overview.farewell] if overview.gone else [])]
