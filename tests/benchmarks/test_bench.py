"""The benchmarks run, and report what they measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        env=os.environ | {"BENCH_QUICK": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_quick_run_prints_a_table_and_writes_every_figure_as_json(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    done = run("loading", "importing", "--output", str(output))
    assert done.returncode == 0, done.stderr
    result = json.loads(output.read_text())
    assert result["sizes"]["quick"] is True
    assert result["machine"]
    assert [figure["what"] for figure in result["figures"]] == [
        "load and query, version in one file",
        "… ws.load itself",
        "import toolkit",
    ]
    for figure in result["figures"]:
        assert figure["measured"] > 0
        assert figure["reached"] == (figure["measured"] <= figure["goal"])
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| what ")
    for figure, line in zip(result["figures"], lines[2:], strict=True):
        assert line.startswith(f"| {figure['what']} ")
        assert f"≤ {figure['goal']:.3g} {figure['unit']}" in line
        assert f"| {'yes' if figure['reached'] else 'NO'} " in line


def test_concurrent_processes_lose_nothing_in_a_quick_run(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    done = run("processes", "--output", str(output))
    assert done.returncode == 0, done.stderr
    figures = json.loads(output.read_text())["figures"]
    assert [figure["measured"] for figure in figures] == [0, 0, 0], figures


def test_an_unknown_group_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    done = run("savings", "--output", str(output))
    assert done.returncode == 2
    assert "no group savings: choose of saving, loading, raw_files" in done.stderr
    assert not output.exists()


@pytest.mark.parametrize("failing", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_run_leaves_no_folder_behind(
    failing: type[BaseException], tmp_path: Path
) -> None:
    program = f"""
import pathlib, tempfile
from benchmarks import __main__ as bench, sizes
def broken(chosen, folder):
    (folder / "data").write_bytes(b"x" * 1000)
    raise {failing.__name__}
    yield
bench.GROUPS = {{"broken": broken}}
tempfile.tempdir = {str(tmp_path)!r}
bench.run(["broken"], sizes.SMALL)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert failing.__name__ in done.stderr
    assert list(tmp_path.iterdir()) == []
