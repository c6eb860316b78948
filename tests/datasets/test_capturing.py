"""Captured versions: how they are recorded, found after a restart, and let go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from toolkit.core.types import Event, NewRun
from toolkit.datasets.capturing import Capturer

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def run(session: str = "one", minutes: int = 0, source: str = "df = ...") -> NewRun:
    return NewRun("book", session, source, START + timedelta(minutes=minutes), 0.5, True)


def frame(number: int) -> pl.DataFrame:
    return pl.DataFrame({"x": [number, number + 1]})


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[tk.Workspace]:
    with tk.Workspace(tmp_path / "workspace") as workspace:
        yield workspace
        assert workspace.check().ok


@pytest.fixture
def captures(ws: tk.Workspace) -> Capturer:
    return ws._services.datasets.captures


def capture(captures: Capturer, number: int, name: str = "book.df", minutes: int = 0) -> str:
    run_id = captures.begin(run(minutes=minutes))
    return captures.capture(run_id, "df", frame(number), name, ()).ref


def test_a_run_and_what_it_bound_are_recorded(ws: tk.Workspace, captures: Capturer) -> None:
    source = ws.save(frame(0), "source")
    run_id = captures.begin(run(source="df = f(source)"))
    saved = captures.capture(run_id, "df", frame(1), "book.df", [source])
    captures.note(run_id, "lazy", "source@1")
    assert (saved.ref, saved.inputs) == ("book.df@1", ("source@1",))
    rows = ws.sql("select notebook, session, source, seconds, succeeded from catalog.runs").pl()
    assert rows.rows() == [("book", "one", "df = f(source)", 0.5, True)]


def test_the_last_session_is_what_every_variable_was_at_its_end(
    ws: tk.Workspace, captures: Capturer
) -> None:
    first = captures.begin(run("one", 0))
    captures.capture(first, "old", frame(1), "book.old", ())
    second = captures.begin(run("two", 1))
    captures.capture(second, "df", frame(2), "book.df", ())
    third = captures.begin(run("two", 2))
    captures.capture(third, "df", frame(3), "book.df", ())
    captures.note(third, "lazy", "book.df@2")
    captures.begin(run("three", 3))
    found = captures.last_session("book", besides="three")
    assert [(b.variable, b.ref, b.note, b.saved) for b in found] == [
        ("df", "book.df@2", "", True),
        ("lazy", "", "book.df@2", False),
    ]
    assert found[0].at == START + timedelta(minutes=2)
    ws.drop("book.df@2")
    assert [(b.ref, b.saved) for b in captures.last_session("book", "three")] == [
        ("", True),
        ("", False),
    ]
    assert [b.variable for b in captures.last_session("book", besides="two")] == ["old"]
    assert captures.last_session("other", "three") == ()


def test_the_newest_of_each_name_stay(ws: tk.Workspace, captures: Capturer) -> None:
    seen: list[Event] = []
    ws.subscribe(seen.append)
    refs = [capture(captures, number) for number in range(5)]
    other = capture(captures, 9, "book.other")
    assert captures.expire(keep=3, budget=None) == tuple(refs[:2])
    assert captures.expire(keep=3, budget=None) == ()
    assert ws.history("book.df")["version"].to_list() == [3, 4, 5]
    assert ws.load(other).collect().equals(frame(9))
    assert [event.subject for event in seen if event.kind == "version_expired"] == refs[:2]
    events = ws.sql("select subject from catalog.events where kind = 'version_expired'").pl()
    assert events["subject"].to_list() == refs[:2]


def test_tagged_held_and_saved_versions_never_expire(ws: tk.Workspace, captures: Capturer) -> None:
    refs = [capture(captures, number) for number in range(6)]
    ws.tag(refs[0], "paper")
    ws.hold(refs[1], "a reason")
    # The newest one is saved by hand, and so was another one before.
    assert ws.save(frame(5), "book.df").ref == refs[5]
    assert captures.expire(keep=0, budget=0) == tuple(refs[2:5])
    assert ws.history("book.df")["version"].to_list() == [1, 2, 6]


def test_saving_by_hand_a_content_that_is_captured_under_another_name_keeps_its_own(
    ws: tk.Workspace, captures: Capturer
) -> None:
    captured = capture(captures, 1)
    saved = ws.save(frame(1), "mine")
    assert captures.expire(keep=0, budget=None) == (captured,)
    assert ws.load(saved).collect().equals(frame(1))


def test_capturing_what_was_saved_by_hand_does_not_make_it_expire(
    ws: tk.Workspace, captures: Capturer
) -> None:
    ws.save(frame(1), "book.df")
    assert capture(captures, 1) == "book.df@1"
    assert captures.expire(keep=0, budget=0) == ()


def test_the_oldest_go_until_the_budget_is_met(ws: tk.Workspace, captures: Capturer) -> None:
    refs = [capture(captures, number, f"book.v{number}") for number in range(4)]
    sizes = [ws.history(ref.partition("@")[0])["byte_size"].item() for ref in refs]
    assert captures.expire(keep=10, budget=sum(sizes)) == ()
    assert captures.expire(keep=10, budget=sum(sizes[2:])) == tuple(refs[:2])
    assert captures.expire(keep=10, budget=sum(sizes[2:]) - 1) == (refs[2],)


def test_lazy_frames_and_relations_show_what_they_read_and_versions_that_are_gone_are_left_out(
    ws: tk.Workspace, captures: Capturer, tmp_path: Path
) -> None:
    ws.save(frame(1), "one")
    ws.save(frame(2), "two")
    frame(3).write_parquet(tmp_path / "file.parquet")
    lazy = ws.load("one").join(ws.read(tmp_path / "file.parquet"), on="x")
    assert captures.inputs_of(lazy) == ("one@1", str(tmp_path / "file.parquet"))
    relation = ws.sql("select count(*) from two, one")
    assert captures.inputs_of(relation.limit(1)) == ("two@1", "one@1")
    assert captures.inputs_of(frame(1)) == ()
    ws.drop("one@1")
    assert captures.inputs_of(lazy) == (str(tmp_path / "file.parquet"),)
