"""The frames of a notebook session on disk, beside plain Parquet files and other libraries."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl

import toolkit as tk
from benchmarks import peers
from benchmarks.analyst import STEPS, Desk, PlainFiles, Sources
from benchmarks.report import Figure
from benchmarks.sizes import Sizes
from benchmarks.timing import Action, Pair, interleaved


def measure(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    """Every figure of this group."""
    rows = sizes.session_rows
    what = f"{len(STEPS)} frames of a session over {rows / 1e6:g}M rows"
    sources = Sources.write(folder, rows)
    plain = _plain(folder)
    workspaces: list[Path] = []

    def write(_: int) -> Action:
        nonlocal plain
        plain = _plain(folder)
        return lambda: _run(plain, sources)

    def save(number: int) -> Action:
        workspaces.append(folder / f"workspace-{number}")
        return lambda: _save(workspaces[-1], sources)

    seconds = interleaved({"base": write, "ours": save}, max(sizes.repeats - 2, 1))
    _compare(workspaces[-1], plain)
    files = [path for _, path in plain.written]
    base = sum(path.stat().st_size for path in files)
    # Everything counts: the peers' own records of their versions do too.
    ours, stored = bytes_in(workspaces[-1]), bytes_in(workspaces[-1] / "files")
    yield Figure(
        f"{what}, on disk",
        ours / base,
        0.32,
        "×",
        "the sum of their Parquet files",
        f"{ours / 1e6:.1f} MB ({(ours - stored) / 1e6:.1f} of it catalog) : {base / 1e6:.1f} MB",
    )
    pair = Pair(seconds["base"], seconds["ours"])
    yield Figure(
        "… seconds in all", pair.ratio, None, "×", "collect and write_parquet", pair.text()
    )
    for workspace in workspaces:
        shutil.rmtree(workspace)
    yield from peers.measure(plain, folder)


def bytes_in(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _plain(folder: Path) -> PlainFiles:
    files = folder / "plain"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    return PlainFiles(files)


def _run(desk: Desk, sources: Sources) -> None:
    for step in STEPS:
        desk.save(step.derive(desk, sources), step.name)


def _save(home: Path, sources: Sources) -> None:
    with tk.Workspace(home) as workspace:
        _run(workspace, sources)


def _compare(home: Path, plain: PlainFiles) -> None:
    """A figure counts only if both ways keep the same: every name's newest frame is looked at."""
    with tk.Workspace(home) as workspace:
        for name, path in dict(plain.written).items():
            if not workspace.load(name).collect().equals(pl.read_parquet(path)):
                raise AssertionError(f"{name} was not stored as it is in {path.name}.")
