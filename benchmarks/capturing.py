"""What capture adds to the cells of a notebook, in real kernels."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report import Figure
from benchmarks.sizes import Sizes
from benchmarks.timing import Pair, duration, interleaved, median, pairs, timed

if TYPE_CHECKING:
    from jupyter_client.blocking.client import BlockingKernelClient

ROOT = Path(__file__).resolve().parent.parent

_SETUP = """
%load_ext toolkit
%toolkit quiet
import polars as pl, toolkit as tk
from benchmarks import data
ws = tk.Workspace()
"""
_VARIABLES = """
for _i in range(40): globals()[f"frame{_i}"] = pl.DataFrame({"x": [_i, 1, 2]})
for _i in range(160): globals()[f"value{_i}"] = [_i]
"""
PAUSE = 0.1
"""Seconds between two cells of the notebook that disturbs."""

_LARGE_ROWS_PER_MB = 15_800


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel with the extension loaded."""

    client: BlockingKernelClient

    def run(self, cell: str) -> None:
        """Run a cell to its end, the capture's included. Raises RuntimeError when it fails."""
        printed: list[str] = []

        def keep(message: dict[str, Any]) -> None:
            content, text = message["content"], message["content"].get("text", "")
            # That something was let go is told once, and what was bound without capture is meant.
            lost = "not saved" in text and "while capture was off" not in text
            if message["msg_type"] == "error" or lost:
                printed.append(str(content))

        self.client.execute_interactive(cell, output_hook=keep, timeout=600)
        if printed:
            raise RuntimeError(f"{cell}: {printed}")


def measure(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    """Every figure of this group."""
    with kernel(folder, "one") as first:
        yield _large(sizes, first)
        yield from _small(sizes, first)
        with kernel(folder, "two") as second:
            yield _together(sizes, first, second)
    with kernel(folder, "many") as third:
        third.run(_VARIABLES)
        yield _nothing(sizes, third)


@contextmanager
def kernel(folder: Path, notebook: str) -> Iterator[Kernel]:
    """A kernel of a notebook, on the workspace in a folder."""
    from jupyter_client.manager import KernelManager

    environment = {
        "JPY_SESSION_NAME": f"{notebook}.ipynb",
        "TOOLKIT_HOME": str(folder / "workspace"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": str(ROOT),
    }
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(
        cwd=str(folder),
        env={**os.environ, **environment},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    with ExitStack() as stack:
        stack.callback(manager.shutdown_kernel, now=True)
        client = manager.blocking_client()
        client.start_channels()
        stack.callback(client.stop_channels)
        client.wait_for_ready(timeout=120)
        started = Kernel(client)
        started.run(_SETUP)
        yield started


def _large(sizes: Sizes, kernel: Kernel) -> Figure:
    megabytes = 10 if sizes.quick else 100
    rows = megabytes * _LARGE_ROWS_PER_MB
    seeds = iter(range(1_000))

    def prepare(switch: str) -> None:
        # What the name had is freed here: that is no part of the capture.
        code = f"large = None\n_new = data.mixed_frame({rows}, {next(seeds)})"
        kernel.run(f"%toolkit {switch}\n{code}")

    def save(_: int) -> Any:
        prepare("off")
        return lambda: kernel.run('ws.save(_new, "saved");')

    def capture(_: int) -> Any:
        prepare("on")
        return lambda: kernel.run("large = _new")

    pair = pairs(save, capture, sizes.repeats * 2)
    return Figure(
        f"capture a new frame of {megabytes} MB", pair.ratio, 1.1, "×", "ws.save of it", pair.text()
    )


def _small(sizes: Sizes, kernel: Kernel) -> Iterator[Figure]:
    yield _added(
        sizes, kernel, "capture a small frame (1,000 × 10)", "small = data.small_frame({})", 30
    )
    yield _added(
        sizes,
        kernel,
        "… one that was derived from it",
        "less = small.with_columns(n=pl.lit({}))",
        30,
    )
    yield _added(
        sizes, kernel, "… look at one that may have changed", "small.set_sorted; [small]", None
    )


def _nothing(sizes: Sizes, kernel: Kernel) -> Figure:
    what = "a cell that changes nothing, 200 variables"
    return _added(sizes, kernel, what, "value1.append(frame1.height + {})", 2)


def _added(sizes: Sizes, kernel: Kernel, what: str, cell: str, goal: float | None) -> Figure:
    """Milliseconds that capture adds to a cell."""
    numbers = iter(range(100_000))

    def step(switch: str) -> Any:
        def prepare(_: int) -> Any:
            kernel.run(f"%toolkit {switch}")
            code = cell.format(next(numbers))
            return lambda: kernel.run(f"{code};")

        return prepare

    steps = {"base": step("off"), "ours": step("on")}
    interleaved(steps, 3, settle=False)
    seconds = interleaved(steps, sizes.small_repeats, settle=False)
    pair = Pair(seconds["base"], seconds["ours"])
    added = median(pair.ours) - median(pair.base)
    return Figure(what, added * 1_000, goal, "ms", "the same cell without capture", pair.text())


def _together(sizes: Sizes, first: Kernel, second: Kernel) -> Figure:
    """What another notebook that captures cell after cell adds to the slowest cell of this one."""
    for each in (first, second):
        each.run("%toolkit on")
    cell = "small = data.small_frame({})"
    numbers = iter(range(200_000, 300_000))

    def cells() -> list[float]:
        codes = [cell.format(next(numbers)) for _ in range(sizes.small_repeats)]
        return [timed(lambda code=code: first.run(code)) for code in codes]  # type: ignore[misc]

    alone = cells()
    over = threading.Event()

    def disturb() -> None:
        number = 400_000
        while not over.is_set():
            second.run(cell.format(number := number + 1))
            over.wait(PAUSE)

    other = threading.Thread(target=disturb)
    other.start()
    try:
        both = cells()
    finally:
        over.set()
        other.join()
    slowest = max(both)
    return Figure(
        "… added to the slowest of them by another notebook",
        (slowest - median(alone)) * 1_000,
        250,
        "ms",
        "the median without the other",
        f"{duration(slowest)} : {duration(median(alone))}; median {duration(median(both))}",
    )
