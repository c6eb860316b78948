"""How much data each figure is measured with."""

from __future__ import annotations

import os
from dataclasses import dataclass

QUICK = "BENCH_QUICK"
"""The environment variable that asks for the smaller sizes."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Row counts, byte counts and repetitions."""

    quick: bool
    frame_rows: int
    session_rows: int
    lazy_rows: int
    raw_bytes: int
    catalog_files: int
    processes: int
    saves: int
    repeats: int
    """Pairs of the figures that take seconds."""
    small_repeats: int
    """Pairs of the figures that take milliseconds."""


FULL = Sizes(
    quick=False,
    frame_rows=5_000_000,
    session_rows=1_000_000,
    lazy_rows=20_000_000,
    raw_bytes=1_000_000_000,
    catalog_files=1_000_000,
    processes=8,
    saves=100,
    repeats=5,
    small_repeats=60,
)

SMALL = Sizes(
    quick=True,
    frame_rows=500_000,
    session_rows=300_000,
    lazy_rows=2_000_000,
    raw_bytes=100_000_000,
    catalog_files=50_000,
    processes=4,
    saves=10,
    repeats=3,
    small_repeats=20,
)


def chosen() -> Sizes:
    """The sizes that the environment asks for."""
    return SMALL if os.environ.get(QUICK, "") not in {"", "0"} else FULL
