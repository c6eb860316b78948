"""Which objects are frames, asked without importing any library."""

from __future__ import annotations

import sys
from typing import Any, Literal

Kind = Literal["polars", "lazy", "pandas", "arrow"]

_KINDS: tuple[tuple[str, str, Kind], ...] = (
    ("polars", "DataFrame", "polars"),
    ("polars", "LazyFrame", "lazy"),
    ("pandas", "DataFrame", "pandas"),
    ("pyarrow", "Table", "arrow"),
)

_known: dict[type, Kind | None] = {}
"""What was found out of types, as most variables are of few types."""


def kind_of(value: object) -> Kind | None:
    """Which frame an object is; None for anything else."""
    kind = type(value)
    try:
        return _known[kind]
    except KeyError:
        found = _known[kind] = _kind(kind)
        return found


def is_frame(value: object) -> bool:
    """Whether an object is a frame of one of the engines, in memory or lazy."""
    return kind_of(value) is not None


def shape(frame: Any) -> tuple[int, int]:
    """Rows and columns of a frame in memory."""
    if kind_of(frame) == "arrow":
        return frame.num_rows, frame.num_columns
    rows, columns = frame.shape
    return rows, columns


def memory(frame: Any) -> int:
    """Estimated bytes in memory of a frame that is not lazy."""
    kind = kind_of(frame)
    if kind == "arrow":
        return int(frame.nbytes)
    if kind == "pandas":
        return int(frame.memory_usage(index=True, deep=False).sum())
    return int(frame.estimated_size())


def _kind(kind: type) -> Kind | None:
    for module, name, found in _KINDS:
        loaded = sys.modules.get(module)
        frame = getattr(loaded, name, None)
        if isinstance(frame, type) and issubclass(kind, frame):
            return found
    return None
