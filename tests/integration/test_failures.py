"""What bad input and bad luck get: an error that says what, to which thing, and what to do next;
nothing half-written and nothing lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import toolkit as tk
from toolkit.core.errors import (
    CatalogBusyError,
    CatalogError,
    CatalogVersionError,
    DatasetNotFoundError,
    FileChangedError,
    FileMissingError,
    FrameError,
    InvalidNameError,
    QueryError,
    SourceError,
    SourceNotFoundError,
    StorageError,
    UnsupportedTypeError,
)


@pytest.fixture
def unchanged(ws, frame, assert_sound):
    """A workspace with one dataset, which has to be all that is there after the test too."""
    ws.save(frame, "delays")
    yield ws
    assert ws.datasets()["name"].to_list() == ["delays"]
    assert ws.load("delays@1").collect().equals(frame)
    assert_sound(ws)


def says(*parts: str) -> str:
    """A pattern for a message that has the parts in this order."""
    return "(?s)" + ".*".join(map(re.escape, parts))


@pytest.mark.parametrize("name", ["missing.parquet", "missing.csv", "no/folder/*.parquet"])
def test_a_path_that_does_not_exist(unchanged, tmp_path, name):
    path = tmp_path / name
    with pytest.raises(SourceNotFoundError, match=says(str(path))) as caught:
        unchanged.save(unchanged.read(path), "new")
    assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(SourceNotFoundError, match=says("gone.bin")):
        unchanged.add(tmp_path / "gone.bin", "new")


@pytest.mark.parametrize("name", ["", "1st", "a-b", "a.b.c", "flüge", "a b", "x" * 64, "a;drop"])
def test_a_name_outside_the_rule(unchanged, frame, name):
    rule = says(repr(name), "`table` or `schema.table`", "letter or underscore", "at most 62")
    for verb in (
        lambda: unchanged.save(frame, name),
        lambda: unchanged.append(name, frame),
        lambda: unchanged.add(b"data", name),
        lambda: unchanged.load(name),
    ):
        with pytest.raises(InvalidNameError, match=rule):
            verb()


def test_an_unknown_dataset_version_or_tag(unchanged, frame):
    for verb in (unchanged.load, unchanged.history, unchanged.lineage, unchanged.drop):
        with pytest.raises(
            DatasetNotFoundError, match=says('"delay"', 'Did you mean "delays"', "delays")
        ):
            verb("delay")
    with pytest.raises(DatasetNotFoundError, match=says('"delay"', "delays")):
        unchanged.append("delay", frame)
    with pytest.raises(DatasetNotFoundError, match=says('"delays" has no version 7', "1")):
        unchanged.load("delays@7")
    with pytest.raises(DatasetNotFoundError, match=says('no tag "paper"')):
        unchanged.load("delays@paper")
    with pytest.raises(DatasetNotFoundError, match=says("delay", "delays")):
        unchanged.save(frame.head(1), "new", inputs=["delay"])
    with pytest.raises(QueryError, match=says("delay", "delays")):
        unchanged.sql("SELECT * FROM delay")


def test_columns_that_parquet_cannot_hold_are_named(unchanged):
    things = [object(), object()]
    polars = pl.DataFrame({"fine": [1, 2], "things": pl.Series(things, dtype=pl.Object)})
    pandas = pd.DataFrame({"fine": [1, 2], "things": things})
    mixed = pd.DataFrame({"fine": [1, 2], "things": [1, "one"]})
    for frame in (polars, polars.lazy(), pandas, mixed):
        with pytest.raises(UnsupportedTypeError, match=says("things", "Nothing was written")):
            unchanged.save(frame, "new")


def test_duplicate_column_names(unchanged):
    table = pa.table([[1], [2]], names=["twice", "twice"])
    pandas = pd.DataFrame([[1, 2]], columns=["twice", "twice"])
    for frame in (table, pandas):
        with pytest.raises(FrameError, match=says("twice", "Rename")):
            unchanged.save(frame, "new")


@pytest.mark.parametrize("thing", [42, "text", [1, 2], None, pl.Series("s", [1])], ids=repr)
def test_what_is_not_a_frame(unchanged, thing):
    with pytest.raises(FrameError, match=says(type(thing).__qualname__)):
        unchanged.save(thing, "new")


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame(),
        pl.DataFrame(schema={"a": pl.Int64, "b": pl.String}),
        pl.LazyFrame(schema={"a": pl.Int64}),
        pa.table({}),
        pa.table({"a": pa.array([], pa.timestamp("ns", "UTC"))}),
        pd.DataFrame({"a": pd.Series([], dtype="int32")}),
    ],
    ids=["nothing", "no rows", "lazy", "arrow nothing", "arrow no rows", "pandas no rows"],
)
def test_an_empty_frame_is_fine(ws, frame, assert_sound):
    saved = ws.save(frame, "empty")
    assert saved.rows == 0
    loaded = ws.load("empty").collect()
    assert loaded.height == 0
    assert loaded.columns == list(saved.columns)
    assert ws.save(ws.load("empty"), "empty").version == 1
    assert_sound(ws)


@pytest.mark.parametrize("name", ["broken.parquet", "text.parquet", "empty.parquet"])
def test_a_parquet_file_that_is_not_one(unchanged, tmp_path, frame, name):
    path = tmp_path / name
    frame.write_parquet(path)
    data = {
        "broken.parquet": path.read_bytes()[:-20],
        "text.parquet": b"a,b\n1,2\n" * 10,
        "empty.parquet": b"",
    }
    path.write_bytes(data[name])
    with pytest.raises(SourceError, match=says(name)):
        unchanged.save(unchanged.read(path), "new")


@pytest.mark.parametrize("data", [b"PAR1\0\0\0\0PAR1", b"\x89PNG\r\n\x1a\n\0\0\0" * 9])
def test_a_csv_file_that_is_not_one(unchanged, tmp_path, data):
    path = tmp_path / "binary.csv"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=says("binary.csv")):
        unchanged.save(unchanged.read(path), "new")


def large(megabytes: int) -> pl.DataFrame:
    """A frame that cannot be compressed."""
    return pl.DataFrame({"v": pl.int_range(megabytes << 17, eager=True).hash(1)})


def test_a_full_disk_in_the_middle_of_a_save(disk, frame):
    folder = disk("12m")
    with tk.Workspace(folder / "work") as ws:
        ws.save(frame, "delays")
        for big in (large(24), large(24).lazy(), large(24).to_arrow()):
            with pytest.raises(StorageError, match=r"(?i)space.*|disk") as caught:
                ws.save(big, "big")
            assert re.search(r"[Ff]ree space", str(caught.value))
        with pytest.raises(StorageError, match=says("ree space")):
            ws.add(os.urandom(24 << 20), "raw")
        assert list((folder / "work" / "files" / ".staging").iterdir()) == []
        assert ws.datasets()["name"].to_list() == ["delays"]
        assert ws.save(large(2), "small").version == 1
        report = ws.check()
        assert (report.problems, report.orphans) == ((), 0)
        assert ws.load("delays").collect().equals(frame)


def test_a_disk_without_any_space_left(disk, frame):
    folder = disk("4m")
    with tk.Workspace(folder / "work") as ws:
        ws.save(frame, "delays")
        free = os.statvfs(folder)
        (folder / "filler").write_bytes(bytes(free.f_bavail * free.f_frsize))
        with pytest.raises((StorageError, CatalogError), match=r"(?i)space|full"):
            ws.save(frame.reverse(), "new")
        (folder / "filler").unlink()
        assert ws.datasets()["name"].to_list() == ["delays"]
        assert ws.save(frame.reverse(), "new").version == 1
        assert ws.check().ok


def test_a_read_only_folder(disk, frame):
    folder = disk("12m")
    with tk.Workspace(folder / "work") as ws:
        ws.save(frame, "delays")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    with (
        tk.Workspace(folder / "work") as ws,
        pytest.raises((CatalogError, StorageError), match=says(str(folder), "writable")),
    ):
        ws.save(frame.reverse(), "new")
    with (
        tk.Workspace(folder / "other") as ws,
        pytest.raises((CatalogError, StorageError), match=says(str(folder), "writable")),
    ):
        ws.save(frame, "new")
    subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    with tk.Workspace(folder / "work") as ws:
        assert ws.datasets()["name"].to_list() == ["delays"]
        assert ws.load("delays").collect().equals(frame)
        assert ws.check().ok


INTERRUPTED = """
import signal, sys
import polars as pl
import toolkit as tk

ws = tk.Workspace(sys.argv[1])
ws.datasets()
frame = pl.DataFrame({"v": pl.int_range(6_000_000, eager=True).hash(int(sys.argv[3]))})
if sys.argv[2] == "lazy":
    frame = frame.lazy()
try:
    print("go", flush=True)
    ws.save(frame, "big")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("saved", flush=True)
except KeyboardInterrupt:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("interrupted", flush=True)
assert ws.save(pl.DataFrame({"v": [1]}), "small").rows == 1
assert ws.check().problems == ()
print("small", flush=True)
"""


@pytest.mark.parametrize("kind", ["eager", "lazy"])
def test_an_interrupt_in_the_middle_of_a_save(start, unchanged, home, kind):
    outcomes = []
    for seed, pause in enumerate((0.01, 0.04, 0.08)):
        process = start(INTERRUPTED, home, kind, seed)
        assert process.stdout.readline() == "go\n"
        time.sleep(pause)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        first, second = out.splitlines()
        assert second == "small"
        outcomes.append(first)
        names = set(unchanged.datasets()["name"])
        assert names - {"big"} == {"delays", "small"}
        # An interrupt may come after the commit, never between one half of a save and the other.
        assert "big" in names or first == "interrupted"
        if "big" in names:
            assert unchanged.load("big").collect().height == 6_000_000
            unchanged.drop("big")
        unchanged.drop("small")
        unchanged.gc(grace=timedelta(0))
    assert "interrupted" in outcomes


def test_a_workspace_of_a_newer_schema_version(ws, home, frame, start, finish):
    ws.save(frame, "delays")
    ws.close()
    code = """
    import sys, duckdb
    with duckdb.connect(sys.argv[1]) as catalog:
        catalog.execute(sys.argv[2])
    """
    newer = "INSERT INTO schema_migrations VALUES (999, now())"
    finish(start(code, home / "catalog.duckdb", newer))
    with pytest.raises(CatalogVersionError, match=says("schema 999", "Upgrade the toolkit")):
        ws.datasets()
    with pytest.raises(CatalogVersionError, match=says(str(home))):
        ws.save(frame.reverse(), "delays")
    ws.close()
    older = "DELETE FROM schema_migrations WHERE number = 999"
    finish(start(code, home / "catalog.duckdb", older))
    assert ws.history("delays")["version"].to_list() == [1]
    assert ws.load("delays").collect().equals(frame)
    assert ws.check().ok


def test_a_catalog_that_is_held_past_the_deadline(ws, home, frame, start):
    ws.save(frame, "delays")
    ws.close()
    code = """
    import sys, time
    from pathlib import Path
    from toolkit.catalog.catalog import Catalog
    with Catalog(Path(sys.argv[1]) / "catalog.duckdb", timeout=5).transaction():
        print("held", flush=True)
        time.sleep(60)
    """
    holder = start(code, home)
    assert holder.stdout.readline() == "held\n"
    with tk.Workspace(home, timeout=0.5) as hurried:
        message = says(str(home), f"process {holder.pid}", "Wait until", "try again")
        with pytest.raises(CatalogBusyError, match=message) as caught:
            hurried.save(frame.reverse(), "delays")
        assert isinstance(caught.value, TimeoutError)
        holder.kill()
        holder.wait()
        assert hurried.save(frame.reverse(), "delays").version == 2


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


DAMAGES = {
    "same size": (FileChangedError, lambda p: overwrite(p, p.read_bytes()[:-9] + b"\x7f" * 9)),
    "other size": (FileChangedError, lambda p: overwrite(p, p.read_bytes() + b"more")),
    "emptied": (FileChangedError, lambda p: overwrite(p, b"")),
    "removed": (FileMissingError, lambda p: p.unlink()),
    "folder removed": (FileMissingError, lambda p: shutil.rmtree(p.parent)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_touched_behind_the_catalogs_back(damage, ws, frame, objects, assert_sound):
    kind, apply = DAMAGES[damage]
    ws.save(frame, "delays")
    ws.save(frame, "twin")
    (path,) = objects()
    apply(path)
    message = says(path.name, "save the same content again", "ws.check()")
    for verb in (
        lambda: ws.load("delays"),
        lambda: ws.load("delays", "arrow"),
        lambda: ws.load("delays", "pandas"),
        lambda: ws.sql("SELECT * FROM delays").fetchall(),
        lambda: ws.append("delays", frame),
    ):
        with pytest.raises(kind, match=message):
            verb()

    (problem,) = ws.check().problems
    assert problem.kind == ("missing" if kind is FileMissingError else "changed")
    assert path.name in problem.subject
    assert "delays@1" in problem.detail
    assert "twin@1" in problem.detail
    assert ws.check(rehash=False).problems != ()

    again = ws.save(frame, "delays")
    assert again.rows == frame.height
    for ref in ("delays", "delays@1", "twin"):
        assert ws.load(ref).collect().equals(frame)
    ws.gc(grace=timedelta(0))
    assert ws.check().problems == ()


def test_a_damaged_file_that_was_loaded_already_is_not_read_as_if_it_were_whole(ws, objects):
    ws.save(large(1), "big")
    assert ws.load("big").collect().height == 1 << 17
    (path,) = objects()
    overwrite(path, path.read_bytes()[:5000] + b"\1" * 50 + path.read_bytes()[5050:])
    with pytest.raises(FileChangedError, match=says(path.name)):
        ws.load("big")
