"""Old captured versions are let go, never silently, and never what a person wants to keep."""

from __future__ import annotations

import polars as pl

from toolkit.notebook.capture.capturing import EXPIRY_STEP

CELL = 'df = pl.DataFrame({{"x": [{0}, {0}]}})'
LET_GO = (
    f"let go of {EXPIRY_STEP - 1} old captured versions (%toolkit keep, %toolkit budget); "
    "later ones are told by %datasets only."
)


def test_the_newest_of_a_name_stay_and_the_first_loss_is_told(notebook):
    notebook.run("%toolkit keep 2")
    told = [line for number in range(30) for line in notebook.told(CELL.format(number))]
    assert [line for line in told if line != "saved df (2 × 1)"] == [LET_GO]
    versions = notebook.workspace.history("session.df")["version"].to_list()
    # Old ones are looked for when some new ones were stored, not in every cell.
    assert versions[-2:] == [29, 30]
    assert len(versions) < 2 + EXPIRY_STEP
    expired = notebook.workspace.stats()["expired_versions"].item()
    assert expired == 30 - len(versions)


def test_the_budget_lets_the_oldest_go(notebook):
    for number in range(6):
        notebook.run(CELL.format(number).replace("df", f"df{number}"))
    notebook.run("%toolkit budget 2kB")
    notebook.run(CELL.format(6).replace("df", "df6"))
    names = notebook.names()
    assert names == [f"session.df{number}" for number in range(7 - len(names), 7)]
    assert 0 < len(names) < 6
    assert notebook.workspace.stats()["expired_versions"].item() == 7 - len(names)


def test_tagged_held_and_saved_versions_stay(notebook):
    notebook.run(f"{CELL.format(1)}")
    notebook.run("ws.tag('session.df', 'paper')")
    notebook.run(f"{CELL.format(2)}")
    notebook.run("_hold = ws.hold('session.df', 'a reason')")
    notebook.run(f"{CELL.format(3)}\nws.save(df, 'session.df')")
    # Of the third one the capture comes after the save, which is what counts.
    for number in range(4, 6):
        notebook.run(CELL.format(number))
    notebook.run("%toolkit keep 1")
    notebook.run(CELL.format(6))
    assert notebook.workspace.history("session.df")["version"].to_list() == [1, 2, 3, 6]


def test_a_frame_whose_version_was_let_go_can_be_read_from(notebook):
    notebook.run("%toolkit keep 1")
    notebook.run(CELL.format(1))
    notebook.run("old = df")
    notebook.run("%toolkit name later")
    notebook.run(CELL.format(2))
    notebook.run("%toolkit name session")
    notebook.run(CELL.format(3))
    notebook.workspace.drop("session.old@1")
    told = notebook.told("head = old.head(1)")
    assert told == ["saved head (1 × 1)"]
    assert notebook.load("session.head").equals(pl.DataFrame({"x": [1]}))


def test_a_smaller_limit_counts_from_the_next_cell_that_stores_something(notebook):
    for number in range(4):
        notebook.run(CELL.format(number))
    notebook.run("%toolkit keep 1")
    notebook.run("1 + 1")
    assert notebook.workspace.history("session.df").height == 4
    notebook.run(CELL.format(9))
    assert notebook.workspace.history("session.df")["version"].to_list() == [5]


def test_a_new_session_begins_with_what_the_one_before_left(notebook, open_notebook):
    for number in range(4):
        notebook.run(CELL.format(number))
    later = open_notebook()
    later.run("%toolkit keep 2")
    later.run("other = pl.DataFrame({'y': [1]})")
    assert notebook.workspace.history("session.df")["version"].to_list() == [3, 4]
