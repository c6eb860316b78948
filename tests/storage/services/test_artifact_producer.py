"""The one door: each step, and each way in which a step can fail."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import threading
import tracemalloc
from pathlib import Path

import pytest
from blake3 import blake3

from toolkit.catalog.catalog import Catalog
from toolkit.core.errors import (
    CatalogBusyError,
    InvalidArgumentError,
    StorageError,
    TransactionError,
)
from toolkit.storage.backends.local import LocalStorageBackend
from toolkit.storage.services import publication, staging, write_back
from toolkit.storage.services.artifact_producer import ArtifactProducer

DATA = b"some bytes that are worth keeping"
HASH = "blake3:" + blake3(DATA).hexdigest()


def held(transaction, produced):
    """What a caller records: an edge that explains the reference."""
    transaction.versions.hold(version_id=None, file_id=produced.file_id, reason="test")
    transaction.files.add_references({produced.file_id: -1})
    return produced


def save(shop, record):
    with shop.producer.stage("x") as staged:
        staged.write([DATA])
        return staged.commit(record)


def test_new_bytes_are_stored_under_their_hash_and_counted_once(shop):
    produced = shop.producer.produce(io.BytesIO(DATA), "text/plain", suffix=".txt")
    assert (produced.content_hash, produced.byte_size) == (HASH, len(DATA))
    assert not produced.deduplicated
    (row,) = shop.rows()
    digest = HASH.removeprefix("blake3:")
    assert re.fullmatch(rf"objects/{digest[:2]}/{digest}-[0-9a-f]{{16}}\.txt", row.key)
    assert (row.id, row.ref_count, row.media_type) == (produced.file_id, 1, "text/plain")
    assert produced.uri == shop.backend.locate(row.key).uri
    assert b"".join(shop.backend.read_stream(row.key)) == DATA
    shop.assert_clean()


def test_known_bytes_upload_nothing_and_are_counted_again(shop):
    first = shop.producer.produce([DATA], "text/plain")
    shop.backend.calls.clear()
    again = shop.producer.produce(io.BytesIO(DATA), "text/csv")
    assert again.deduplicated
    assert (again.file_id, again.uri) == (first.file_id, first.uri)
    assert "publish" not in shop.backend.calls
    assert [row.ref_count for row in shop.rows()] == [2]
    shop.assert_clean()


@pytest.mark.parametrize(
    "stream",
    [io.BytesIO(b"abcdef"), [b"abc", b"def"], (b for b in [b"a", b"", b"bcdef"]), b"abcdef",
     bytearray(b"abcdef"), [bytearray(b"abc"), memoryview(b"def")]],
    ids=["file", "list", "generator", "bytes", "bytearray", "buffers"],
)  # fmt: skip
@pytest.mark.parametrize("chunk_size", [1, 4, None])
def test_any_stream_of_bytes_gives_one_hash(local_shop, stream, chunk_size):
    if isinstance(stream, io.BytesIO):
        stream.seek(0)
    if not isinstance(stream, (io.BytesIO, list, bytes, bytearray)):
        stream = iter([b"a", b"", b"bcdef"])
    produced = local_shop.producer.produce(stream, "x", chunk_size=chunk_size)
    assert produced.content_hash == "blake3:" + blake3(b"abcdef").hexdigest()


def test_no_bytes_at_all_are_a_file_too(shop):
    produced = shop.producer.produce(io.BytesIO(), "x")
    assert produced.byte_size == 0
    assert produced.content_hash == "blake3:" + blake3(b"").hexdigest()
    shop.assert_clean()


@pytest.mark.parametrize("stream", [io.StringIO("text"), ["text"], [1]])
def test_a_stream_of_something_else_is_refused(local_shop, stream):
    with pytest.raises(InvalidArgumentError, match='mode "rb"'):
        local_shop.producer.produce(stream, "x")
    assert local_shop.objects() == []
    local_shop.assert_clean()


def test_a_chunk_size_below_one_is_refused(local_shop):
    with pytest.raises(InvalidArgumentError, match="chunk_size"):
        local_shop.producer.produce([DATA], "x", chunk_size=0)
    with pytest.raises(InvalidArgumentError, match="chunk_size"):
        ArtifactProducer(local_shop.backend, local_shop.catalog, Path("x"), chunk_size=0)


@pytest.mark.parametrize("suffix", ["parquet", "./..", ". x", ".ü", "." + "a" * 100, ".txt~", "."])
def test_a_suffix_that_a_key_cannot_hold_is_left_out(local_shop, suffix):
    local_shop.producer.produce([DATA], "x", suffix=suffix)
    assert re.fullmatch(r"objects/../[0-9a-f]{64}-[0-9a-f]{16}", local_shop.objects()[0])


def test_a_staged_file_is_private_and_written_by_any_engine(shop):
    with shop.producer.stage("x", suffix=".bin") as staged:
        assert stat.S_IMODE(staged.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(staged.path.parent.stat().st_mode) == 0o700
        assert staging.is_staged_name(staged.path.name)
        staged.path.write_bytes(DATA)
        produced = staged.commit(held)
    assert produced.content_hash == HASH
    shop.assert_clean()


def test_a_local_store_stages_in_its_own_folder_so_that_publishing_is_a_rename(local_shop):
    with local_shop.producer.stage("x") as staged:
        assert staged.path.parent == local_shop.backend.staging
        staged.write([DATA])
        inode = staged.path.stat().st_ino
        produced = staged.commit(held)
    assert os.stat(produced.uri).st_ino == inode


def test_large_files_have_the_same_hash_however_they_are_written(local_shop, monkeypatch):
    flushed = []
    real = write_back._flush
    monkeypatch.setattr(write_back, "_flush", lambda fd: (flushed.append(1), real(fd)))
    monkeypatch.setattr(write_back, "_EVERY", 1 << 20)
    data = os.urandom(1 << 20) * 18
    with local_shop.producer.stage("x") as staged:
        staged.write([data[: 5 << 20]])
        staged.write([data[5 << 20 :]])
        one = staged.commit(held)
    assert flushed
    flushed.clear()
    with local_shop.producer.stage("x") as staged:
        staged.path.write_bytes(data)
        two = staged.commit(held)
    assert flushed
    assert one.content_hash == two.content_hash == "blake3:" + blake3(data).hexdigest()
    assert two.deduplicated


def test_a_failed_early_flush_fails_the_save(local_shop, monkeypatch):
    def fail(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(write_back, "_flush", fail)
    with pytest.raises(StorageError, match="Input/output error"):
        local_shop.producer.produce([b"x" * (33 << 20)], "x")
    with local_shop.producer.stage("x") as staged:
        staged.path.write_bytes(b"y" * (5 << 20))
        with pytest.raises(StorageError, match="Input/output error"):
            staged.commit(held)
    assert local_shop.rows() == []
    local_shop.assert_clean()


def test_a_file_that_an_engine_changed_after_write_is_hashed_again(local_shop):
    with local_shop.producer.stage("x") as staged:
        staged.write([b"some "])
        with staged.path.open("ab") as file:
            file.write(b"more")
        produced = staged.commit(held)
    assert produced.content_hash == "blake3:" + blake3(b"some more").hexdigest()


def test_a_staged_file_is_committed_once(local_shop):
    with local_shop.producer.stage("x") as staged:
        staged.write([DATA])
        staged.commit(held)
        with pytest.raises(InvalidArgumentError, match="committed already"):
            staged.commit(held)
    assert [row.ref_count for row in local_shop.rows()] == [1]


def test_a_staged_file_whose_writing_failed_cannot_be_committed(local_shop):
    def broken():
        yield b"begin"
        raise RuntimeError("source")

    with local_shop.producer.stage("x") as staged:
        with pytest.raises(RuntimeError, match="source"):
            staged.write(broken())
        with pytest.raises(InvalidArgumentError, match="incomplete"):
            staged.commit(held)
    assert local_shop.rows() == []


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_source_that_fails_leaves_nothing(shop, failure):
    def broken():
        yield DATA
        raise failure("source")

    with pytest.raises(failure, match="source"):
        shop.producer.produce(broken(), "x")
    assert (shop.rows(), shop.events) == ([], [])
    shop.assert_clean()


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_an_uncommitted_block_leaves_nothing(shop, failure):
    def give_up():
        with shop.producer.stage("x") as staged:
            staged.write([DATA])
            raise failure

    with pytest.raises(failure):
        give_up()
    with shop.producer.stage("x") as staged:
        staged.write([DATA])
    assert shop.rows() == []
    shop.assert_clean()


@pytest.mark.parametrize("failure", [StorageError, KeyboardInterrupt])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_failed_publication_leaves_nothing(shop, moment, failure):
    def fail():
        raise failure("publish")

    getattr(shop.backend, moment)["publish"] = fail
    with pytest.raises(failure, match="publish"):
        shop.producer.produce([DATA], "x")
    assert (shop.rows(), shop.events) == ([], [])
    shop.assert_clean()


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("known", [False, True])
def test_a_failure_in_record_undoes_the_row_and_the_object(shop, failure, known):
    if known:
        shop.producer.produce([DATA], "x")
    before = (shop.rows(), shop.objects(), list(shop.events))

    def record(transaction, produced):
        held(transaction, produced)
        raise failure("record")

    with pytest.raises(failure, match="record"):
        save(shop, record)
    assert (shop.rows(), shop.objects(), shop.events) == before
    shop.assert_clean()


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("failure", [CatalogBusyError, KeyboardInterrupt])
def test_a_transaction_that_cannot_begin_leaves_nothing(shop, monkeypatch, step, failure):
    real, count = shop.catalog.transaction, []

    def transaction():
        count.append(1)
        if len(count) == step:
            raise failure("busy")
        return real()

    monkeypatch.setattr(shop.catalog, "transaction", transaction)
    with pytest.raises(failure, match="busy"):
        shop.producer.produce([DATA], "x")
    monkeypatch.undo()
    assert shop.rows() == []
    shop.assert_clean()


def test_a_failed_commit_of_the_catalog_deletes_the_object(shop):
    def record(transaction, produced):
        with contextlib.suppress(Exception):
            transaction.query("SELECT nonsense")

    with pytest.raises(TransactionError):
        save(shop, record)
    assert shop.rows() == []
    shop.assert_clean()


def test_an_interrupt_after_the_commit_keeps_the_bytes(shop):
    def interrupt(event):
        raise KeyboardInterrupt

    end = shop.catalog.events.subscribe(interrupt)
    with pytest.raises(KeyboardInterrupt):
        shop.producer.produce([DATA], "x")
    end()
    assert [row.ref_count for row in shop.rows()] == [1]
    shop.assert_clean()


def test_a_lost_race_uses_the_winners_object_and_deletes_its_own(shop):
    def overtake():
        shop.backend.before.clear()
        shop.producer.produce([DATA], "x")

    shop.backend.before["publish"] = overtake
    produced = shop.producer.produce([DATA], "x")
    assert produced.deduplicated
    assert [row.ref_count for row in shop.rows()] == [2]
    assert [event.kind for event in shop.events] == ["file_produced", "file_deduplicated"]
    shop.assert_clean()


def test_threads_with_the_same_bytes_make_one_row_and_one_object(shop):
    produced, barrier = [], threading.Barrier(4)

    def run():
        barrier.wait()
        produced.append(shop.producer.produce([DATA], "x"))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(produced) == 4
    assert sum(not one.deduplicated for one in produced) == 1
    assert [row.ref_count for row in shop.rows()] == [4]
    shop.assert_clean()


def test_a_row_that_is_being_deleted_is_taken_over_with_bytes_of_its_own(shop):
    first = shop.producer.produce([DATA], "x")
    shop.producer.release(first.file_id)
    old = shop.objects()
    shop.set_state(first.file_id, "deleting")
    again = shop.producer.produce([DATA], "x")
    (row,) = shop.rows()
    assert not again.deduplicated
    assert (row.id, row.state, row.ref_count) == (first.file_id, "ready", 1)
    assert [row.key] != old
    for key in old:
        shop.backend.delete(key)
    shop.assert_clean()


@pytest.mark.parametrize("state", ["deleting", "gone"])
def test_a_row_that_is_collected_between_look_and_use_is_stored_anew(shop, state):
    first = shop.producer.produce([DATA], "x")
    shop.producer.release(first.file_id)

    def collect():
        shop.backend.after.clear()
        if state == "gone":
            shop.gc()
        else:
            shop.set_state(first.file_id, "deleting")

    shop.backend.after["stat"] = collect
    again = shop.producer.produce([DATA], "x")
    assert not again.deduplicated
    assert [row.ref_count for row in shop.rows()] == [1]
    shop.gc()
    assert b"".join(shop.files.read(shop.rows()[0])) == DATA
    assert shop.check().ok


@pytest.mark.parametrize("damage", [None, b"short", DATA[::-1]], ids=["gone", "short", "other"])
def test_a_save_heals_a_lost_or_damaged_object(shop, damage):
    shop.producer.produce([DATA], "x")
    (row,) = shop.rows()
    shop.damage(row.key, damage)
    again = shop.producer.produce([DATA], "x")
    assert not again.deduplicated
    (healed,) = shop.rows()
    assert (healed.id, healed.ref_count) == (row.id, 2)
    assert healed.key != row.key
    assert shop.check().ok


def test_an_object_that_was_only_touched_is_not_stored_again(local_shop):
    local_shop.producer.produce([DATA], "x")
    (row,) = local_shop.rows()
    os.utime(local_shop.backend.locate(row.key).path)
    assert local_shop.producer.produce([DATA], "x").deduplicated
    local_shop.assert_clean()


def test_events_follow_the_commit_and_tell_what_happened(shop):
    seen_inside = []

    def record(transaction, produced):
        seen_inside.append(list(shop.events))
        return held(transaction, produced)

    for _ in range(2):
        with shop.producer.stage("x") as staged:
            staged.write([DATA])
            produced = staged.commit(record)
    assert [len(events) for events in seen_inside] == [0, 1]
    assert [event.kind for event in shop.events] == ["file_produced", "file_deduplicated"]
    assert {event.subject for event in shop.events} == {HASH}
    assert shop.events[1].detail == {"uri": produced.uri, "byte_size": len(DATA)}


def test_commit_returns_what_record_returned(shop):
    assert save(shop, lambda transaction, produced: "new") == "new"
    assert save(shop, lambda transaction, produced: None) is None
    assert [row.ref_count for row in shop.rows()] == [2]


def test_release_gives_back_exactly_what_produce_took(shop):
    produced = shop.producer.produce([DATA], "x")
    shop.producer.produce([DATA], "x")
    shop.producer.release(produced.file_id)
    shop.assert_clean()
    shop.producer.release(produced.file_id)
    assert [row.ref_count for row in shop.rows()] == [0]
    with pytest.raises(InvalidArgumentError, match="no reference to release"):
        shop.producer.release(produced.file_id)
    shop.assert_clean()


def test_memory_is_bounded_whatever_the_length(local_shop):
    block = os.urandom(1 << 20)
    local_shop.producer.produce([b"warm"], "x")
    tracemalloc.start()
    try:
        local_shop.producer.produce((block for _ in range(64)), "x")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_a_save_that_slept_past_a_sweep_fails_instead_of_naming_nothing(shop, monkeypatch):
    monkeypatch.setattr(publication, "_LOOK_AGAIN_AFTER", -1.0)
    shop.backend.after["publish"] = lambda: shop.damage(shop.objects()[0], None)
    with pytest.raises(StorageError, match="swept as an orphan"):
        shop.producer.produce([DATA], "x")
    assert shop.rows() == []
    shop.backend.after.clear()
    shop.producer.produce([DATA], "x")
    shop.assert_clean()


def test_bytes_staged_long_ago_are_published_with_a_new_age(local_shop):
    with local_shop.producer.stage("x") as staged:
        staged.path.write_bytes(DATA)
        local_shop.age(staged.path, 48)
        # At this moment a collection sees the object without its row.
        local_shop.backend.after["publish"] = local_shop.gc
        produced = staged.commit(held)
    assert Path(produced.uri).read_bytes() == DATA


def test_a_full_disk_is_named_and_leaves_nothing(tiny_disk, tmp_path):
    catalog = Catalog(tmp_path / "catalog.duckdb")
    backend = LocalStorageBackend(tiny_disk / "store")
    producer = ArtifactProducer(backend, catalog, tmp_path / "staging")
    with pytest.raises(StorageError, match=r"No space left on device.*Free space"):
        producer.produce((os.urandom(1 << 16) for _ in range(100)), "x")
    assert list(backend.staging.iterdir()) == list(backend.list()) == []
    producer.produce([DATA], "x")
    catalog.close()


def test_a_forked_child_saves_after_its_parent_has_hashed(local_shop, fork):
    local_shop.producer.produce([b"x" * (17 << 20)], "x")

    def child():
        with local_shop.producer.stage("x") as staged:
            staged.path.write_bytes(b"y" * (17 << 20))
            staged.commit(held)
        return True

    assert fork(child) == 0
    assert len(local_shop.rows()) == 2
    local_shop.assert_clean()


def test_a_forked_child_leaves_its_parents_staged_file(local_shop, fork):
    with local_shop.producer.stage("x") as staged:
        staged.write([DATA])

        def child():
            staged.discard()
            return True

        assert fork(child) == 0
        assert staged.commit(held).content_hash == HASH
