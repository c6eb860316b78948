"""Saving frames: new ones, known ones, small ones, and one larger than its memory should be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

import toolkit as tk
from benchmarks import data
from benchmarks.report import Figure
from benchmarks.sizes import Sizes
from benchmarks.timing import Action, Pair, interleaved, median, pairs, sync_file

_WRITE = "polars write_parquet"


def measure(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    """Every figure of this group; ``folder`` is empty, and emptied by the caller."""
    # The processes that are measured by their memory come first: they start from a small parent.
    yield from _lazy(sizes, folder)
    frame = data.mixed_frame(sizes.frame_rows)
    yield _new(sizes, folder, frame)
    yield from _again(sizes, folder, frame)
    yield _small(sizes, folder)


def _new(sizes: Sizes, folder: Path, frame: pl.DataFrame) -> Figure:
    target = folder / "new.parquet"

    def write(_: int) -> Action:
        target.unlink(missing_ok=True)
        return lambda: frame.write_parquet(target)

    def save(number: int) -> Action:
        # Content is new to a workspace once, so every repetition has a workspace of its own.
        workspace = tk.Workspace(folder / f"new-{number}")
        workspace.save(data.small_frame(0), "warm")
        return lambda: workspace.save(frame, "events")

    pair = pairs(write, save, sizes.repeats)
    return Figure(
        f"save a new {sizes.frame_rows / 1e6:g}M-row mixed frame",
        pair.ratio,
        0.75,
        "×",
        _WRITE,
        pair.text(),
    )


def _again(sizes: Sizes, folder: Path, frame: pl.DataFrame) -> Iterator[Figure]:
    target = folder / "again.parquet"
    workspace = tk.Workspace(folder / "again")
    workspace.save(frame, "events")
    engines: dict[str, Callable[[], Any]] = {
        "polars": lambda: frame,
        "pandas": frame.to_pandas,
        "pyarrow": frame.to_arrow,
    }
    added: dict[str, int] = dict.fromkeys(engines, 0)

    def write(_: int) -> Action:
        target.unlink(missing_ok=True)
        return lambda: frame.write_parquet(target)

    def again(engine: str) -> Callable[[int], Action]:
        def prepare(number: int) -> Action:
            same = engines[engine]()
            name = f"{engine}_{number}"

            def save() -> None:
                added[engine] += workspace.save(same, name).new_bytes

            return save

        return prepare

    steps = {"base": write} | {engine: again(engine) for engine in engines}
    seconds = interleaved(steps, sizes.repeats)
    for engine in engines:
        pair = Pair(seconds["base"], seconds[engine])
        what = f"save the same frame again, from {engine}"
        yield Figure(what, pair.ratio, 0.15, "×", _WRITE, pair.text())
    yield Figure(
        "… bytes that those saves added",
        float(sum(added.values())),
        0,
        "bytes",
        f"sum of {len(engines) * sizes.repeats} saves under new names",
    )
    workspace.close()


def _small(sizes: Sizes, folder: Path) -> Figure:
    workspace = tk.Workspace(folder / "small")
    for number in range(5):
        workspace.save(data.small_frame(number), f"warm_{number}")
    target = folder / "small.parquet"

    def write(number: int) -> Action:
        frame = data.small_frame(1_000 + number)
        target.unlink(missing_ok=True)

        def durable() -> None:
            frame.write_parquet(target)
            sync_file(target)

        return durable

    def save(number: int) -> Action:
        frame = data.small_frame(1_000 + number)
        return lambda: workspace.save(frame, f"small_{number}")

    pair = pairs(write, save, sizes.small_repeats, settle=False)
    workspace.close()
    what = "save a new small frame (1,000 × 10), catalog warm"
    return Figure(what, pair.ratio, 3, "×", f"{_WRITE} and fsync", pair.text())


def _lazy(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    source = folder / "events.parquet"
    data.write_events(source, sizes.lazy_rows)
    seconds: dict[str, list[float]] = {"sink": [], "save": []}
    memory: dict[str, list[float]] = {"sink": [], "save": []}
    for number in range(max(sizes.repeats - 2, 1)):
        for way, taken in seconds.items():
            took, peak = _child(way, source, folder / f"lazy-{way}-{number}")
            taken.append(took)
            memory[way].append(peak)
    pair = Pair(tuple(seconds["sink"]), tuple(seconds["save"]))
    what = f"save a LazyFrame of {sizes.lazy_rows / 1e6:g}M rows"
    yield Figure(what, pair.ratio, 1.25, "×", "polars sink_parquet", pair.text())
    ours, base = median(memory["save"]), median(memory["sink"])
    yield Figure(
        f"… peak memory of {what}",
        ours / base,
        1.5,
        "×",
        "polars sink_parquet",
        f"{ours / 2**30:.2f} GiB : {base / 2**30:.2f} GiB",
    )


def _child(way: str, source: Path, target: Path) -> tuple[float, float]:
    """Seconds and peak bytes of one way in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.lazy_child", way, str(source), str(target)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result = json.loads(done.stdout)
    return float(result["seconds"]), float(result["peak_bytes"])
