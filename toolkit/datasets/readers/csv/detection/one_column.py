"""Where a table of one column lies: lines of a text stand around values that are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

from toolkit.datasets.readers.csv.detection.columns import could_be_names
from toolkit.datasets.readers.csv.detection.ends import is_remark
from toolkit.datasets.readers.csv.detection.shapes import (
    EMPTY,
    NULL,
    PLACEHOLDER,
    TYPED,
    kind_of,
)
from toolkit.datasets.readers.csv.detection.splitting import Record

_LEAST = 5
"""Values that show what the column has."""
_SHARE = 0.9
"""Share of them, from the first to the last, that are of its kind."""


def one_column(records: Sequence[Record], gaps: Sequence[bool]) -> tuple[int, int]:
    """The first record of a table of one column, its name included, and the one after its last.

    Only numbers, dates, addresses and the like tell themselves from the lines around them."""
    texts = [r.cells[0] for r in records]
    kinds = Counter(kind for kind in map(kind_of, texts) if kind in TYPED)
    kind, times = max(kinds.items(), key=itemgetter(1), default=(EMPTY, 0))
    if times < _LEAST or times * 2 < len(texts):
        return 0, len(records)
    values = [index for index, text in enumerate(texts) if kind_of(text) == kind]
    first, last = values[0], values[-1] + 1
    within = sum(kind_of(text) in (kind, NULL, EMPTY) for text in texts[first:last])
    if within < _SHARE * (last - first):
        return 0, len(records)
    # In doubt the line above the values is their name.
    start = first - 1 if first and could_be_names(texts[first - 1 : first]) else first
    above, below = texts[:start], texts[last:]
    # A column may also begin with words in place of values.
    apart = start > 0 and (gaps[start] or " " in above[-1].strip())
    apart = apart and not any(map(PLACEHOLDER.match, texts[:first]))
    ends = below and (gaps[last] or all(" " in text.strip() or is_remark(text) for text in below))
    return start if apart else 0, last if ends else len(records)
