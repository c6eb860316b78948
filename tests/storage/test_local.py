"""What a local folder adds to the contract: durability, modes, and the medium's own failures."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit.core.errors import StorageError
from toolkit.storage.backends.local import LocalStorageBackend

KEY = "objects/ab/abcd"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def backend(root: Path) -> LocalStorageBackend:
    return LocalStorageBackend(root)


def files(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if not p.is_dir())


def test_nothing_is_created_before_the_first_write(
    backend: LocalStorageBackend, root: Path
) -> None:
    assert list(backend.list()) == []
    backend.delete(KEY)
    backend.locate(KEY)
    assert not root.exists()


def test_the_root_is_absolute_wherever_one_goes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    backend = LocalStorageBackend("some/../root")
    assert backend.root == str(tmp_path / "root")
    monkeypatch.chdir("/")
    backend.write_stream(KEY, [b"x"])
    assert (tmp_path / "root" / KEY).read_bytes() == b"x"


def test_staging_is_private_and_objects_are_read_only(
    backend: LocalStorageBackend, root: Path
) -> None:
    seen: list[int] = []

    def chunks() -> Iterator[bytes]:
        yield b"x"
        seen.extend(stat.S_IMODE(p.stat().st_mode) for p in (root / ".staging").iterdir())

    backend.write_stream(KEY, chunks())
    assert seen == [0o600]
    assert stat.S_IMODE((root / ".staging").stat().st_mode) == 0o700
    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o444


def test_publishing_a_staged_file_is_a_rename_and_another_file_stays(
    backend: LocalStorageBackend, root: Path, tmp_path: Path
) -> None:
    staged = backend.staging / "mine"
    staged.write_bytes(b"data")
    inode = staged.stat().st_ino
    backend.publish(KEY, staged)
    assert (root / KEY).stat().st_ino == inode
    assert (root / KEY).stat().st_nlink == 1
    assert not staged.exists()

    outside = tmp_path / "outside"
    outside.write_bytes(b"data")
    backend.publish("copied", outside)
    outside.write_bytes(b"changed by its owner")
    assert (root / "copied").read_bytes() == b"data"


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs a second file system")
def test_a_file_of_another_file_system_is_copied(backend: LocalStorageBackend, root: Path) -> None:
    source = Path("/dev/shm") / f"toolkit-test-{os.getpid()}"
    if source.parent.stat().st_dev == root.parent.stat().st_dev:
        pytest.skip("the test folder is on the same file system")
    try:
        source.write_bytes(b"far away")
        backend.publish(KEY, source)
        assert (root / KEY).read_bytes() == b"far away"
    finally:
        source.unlink(missing_ok=True)
    assert files(root) == [KEY]


@pytest.mark.parametrize("verb", ["write_stream", "publish"])
def test_an_object_is_durable_before_the_call_returns(
    backend: LocalStorageBackend, root: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """The order is: bytes, then the new folders' names, then the link, then the link's folder."""
    steps: list[tuple[str, str, bool]] = []
    real_sync, real_link = os.fsync, os.link

    def sync(handle: int) -> None:
        path = os.readlink(f"/proc/self/fd/{handle}")
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "bytes"
        steps.append((kind, os.path.relpath(path, root), (root / KEY).exists()))
        real_sync(handle)

    def link(source: Path, target: Path) -> None:
        steps.append(("link", os.path.relpath(target, root), False))
        real_link(source, target)

    staged = backend.staging / "staged"
    staged.write_bytes(b"data")
    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "link", link)
    if verb == "publish":
        backend.publish(KEY, staged)
    else:
        backend.write_stream(KEY, [b"data"])
    (kind, path, visible), *rest = steps
    assert (kind, path.split("/")[0], visible) == ("bytes", ".staging", False)
    assert rest == [
        ("folder", ".", False),
        ("folder", "objects", False),
        ("link", KEY, False),
        ("folder", "objects/ab", True),
    ]


@pytest.mark.parametrize("failure", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["bytes", "folder"])
@pytest.mark.parametrize("hard_links", [True, False])
def test_a_failure_or_interrupt_of_the_last_step_leaves_nothing(
    backend: LocalStorageBackend,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    step: str,
    hard_links: bool,
) -> None:
    (root / KEY).parent.mkdir(parents=True)
    real_sync = os.fsync

    def sync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode) == (step == "folder"):
            raise failure
        real_sync(handle)

    assert backend.staging.is_dir()
    if not hard_links:
        monkeypatch.setattr(os, "link", refuse_link)
    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(StorageError if isinstance(failure, OSError) else KeyboardInterrupt):
        backend.write_stream(KEY, [b"data"])
    assert files(root) == []


def refuse_link(source: Path, target: Path) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_without_hard_links_an_object_is_still_never_replaced(
    backend: LocalStorageBackend, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refuse_link)
    backend.write_stream(KEY, [b"first"])
    assert files(root) == [KEY]

    def chunks() -> Iterator[bytes]:
        yield b"mine"
        LocalStorageBackend(root).write_stream("other", [b"faster"])

    with pytest.raises(StorageError, match="exists"):
        backend.write_stream("other", chunks())
    assert (root / "other").read_bytes() == b"faster"
    assert files(root) == [KEY, "other"]


def test_the_stamp_survives_a_move_of_the_workspace_and_tells_a_change(
    backend: LocalStorageBackend, root: Path, tmp_path: Path
) -> None:
    stamp = backend.write_stream(KEY, [b"data"]).stamp
    shutil.copytree(root, tmp_path / "moved", copy_function=shutil.copy2)
    assert LocalStorageBackend(tmp_path / "moved").stat(KEY).stamp == stamp
    os.utime(root / KEY, ns=(0, (root / KEY).stat().st_mtime_ns + 1))
    assert backend.stat(KEY).stamp != stamp


def test_a_symbolic_link_is_not_an_object(
    backend: LocalStorageBackend, root: Path, tmp_path: Path
) -> None:
    root.mkdir()
    (tmp_path / "private").write_bytes(b"elsewhere")
    (root / "link").symlink_to(tmp_path / "private")
    (root / "folder").symlink_to(tmp_path)
    assert list(backend.list()) == []
    with pytest.raises(StorageError):
        backend.stat("link")
    with pytest.raises(StorageError):
        backend.read_stream("link")
    with pytest.raises(StorageError, match="exists"):
        backend.write_stream("link", [b"x"])
    backend.delete("link")
    assert (tmp_path / "private").read_bytes() == b"elsewhere"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    mount = tmp_path / "tiny"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)]
    if (
        shutil.which("mount") is None
        or subprocess.run(command, check=False, capture_output=True).returncode
    ):
        pytest.skip("mounting is not permitted here")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk_is_named_and_leaves_nothing(tiny_disk: Path) -> None:
    backend = LocalStorageBackend(tiny_disk / "root")
    backend.write_stream("small", [b"x"])
    with pytest.raises(StorageError, match=r"No space left on device.*Free space") as caught:
        backend.write_stream(KEY, (b"x" * 65536 for _ in range(100)))
    assert caught.value.errno == errno.ENOSPC
    assert str(tiny_disk / "root" / KEY) in str(caught.value)
    assert files(tiny_disk) == ["root/small"]
    backend.write_stream(KEY, [b"x" * 65536])


def test_a_limit_on_file_sizes_is_named_and_leaves_nothing(root: Path) -> None:
    script = f"""
import resource, signal
from toolkit.core.errors import StorageError
from toolkit.storage.backends.local import LocalStorageBackend
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    LocalStorageBackend({str(root)!r}).write_stream({KEY!r}, [bytes(1 << 19)] * 4)
except StorageError as error:
    print(error)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "File too large" in done.stdout, done.stderr
    assert "ulimit -f" in done.stdout
    assert files(root) == []


def test_a_file_where_a_folder_is_needed_is_named(tmp_path: Path) -> None:
    (tmp_path / "root").write_bytes(b"not a folder")
    with pytest.raises(StorageError, match=r"root.*Not a directory.*move it away"):
        LocalStorageBackend(tmp_path / "root").write_stream(KEY, [b"x"])
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "objects").write_bytes(b"an object")
    with pytest.raises(
        StorageError, match=r"objects/ab/abcd: Not a directory \(.*store/objects/ab\)"
    ):
        LocalStorageBackend(tmp_path / "store").write_stream(KEY, [b"x"])
    assert files(tmp_path) == ["root", "store/objects"]


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    """/proc refuses new files even to root."""
    with pytest.raises(StorageError, match=r"Could not .* /proc/toolkit-store"):
        LocalStorageBackend("/proc/toolkit-store").write_stream(KEY, [b"x"])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_a_read_only_disk_is_named(tiny_disk: Path) -> None:
    backend = LocalStorageBackend(tiny_disk)
    backend.write_stream(KEY, [b"kept"])
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(StorageError, match=r"Read-only file system.*Mount") as caught:
        backend.write_stream("other", [b"x"])
    assert caught.value.errno == errno.EROFS
    with pytest.raises(StorageError, match="Could not delete"):
        backend.delete(KEY)
    assert b"".join(backend.read_stream(KEY)) == b"kept"
