"""The session is what it says, and its peers are measured where they are installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from benchmarks import peers, session
from benchmarks.analyst import STEPS, PlainFiles, Sources
from benchmarks.sizes import SMALL


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> PlainFiles:
    folder = tmp_path_factory.mktemp("session")
    sources = Sources.write(folder, 20_000)
    desk = PlainFiles(folder)
    for step in STEPS:
        desk.save(step.derive(desk, sources), step.name)
    return desk


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """An environment of peers whose interpreter runs the given text instead."""

    def make(script: str) -> None:
        python = tmp_path / "environment" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
        python.chmod(0o755)
        monkeypatch.setenv(peers.ENVIRONMENT, str(tmp_path / "environment"))

    return make


def test_the_session_has_22_frames_and_those_that_are_run_again_are_the_same(plain):
    assert len(plain.written) == len(STEPS) == 22
    first = {step.what: path for step, (_, path) in zip(STEPS, plain.written, strict=True)}
    again = [(s, path) for s, (_, path) in zip(STEPS, plain.written, strict=True) if s.again]
    assert len(again) == 3
    for step, path in again:
        assert pl.read_parquet(path).equals(pl.read_parquet(first[step.again]))


def test_an_appended_frame_begins_with_what_its_name_had(plain):
    for number, step in enumerate(STEPS):
        if step.appends:
            before, after = (pl.read_parquet(plain.written[n][1]) for n in (number - 1, number))
            assert plain.written[number - 1][0] == step.name
            assert 0 < before.height < after.height
            assert after.head(before.height).equals(before)


def test_the_workspace_stores_the_session_in_less_space(tmp_path, monkeypatch):
    monkeypatch.setenv(peers.ENVIRONMENT, str(tmp_path / "missing"))
    sizes = replace(SMALL, session_rows=40_000, repeats=1)
    on_disk, seconds = session.measure(sizes, tmp_path)
    assert 0 < on_disk.measured < 1
    assert "of it catalog" in on_disk.detail
    assert on_disk.goal == 0.32
    assert (seconds.goal, seconds.reached) == (None, None)
    assert not list(tmp_path.glob("workspace-*"))


def test_without_their_environment_it_says_how_to_get_the_peers(
    plain, tmp_path, monkeypatch, capfd
):
    monkeypatch.setenv(peers.ENVIRONMENT, str(tmp_path / "missing"))
    assert list(peers.measure(plain, tmp_path)) == []
    assert "make bench-peers" in capfd.readouterr().err


def test_a_peer_is_told_every_frame_and_its_folder_does_not_stay(plain, tmp_path, environment):
    environment(
        "import json, pathlib\n"
        "peer, frames, folder = sys.argv[2:]\n"
        "told = json.loads(pathlib.Path(frames).read_text())\n"
        "size = sum(pathlib.Path(one['file']).stat().st_size for one in told)\n"
        "pathlib.Path(folder, 'data').write_bytes(b'x')\n"
        "cells = len({one['cell'] for one in told})\n"
        "print(json.dumps({'version': str(cells), 'bytes': 2 * size, 'seconds': 1}))"
    )
    figures = list(peers.measure(plain, tmp_path))
    assert [figure.what for figure in figures] == [f"… the same with {p} 19" for p in peers.PEERS]
    assert {figure.measured for figure in figures} == {2.0}
    assert not list(tmp_path.glob("peer-*"))


def test_a_peer_that_fails_is_told_and_leaves_nothing(plain, tmp_path, environment, capfd):
    environment("sys.exit('no such library')")
    assert list(peers.measure(plain, tmp_path)) == []
    assert "pins failed:\nno such library" in capfd.readouterr().err
    assert not list(tmp_path.glob("peer-*"))
