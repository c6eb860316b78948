"""Processes that save overlapping frames into one workspace at the same time."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import toolkit as tk
from benchmarks import data
from benchmarks.report import Figure
from benchmarks.sizes import Sizes
from benchmarks.timing import duration

_VERSIONS = """
    SELECT d.name || '@' || v.number, v.fingerprint
    FROM catalog.versions v JOIN catalog.datasets d ON d.id = v.dataset_id
"""


@dataclass(frozen=True, slots=True)
class _Saved:
    """What one process was told."""

    versions: tuple[tuple[str, str], ...]
    """Reference and fingerprint of each acknowledged save."""
    errors: tuple[str, ...]
    longest: float
    """Seconds of the slowest save."""


def measure(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    """Every figure of this group."""
    home = folder / "shared"
    start = time.perf_counter()
    with ProcessPoolExecutor(
        sizes.processes, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        tasks = [
            pool.submit(_save_many, home, number, sizes.saves) for number in range(sizes.processes)
        ]
        results = [task.result() for task in tasks]
    seconds = time.perf_counter() - start
    errors = [error for result in results for error in result.errors]
    acknowledged = {version for result in results for version in result.versions}
    with tk.Workspace(home) as workspace:
        found = set(workspace.sql(_VERSIONS).fetchall())
        stored = len(workspace.sql("SELECT id FROM catalog.files").fetchall())
        report = workspace.check()
    distinct = len({fingerprint for _, fingerprint in acknowledged})
    against = f"{sizes.processes} processes × {sizes.saves} saves in {duration(seconds)}"
    slowest = f"slowest save {duration(max(result.longest for result in results))}"
    yield Figure("concurrent saves: errors", len(errors), 0, "", against, _first(errors))
    lost = len(acknowledged - found)
    yield Figure("… acknowledged and lost", lost, 0, "", against, slowest)
    wrong = len(report.problems) + abs(stored - distinct)
    yield Figure(
        "… wrong counts, by check(), and files stored twice",
        wrong,
        0,
        "",
        against,
        f"{stored} files of {distinct} distinct frames",
    )


def _save_many(home: Path, process: int, saves: int) -> _Saved:
    """Save frames, half of which the next process saves too, under names that are shared."""
    versions: list[tuple[str, str]] = []
    errors: list[str] = []
    longest = 0.0
    with tk.Workspace(home, timeout=120) as workspace:
        for number in range(process * saves // 2, process * saves // 2 + saves):
            frame = data.small_frame(number)
            start = time.perf_counter()
            try:
                saved = workspace.save(frame, f"frame_{number % 40}")
            except Exception as error:
                errors.append(repr(error))
            else:
                versions.append((saved.ref, saved.fingerprint))
            longest = max(longest, time.perf_counter() - start)
    return _Saved(tuple(versions), tuple(errors), longest)


def _first(errors: list[str]) -> str:
    return errors[0] if errors else ""
