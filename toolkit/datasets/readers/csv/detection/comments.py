"""Whether some lines are comments, and what they begin with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from toolkit.datasets.readers.csv.detection.columns import (
    are_plain_names,
    disagreements,
    profile,
)
from toolkit.datasets.readers.csv.detection.headers import is_header
from toolkit.datasets.readers.csv.detection.shapes import ADDRESS, EMPTY, TYPED, kind_of
from toolkit.datasets.readers.csv.detection.splitting import Record, Rules
from toolkit.datasets.readers.csv.detection.uneven import named_width

_MARKERS = ("#", "//", "%", ";", "--", "!")
_OUT = ("#", "//")
"""What whole rows are commented out with."""
_ERROR = re.compile(r"#(N/A|REF|NAME|DIV|VALUE|NULL|NUM)")
"""What spreadsheets write in place of a value."""
_LONGER = {"#": ("##", "# ", "#!"), "%": ("%%", "% "), "!": ("! ",), ";": ("; ",)}
_DRAWN = "-=+|:;,\t "
"""What lines are drawn with that part a table from its names. Cells of two dashes are rather empty
ones."""
_BEGUN = re.compile(r"[+|: ]*(?:--+|==+)")
_FIRST = 3
_CHANCE = 0.2
"""Share of the marked lines that may have the width of the table by chance."""


class Comments(NamedTuple):
    """What is a comment, and what is not although it begins as one."""

    mark: str | None
    """What comment lines begin with; None where no line is plainly one."""
    header: int = -1
    """The line that names the columns, where it begins so, too."""


def _border(lines: Sequence[str]) -> str | None:
    """What the lines begin with that are drawn above, below and under the names of a table, as in
    ``+----+----+``."""
    filled = [line for line in lines if line.strip()]
    borders = [line for line in filled if _is_drawn(line)]
    if not borders or borders[0] not in filled[:_FIRST]:
        return None
    begun = _BEGUN.match(borders[0])
    if begun is None or len(borders) * 2 > len(filled):
        return None
    drawn = frozenset(borders)
    alike = all(line.startswith(begun[0]) == (line in drawn) for line in filled)
    return begun[0] if alike else None


def _is_drawn(line: str) -> bool:
    if line.strip(_DRAWN):
        return False
    return "---" in line or "===" in line or ("--" in line and "+" in line)


def find_comments(
    lines: Sequence[str], records: Sequence[Record], rules: Rules, width: int
) -> Comments:
    """Which lines are comments."""
    if (border := _border(lines)) is not None:
        return Comments(border)
    starts = frozenset(marker[0] for marker in _MARKERS)
    odd = [
        r
        for r in records
        if r.lines == 1
        and not r.strays
        and lines[r.line][:1] in starts
        and not _ERROR.match(lines[r.line])
    ]
    for marker in _MARKERS:
        if rules.delimiter.startswith(marker) or marker == rules.quote:
            continue
        marked = [r for r in odd if lines[r.line].startswith(marker)]
        if not marked or (marker not in _OUT and not _are_remarks(marker, marked, lines)):
            continue
        found = _comment(marker, marked, lines, records, width)
        if found.mark is not None:
            return found
    return Comments(None)


def _are_remarks(marker: str, marked: Sequence[Record], lines: Sequence[str]) -> bool:
    """Whether marked lines have a blank after the mark, or several have no fields: else the mark
    may well be damage, or a part of a value."""
    spaced = sum(lines[r.line][len(marker) :][:1] in ("", " ", "\t") for r in marked)
    return spaced == len(marked) or (len(marked) > 1 and all(len(r.cells) == 1 for r in marked))


def _comment(
    marker: str,
    marked: Sequence[Record],
    lines: Sequence[str],
    records: Sequence[Record],
    width: int,
) -> Comments:
    starts = {record.line for record in marked}
    plain = [r for r in records if r.line not in starts and any(c.strip() for c in r.cells)]
    rows = [r.cells for r in plain if len(r.cells) == width]
    wide = [r for r in marked if len(r.cells) == width] if width > 1 else []
    header = _header(marked, plain, width) if width > 1 else None
    if header is not None:
        others = [lines[r.line] for r in marked if r is not header]
        longer = _longer(marker, lines[header.line], others)
        below = any(r.line > header.line for r in marked)
        return Comments(marker, header.line) if below and longer is None else Comments(longer)
    kind = profile(rows[1:] or rows, width)[0].kind if rows else EMPTY
    out = wide if kind != ADDRESS else [r for r in wide if _is_address_out(marker, r.cells[0])]
    commented = len(wide) * 2 <= len(marked) or (marker in _OUT and len(out) == len(wide))
    if commented and kind in TYPED:
        # What begins with the marker cannot be a value of the first column.
        return Comments(marker)
    texts = [lines[r.line] for r in marked]
    if width == 1:
        spaced = all(text[len(marker) :][:1] in ("", " ", "\t") for text in texts)
        return Comments(marker if spaced and len(texts) * 3 <= len(plain) else None)
    first = next((r.line for r in plain if len(r.cells) == width), -1)
    # Only above the table they are a preamble: below, a text may begin with anything.
    within = any(r.line > first for r in marked)
    rare = len(wide) <= _CHANCE * len(marked) and len(marked) <= len(plain)
    return Comments(marker if within and rare else None)


def _is_address_out(marker: str, cell: str) -> bool:
    """Whether a cell is an address behind a mark, not one that begins with it, as in
    ``//cdn.example.org/x``."""
    rest = cell[len(marker) :]
    return kind_of(rest) == ADDRESS and (marker != "//" or "://" in rest or rest[0] == " ")


def _longer(marker: str, header: str, others: Sequence[str]) -> str | None:
    """What the other marked lines begin with, and a marked header does not."""
    fits = (
        longer
        for longer in _LONGER.get(marker, ())
        if not header.startswith(longer) and all(text.startswith(longer) for text in others)
    )
    return next(fits, None) if others else None


def _header(marked: Sequence[Record], plain: Sequence[Record], width: int) -> Record | None:
    """The marked line that names the columns, as in ``#CHROM``: the last above the first row."""
    body = [r for r in plain if len(r.cells) == width]
    if not body:
        return None
    above = [r for r in marked if r.line < body[0].line and len(r.cells) >= width]
    if not above:
        return None
    names, rows = above[-1], [r.cells for r in body]
    words, total = disagreements(rows[0], profile(rows[1:], width))
    sure = words == total > 0
    if named_width(names.cells, _below(names, plain)) > width:
        # It names columns that the first row lacks.
        return None if sure else names
    above = [r for r in above if len(_names(r, width)) == width]
    if not above:
        return None
    names, cells = above[-1], _names(above[-1], width)
    doubtful = width > 2 and are_plain_names(cells)
    if len(rows) > 1 and (sure if doubtful else is_header(rows[0], rows[1:], width)):
        return None
    return names if is_header(cells, rows, width) else None


def _names(record: Record, width: int) -> Sequence[str]:
    """The cells of a record, of too many those that are filled: tabs line names up."""
    cells = record.cells
    return cells if len(cells) == width else [cell for cell in cells if cell.strip()]


def _below(record: Record, others: Sequence[Record]) -> list[Sequence[str]]:
    return [r.cells for r in others if r.line > record.line]
