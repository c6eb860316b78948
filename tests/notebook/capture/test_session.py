"""What the parts of the extension share: frames at top level, and which version an object is."""

from __future__ import annotations

import gc

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from toolkit.notebook.frames import kind_of, memory, shape


@pytest.fixture
def session(notebook):
    return notebook.shell.events.callbacks["post_run_cell"][-1].__self__._session


class Own(pd.DataFrame):
    """A frame of a library on top of pandas."""


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (pl.DataFrame(), "polars"),
        (pl.LazyFrame(), "lazy"),
        (pd.DataFrame(), "pandas"),
        (Own(), "pandas"),
        (pa.table({}), "arrow"),
        (pl.Series([1]), None),
        (pd.Series([1]), None),
        (pl.DataFrame, None),
        (3, None),
        (None, None),
    ],
)
def test_frames_are_told_from_everything_else(value, kind):
    assert kind_of(value) == kind


@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame, pa.table])
def test_size_and_shape_of_a_frame_in_memory(make):
    frame = make({"x": list(range(1_000)), "y": [0.5] * 1_000})
    assert shape(frame) == (1_000, 2)
    assert 16_000 <= memory(frame) < 17_000


def test_the_frames_at_top_level(notebook, session):
    notebook.run("df = pl.DataFrame(); lazy = df.lazy(); _hidden = df; n = 3; parts = [df]")
    assert list(session.frames()) == ["df", "lazy"]
    assert session.frames()["df"] is notebook.shell.user_ns["df"]


def test_a_captured_object_is_known_as_its_version_and_a_copy_is_not(notebook, session):
    notebook.run('df = pl.DataFrame({"x": [1]})')
    frame = notebook.shell.user_ns["df"]
    assert session.ref_of(frame) == "session.df@1"
    assert session.ref_of(frame.clone()) is None
    assert session.ref_of(3) is None


def test_an_object_of_several_versions_is_the_last_one_that_is_left(session):
    frame = pl.DataFrame()
    session.remember(frame, "a@1")
    session.remember(frame, "b@1")
    assert session.ref_of(frame) == "b@1"
    session.forget(["b@1", "c@1"])
    assert session.ref_of(frame) == "a@1"
    session.forget(["a@1"])
    assert session.ref_of(frame) is None


def test_what_is_remembered_keeps_no_frame_alive(session):
    for number in range(100):
        session.remember(pl.DataFrame({"x": [number]}), f"a@{number + 1}")
        session.remember_inputs(pl.DataFrame({"x": [number]}), ["a@1"])
    gc.collect()
    assert session.ref_of(pl.DataFrame({"x": [99]})) is None
    assert not [each for each in session._refs.values() if each[1][-1].startswith("a@")]
    assert not session._inputs


def test_versions_that_were_let_go_are_forgotten(notebook, session):
    notebook.run('df = pl.DataFrame({"x": [1]}); other = df')
    kept = notebook.shell.user_ns["other"]
    assert session.ref_of(kept) == "session.other@1"
    notebook.run('ws.tag("session.df", "kept"); other = 3; _kept = df')
    notebook.run('%toolkit keep 1\nother = pl.DataFrame({"x": [2]})')
    assert session.ref_of(kept) == "session.df@1"


def test_a_restored_frame_is_recorded_and_not_told(notebook, session):
    notebook.workspace.save(pl.DataFrame({"x": [1]}), "session.df")
    frame = notebook.load("session.df")
    lazy = notebook.workspace.load("session.df")
    for name, value in (("df", frame), ("lazy", lazy)):
        session.remember(value, "session.df@1")
        notebook.shell.user_ns[name] = value
    assert notebook.told("1 + 1") == []
    last = notebook.workspace.captures.last_session("session", "")
    assert [(each.variable, each.ref, each.note) for each in last] == [
        ("df", "session.df@1", ""),
        ("lazy", "", "session.df@1"),
    ]
    assert notebook.told("late = df.with_columns(y=1)") == ["saved late (1 × 2) from df"]
