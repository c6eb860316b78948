"""Old captured versions are let go, never silently, and never what a person wants to keep."""

from __future__ import annotations

import polars as pl

CELL = 'df = pl.DataFrame({{"x": [{0}, {0}]}})'
LET_GO = (
    "let go of 1 old captured version (%toolkit keep, %toolkit budget); "
    "later ones are told by %datasets only."
)


def test_the_newest_of_a_name_stay_and_the_first_loss_is_told(notebook):
    notebook.run("%toolkit keep 2")
    told = [notebook.told(CELL.format(number)) for number in range(5)]
    assert (
        told
        == [["saved df (2 × 1)"]] * 2 + [["saved df (2 × 1)", LET_GO]] + [["saved df (2 × 1)"]] * 2
    )
    assert notebook.workspace.history("session.df")["version"].to_list() == [4, 5]
    assert notebook.workspace.stats()["expired_versions"].item() == 3


def test_the_budget_lets_the_oldest_go(notebook):
    notebook.run("%toolkit budget 2kB")
    for number in range(6):
        notebook.run(CELL.format(number).replace("df", f"df{number}"))
    names = notebook.names()
    assert names == [f"session.df{number}" for number in range(6 - len(names), 6)]
    assert 0 < len(names) < 6
    assert notebook.workspace.stats()["expired_versions"].item() == 6 - len(names)


def test_tagged_held_and_saved_versions_stay(notebook):
    notebook.run("%toolkit keep 1")
    notebook.run(f"{CELL.format(1)}")
    notebook.run("ws.tag('session.df', 'paper')")
    notebook.run(f"{CELL.format(2)}")
    notebook.run("_hold = ws.hold('session.df', 'a reason')")
    notebook.run(f"{CELL.format(3)}\nws.save(df, 'session.df')")
    for number in range(4, 7):
        notebook.run(CELL.format(number))
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


def test_nothing_is_let_go_when_nothing_was_stored(notebook):
    for number in range(4):
        notebook.run(CELL.format(number))
    notebook.run("%toolkit keep 1")
    notebook.run(CELL.format(3))
    notebook.run("1 + 1")
    assert notebook.workspace.history("session.df").height in {1, 4}
    notebook.run(CELL.format(9))
    assert notebook.workspace.history("session.df")["version"].to_list() == [5]
