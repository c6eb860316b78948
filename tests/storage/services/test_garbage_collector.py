"""Garbage collection: what goes, what stays, and who may run meanwhile."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from toolkit.core.errors import InvalidArgumentError, StorageError
from toolkit.storage.services import garbage_collector, publication

HOUR = timedelta(hours=1)


def garbage(shop, *contents):
    """Files at 0 references."""
    made = [shop.producer.produce([content], "x") for content in contents]
    for produced in made:
        shop.producer.release(produced.file_id)
    return made


def orphan(shop, hours, name="objects/ab/orphan", data=b"12345"):
    shop.backend.write_stream(name, [data])
    shop.age(shop.backend.locate(name).path, hours)


def test_only_what_nothing_uses_is_deleted(shop):
    kept = shop.producer.produce([b"kept"], "x")
    garbage(shop, b"one", b"three")
    report = shop.gc()
    assert (report.files, report.bytes, report.waiting, report.dry_run) == (2, 8, 0, False)
    assert [row.id for row in shop.rows()] == [kept.file_id]
    shop.assert_clean()


def test_the_grace_period_is_kept(shop):
    garbage(shop, b"one")
    report = shop.gc(HOUR)
    assert (report.files, report.waiting, report.waiting_bytes) == (0, 1, 3)
    assert len(shop.objects()) == 1
    with shop.catalog.transaction() as transaction:
        transaction.query("UPDATE files SET unreferenced_at = now() - INTERVAL 61 MINUTE")
    report = shop.gc(HOUR)
    assert (report.files, report.waiting) == (1, 0)
    shop.assert_clean()


def test_a_file_that_is_used_again_starts_its_grace_period_anew(shop):
    (produced,) = garbage(shop, b"one")
    with shop.catalog.transaction() as transaction:
        transaction.query("UPDATE files SET unreferenced_at = now() - INTERVAL 61 MINUTE")
    assert shop.producer.produce([b"one"], "x").deduplicated
    shop.producer.release(produced.file_id)
    assert shop.gc(HOUR).files == 0


def test_a_negative_grace_period_is_refused(shop):
    with pytest.raises(InvalidArgumentError, match="grace"):
        shop.gc(timedelta(seconds=-1))


@pytest.mark.parametrize("grace", [None, "1h", float("nan"), float("inf"), timedelta.max])
def test_what_is_no_length_of_time_is_refused(shop, grace):
    garbage(shop, b"one")
    with pytest.raises(InvalidArgumentError, match="grace period"):
        shop.gc(grace)
    assert len(shop.rows()) == 1


@pytest.mark.parametrize(("grace", "files"), [(3600, 0), (3600.5, 0), (0, 1), (0.0, 1)])
def test_a_number_is_seconds_of_grace(shop, grace, files):
    garbage(shop, b"one")
    assert shop.gc(grace).files == files


def test_a_dry_run_says_the_same_and_deletes_nothing(local_shop):
    garbage(local_shop, b"one", b"three")
    orphan(local_shop, 2)
    (local_shop.backend.staging / "1-00").write_bytes(b"left")
    local_shop.age(local_shop.backend.staging / "1-00", 2)
    before = (local_shop.rows(), local_shop.objects(), local_shop.leftovers())
    dry = local_shop.gc(dry_run=True)
    assert (local_shop.rows(), local_shop.objects(), local_shop.leftovers()) == before
    assert (dry.files, dry.bytes, dry.orphans, dry.orphan_bytes) == (2, 8, 2, 9)
    done = local_shop.gc()
    assert (done.files, done.bytes, done.orphans, done.orphan_bytes) == (2, 8, 2, 9)
    assert local_shop.rows() == []
    local_shop.assert_clean()


def test_events_name_what_was_deleted(shop):
    (produced,) = garbage(shop, b"one")
    shop.events.clear()
    shop.gc()
    (event,) = shop.events
    assert (event.kind, event.subject) == ("file_deleted", produced.content_hash)
    assert event.detail == {"uri": produced.uri, "byte_size": 3}


def test_all_batches_are_collected(shop, monkeypatch):
    monkeypatch.setattr(garbage_collector, "_BATCH", 2)
    garbage(shop, b"1", b"2", b"3", b"4", b"5")
    assert shop.gc().files == 5
    shop.assert_clean()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_interrupted_collection_is_finished_by_the_next(shop, moment):
    def interrupt():
        raise KeyboardInterrupt

    garbage(shop, b"one", b"two")
    getattr(shop.backend, moment)["delete"] = interrupt
    with pytest.raises(KeyboardInterrupt):
        shop.gc()
    getattr(shop.backend, moment).clear()
    assert {row.state for row in shop.rows()} == {"deleting"}
    assert shop.check().ok
    dry = shop.gc(HOUR, dry_run=True)
    assert (dry.files, dry.waiting) == (2, 0)
    assert shop.gc(HOUR).files == 2
    shop.assert_clean()


def test_bytes_that_cannot_be_deleted_are_reported_after_the_rest(shop):
    garbage(shop, b"one", b"two", b"three")
    failed = []

    def fail_once():
        if not failed:
            failed.append(1)
            raise StorageError("no permission")

    shop.backend.before["delete"] = fail_once
    with pytest.raises(StorageError, match="no permission"):
        shop.gc()
    assert [row.state for row in shop.rows()] == ["deleting"]
    shop.backend.before.clear()
    assert shop.gc().files == 1
    shop.assert_clean()


def test_a_row_that_a_save_takes_over_meanwhile_stays_with_its_bytes(shop):
    garbage(shop, b"one")

    def save():
        shop.backend.before.clear()
        shop.producer.produce([b"one"], "x")

    shop.backend.before["delete"] = save
    shop.events.clear()
    assert shop.gc().files == 0
    assert [event.kind for event in shop.events] == ["file_produced"]
    assert [row.ref_count for row in shop.rows()] == [1]
    shop.assert_clean()


@pytest.mark.parametrize(("hours", "grace", "swept"), [
    (0.9, timedelta(0), 0), (1.1, timedelta(0), 1), (1.1, 2 * HOUR, 0), (2.1, 2 * HOUR, 1),
])  # fmt: skip
def test_orphans_are_swept_after_the_grace_period_and_an_hour(local_shop, hours, grace, swept):
    orphan(local_shop, hours)
    report = local_shop.gc(grace)
    assert (report.orphans, report.orphan_bytes) == (swept, 5 * swept)
    assert len(local_shop.objects()) == 1 - swept


def test_an_old_object_with_a_row_is_no_orphan(local_shop):
    produced = local_shop.producer.produce([b"kept"], "x")
    local_shop.age(local_shop.backend.locate(local_shop.rows()[0].key).path, 1000)
    assert local_shop.gc().orphans == 0
    assert os.path.exists(produced.uri)


def test_a_row_written_between_listing_and_sweep_saves_its_object(local_shop):
    # Listed as an orphan, named by a row a moment later: the rows are read after the listing.
    def age():
        local_shop.age(local_shop.backend.locate(local_shop.objects()[0]).path, 1000)

    listed = []
    real = local_shop.backend._backend.list

    def listing(prefix):
        found = list(real(prefix))
        if not listed:
            listed.append(1)
            local_shop.backend.after["publish"] = age
            local_shop.producer.produce([b"new"], "x")
            found = list(real(prefix))
        return iter(found)

    local_shop.backend.list = listing
    assert local_shop.gc().orphans == 0
    assert listed
    local_shop.assert_clean()


def test_an_object_of_unknown_age_is_left_alone(memory_shop, monkeypatch):
    import dataclasses

    memory_shop.backend.write_stream("objects/ab/orphan", [b"x"])
    real = memory_shop.backend._backend.list
    for age, swept in ((None, 0), (2 * HOUR, 1)):

        def listing(prefix, age=age):
            for found in real(prefix):
                modified = None if age is None else found.modified_at - age
                yield dataclasses.replace(found, modified_at=modified)

        monkeypatch.setattr(memory_shop.backend, "list", listing, raising=False)
        assert memory_shop.gc().orphans == swept
    monkeypatch.undo()
    assert memory_shop.objects() == []


def test_objects_of_somebody_else_are_left_alone(local_shop):
    orphan(local_shop, 1000, name="theirs/data")
    assert local_shop.gc().orphans == 0
    assert [found.key for found in local_shop.backend.list()] == ["theirs/data"]


def test_only_old_leftovers_of_staging_are_swept(shop):
    with shop.producer.stage("x") as staged:
        folder = staged.path.parent
        old = folder / "77-0123456789abcdef.parquet"
        old.write_bytes(b"old")
        shop.age(old, 2)
        assert shop.gc().orphans == 1
        assert not old.exists()
        assert staged.path.exists()


def test_a_staged_file_in_use_is_kept_however_long_nothing_is_written(shop):
    with shop.producer.stage("x") as staged:
        shop.age(staged.path, 5)
        assert shop.gc(dry_run=True).orphans == 0
        assert shop.gc().orphans == 0
        staged.write([b"after hours of computing"])
        staged.commit(lambda _, produced: produced)
    assert [row.byte_size for row in shop.rows()] == [24]
    assert shop.leftovers() == []


def test_a_stream_that_is_slow_keeps_its_staged_file(local_shop):
    def chunks():
        yield b"first"
        (staged,) = local_shop.leftovers()
        local_shop.age(staged, 5)
        assert local_shop.gc().orphans == 0
        yield b"second"

    local_shop.backend.write_stream("objects/ab/slow", chunks())
    assert local_shop.leftovers() == []


def test_a_staged_file_whose_process_ended_is_swept(local_shop, start):
    process = start("""
staging = producer.stage("x")
staged = staging.__enter__()
print(staged.path, flush=True)
sys.stdin.read()
""")
    path = Path(process.stdout.readline().strip())
    local_shop.age(path, 2)
    assert local_shop.gc().orphans == 0
    process.kill()
    process.wait()
    assert local_shop.gc().orphans == 1
    assert not path.exists()


def test_a_save_that_slept_never_registers_an_object_that_is_swept(local_shop, monkeypatch):
    monkeypatch.setattr(publication, "_LOOK_AGAIN_AFTER", 0)
    published, sweeping, outcome = threading.Event(), threading.Event(), []

    def sleep():
        (key,) = local_shop.objects()
        local_shop.age(local_shop.backend.locate(key).path, 2)
        published.set()
        assert sweeping.wait(30)

    def save():
        try:
            outcome.append(local_shop.producer.produce([b"late"], "x"))
        except StorageError as error:
            outcome.append(error)

    def awake():
        if not sweeping.is_set():
            sweeping.set()
            saver.join(1)

    local_shop.backend.after["publish"] = sleep
    local_shop.backend.before["delete"] = awake
    saver = threading.Thread(target=save)
    saver.start()
    assert published.wait(30)
    assert local_shop.gc().orphans == 1
    saver.join()
    assert "swept as an orphan" in str(outcome[0])
    local_shop.assert_clean()


def test_uploads_that_a_killed_process_left_are_swept(memory_shop):
    filesystem = memory_shop.backend.locate("x").filesystem
    folder = memory_shop.backend.locate("x").fs_path.rpartition("/")[0] + "/.staging"
    names = {"old": "0" * 32, "young": "1" * 32, "theirs": "notes.txt"}
    for name in names.values():
        filesystem.pipe_file(f"{folder}/{name}", b"12345")
    for name in ("old", "theirs"):
        store = filesystem.store[f"{folder}/{names[name]}"]
        store.created = store.modified = datetime.now(UTC) - 2 * HOUR
    dry = memory_shop.gc(dry_run=True)
    assert (dry.orphans, dry.orphan_bytes) == (1, 5)
    assert len(filesystem.find(folder)) == 3
    done = memory_shop.gc()
    assert (done.orphans, done.orphan_bytes) == (1, 5)
    left = [path.rpartition("/")[2] for path in filesystem.find(folder)]
    assert left == [names["young"], names["theirs"]]


def test_a_collection_makes_no_folders(local_shop):
    local_shop.gc()
    assert not (local_shop.folder / "store").exists()


def test_files_of_somebody_else_in_the_handed_folder_are_left_alone(memory_shop):
    memory_shop.staging.mkdir()
    theirs = memory_shop.staging / "thesis.tex"
    theirs.write_bytes(b"x")
    memory_shop.age(theirs, 1000)
    assert memory_shop.gc().orphans == 0
    assert theirs.exists()


def test_saves_of_the_same_content_beside_collections_never_lose_bytes(shop):
    data, rounds, errors = b"contested", 25, []
    stop = threading.Event()

    def collect():
        try:
            while not stop.is_set():
                shop.gc()
        except BaseException as error:
            errors.append(error)

    def save():
        try:
            for _ in range(rounds):
                produced = shop.producer.produce([data], "x")
                with shop.catalog.transaction() as transaction:
                    row = transaction.files.by_id(produced.file_id)
                assert b"".join(shop.files.read(row)) == data
                shop.producer.release(produced.file_id)
        except BaseException as error:
            errors.append(error)

    collector = threading.Thread(target=collect)
    savers = [threading.Thread(target=save) for _ in range(2)]
    for thread in [collector, *savers]:
        thread.start()
    for thread in savers:
        thread.join()
    stop.set()
    collector.join()
    assert errors == []
    shop.gc()
    assert shop.rows() == []
    shop.assert_clean()
