"""Whole workspaces, other processes that use them, and small disks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk

ROOT = Path(__file__).parents[2]

Start = Callable[..., "subprocess.Popen[str]"]


def stored_objects(home: Path) -> list[Path]:
    """The files below a local store, without asking the code under test."""
    return sorted(path for path in (home / "files" / "objects").rglob("*") if path.is_file())


def leftovers(home: Path) -> list[Path]:
    """Everything in the folders where files are staged."""
    folders = (home / "staging", home / "files" / "staging", home / "files" / ".staging")
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the workspace is; nothing is there yet."""
    return tmp_path / "work"


@pytest.fixture
def ws(home: Path) -> Iterator[tk.Workspace]:
    with tk.Workspace(home) as workspace:
        yield workspace


@pytest.fixture
def objects(home: Path) -> Callable[[], list[Path]]:
    """Lists the stored files of the workspace."""
    return lambda: stored_objects(home)


@pytest.fixture
def assert_sound(home: Path) -> Callable[[tk.Workspace], None]:
    """Checks that a workspace has nothing wrong, nothing half-written and nothing left behind."""

    def check(workspace: tk.Workspace) -> None:
        report = workspace.check()
        assert report.problems == ()
        assert report.orphans == 0
        assert leftovers(home) == []

    return check


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.DataFrame({"carrier": ["UA", "AA", None, "UA"], "delay": [1.5, None, -3.0, 12.0]})


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a Python process with some code and arguments; it is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str, *args: object, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **environment},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def finish() -> Callable[[subprocess.Popen[str]], str]:
    """Waits for a process that has to succeed without a word of complaint; returns its output."""

    def wait(process: subprocess.Popen[str]) -> str:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, "")
        return out

    return wait


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts an empty file system of a given size, such as ``"8m"``."""
    mounted: list[Path] = []

    def mount(size: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if (
            shutil.which("mount") is None
            or subprocess.run(command, check=False, capture_output=True).returncode
        ):
            pytest.skip("mounting is not permitted here")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)
