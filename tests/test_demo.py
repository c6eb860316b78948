"""The demo, run as a person runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import toolkit as tk

ROOT = Path(__file__).parents[1]


def run_demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "tmp").mkdir()
    return subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / "demo.py"), *arguments],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        check=False,
    )


def words_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(folder) -> subprocess.CompletedProcess[str]:
    return run_demo(folder, "--keep", "kept")


def test_it_ends_well_and_says_nothing_on_the_side(demo):
    assert (demo.returncode, demo.stderr) == (0, "")


def test_its_lines_fit_a_terminal(demo):
    assert max(map(len, demo.stdout.splitlines())) < 100


def test_frames_of_three_engines_are_one_version(demo):
    saved = demo.stdout.partition("frames saved")[2].partition("Space")[0]
    steps = [words for words in words_of(saved) if words[:1] == ["arrived@1"]]
    assert len(steps) == 3
    assert ["yes" in words for words in steps] == [False, True, True]


def test_a_cell_that_is_run_again_stores_nothing(demo):
    again = next(line for line in demo.stdout.splitlines() if "run again" in line)
    assert again.split()[:1] == ["with_planes@1"]
    assert " yes " in again


def test_the_workspace_takes_less_space_than_the_files(demo):
    plain = next(line for line in demo.stdout.splitlines() if "plain Parquet" in line)
    stored = next(line for line in demo.stdout.splitlines() if "stored in the workspace" in line)
    assert 0 < float(stored.split()[-1]) < 0.7 * float(plain.split()[-1])


def test_the_kept_workspace_holds_what_was_printed(demo, folder):
    with tk.Workspace(folder / "kept" / "workspace") as ws:
        assert ws.check().ok
        assert ws.stats()["versions"].item() == 11
        assert ws.load("arrived@2").collect().shape == (327_346, 12)
        assert ws.history("arrived").height == 2


def test_a_folder_that_is_in_use_is_left_alone(demo, folder):
    again = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py"), "--keep", "kept"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 1
    assert again.stderr == "kept exists already. Name a new folder, or remove it first.\n"


def test_without_a_folder_nothing_is_left_behind(tmp_path):
    done = run_demo(tmp_path)
    assert done.returncode == 0
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]


def test_the_readme_shows_what_the_demo_prints(demo):
    """Sizes belong to one machine's libraries; everything else is the same everywhere."""
    shown = (ROOT / "README.md").read_text().partition("```text\n")[2].partition("```")[0]
    assert shown.strip()
    printed = {tuple(without_sizes(line)) for line in demo.stdout.splitlines()}
    missing = [line for line in shown.splitlines() if tuple(without_sizes(line)) not in printed]
    assert missing == []


def without_sizes(line: str) -> list[str]:
    """The words of a line but sizes (numbers with a fraction) and the rules under a header."""
    size = re.compile(r"[\d,]+\.\d+|-+")
    return [word for word in line.split() if not size.fullmatch(word)]
