"""What ``import toolkit`` costs a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.report import Figure
from benchmarks.sizes import Sizes
from benchmarks.timing import Action, pairs


def measure(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    """Every figure of this group."""
    pair = pairs(
        _importing("polars, duckdb"), _importing("toolkit"), sizes.repeats * 2 + 1, settle=False
    )
    yield Figure("import toolkit", pair.ratio, 1.3, "×", "import polars, duckdb", pair.text())


def _importing(modules: str) -> Callable[[int], Action]:
    command = [sys.executable, "-c", f"import {modules}"]
    return lambda _: lambda: subprocess.run(command, check=True)
