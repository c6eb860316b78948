"""A bounded look into a frame: rows taken in several places, and small pictures of its columns.

Nothing is saved, and no more than ``MOST_ROWS`` rows of a column are in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from html import escape

import numpy as np
import polars as pl

from toolkit.notebook.display.words import cut, safe

MOST_ROWS = 10_000
PLACES = 40
COLUMNS_AT_ONCE = 16
_BINS = 20
_TOP = 3
_WIDTH, _HEIGHT = 120, 24

_SPREAD = re.compile(r"^\s*PYTHON\b.*\bSCAN\b", re.MULTILINE)
"""How a plan tells of a source in Python, which is what puts rows of several files together."""

_A_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_FIRST_DAY, _LAST_DAY = ((day - date(1970, 1, 1)).days for day in (date.min, date.max))


def sampled_columns(
    frame: pl.LazyFrame, rows: int, columns: Sequence[str]
) -> Iterator[Sequence[pl.Series]]:
    """The sampled values of the columns, a few columns at a time, so that progress can be told.

    ``sample_of`` says which rows of a stored frame these are."""
    ranges = _ranges(frame, rows)
    for start in range(0, len(columns), COLUMNS_AT_ONCE):
        part = frame.select(columns[start : start + COLUMNS_AT_ONCE])
        pieces = [part.slice(offset, length).collect() for offset, length in ranges]
        yield pl.concat(pieces).get_columns()


def sample_of(frame: pl.LazyFrame, rows: int) -> str:
    """Which rows ``sampled_columns`` takes: all of a short frame, else ranges of equal length that
    are spread over it; the first ones where its rows are put together from several files."""
    if rows <= MOST_ROWS:
        return "all rows"
    where = f"{MOST_ROWS:,} rows"
    return f"the first {where}" if _is_spread(frame) else f"{where}, taken in {PLACES} places"


def _ranges(frame: pl.LazyFrame, rows: int) -> list[tuple[int, int]]:
    if rows <= MOST_ROWS or _is_spread(frame):
        return [(0, min(rows, MOST_ROWS))]
    length = MOST_ROWS // PLACES
    return [(i * (rows - length) // (PLACES - 1), length) for i in range(PLACES)]


def _is_spread(frame: pl.LazyFrame) -> bool:
    """Whether a version lies in several files: what stands before a range is read then, too."""
    return _SPREAD.search(frame.explain(optimized=False)) is not None


def picture(values: pl.Series) -> str:
    """HTML that shows how sampled values are distributed: a histogram of what has an order and a
    distance, the most frequent values of the rest; empty where neither makes sense."""
    values = values.drop_nulls()
    if not values.len():
        return ""
    kind = values.dtype
    draw: Callable[[pl.Series], str]
    if kind.is_numeric() or kind.is_temporal():
        draw = _histogram
    elif kind in (pl.String, pl.Boolean) or isinstance(kind, pl.Categorical | pl.Enum):
        draw = _frequent
    else:
        return ""
    return draw(values)


def _histogram(values: pl.Series) -> str:
    numbers = values.to_physical().cast(pl.Float64, strict=False).drop_nulls().to_numpy()
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return ""
    # Halves: the range of two floats may be more than a float.
    halves = numbers / 2
    first, width = halves.min(), halves.max() - halves.min()
    # Fewer bins than whole numbers would leave gaps between them that mean nothing.
    whole = values.dtype.is_integer() or values.dtype == pl.Date
    bins = int(min(2 * width + 1, _BINS)) if whole else _BINS
    share = (halves - first) / (width + 0.5 * whole) if width else np.full(halves.size, 0.5)
    counts = np.bincount(np.minimum(share * bins, bins - 1).astype(np.int64), minlength=bins)
    low, high = ("", "") if _beyond_python(values) else map(_shown, (values.min(), values.max()))
    return bars([int(n) for n in counts], low, high)


def bars(counts: Sequence[int], low: str, high: str) -> str:
    """A histogram as SVG in the color of the page's text, with its ends below."""
    highest = max(1, *counts)
    width = _WIDTH / len(counts)
    drawn = "".join(
        f'<rect x="{i * width:.1f}" y="{_HEIGHT - height:.1f}" width="{width - 1:.1f}" '
        f'height="{height:.1f}"><title>{count:,}</title></rect>'
        for i, count in enumerate(counts)
        if (height := max(_HEIGHT * count / highest, 1.0 if count else 0.0))
    )
    label = escape(f"Histogram from {low} to {high}")
    return (
        f'<svg class="toolkit-bars" role="img" aria-label="{label}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}">{drawn}</svg>'
        f'<div class="toolkit-dim">{escape(low if low == high else f"{low} … {high}")}</div>'
    )


def _frequent(values: pl.Series) -> str:
    counted = values.cast(pl.String).value_counts(sort=True).head(_TOP)
    distinct = values.n_unique()
    shown = [
        f'{safe(value, 24)} <span class="toolkit-dim">{count / values.len():.0%}</span>'
        for value, count in counted.iter_rows()
    ]
    more = distinct - len(shown)
    rest = f' <span class="toolkit-dim">and {more:,} more</span>' if more > 0 else ""
    return ", ".join(shown) + rest


def _beyond_python(values: pl.Series) -> bool:
    """Whether a moment is outside of the years 1 to 9999: Python has no object for it, and polars
    panics when it is asked for one."""
    moments = values.dtype
    if moments == pl.Date:
        days = values.to_physical()
    elif isinstance(moments, pl.Datetime):
        days = values.to_physical() // _A_DAY[moments.time_unit]
    else:
        return False
    return not days.is_between(_FIRST_DAY, _LAST_DAY).all()


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, int):
        # A year has no comma.
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return cut(str(value), 24)
