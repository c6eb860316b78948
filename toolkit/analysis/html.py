"""A profile as one self-contained piece of HTML: no scripts, nothing loaded, everything escaped.

Colors are the page's own (``currentColor``) in different strengths, so that it reads the same on a
light and on a dark page; without the style element it is still a plain table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from html import escape
from typing import Any

import numpy as np
import polars as pl

MAX_COLUMNS = 200
"""Rows of the table; wider datasets are cut with a line that says so."""

_MAX_CELL = 60
_TOP = 3
_WIDTH, _HEIGHT = 120, 28

_STYLE = """<style>
.toolkit-profile{overflow-x:auto;color:inherit;font-size:12px}
.toolkit-profile table{border-collapse:collapse;background:none;margin:4px 0}
.toolkit-profile caption{caption-side:top;text-align:left;font-weight:600;
padding:2px 0;color:inherit}
.toolkit-profile th,.toolkit-profile td{border:0;border-bottom:1px solid rgba(128,128,128,.3);
padding:3px 8px;text-align:left;vertical-align:top;white-space:nowrap;background:none;color:inherit}
.toolkit-profile .num{text-align:right;font-variant-numeric:tabular-nums}
.toolkit-profile .dim{opacity:.65}
</style>"""

_HEADINGS = (
    ("Column", ""),
    ("Nulls", "num"),
    ("Distinct", "num"),
    ("Min", "num"),
    ("Median", "num"),
    ("Max", "num"),
    ("Mean ± std", "num"),
    ("Distribution", ""),
    ("Most frequent", ""),
)


def render(ref: str, rows: int, frame: pl.DataFrame) -> str:
    """The table for a profile's frame."""
    shown = frame.head(MAX_COLUMNS)
    caption = f"{escape(ref)} · {rows:,} rows · {frame.height:,} columns"
    head = "".join(f'<th scope="col" class="{style}">{text}</th>' for text, style in _HEADINGS)
    body = "\n".join(_row(row) for row in shown.iter_rows(named=True))
    more = frame.height - shown.height
    note = f'<p class="dim">… and {more:,} more columns: see .frame</p>' if more else ""
    return (
        f'{_STYLE}\n<div class="toolkit-profile"><table><caption>{caption}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>{note}</div>"
    )


def _row(row: Mapping[str, Any]) -> str:
    show = _NUMBERS.get(row["kind"], _number)
    name = f'<th scope="row">{_text(row["column"])}<br><span class="dim">{_text(row["type"])}'
    cells = (
        _nulls(row),
        "" if row["distinct"] is None else f"{row['distinct']:,}",
        _text(row["min"]),
        _text(show(row["q50"])),
        _text(row["max"]),
        _spread(row, show),
    )
    numbers = "".join(f'<td class="num">{cell}</td>' for cell in cells)
    bars = _bars(row["histogram"] or (), show)
    return f"<tr>{name}</span></th>{numbers}<td>{bars}</td><td>{_top(row['top'] or ())}</td></tr>"


def _nulls(row: Mapping[str, Any]) -> str:
    parts = [f"{row['nulls']:,}"]
    if row["nulls"] and row["null_fraction"] is not None:
        parts.append(f'<span class="dim">{row["null_fraction"]:.1%}</span>')
    for name, word in (("nans", "NaN"), ("infinities", "inf")):
        if row[name]:
            parts.append(f'<span class="dim">{row[name]:,} {word}</span>')
    return "<br>".join(parts)


def _spread(row: Mapping[str, Any], show: Callable[[float | None], str]) -> str:
    if row["mean"] is None:
        return ""
    # The mean of moments is a moment, their deviation a duration.
    spread = _NUMBERS["duration"] if row["kind"] in _ON_A_CLOCK else show
    std = "" if row["std"] is None else f"<br>± {_text(spread(row['std']))}"
    return _text(show(row["mean"])) + std


def _top(values: Sequence[Mapping[str, Any]]) -> str:
    return "<br>".join(
        f'{_text(value["value"])} <span class="dim">{value["count"]:,}</span>'
        for value in values[:_TOP]
    )


def _bars(bins: Sequence[Mapping[str, Any]], show: Callable[[float | None], str]) -> str:
    """A histogram as SVG; each bar has its range and count as a tooltip."""
    if not bins:
        return ""
    highest = max(1, *(part["count"] for part in bins))
    width = _WIDTH / len(bins)
    bars = []
    for i, part in enumerate(bins):
        height = max(_HEIGHT * part["count"] / highest, 1.0 if part["count"] else 0.0)
        title = escape(f"{show(part['low'])} to {show(part['high'])}: {part['count']:,}")
        bars.append(
            f'<rect x="{i * width:.2f}" y="{_HEIGHT - height:.2f}" width="{width * 0.9:.2f}" '
            f'height="{height:.2f}"><title>{title}</title></rect>'
        )
    label = escape(f"Histogram from {show(bins[0]['low'])} to {show(bins[-1]['high'])}")
    return (
        f'<svg role="img" aria-label="{label}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" fill="currentColor" fill-opacity=".55">'
        f"{''.join(bars)}</svg>"
    )


def _text(value: str | None) -> str:
    if value is None:
        return ""
    shown = value if len(value) <= _MAX_CELL else value[: _MAX_CELL - 1] + "…"
    return escape("".join(c if c.isprintable() else "·" for c in shown))


def _number(value: float | None) -> str:
    if value is None:
        return ""
    whole = float(value).is_integer() and abs(value) < 1e15
    return f"{value:,.0f}" if whole else f"{value:,.4g}"


def _moment(value: float | None) -> str:
    # numpy's calendar has no end at the year 9999.
    return "" if value is None else str(np.datetime64(round(value), "s")).replace("T", " ")


def _day(value: float | None) -> str:
    return _moment(value)[:-9]


def _clock(value: float | None) -> str:
    return "" if value is None else _moment(value % 86_400)[-8:]


def _duration(value: float | None) -> str:
    if value is None:
        return ""
    try:
        return str(timedelta(seconds=round(value, 3 if abs(value) < 60 else 0)))
    except OverflowError:
        return f"{value:,.4g} s"


_ON_A_CLOCK = frozenset({"date", "datetime", "time"})

_NUMBERS: Mapping[str, Callable[[float | None], str]] = {
    "date": _day,
    "datetime": _moment,
    "time": _clock,
    "duration": _duration,
}
