"""Media that refuse: a limit on file sizes, and folders that may not be written. These need no
mounting, and therefore run for everybody; ``test_failures.py`` has real disks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import toolkit as tk

LIMITED = """
import os, resource, signal, sys
import polars as pl
import toolkit as tk
from toolkit.core.errors import StorageError

def large(megabytes):
    return pl.DataFrame({"v": pl.int_range(megabytes << 17, eager=True).hash(1)})

ws = tk.Workspace(sys.argv[1])
ws.save(large(1), "before")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, 8 << 20))
verbs = [
    lambda: ws.save(large(24), "big"),
    lambda: ws.save(large(24).lazy(), "big"),
    lambda: ws.save(large(24).to_arrow(), "big"),
    lambda: ws.add(os.urandom(24 << 20), "raw"),
]
for verb in verbs:
    try:
        verb()
    except StorageError as error:
        print(error)
assert ws.save(large(2), "after").version == 1
"""

READ_ONLY = """
import ctypes, sys
import polars as pl
import toolkit as tk
from toolkit.core.errors import CatalogError, StorageError

# Root may write everywhere; without its capabilities it is bound to the modes of files too.
ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
for name in sys.argv[1:]:
    with tk.Workspace(name) as ws:
        try:
            print("saved", ws.save(pl.DataFrame({"v": [2]}), "new").ref)
        except (CatalogError, StorageError) as error:
            print(error)
"""


def read_only(folder: Path, *, files: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o555)
        elif files:
            path.chmod(0o444)


def writable(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_limit_on_file_sizes_in_the_middle_of_a_save(home, start, finish, assert_sound):
    told = finish(start(LIMITED, home)).splitlines()
    assert len(told) == 4
    for message in told:
        assert re.search(r"Could not write .*: File too large.*ulimit -f", message)
    with tk.Workspace(home) as ws:
        assert ws.datasets()["name"].to_list() == ["after", "before"]
        assert_sound(ws)


@pytest.mark.parametrize("files", [True, False], ids=["all of it", "its folders"])
def test_a_workspace_that_may_not_be_written(home, frame, start, finish, files):
    with tk.Workspace(home) as ws:
        ws.save(frame, "delays")
    read_only(home, files=files)
    try:
        told = finish(start(READ_ONLY, home))
    finally:
        writable(home)
    assert "saved" not in told
    assert re.search(rf"{re.escape(str(home))}.*(writable|permissions)", told)
    with tk.Workspace(home) as ws:
        assert ws.datasets()["name"].to_list() == ["delays"]
        assert ws.load("delays").collect().equals(frame)
        assert ws.check().ok


def test_a_place_where_no_workspace_can_be_made(tmp_path, start, finish):
    parent = tmp_path / "theirs"
    parent.mkdir(mode=0o555)
    told = finish(start(READ_ONLY, parent / "work"))
    assert re.search(rf"{re.escape(str(parent))}.*writable", told)
    assert list(parent.iterdir()) == []


def test_a_store_that_may_not_be_written(home, tmp_path, frame, start, finish):
    store = tmp_path / "store"
    with tk.Workspace(home, storage=store) as ws:
        ws.save(frame, "delays")
    read_only(store, files=False)
    try:
        told = finish(start(READ_ONLY, home))
    finally:
        writable(store)
    assert re.search(rf"{re.escape(str(store))}.*Permission denied.*Check the permissions", told)
    with tk.Workspace(home) as ws:
        assert ws.datasets()["name"].to_list() == ["delays"]
        assert ws.check().ok
