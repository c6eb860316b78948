"""What to tell of the lines around a table."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from toolkit.datasets.readers.csv.detection.splitting import (
    Lines,
    Rules,
    split_records,
    text_of,
)
from toolkit.datasets.readers.csv.layout import Layout, Note

_SHOWN = 200
_TABLE_LINES = 2

Kind = Literal["preamble", "footer", "table"]


def notes_above(lines: Lines, first: int, comment: str | None) -> tuple[Note, ...]:
    """The preamble: all lines above the table that are neither blank nor comments."""
    texts = lines.texts[:first]
    told = [
        index
        for index, text in enumerate(texts)
        if text.strip() and not (comment is not None and text.startswith(comment))
    ]
    if not told:
        return ()
    return (_note("preamble", lines, told[0], told[-1] + 1),)


def notes_below(lines: Lines, first: int, layout: Layout, rules: Rules) -> tuple[Note, ...]:
    """What lies below the table: a footer, other tables, in parts between blank lines."""
    notes = []
    for begin, end in _parts(lines, first):
        records = split_records(lines.texts[begin:end], rules)
        # Spreadsheets pad every line to one width: cells with nothing in them say nothing.
        widths = Counter(
            len(r.cells) if sum(bool(c.strip()) for c in r.cells) > 1 else 1 for r in records
        )
        alike = max((times for width, times in widths.items() if width > 1), default=0)
        is_table = alike >= _TABLE_LINES and alike * 2 >= len(records)
        notes.append(_note("table" if is_table else "footer", lines, begin, end))
    return tuple(notes)


def _parts(lines: Lines, first: int) -> list[tuple[int, int]]:
    parts: list[tuple[int, int]] = []
    for index in range(first, len(lines.texts)):
        if not lines.texts[index].strip():
            continue
        if parts and parts[-1][1] == index:
            parts[-1] = (parts[-1][0], index + 1)
        else:
            parts.append((index, index + 1))
    return parts


def _note(kind: Kind, lines: Lines, begin: int, end: int) -> Note:
    text = "\n".join(lines.texts[begin:end])[: _SHOWN * 4]
    return Note(kind, begin + 1, end - begin, text_of(text)[:_SHOWN])
