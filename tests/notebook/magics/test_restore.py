"""%restore, over sessions that were recorded as the capture records them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from IPython.core.completer import provisionalcompleter

from toolkit.core.types import NewRun
from toolkit.notebook.session import GONE, LAZY, SKIPPED

START = datetime(2026, 1, 2, tzinfo=UTC)


class Past:
    """An earlier session of the notebook."""

    def __init__(self, workspace, notebook="session", session="before", minutes=0):
        self.captures = workspace.captures
        self.notebook = notebook
        run = NewRun(notebook, session, "…", START + timedelta(minutes=minutes), 0.1, True)
        self.run = self.captures.begin(run)

    def had(self, variable, frame):
        name = f"{self.notebook}.{variable}"
        return self.captures.capture(self.run, variable, frame, name, []).ref

    def noted(self, variable, text):
        self.captures.note(self.run, variable, text)


def frame(*values):
    return pl.DataFrame({"x": values})


@pytest.fixture
def past(workspace):
    made = Past(workspace)
    made.had("df", frame(1, 2))
    made.had("late", frame(3))
    return made


def test_frames_come_back_as_lazy_frames(past, notebook):
    done = notebook.run("%restore")
    assert done.out == "toolkit: restored df, late as lazy frames (%restore --eager reads them)\n"
    assert isinstance(notebook["df"], pl.LazyFrame)
    assert notebook["df"].collect().equals(frame(1, 2))
    assert notebook["late"].collect().equals(frame(3))
    assert notebook.session.ref_of(notebook["df"]) == "session.df@1"


def test_frames_come_back_in_memory_when_asked_for(past, notebook):
    done = notebook.run("%restore --eager")
    assert done.out == "toolkit: restored df, late as polars frames\n"
    assert notebook["df"].equals(frame(1, 2))
    assert notebook.session.ref_of(notebook["df"]) == "session.df@1"


def test_frames_in_memory_are_of_the_library_that_they_were_of(past, notebook):
    indexed = pd.DataFrame({"x": [1, 2, 3]}, index=[7, 5, 6])
    past.had("pdf", indexed)
    past.had("table", pa.table({"x": [4]}))
    done = notebook.run("%restore --eager")
    assert done.out == (
        "toolkit: restored df, late as polars frames; pdf as a pandas frame; "
        "table as an Arrow table\n"
    )
    pd.testing.assert_frame_equal(notebook["pdf"], indexed)
    assert notebook["table"].equals(pa.table({"x": [4]}))


def test_a_frame_that_was_lazy_for_a_session_is_of_its_library_again(past, notebook, workspace):
    indexed = pd.DataFrame({"x": [1, 2, 3]}, index=[7, 5, 6])
    ref = past.had("pdf", indexed)
    Past(workspace, session="between", minutes=1).noted("pdf", ref)
    assert notebook.run("%restore --eager").out == "toolkit: restored pdf as a pandas frame\n"
    pd.testing.assert_frame_equal(notebook["pdf"], indexed)


def test_a_lazy_frame_that_came_back_can_be_read_later(past, notebook):
    notebook.run("%restore")
    notebook["late"] = notebook["late"].filter(pl.col("x") > 1)
    done = notebook.run("%restore --eager")
    assert done.out == (
        "toolkit: restored df as a polars frame\n"
        "toolkit: kept late, which exists (%restore --force overwrites)\n"
    )
    assert notebook["df"].equals(frame(1, 2))
    assert isinstance(notebook["late"], pl.LazyFrame)


def test_only_the_frames_that_are_named_come_back(past, notebook):
    done = notebook.run("%restore late --eager late")
    assert done.out == "toolkit: restored late as a polars frame\n"
    assert "df" not in notebook.shell.user_ns


@pytest.mark.parametrize("asked", ["", "df late", "--eager"])
def test_a_variable_that_exists_is_kept(past, notebook, asked):
    notebook["df"] = mine = object()
    done = notebook.run(f"%restore {asked}")
    assert "toolkit: kept df, which exists (%restore --force overwrites)\n" in done.out
    assert "restored late" in done.out
    assert notebook["df"] is mine
    done = notebook.run("%restore --force df")
    assert done.out == "toolkit: restored df as a lazy frame (%restore --eager reads them)\n"
    assert notebook["df"].collect().equals(frame(1, 2))


def test_what_cannot_come_back_is_told_with_its_reason(past, notebook, workspace):
    workspace.save(frame(7), "flights")
    past.noted("same", "flights@1")
    past.noted("lazy", f"{LAZY} from flights@1")
    past.noted("scan", f"{LAZY} from /data/a/x.csv, /data/b/x.csv, flights@1")
    past.noted("big", f"{SKIPPED}: 3 GB are over the limit")
    past.noted("deleted", GONE)
    workspace.drop(past.had("dropped", frame(8)))
    lost = past.had("lost", frame(9))
    stored = workspace.path(lost)
    stored.rename(stored.with_name("away"))
    done = notebook.run("%restore")
    assert done.out.splitlines()[:4] == [
        "toolkit: restored df, late, same as lazy frames (%restore --eager reads them)",
        "toolkit: not restored: big (not saved: 3 GB are over the limit)",
        "toolkit: not restored: dropped (its version was dropped or let go)",
        "toolkit: not restored: lazy (lazy frame from flights@1: run its cell again)",
    ]
    assert done.out.splitlines()[4].startswith("toolkit: not restored: lost (")
    assert done.out.splitlines()[5:] == [
        "toolkit: not restored: scan (lazy frame from x.csv, flights@1: run its cell again)"
    ]
    assert notebook["same"].collect().equals(frame(7))
    assert notebook.session.ref_of(notebook["same"]) == "flights@1"
    assert done.succeeded
    stored.with_name("away").rename(stored)


def test_the_last_session_of_this_notebook_counts(past, notebook, workspace):
    Past(workspace, session="older", minutes=-5).had("old", frame(0))
    Past(workspace, notebook="other", minutes=5).had("theirs", frame(0))
    Past(workspace, session=notebook.session.session_id, minutes=9).had("now", frame(0))
    assert (
        notebook.run("%restore").out
        == "toolkit: restored df, late as lazy frames (%restore --eager reads them)\n"
    )


def test_a_frame_of_a_session_before_the_last_comes_back_by_name(past, notebook, workspace):
    past.had("df", frame(1, 2, 3))
    Past(workspace, session="between", minutes=1).had("other", frame(5))
    assert (
        notebook.run("%restore").out
        == "toolkit: restored other as a lazy frame (%restore --eager reads them)\n"
    )
    assert notebook.run("%restore --eager df").out == "toolkit: restored df as a polars frame\n"
    assert notebook["df"].equals(frame(1, 2, 3))
    assert notebook.session.ref_of(notebook["df"]) == "session.df@2"
    assert "no frame dff." in notebook.error("%restore df dff")


def test_a_deleted_frame_of_the_first_session_comes_back_by_name(notebook, workspace):
    Past(workspace, session=notebook.session.session_id).had("df", frame(1))
    assert (
        notebook.run("%restore df").out
        == "toolkit: restored df as a lazy frame (%restore --eager reads them)\n"
    )


def test_the_first_session_has_nothing_to_restore(notebook):
    done = notebook.run("%restore")
    assert done.succeeded
    assert done.out.startswith(
        'toolkit: nothing to restore: no earlier session of the notebook "session" is known'
    )
    assert notebook.error("%restore df").startswith("The last session had no frame df.")


def test_a_session_whose_frames_were_all_deleted_has_nothing_either(notebook, workspace):
    Past(workspace).noted("df", GONE)
    done = notebook.run("%restore")
    assert done.out == "toolkit: nothing to restore: the last session had no frames at its end\n"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%restore ltae", 'no frame ltae. Did you mean "late"?'),
        ("%restore --lazy", "unrecognized arguments: --lazy"),
    ],
)
def test_an_error_is_one_line_and_nothing_is_restored(past, notebook, cell, message):
    assert message in notebook.error(cell)
    assert "late" not in notebook.shell.user_ns


def test_names_of_the_last_session_are_completed(past, notebook):
    with provisionalcompleter():
        found = list(notebook.shell.Completer.completions("%restore la", 11))
    assert [each.text for each in found] == ["late"]
