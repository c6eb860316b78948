"""Many processes save into one workspace at once."""

from __future__ import annotations

import json

import polars as pl
import pytest

import toolkit as tk

PROCESSES = 8
ROUNDS = 5

SAVES = """
import json, sys
import polars as pl
import toolkit as tk
from toolkit.datasets.sharing import SharingPolicy

home, number, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
ws = tk.Workspace(home)
# Small frames share their columns too.
ws._services.datasets._saver._sharer.policy = SharingPolicy(min_bytes=0, min_gain=1)
print("ready", flush=True)
sys.stdin.readline()
for i in range(rounds):
    frames = {
        "same": pl.DataFrame({"v": [7, 7, 7]}),
        f"round_{i}": pl.DataFrame({"round": [i] * 9}),
        f"shared_{i % 4}": pl.DataFrame({"v": range(i % 3 + 1)}),
        "everyone": pl.DataFrame({"who": [number], "i": [i]}),
        "columns": pl.DataFrame(
            {"known": range(90), "of_the_round": range(i, i + 90), "mine": [number] * 90}
        ),
        f"own_{number}": pl.DataFrame({"who": [number] * 50, "i": [i] * 50}),
    }
    for name, frame in frames.items():
        saved = ws.save(frame, name)
        print(json.dumps([saved.ref, saved.id, frame.to_dict(as_series=False)]), flush=True)
"""


def counts(ws: tk.Workspace) -> pl.DataFrame:
    """A row a file: its count, and how many versions name it in their manifests."""
    return ws.sql(
        """
        SELECT f.id, f.ref_count, count(DISTINCT v.version_id) AS versions
        FROM catalog.files f LEFT JOIN catalog.version_files v ON v.file_id = f.id
        GROUP BY ALL ORDER BY f.id
        """
    ).pl()


@pytest.fixture
def acknowledged(start, finish, home):
    processes = [start(SAVES, home, number, ROUNDS) for number in range(PROCESSES)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    lines = [line for process in processes for line in finish(process).splitlines()]
    return [json.loads(line) for line in lines]


def test_eight_processes_lose_nothing_and_count_exactly(acknowledged, ws, assert_sound):
    assert len(acknowledged) == PROCESSES * ROUNDS * 6
    content = {ref: (version_id, data) for ref, version_id, data in acknowledged}
    for ref, version_id, data in acknowledged:
        assert (version_id, data) == content[ref], "two contents under one reference"
    for ref, (_, data) in content.items():
        assert ws.load(ref).collect().to_dict(as_series=False) == data
    assert_sound(ws)
    assert ws.stats()["versions"].item() == len(content)

    # A frame of the same name and content is one version, however many processes saved it.
    assert ws.history("same")["version"].to_list() == [1]
    for i in range(ROUNDS):
        assert ws.history(f"round_{i}")["version"].to_list() == [1]
    # Each process's own frames differ: a version each, none of them taken by another.
    assert len(ws.history("everyone")) == PROCESSES * ROUNDS
    assert {ref for ref, _, _ in acknowledged if ref.startswith("everyone")} == {
        f"everyone@{number + 1}" for number in range(PROCESSES * ROUNDS)
    }

    table = counts(ws)
    assert table["ref_count"].to_list() == table["versions"].to_list()
    distinct = {json.dumps(data) for _, _, data in acknowledged}
    # The one-column frames of the rounds have columns that others save too.
    assert len(table) <= len(distinct)

    # A column that all of them save is written once, or by each in the first race.
    written = ws.sql(
        """
        SELECT count(DISTINCT f.file_id)
        FROM catalog.version_files f
        JOIN catalog.versions v ON v.id = f.version_id
        JOIN catalog.datasets d ON d.id = v.dataset_id
        WHERE d.name = 'columns' AND (f.columns IS NULL OR f.columns[1] IS NOT NULL)
        """
    ).fetchall()[0][0]
    assert written <= PROCESSES


def test_processes_that_save_drop_and_collect_at_once_keep_what_is_named(start, finish, home, ws):
    code = """
    import sys
    from datetime import timedelta
    import polars as pl
    import toolkit as tk

    ws = tk.Workspace(sys.argv[1])
    for i in range(15):
        frame = pl.DataFrame({"v": range(i % 5 + 1)})
        ref = ws.save(frame, "d" + sys.argv[2]).ref
        assert ws.load(ref).collect().equals(frame)
        if i % 3 == 2:
            ws.drop(ref)
        ws.gc(grace=timedelta(0))
    """
    for process in [start(code, home, number) for number in range(3)]:
        finish(process)
    assert ws.check().ok
    table = counts(ws)
    assert table["ref_count"].to_list() == table["versions"].to_list()
    for name in ws.datasets()["name"]:
        for version in ws.history(name)["version"]:
            rows = len(ws.load(f"{name}@{version}").collect())
            assert rows in range(1, 6)
