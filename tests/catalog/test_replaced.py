"""The files of a catalog change under a process that has it open, or are made."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from toolkit.catalog import connection
from toolkit.catalog.catalog import Catalog


def stored(catalog):
    with catalog.transaction() as transaction:
        return [file.content_hash for file in transaction.files.all()]


def add(catalog, new_file, *contents, key=None):
    for content in contents:
        with catalog.transaction() as transaction:
            transaction.files.reference(new_file(content, key and f"{key}/{content}"))


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def opened(home, monkeypatch):
    monkeypatch.setattr(connection, "KEEP_SECONDS", 1.0)
    catalog = Catalog(home / "catalog.duckdb", timeout=5)
    yield catalog
    catalog.close()


def seen_by_another_process(home):
    code = (
        "import sys; from toolkit.catalog.catalog import Catalog\n"
        "with Catalog(sys.argv[1], timeout=5).transaction() as t:\n"
        "    print(*(f.content_hash for f in t.files.all()))"
    )
    command = [sys.executable, "-c", code, str(home / "catalog.duckdb")]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_a_folder_that_was_removed_is_made_anew_at_the_next_use(opened, home, new_file):
    add(opened, new_file, "1")
    shutil.rmtree(home)
    add(opened, new_file, "2")
    assert stored(opened) == ["blake3:2"]
    opened.close()
    assert seen_by_another_process(home) == ["blake3:2"]


def test_a_folder_that_was_moved_is_left_alone(opened, home, new_file):
    add(opened, new_file, "1")
    moved = home.with_name("moved")
    home.rename(moved)
    add(opened, new_file, "2")
    opened.close()
    assert seen_by_another_process(moved) == ["blake3:1"]
    assert seen_by_another_process(home) == ["blake3:2"]


def test_a_lock_file_that_was_removed_keeps_others_out_again(opened, home, new_file, start):
    add(opened, new_file, "1")
    (home / "catalog.lock").unlink()
    with opened.transaction() as transaction:
        transaction.files.reference(new_file("2"))
        other = start(
            f"""
            try:
                with Catalog({str(home / "catalog.duckdb")!r}, timeout=0.3).transaction():
                    say("in")
            except CatalogBusyError as error:
                say(f"process {os.getpid()};" in str(error))
            """
        )
        assert other.communicate(timeout=30)[0] == "True\n"
    assert stored(opened) == ["blake3:1", "blake3:2"]


@pytest.mark.parametrize("used_again", [True, False], ids=["used again", "idle"])
def test_a_catalog_that_took_the_place_is_not_written_to(
    opened, home, new_file, path, start, finish, used_again
):
    # The other one has a write-ahead log of its own, as after a crash.
    other = start(
        """
        for i in range(30):
            with catalog.transaction() as t:
                t.files.reference(NewFile(f"blake3:{i:02}", "o" * 1000, 1, "x", ""))
        say("done")
        os.kill(os.getpid(), 9)
        """
    )
    other.wait(30)
    wal = path.with_name("catalog.duckdb.wal")
    assert wal.stat().st_size > 30_000
    replacement = {name: (path.parent / name).read_bytes() for name in (path.name, wal.name)}
    mark = (path.parent / "catalog.mark").read_bytes()

    add(opened, new_file, *map(str, range(30)), key="k" * 1000)
    before = opened._connection.attachment
    for name, content in replacement.items():
        (home / name).unlink(missing_ok=True)
        (home / name).write_bytes(content)
    (home / "catalog.mark").write_bytes(mark)
    assert opened._connection._attached
    if used_again:
        assert stored(opened) == [f"blake3:{i:02}" for i in range(30)]
        assert opened._connection.attachment == before + 1
        opened.close()
    else:
        time.sleep(1.5)
        assert {name: (home / name).read_bytes() for name in replacement} == replacement
    assert seen_by_another_process(home) == [f"blake3:{i:02}" for i in range(30)]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_new_catalog_and_its_folders_are_durable(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync

    def noted(descriptor):
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    folder = tmp_path / "deep" / "home"
    catalog = Catalog(folder / "catalog.duckdb")
    catalog.setting("a", "b")
    catalog.close()
    assert {str(tmp_path), str(folder.parent), str(folder)} <= set(synced)
    assert synced[-1] == str(folder)
    del synced[:]
    catalog.setting("a", "b")
    catalog.close()
    assert synced == []
