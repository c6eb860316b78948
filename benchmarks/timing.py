"""Measuring two ways of doing the same thing, in turn."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Action = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Pair:
    """The seconds of each repetition of both ways, in the order in which they ran."""

    base: tuple[float, ...]
    ours: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of ours over the median of the base."""
        return statistics.median(self.ours) / statistics.median(self.base)

    def text(self) -> str:
        """Both medians for people, and the ratio of the fastest of each, which others on the same
        machine disturb least."""
        ours, base = statistics.median(self.ours), statistics.median(self.base)
        fastest = min(self.ours) / min(self.base)
        return f"{duration(ours)} : {duration(base)} (fastest {fastest:.2f} ×)"


def timed(action: Action) -> float:
    """Seconds that ``action`` takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def interleaved(
    steps: Mapping[str, Callable[[int], Action]], repeats: int, *, settle: bool = True
) -> dict[str, tuple[float, ...]]:
    """Run every step in turn, ``repeats`` times, and return the seconds of each.

    A step is given the number of its repetition and returns what is timed: preparing is not.
    With ``settle`` earlier writes reach the disk and garbage is collected, outside of the clock,
    before each action: for actions of seconds. It would be a pause that lets caches grow cold.
    """
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(repeats):
        for name, prepare in steps.items():
            action = prepare(number)
            if settle:
                os.sync()
                gc.collect()
            seconds[name].append(timed(action))
    return {name: tuple(values) for name, values in seconds.items()}


def pairs(
    base: Callable[[int], Action],
    ours: Callable[[int], Action],
    repeats: int,
    *,
    settle: bool = True,
) -> Pair:
    """``interleaved`` for two steps."""
    found = interleaved({"base": base, "ours": ours}, repeats, settle=settle)
    return Pair(found["base"], found["ours"])


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def duration(seconds: float) -> str:
    """Seconds as a short text in a readable unit."""
    return f"{seconds * 1000:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def sync_file(path: Path) -> None:
    """Make a written file durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
