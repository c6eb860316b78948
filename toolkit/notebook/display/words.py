"""Numbers, sizes, ages and cells of a table as a person reads them; HTML is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

MAX_CELL = 60
"""Characters of a cell; longer ones end in an ellipsis."""

_UNITS = ("B", "kB", "MB", "GB", "TB")
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def size(number: int) -> str:
    """Bytes in the decimal units of the README.

    >>> size(0), size(1_234), size(5_277_100)
    ('0 B', '1.2 kB', '5.3 MB')
    """
    amount = float(number)
    for unit in _UNITS:
        if amount < 999.95 or unit == _UNITS[-1]:
            return f"{amount:,.0f} {unit}" if unit == "B" else f"{amount:,.1f} {unit}"
        amount /= 1_000
    raise AssertionError("unreachable")


def age(then: datetime, now: datetime | None = None) -> str:
    """How long ago a moment was; a date from a month on."""
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)} h ago"
    if seconds < 30 * _DAY:
        return many(int(seconds // _DAY), "day") + " ago"
    return f"{then:%Y-%m-%d}"


def many(number: int, noun: str) -> str:
    """A count with its noun.

    >>> many(1, "row"), many(1_200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def cut(text: str, longest: int = MAX_CELL) -> str:
    """One printable line of at most ``longest`` characters."""
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(c if c.isprintable() else "·" for c in shown)


def safe(text: object, longest: int = MAX_CELL) -> str:
    """Anything as escaped HTML text of one line."""
    return escape(cut(str(text), longest))


def html_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int] = ()
) -> str:
    """A plain table. Cells are HTML already; the columns in ``numbers`` stand to the right."""
    right = frozenset(numbers)
    style = ' style="text-align:right"'
    left = ' style="text-align:left"'
    marks = [style if i in right else left for i in range(len(headings))]
    head = "".join(f"<th{marks[i]}>{safe(text)}</th>" for i, text in enumerate(headings))
    body = "\n".join(
        "<tr>" + "".join(f"<td{marks[i]}>{cell}</td>" for i, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def text_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int] = ()
) -> str:
    """The same for a terminal: columns padded to their widest cell."""
    right = frozenset(numbers)
    lines = [list(headings), *([cut(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def one_line(error: BaseException) -> str:
    """An error's message without line breaks; the name of its class where it has none."""
    return " ".join(str(error).split()) or type(error).__name__
