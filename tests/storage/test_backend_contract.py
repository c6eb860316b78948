"""What every storage backend guarantees, attacked on each of them."""

from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from toolkit.core.errors import InvalidArgumentError, ObjectNotFoundError, StorageError
from toolkit.storage.interfaces import IStorageBackend

KEY = "objects/ab/abcd-1.parquet"
MB = 1 << 20

CONTENTS = {
    "nothing": [],
    "an empty chunk": [b""],
    "one byte": [b"x"],
    "several chunks": [b"one", b"", b"two", bytes(range(256)) * 300],
    "more than one multipart part": [bytes([i]) * MB for i in range(20)],
}
BAD_KEYS = ["", "/", "/etc/passwd", "../out", "a/../b", "a/./b", ".", "a//b", "a/", ".staging/x"]
BAD_KEYS += ["a\\b", "a\0b", "a\n", "a b", "x?versionId=1", "a*", "memory://x", "é", "k" * 901]


@pytest.mark.parametrize("chunks", CONTENTS.values(), ids=CONTENTS.keys())
def test_a_stream_comes_back_byte_for_byte(store: Any, chunks: list[bytes]) -> None:
    data = b"".join(chunks)
    written = store.backend().write_stream(KEY, iter(chunks))
    assert store.get(KEY) == data
    assert b"".join(store.backend().read_stream(KEY)) == data
    assert (written.key, written.byte_size) == (KEY, len(data))
    assert store.everything() == {KEY}
    assert store.unfinished() == []


@pytest.mark.parametrize("size", [0, 1, 20 * MB])
def test_publish_makes_a_complete_file_the_object(store: Any, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    backend = store.backend()
    source = (backend.staging or tmp_path) / "made-elsewhere"
    source.write_bytes(data)
    written = backend.publish(KEY, source)
    assert store.get(KEY) == data
    assert written == backend.stat(KEY)
    assert store.everything() == {KEY}
    assert store.unfinished() == []


def test_publish_of_what_is_no_file_is_refused(backend: IStorageBackend, tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "none"):
        with pytest.raises(InvalidArgumentError, match="no regular file"):
            backend.publish(KEY, source)


@pytest.mark.parametrize("chunk_size", [1000, 3 * MB, 64 * MB])
def test_read_chunks_are_full_except_the_last(store: Any, chunk_size: int) -> None:
    data = os.urandom(9 * MB + 17) if chunk_size > 1000 else os.urandom(10_001)
    store.put(KEY, data)
    chunks = list(store.backend().read_stream(KEY, chunk_size))
    assert b"".join(chunks) == data
    assert all(len(chunk) == chunk_size for chunk in chunks[:-1])
    assert 0 < len(chunks[-1]) <= chunk_size


def test_a_chunk_size_below_one_is_refused(store: Any) -> None:
    store.put(KEY, b"data")
    for size in (0, -1):
        with pytest.raises(InvalidArgumentError, match="at least 1"):
            store.backend().read_stream(KEY, size)


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, OSError])
@pytest.mark.parametrize("size", [1, 12 * MB])
def test_a_stream_that_fails_halfway_leaves_nothing(
    store: Any, failure: type[BaseException], size: int
) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x" * size
        yield b"y" * size
        raise failure("the source failed")

    backend = store.backend()
    with pytest.raises(failure, match="the source failed") as caught:
        backend.write_stream(KEY, chunks())
    assert not isinstance(caught.value, StorageError), "the source's failure is not the store's"
    assert store.everything() == set()
    assert store.unfinished() == []
    assert list(backend.list()) == []
    backend.write_stream(KEY, [b"again"])
    assert store.get(KEY) == b"again"


def test_an_object_is_invisible_until_it_is_complete(store: Any) -> None:
    other = store.backend()
    seen = []

    def chunks() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * MB
            seen.append((list(other.list()), KEY in store.everything()))

    store.backend().write_stream(KEY, chunks())
    assert seen == [([], False)] * 3
    assert [found.key for found in other.list()] == [KEY]


@pytest.mark.parametrize("size", [0, 4, 20 * MB])
def test_an_existing_key_is_never_overwritten(store: Any, tmp_path: Path, size: int) -> None:
    store.put(KEY, b"first")
    backend = store.backend()
    with pytest.raises(StorageError, match=r"never\s+overwritten"):
        backend.write_stream(KEY, [b"x" * size])
    source = (backend.staging or tmp_path) / "second"
    source.write_bytes(b"x" * size)
    with pytest.raises(StorageError, match="exists"):
        backend.publish(KEY, source)
    assert store.get(KEY) == b"first"
    source.unlink()
    assert store.everything() == {KEY}
    assert store.unfinished() == []


@pytest.mark.parametrize("writers", [8])
def test_of_concurrent_writers_exactly_one_wins(store: Any, writers: int) -> None:
    barrier = threading.Barrier(writers)
    won: list[int] = []
    lost: list[str] = []

    def write(number: int) -> None:
        backend = store.backend()

        def chunks() -> Iterator[bytes]:
            barrier.wait(30)
            yield bytes([number]) * 1000

        try:
            backend.write_stream(KEY, chunks())
        except StorageError as error:
            lost.append(str(error))
        else:
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(lost) == writers - 1
    assert all("exists" in message for message in lost), lost
    assert store.get(KEY) == bytes([won[0]]) * 1000
    assert store.everything() == {KEY}


def test_delete_removes_the_object_and_may_be_repeated(store: Any) -> None:
    store.put(KEY, b"data")
    store.put("objects/ab/other", b"kept")
    backend = store.backend()
    backend.delete(KEY)
    assert store.everything() == {"objects/ab/other"}
    backend.delete(KEY)
    backend.delete("never/was/there")
    backend.delete("objects/ab")
    assert store.everything() == {"objects/ab/other"}


def test_stat_sees_what_happened_outside(store: Any) -> None:
    backend = store.backend()
    with pytest.raises(ObjectNotFoundError):
        backend.stat(KEY)
    list(backend.list())
    store.put(KEY, b"one")
    first = backend.stat(KEY)
    assert first.byte_size == 3
    assert list(backend.list()) == [first]
    store.put(KEY, b"other")
    second = backend.stat(KEY)
    assert second.byte_size == 5
    assert second.stamp != first.stamp
    assert [found.byte_size for found in backend.list()] == [5]
    store.backend().delete(KEY)
    with pytest.raises(ObjectNotFoundError):
        backend.stat(KEY)
    assert list(backend.list()) == []


def test_the_stamp_is_the_same_from_write_stat_and_list(store: Any) -> None:
    backend = store.backend()
    written = backend.write_stream(KEY, [b"data"])
    again = store.backend()
    assert written.stamp
    assert written.stamp == again.stat(KEY).stamp
    assert written.stamp == next(again.list()).stamp
    assert written.modified_at is not None
    assert written.modified_at.tzinfo is not None


def test_list_yields_every_object_below_a_prefix(store: Any) -> None:
    keys = {"objects/ab/ab1.parquet", "objects/ab/ab2", "objects/ac/x", "objectsx/y", "top"}
    for key in keys:
        store.put(key, b"12345")
    backend = store.backend()

    def found(prefix: str) -> list[str]:
        return sorted(item.key for item in backend.list(prefix))

    assert found("") == sorted(keys)
    assert {item.byte_size for item in backend.list()} == {5}
    assert found("objects/") == ["objects/ab/ab1.parquet", "objects/ab/ab2", "objects/ac/x"]
    assert found("objects") == sorted(key for key in keys if key.startswith("objects"))
    assert found("objects/a") == found("objects/")
    assert found("objects/ab/ab1") == ["objects/ab/ab1.parquet"]
    assert found("top") == ["top"]
    assert found("top/") == []
    assert found("none/at/all") == []


def test_list_leaves_out_what_cannot_be_an_object(store: Any) -> None:
    store.put("objects/ours", b"1")
    store.put(".staging/half", b"1")
    store.put("objects/.hidden", b"1")
    store.put("my notes.txt", b"1")
    assert [item.key for item in store.backend().list()] == ["objects/ours"]


@pytest.mark.parametrize("key", [KEY, "objects", "objects/cd/neighbour/below"])
@pytest.mark.parametrize("verb", ["stat", "read_stream"])
def test_a_missing_object_is_named(store: Any, verb: str, key: str) -> None:
    store.put("objects/cd/neighbour", b"x")
    with pytest.raises(ObjectNotFoundError, match=key) as caught:
        getattr(store.backend(), verb)(key)
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_outside_the_rule_is_refused_everywhere(
    backend: IStorageBackend, tmp_path: Path, key: str
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    verbs: list[Callable[[], object]] = [
        lambda: backend.write_stream(key, [b"x"]),
        lambda: backend.publish(key, source),
        lambda: backend.read_stream(key),
        lambda: backend.stat(key),
        lambda: backend.delete(key),
        lambda: backend.locate(key),
    ]
    for verb in verbs:
        with pytest.raises(InvalidArgumentError, match="a key is relative"):
            verb()
    assert source.read_bytes() == b"x"


@pytest.mark.parametrize("prefix", ["/", "../", "a//", ".staging", "a b", None])
def test_a_prefix_outside_the_rule_is_refused(backend: IStorageBackend, prefix: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        backend.list(prefix)


def test_a_sweep_concerns_no_object(store: Any) -> None:
    backend = store.backend()
    backend.write_stream("objects/ab/abcd", [b"x"])
    later = datetime.now(UTC) + timedelta(days=1)
    assert list(backend.sweep(later, dry_run=True)) == []
    assert list(backend.sweep(later, dry_run=False)) == []
    assert store.everything() == {"objects/ab/abcd"}


def test_locate_names_the_object_without_a_look(store: Any) -> None:
    backend = store.backend()
    place = backend.locate(KEY)
    assert place.uri == f"{backend.root}/{KEY}"
    store.put(KEY, b"bytes")
    if place.path is not None:
        assert place.path.read_bytes() == b"bytes"
    else:
        assert place.filesystem.cat_file(place.fs_path) == b"bytes"


@pytest.mark.parametrize("kind", ["local", "s3"])
def test_a_long_stream_is_written_and_read_in_bounded_memory(
    request: pytest.FixtureRequest, kind: str
) -> None:
    backend = request.getfixturevalue(f"{kind}_store").backend()
    total, bound = (96, 16) if kind == "local" else (12, 1)
    pulled = []

    def chunks() -> Iterator[bytes]:
        for number in range(total):
            pulled.append(tracemalloc.get_traced_memory()[0])
            yield bytes([number]) * MB

    tracemalloc.start()
    try:
        backend.write_stream(KEY, chunks())
        # On S3 the server is in this process too: only what was held while pulling is the store's.
        # What the store holds grows with each pull; another thread's share comes and goes.
        assert sorted(pulled)[total // 2] - pulled[0] < 4 * MB
        if kind == "local":
            assert tracemalloc.get_traced_memory()[1] < bound * MB
            tracemalloc.reset_peak()
            assert sum(len(chunk) for chunk in backend.read_stream(KEY, MB)) == total * MB
            assert tracemalloc.get_traced_memory()[1] < bound * MB
    finally:
        tracemalloc.stop()


def test_threads_share_a_backend(store: Any) -> None:
    backend = store.backend()
    failures: list[BaseException] = []

    def use(number: int) -> None:
        try:
            key = f"objects/{number}"
            backend.write_stream(key, [bytes([number]) * 5000])
            assert b"".join(backend.read_stream(key, 100)) == bytes([number]) * 5000
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.everything()) == 6


def test_a_forked_child_uses_a_backend_of_its_parent(store: Any, fork: Any) -> None:
    store.put(KEY, b"of the parent")
    backend = store.backend()
    assert b"".join(backend.read_stream(KEY)) == b"of the parent"
    assert fork(lambda: b"".join(backend.read_stream(KEY)) == b"of the parent") == 0
    assert b"".join(backend.read_stream(KEY)) == b"of the parent"
