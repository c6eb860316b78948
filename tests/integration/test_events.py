"""What listeners hear: every event of the process on the workspace's folder."""

from __future__ import annotations

import polars as pl
import pytest

import toolkit as tk


@pytest.fixture
def heard(ws):
    """The events since the last look."""
    events = []
    ws.subscribe(lambda event: events.append((event.kind, event.subject)))

    def kinds():
        found = [kind for kind, _ in events]
        events.clear()
        return found

    return kinds


def test_a_new_frame_a_known_one_and_its_end(ws, frame, heard):
    ws.save(frame, "delays")
    assert heard() == ["file_produced", "version_created"]
    ws.save(frame, "delays")
    assert heard() == ["file_deduplicated"]
    ws.save(frame.to_pandas(), "twin")
    assert heard() == ["file_deduplicated", "version_created"]
    ws.save(frame.lazy(), "third")
    assert heard() == ["file_deduplicated", "version_created"]
    for name in ("delays", "twin", "third"):
        ws.drop(name)
    assert heard() == ["version_dropped"] * 3
    ws.gc(grace=0)
    assert heard() == ["file_deleted"]


def test_raw_bytes_are_told_in_the_same_way(ws, heard):
    ws.add(b"bytes", "raw.data")
    assert heard() == ["file_produced", "version_created"]
    ws.add(b"bytes", "raw.data")
    assert heard() == ["file_deduplicated"]
    ws.add(b"bytes", "raw.twin")
    assert heard() == ["file_deduplicated", "version_created"]


def test_the_rows_before_those_that_are_appended_are_no_news(ws, frame, heard):
    ws.save(frame, "delays")
    heard()
    ws.append("delays", pl.DataFrame({"carrier": ["DL"], "delay": [1.0]}))
    assert heard() == ["file_produced", "version_created"]


def test_other_workspaces_on_the_folder_are_heard(ws, home, frame, heard):
    with tk.Workspace(home) as other:
        other.save(frame, "delays")
    assert heard() == ["file_produced", "version_created"]


def test_a_listener_hears_what_comes_after_a_close_until_it_is_ended(ws, frame):
    events = []
    end = ws.subscribe(events.append)
    ws.close()
    ws.save(frame, "delays")
    assert len(events) == 2
    ws.close()
    end()
    ws.save(frame.reverse(), "delays")
    assert len(events) == 2


def test_another_folder_is_not_heard(ws, frame, heard, tmp_path):
    with tk.Workspace(tmp_path / "elsewhere") as other:
        other.save(frame, "delays")
    assert heard() == []
