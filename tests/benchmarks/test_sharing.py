"""The figures about two files are of versions over two files, and of equal results."""

from __future__ import annotations

from dataclasses import replace

import pytest

import toolkit as tk
from benchmarks import sharing
from benchmarks.sizes import SMALL

SIZES = replace(SMALL, frame_rows=40_000, repeats=1, small_repeats=1)


def test_every_query_is_measured_over_two_files_and_after_optimize(tmp_path):
    figures = list(sharing.measure(SIZES, tmp_path))
    queries = list(sharing.POLARS)
    assert queries == list(sharing.SQL)
    assert [figure.what for figure in figures] == [
        "save the 0.04M-row frame with one column added (9 + 1)",
        "… from a LazyFrame",
        "… bytes that it adds",
        *(f"read a version over two files: {query}" for query in queries),
        *(f"SQL over two files: {query}" for query in queries),
        *(f"SQL after optimize: {query}" for query in queries),
    ]
    assert all(figure.measured > 0 for figure in figures)
    assert 0 < figures[2].measured < 0.5
    goals = [figure.goal for figure in figures]
    assert goals == [0.25, None, None, *[1.3] * 6, *[None] * 6, *[1.05] * 6]


def test_a_version_in_one_file_is_not_measured_as_one_over_two(tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "_saving", lambda *_: iter(()))
    # Frames under 1 MB are written whole.
    with pytest.raises(AssertionError, match="in one file and in two"):
        list(sharing.measure(replace(SIZES, frame_rows=1_000), tmp_path))


def test_a_read_that_gives_another_result_is_no_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "_saving", lambda *_: iter(()))
    load = tk.Workspace.load

    def broken(workspace, ref):
        frame = load(workspace, ref)
        return frame.head(3) if workspace.home.name == "two" else frame

    monkeypatch.setattr(tk.Workspace, "load", broken)
    with pytest.raises(AssertionError):
        list(sharing.measure(SIZES, tmp_path))
