"""Workspaces as folders: moved, opened twice, shared, pickled, found, side by side."""

from __future__ import annotations

import os
import pickle
import shutil
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk


def content(ws: tk.Workspace, ref: str) -> list[tuple[object, ...]]:
    return ws.load(ref).collect().rows()


@pytest.mark.parametrize("carry", [shutil.move, shutil.copytree], ids=["moved", "copied"])
def test_a_workspace_works_at_another_place(carry, ws, home, frame, tmp_path):
    ws.save(frame, "delays")
    ws.append("delays", frame)
    ws.add(b"model", "models.lgbm")
    ws.close()
    carry(home, tmp_path / "elsewhere" / "renamed")
    with tk.Workspace(tmp_path / "elsewhere" / "renamed") as there:
        assert there.check().problems == ()
        assert content(there, "delays@1") == frame.rows()
        assert content(there, "delays@2") == frame.rows() * 2
        assert there.sql("SELECT count(*) FROM delays").fetchall() == [(8,)]
        assert there.save(frame, "delays_again").deduplicated
        assert Path(there.export("models.lgbm", tmp_path / "model.bin")).read_bytes() == b"model"
        assert str(home) not in there.sql("SELECT * FROM catalog.files").pl().write_json()
        new = there.save(frame.reverse(), "reversed")
        assert all(Path(file.uri).is_relative_to(there.home) for file in new.files)
    if carry is shutil.copytree:
        assert ws.datasets()["name"].to_list() == ["delays", "models.lgbm"]


def test_a_workspace_in_a_moved_parent_keeps_a_store_within_it(tmp_path, frame):
    before = tmp_path / "before"
    with tk.Workspace(before, storage=str(before / "own" / "store")) as ws:
        ws.save(frame, "delays")
    before.rename(tmp_path / "after")
    with tk.Workspace(tmp_path / "after") as ws:
        assert content(ws, "delays") == frame.rows()
        assert ws.check().ok


def test_two_workspace_objects_on_one_folder_see_each_other(ws, home, frame):
    with tk.Workspace(home) as other:
        ws.save(frame, "a")
        assert content(other, "a") == frame.rows()
        assert other.save(frame, "a").version == 1
        other.save(frame.head(1), "a")
    assert ws.history("a")["version"].to_list() == [1, 2]
    assert content(ws, "a") == frame.head(1).rows()


def test_threads_share_a_workspace(ws, assert_sound):
    barrier = threading.Barrier(4)

    def work(number: int) -> list[str]:
        barrier.wait()
        refs = []
        for i in range(10):
            refs.append(ws.save(pl.DataFrame({"who": [number], "i": [i]}), f"own_{number}").ref)
            ws.save(pl.DataFrame({"i": [i]}), f"same_{i}")
            assert ws.sql(f"SELECT who, i FROM own_{number}").fetchall() == [(number, i)]
            assert content(ws, refs[-1]) == [(number, i)]
        return refs

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    assert done == [[f"own_{n}@{i + 1}" for i in range(10)] for n in range(4)]
    assert ws.stats()["versions"].item() == 50
    assert_sound(ws)


def test_a_workspace_is_pickled_by_its_path(ws, home, frame):
    ws.save(frame, "delays")
    data = pickle.dumps(ws)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert again.home == ws.home
    assert content(again, "delays") == frame.rows()


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_worker_process_gets_a_workspace(method, ws, frame):
    artifact = ws.save(frame, "delays")
    with ProcessPoolExecutor(1, mp_context=get_context(method)) as pool:
        assert pool.submit(ws.history, "delays").result(60)["version"].to_list() == [1]
        worker = pool.submit(ws.save, frame.head(2), "delays").result(60)
        assert pool.submit(ws.drop, artifact).result(60) == "delays@1"
    assert (worker.ref, worker.deduplicated) == ("delays@2", False)
    assert ws.history("delays")["version"].to_list() == [2]


def test_the_end_of_the_block_closes_and_another_use_opens_again(home, frame):
    with tk.Workspace(home) as ws:
        ws.save(frame, "delays")
    ws.close()
    ws.close()
    assert content(ws, "delays") == frame.rows()
    ws.close()


def test_a_result_outlives_its_workspace(home, frame):
    with tk.Workspace(home) as ws:
        ws.save(frame, "delays")
        lazy = ws.load("delays")
    assert lazy.collect().rows() == frame.rows()


def test_a_new_workspace_makes_nothing_before_its_first_use(home):
    tk.Workspace(home)
    assert not home.exists()


def test_the_environment_names_the_folder(monkeypatch, tmp_path, frame):
    monkeypatch.setenv("TOOLKIT_HOME", str(tmp_path / "shared"))
    monkeypatch.chdir(tmp_path)
    with tk.Workspace() as ws:
        ws.save(frame, "delays")
    assert (tmp_path / "shared" / "catalog.duckdb").is_file()
    assert not (tmp_path / ".toolkit").exists()
    assert tk.Workspace(tmp_path / "given").home == tmp_path / "given"


def test_an_empty_environment_names_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("TOOLKIT_HOME", "")
    monkeypatch.chdir(tmp_path)
    assert tk.Workspace().home == tmp_path / ".toolkit"


@pytest.mark.parametrize("timeout", [None, "30", float("nan"), -1])
def test_a_timeout_that_is_no_length_of_time_is_refused(home, timeout):
    with pytest.raises(tk.ToolkitError, match=r"timeout.*seconds"):
        tk.Workspace(home, timeout=timeout)


def test_times_with_a_zone_come_out_of_sql(ws):
    moment = datetime(2013, 1, 1, 5, 15, tzinfo=UTC)
    ws.save(pl.DataFrame({"moment": [moment]}), "times")
    assert ws.sql("SELECT moment FROM times").fetchall() == [(moment,)]
    assert ws.sql("SELECT created_at FROM catalog.versions").fetchall()[0][0].tzinfo


def test_the_nearest_parent_with_a_workspace_is_found(monkeypatch, tmp_path, frame):
    monkeypatch.delenv("TOOLKIT_HOME", raising=False)
    deep = tmp_path / "project" / "notebooks" / "old"
    deep.mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    with tk.Workspace() as ws:
        ws.save(frame, "delays")
        assert ws.home == tmp_path / "project" / ".toolkit"
    monkeypatch.chdir(deep)
    with tk.Workspace() as ws:
        assert ws.home == tmp_path / "project" / ".toolkit"
        assert content(ws, "delays") == frame.rows()
    (deep / ".toolkit").mkdir()
    assert tk.Workspace().home == deep / ".toolkit"


def test_a_relative_path_stays_where_it_was_when_the_folder_changes(monkeypatch, tmp_path, frame):
    monkeypatch.chdir(tmp_path)
    with tk.Workspace("here") as ws:
        ws.save(frame, "delays")
        (tmp_path / "sub").mkdir()
        monkeypatch.chdir(tmp_path / "sub")
        assert content(ws, "delays") == frame.rows()
    assert os.listdir(tmp_path / "sub") == []


def test_two_workspaces_side_by_side_know_nothing_of_each_other(tmp_path, frame):
    with tk.Workspace(tmp_path / "a") as a, tk.Workspace(tmp_path / "b") as b:
        a.save(frame, "delays")
        assert b.datasets().height == 0
        b.save(frame.head(1), "delays")
        moved = b.save(a.load("delays"), "from_a")
        assert not moved.deduplicated
        assert content(a, "delays") == frame.rows()
        assert content(b, "delays") == frame.head(1).rows()
        assert a.sql("SELECT count(*) FROM delays").fetchall() == [(4,)]
        assert b.sql("SELECT count(*) FROM delays").fetchall() == [(1,)]
        a.drop("delays")
        assert content(b, "from_a") == frame.rows()


def test_a_store_of_its_own_is_remembered(tmp_path, home, frame):
    store = tmp_path / "store"
    with tk.Workspace(home, storage=str(store)) as ws:
        saved = ws.save(frame, "delays")
    with tk.Workspace(home) as again:
        assert content(again, "delays") == frame.rows()
    assert Path(saved.files[0].uri).is_relative_to(store)
    with pytest.raises(tk.ToolkitError, match=r"keeps its files in .*store.*, not in .*other"):
        tk.Workspace(home, storage=str(tmp_path / "other")).datasets()
