"""One save of a lazy frame, in a process whose peak memory is its own."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

import toolkit as tk
from benchmarks import data


def _plan(source: Path) -> pl.LazyFrame:
    return pl.scan_parquet(source).with_columns(
        late=pl.col("delay") > 900,
        hours=pl.col("delay") / 60,
        scaled=pl.col("value") * 0.25 + pl.col("carrier"),
    )


def _sink(source: Path, target: Path) -> float:
    plan = _plan(source)
    start = time.perf_counter()
    plan.sink_parquet(target.with_suffix(".parquet"))
    return time.perf_counter() - start


def _save(source: Path, target: Path) -> float:
    with tk.Workspace(target) as workspace:
        workspace.save(data.small_frame(0), "warm")
        plan = _plan(source)
        start = time.perf_counter()
        workspace.save(plan, "events")
        return time.perf_counter() - start


_WAYS: Mapping[str, Callable[[Path, Path], float]] = {"sink": _sink, "save": _save}


def peak_bytes() -> int:
    """The most memory that this program had resident."""
    status = Path("/proc/self/status")
    if status.exists():
        # Unlike ru_maxrss this leaves out what the parent had resident when it forked.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main() -> None:
    """Run the way that the arguments name, and print what it took as JSON."""
    way, source, target = sys.argv[1:]
    seconds = _WAYS[way](Path(source), Path(target))
    print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    main()
