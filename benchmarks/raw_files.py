"""Keeping a file byte for byte, against copying it durably."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import toolkit as tk
from benchmarks import data
from benchmarks.report import Figure
from benchmarks.sizes import Sizes
from benchmarks.timing import Action, pairs, sync_file


def measure(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    """Every figure of this group."""
    source, target = folder / "model.bin", folder / "copy.bin"
    data.write_noise(source, sizes.raw_bytes)

    def copy(_: int) -> Action:
        target.unlink(missing_ok=True)

        def durable() -> None:
            shutil.copyfile(source, target)
            sync_file(target)

        return durable

    def add(number: int) -> Action:
        shutil.rmtree(folder / f"raw-{number - 1}", ignore_errors=True)
        workspace = tk.Workspace(folder / f"raw-{number}")
        workspace.save(data.small_frame(0), "warm")
        return lambda: workspace.add(source, "model")

    pair = pairs(copy, add, sizes.repeats)
    what = f"add a raw file ({sizes.raw_bytes / 1e9:g} GB)"
    yield Figure(what, pair.ratio, 1.2, "×", "shutil.copyfile and fsync", pair.text())
