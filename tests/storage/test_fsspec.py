"""What remote stores add to the contract: deadlines, credentials, processes."""

from __future__ import annotations

import threading
import time
import traceback
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from toolkit.core.errors import InvalidArgumentError, StorageError
from toolkit.storage.backends.deadline import DeadlineError, Heartbeat, call_within
from toolkit.storage.backends.fsspec_backend import FsspecStorageBackend
from toolkit.storage.backends.object_info import object_stat
from toolkit.storage.backends.redaction import Redactor

KEY = "objects/ab/abcd"
MB = 1 << 20
OPTIONS = {"key": "AKIA-hidden", "secret": "very-s3cret", "client_kwargs": {"region_name": "x"}}


@pytest.mark.parametrize(
    "verb",
    [
        lambda backend: backend.write_stream(KEY, [b"x"]),
        lambda backend: backend.stat(KEY),
        lambda backend: backend.delete(KEY),
        lambda backend: backend.read_stream(KEY),
        lambda backend: list(backend.list()),
    ],
    ids=["write_stream", "stat", "delete", "read_stream", "list"],
)
def test_a_server_that_never_answers_is_given_up_at_the_deadline(
    hung_endpoint: str, verb: Any
) -> None:
    options = {**OPTIONS, "endpoint_url": hung_endpoint}
    backend = FsspecStorageBackend("s3://bucket/prefix", options, timeout=0.4)
    started = time.monotonic()
    with pytest.raises(StorageError, match=r"no sign of life for 0\.4 s") as caught:
        verb(backend)
    assert time.monotonic() - started < 3
    assert "s3://bucket/prefix" in str(caught.value)


def test_a_refused_connection_is_a_storage_error(unused_port: int) -> None:
    once = {"retries": {"max_attempts": 0}}
    endpoint = f"http://127.0.0.1:{unused_port}"
    options = {**OPTIONS, "endpoint_url": endpoint, "config_kwargs": once}
    backend = FsspecStorageBackend("s3://bucket/prefix", options, timeout=20)
    with pytest.raises(StorageError, match="Could not look at s3://bucket/prefix/objects"):
        backend.stat(KEY)


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_missing_bucket_is_named_with_what_to_do(s3_store: Any) -> None:
    backend = FsspecStorageBackend("s3://no-such-bucket-here/p", s3_store.options)
    with pytest.raises(StorageError, match=r"bucket does not exist.*Create the bucket"):
        backend.write_stream(KEY, [b"x"])
    assert list(backend.list()) == []


def test_credentials_appear_nowhere(s3_store: Any) -> None:
    backend = s3_store.backend()
    backend.write_stream(KEY, [b"x"])
    shown = [repr(backend), str(backend), backend.root, repr(backend.locate(KEY))]
    shown += [repr(vars(backend)), repr(vars(backend)["_connection"])]
    secrets = (s3_store.options["key"], s3_store.options["secret"])
    assert not [text for text in shown for secret in secrets if secret in text]


def test_credentials_of_a_url_do_not_show_in_its_root() -> None:
    assert Redactor({})("sftp://ann:hidden@host/data") == "sftp://host/data"


def test_an_error_message_of_a_library_shows_no_credentials(
    s3_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = s3_store.backend()
    secret = s3_store.options["secret"]

    def leak(*args: Any, **kwargs: Any) -> Any:
        raise ValueError(f"signature of {secret} does not match")

    monkeypatch.setattr(backend.locate(KEY).filesystem, "info", leak)
    with pytest.raises(StorageError, match=r"signature of \*\*\* does not match") as caught:
        backend.stat(KEY)
    assert secret not in "".join(traceback.format_exception(caught.value))


def test_redaction_reaches_nested_options_and_leaves_other_words() -> None:
    redact = Redactor({"client_kwargs": {"aws_secret_access_key": "a+b/c"}, "region": "eu-west"})
    assert redact("a+b/c and a%2Bb%2Fc in eu-west") == "*** and *** in eu-west"


def test_a_forked_child_writes_to_s3(s3_store: Any, fork: Any) -> None:
    backend = s3_store.backend()
    backend.write_stream("parent", [b"1"])
    assert fork(lambda: backend.write_stream("child", [b"2"]).byte_size == 1) == 0
    assert s3_store.get("child") == b"2"


def test_reading_asks_for_bounded_ranges(s3_store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    s3_store.put(KEY, bytes(20 * MB))
    backend = s3_store.backend()
    filesystem = backend.locate(KEY).filesystem
    asked: list[int] = []
    real = filesystem.cat_file

    def cat_file(path: str, start: int, end: int) -> bytes:
        asked.append(end - start)
        return bytes(real(path, start=start, end=end))

    monkeypatch.setattr(filesystem, "cat_file", cat_file)
    chunks = backend.read_stream(KEY, MB)
    next(chunks)
    assert asked == [8 * MB]
    assert sum(map(len, chunks)) == 19 * MB
    assert asked == [8 * MB, 8 * MB, 4 * MB]


def test_an_object_that_shrinks_while_it_is_read_is_an_error(s3_store: Any) -> None:
    s3_store.put(KEY, bytes(20 * MB))
    chunks = s3_store.backend().read_stream(KEY)
    next(chunks)
    s3_store.put(KEY, bytes(9 * MB))
    with pytest.raises(StorageError, match=rf"{KEY}.*ends after {9 * MB:,} bytes"):
        list(chunks)


class ForgetfulMemory(MemoryFileSystem):  # type: ignore[misc]
    """Answers ``info`` from a cache of its own until it is told to forget."""

    protocol = "toolkit-test-cached"
    cachable = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._known: dict[str, Any] = {}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix(f"{cls.protocol}://")))

    def info(self, path: str, **kwargs: Any) -> Any:
        if path not in self._known:
            self._known[path] = super().info(path, **kwargs)
        return self._known[path]

    def invalidate_cache(self, path: str | None = None) -> None:
        self._known.clear()


def test_stat_does_not_believe_a_cache_that_a_filesystem_keeps(memory_store: Any) -> None:
    fsspec.register_implementation(ForgetfulMemory.protocol, ForgetfulMemory, clobber=True)
    memory_store.put(KEY, b"one")
    backend = FsspecStorageBackend(memory_store.url.replace("memory", ForgetfulMemory.protocol))
    assert backend.stat(KEY).byte_size == 3
    memory_store.put(KEY, b"other")
    assert backend.stat(KEY).byte_size == 5


def test_an_upload_that_fails_leaves_no_spool_and_no_staging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory_store: Any, s3_store: Any
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for store, method in ((memory_store, "mv"), (s3_store, "put_file")):
        backend = store.backend()
        for failure in (OSError("lost"), KeyboardInterrupt()):

            def fail(*args: Any, error: BaseException = failure, **kwargs: Any) -> None:
                raise error

            with monkeypatch.context() as patch:
                patch.setattr(backend.locate(KEY).filesystem, method, fail)
                with pytest.raises((StorageError, KeyboardInterrupt)):
                    backend.write_stream(KEY, [b"x"])
            assert store.everything() == set()
            assert store.unfinished() == []
        backend.write_stream(KEY, [b"x"])
    assert list(tmp_path.iterdir()) == []


def test_an_upload_that_arrives_after_its_deadline_is_deleted_again(
    s3_store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = FsspecStorageBackend(s3_store.url, s3_store.options, timeout=0.3)
    filesystem = backend.locate(KEY).filesystem
    go, undone = threading.Event(), threading.Event()
    real_put, real_remove = filesystem.put_file, filesystem.rm_file
    seen: list[set[str]] = []

    def slow(*args: Any, **kwargs: Any) -> None:
        go.wait(30)
        real_put(*args, **kwargs)
        seen.append(s3_store.everything())

    def remove(path: str) -> None:
        real_remove(path)
        undone.set()

    source = tmp_path / "source"
    source.write_bytes(b"late")
    monkeypatch.setattr(filesystem, "put_file", slow)
    monkeypatch.setattr(filesystem, "rm_file", remove)
    with pytest.raises(StorageError, match="no sign of life"):
        backend.publish(KEY, source)
    go.set()
    assert undone.wait(30)
    assert seen == [{KEY}]
    assert s3_store.everything() == set()


@pytest.mark.parametrize("kind", ["memory", "s3"])
def test_an_upload_that_makes_progress_may_take_longer_than_the_timeout(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = request.getfixturevalue(f"{kind}_store")
    backend = FsspecStorageBackend(store.url, getattr(store, "options", None), timeout=1)
    filesystem = backend.locate(KEY).filesystem
    real, progress = filesystem.put_file, [True]

    def slow(*args: Any, callback: Any, **kwargs: Any) -> None:
        for _ in range(8):
            time.sleep(0.25)
            if progress[0]:
                callback.relative_update(1)
        real(*args, callback=callback, **kwargs)

    monkeypatch.setattr(filesystem, "put_file", slow)
    backend.write_stream(KEY, [b"slow"])
    assert store.get(KEY) == b"slow"
    progress[0] = False
    with pytest.raises(StorageError, match="no sign of life"):
        backend.write_stream("objects/ab/stuck", [b"stuck"])


def test_each_part_of_an_upload_to_s3_is_a_sign_of_life(
    s3_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[bool] = []
    monkeypatch.setattr(Heartbeat, "beat", lambda self: beats.append(True))
    s3_store.backend().write_stream(KEY, [bytes(20 * MB)])
    assert len(beats) >= 3


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_that_is_over_at_once_is_refused(timeout: float) -> None:
    with pytest.raises(InvalidArgumentError, match="timeout"):
        FsspecStorageBackend("memory://x", timeout=timeout)


def test_a_url_without_a_place_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="bucket"):
        FsspecStorageBackend("s3://", OPTIONS)


def test_the_root_of_the_memory_store_is_a_place() -> None:
    backend = FsspecStorageBackend("memory://")
    backend.write_stream("toolkit-test-of-the-root", [b"x"])
    try:
        assert backend.stat("toolkit-test-of-the-root").byte_size == 1
        assert "toolkit-test-of-the-root" in {found.key for found in backend.list()}
    finally:
        backend.delete("toolkit-test-of-the-root")


def test_instances_are_not_shared_through_the_cache_of_fsspec(s3_store: Any) -> None:
    shared = fsspec.filesystem("s3", **s3_store.options)
    own = s3_store.backend().locate(KEY).filesystem
    assert own is not shared
    assert own.dircache.use_listings_cache is False
    assert shared.dircache.use_listings_cache is True


def test_options_of_the_cache_of_fsspec_are_accepted(memory_store: Any) -> None:
    for given in (True, False):
        backend = FsspecStorageBackend(memory_store.url, {"skip_instance_cache": given})
        assert list(backend.list()) == []


def test_info_of_a_store_that_says_little_makes_an_empty_stamp() -> None:
    assert object_stat("k", {"size": 3}).stamp == ""
    assert object_stat("k", {"size": 3}).modified_at is None
    assert object_stat("k", {"size": 3, "mtime": 0}).stamp == "1970-01-01T00:00:00+00:00-3"
    assert object_stat("k", {"size": 3, "ETag": '"abc"', "mtime": 0}).stamp == "abc"
    assert object_stat("k", {"size": 3, "updated": "not a time"}).stamp == ""


def test_a_call_returns_or_raises_as_its_function_does() -> None:
    assert call_within(5, lambda: 42) == 42
    with pytest.raises(TimeoutError, match="its own"):
        call_within(5, lambda: (_ for _ in ()).throw(TimeoutError("its own")))


def test_a_beating_call_may_take_longer_than_its_deadline() -> None:
    heartbeat = Heartbeat()

    def work() -> str:
        for _ in range(8):
            time.sleep(0.05)
            heartbeat.beat()
        return "done"

    assert call_within(0.2, work, heartbeat=heartbeat) == "done"
    with pytest.raises(DeadlineError):
        call_within(0.2, work)


def test_a_call_whose_server_is_alive_may_take_longer() -> None:
    assert call_within(0.05, lambda: time.sleep(0.3), alive=lambda: True) is None
    with pytest.raises(DeadlineError):
        call_within(0.05, lambda: time.sleep(0.3), alive=lambda: False)


def test_a_success_that_nobody_waits_for_is_undone() -> None:
    go, undone = threading.Event(), threading.Event()
    with pytest.raises(DeadlineError):
        call_within(0.05, lambda: go.wait(30), undo=undone.set)
    assert not undone.is_set()
    go.set()
    assert undone.wait(30)


def test_a_late_failure_is_not_undone() -> None:
    go, undone = threading.Event(), threading.Event()

    def fail() -> None:
        go.wait(30)
        raise RuntimeError

    with pytest.raises(DeadlineError):
        call_within(0.05, fail, undo=undone.set)
    go.set()
    assert not undone.wait(0.2)


def test_a_success_that_is_not_delivered_because_of_an_interrupt_is_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undone: list[bool] = []
    real = threading.Thread.start

    def start_then_interrupt(self: threading.Thread) -> None:
        real(self)
        self.join()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start_then_interrupt)
        with pytest.raises(KeyboardInterrupt):
            call_within(5, lambda: "done", undo=lambda: undone.append(True))
    assert undone == [True]
