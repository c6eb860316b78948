"""Every notebook runs again and its outputs are those that it shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted([*(ROOT / "examples").glob("*.ipynb"), *(ROOT / "notebooks").glob("*.ipynb")])
UNSTABLE = re.compile(r"/tmp/|/home/|/Users/|0x[0-9a-f]{6,}|\d\d:\d\d:\d\d\.\d{6}(?!\+00|…)")


def run_nbval(notebook: Path, temporary: Path) -> subprocess.CompletedProcess[str]:
    """Strict nbval in a process of its own: the settings of this suite are not for notebooks, and
    neither is what a front end tells its kernels."""
    options = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout", "60", "-q"]
    settings = ["-c", os.devnull, "--rootdir", str(notebook.parent), "-p", "no:cacheprovider"]
    inherited = {key: value for key, value in os.environ.items() if key != "JPY_SESSION_NAME"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *settings, str(notebook)],
        env={**inherited, "TMPDIR": str(temporary), "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=False,
    )


def cells_of(notebook: Path) -> list[dict]:
    return [c for c in json.loads(notebook.read_text())["cells"] if c["cell_type"] == "code"]


def test_there_are_notebooks():
    assert {path.parent.name for path in NOTEBOOKS} == {"examples", "notebooks"}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_prints_what_it_shows_and_leaves_nothing_behind(notebook, tmp_path):
    beside = set(notebook.parent.iterdir())
    done = run_nbval(notebook, tmp_path)
    assert done.returncode == 0, done.stdout[-4_000:]
    assert f"{len(cells_of(notebook))} passed" in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert set(notebook.parent.iterdir()) == beside


def change_a_value(output):
    output["data"]["text/plain"] = ["'trips@2'"]


def change_a_line(output):
    output["text"] = ["toolkit: saved orders (6 × 4)\n"]


@pytest.mark.parametrize(
    ("name", "change"), [("first_steps", change_a_value), ("capture", change_a_line)]
)
def test_an_output_that_differs_is_noticed(name, change, tmp_path):
    shown = json.loads((ROOT / "examples" / f"{name}.ipynb").read_text())
    code = [cell for cell in shown["cells"] if cell["cell_type"] == "code"][:2]
    change(code[1]["outputs"][0])
    changed = tmp_path / "changed.ipynb"
    changed.write_text(json.dumps({**shown, "cells": code}))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    done = run_nbval(changed, scratch)
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_saved_as_it_ran_from_top_to_bottom(notebook):
    cells = cells_of(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert outputs
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert not UNSTABLE.search(json.dumps(outputs, ensure_ascii=False))
