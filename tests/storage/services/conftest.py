"""A store with its catalog and services, and ways to break it at a chosen step."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest

from toolkit.catalog.catalog import Catalog
from toolkit.core.types import CheckReport, Event, FileRecord, GcReport
from toolkit.storage.backends.fsspec_backend import FsspecStorageBackend
from toolkit.storage.backends.local import LocalStorageBackend
from toolkit.storage.services.artifact_producer import ArtifactProducer
from toolkit.storage.services.checker import Checker
from toolkit.storage.services.garbage_collector import GarbageCollector
from toolkit.storage.services.stored_files import StoredFiles


class Spy:
    """The real backend, with a hook before and after each verb."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self.calls: list[str] = []
        self.before: dict[str, Callable[[], object]] = {}
        self.after: dict[str, Callable[[], object]] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._backend, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append(name)
            self.before.get(name, lambda: None)()
            result = found(*arguments, **options)
            self.after.get(name, lambda: None)()
            return result

        return call


class Shop:
    """Everything that belongs to one store."""

    def __init__(self, folder: Path, backend: Any) -> None:
        self.folder = folder
        self.backend = Spy(backend)
        self.staging = folder / "staging"
        self.catalog = Catalog(folder / "catalog.duckdb", timeout=20)
        self.events: list[Event] = []
        self.catalog.events.subscribe(self.events.append)
        self.producer = ArtifactProducer(self.backend, self.catalog, self.staging)
        self.files = StoredFiles(self.backend, self.catalog)
        self.collector = GarbageCollector(self.backend, self.catalog, self.staging)
        self.checker = Checker(self.backend, self.catalog, self.files)

    def rows(self) -> list[FileRecord]:
        with self.catalog.transaction() as transaction:
            return list(transaction.files.all())

    def objects(self) -> list[str]:
        return sorted(found.key for found in self.backend.list("objects/"))

    def leftovers(self) -> list[Path]:
        folders = [self.staging, *filter(None, [self.backend.staging])]
        return [path for folder in folders if folder.exists() for path in folder.iterdir()]

    def set_state(self, file_id: int, state: str) -> None:
        with self.catalog.transaction() as transaction:
            transaction.query("UPDATE files SET state = ? WHERE id = ?", (state, file_id))

    def gc(self, grace: timedelta = timedelta(0), *, dry_run: bool = False) -> GcReport:
        return self.collector.collect(grace=grace, dry_run=dry_run)

    def check(self, *, rehash: bool = True) -> CheckReport:
        return self.checker.check(rehash=rehash)

    def damage(self, key: str, data: bytes | None, *, touch: bool = True) -> None:
        """Replace (or remove) an object behind everyone's back."""
        location = self.backend.locate(key)
        if location.path is None:
            if data is None:
                location.filesystem.rm_file(location.fs_path)
            else:
                location.filesystem.pipe_file(location.fs_path, data)
            return
        before = location.path.stat()
        location.path.unlink()
        if data is not None:
            location.path.write_bytes(data)
            if not touch:
                os.utime(location.path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def age(self, path: Path, hours: float) -> None:
        then = time.time() - hours * 3600
        os.utime(path, (then, then))

    def assert_clean(self) -> None:
        """One object a row, nothing staged, every count right, every byte right."""
        assert self.objects() == sorted(row.key for row in self.rows())
        assert self.leftovers() == []
        report = self.check()
        assert report.problems == ()
        assert report.orphans == 0


@pytest.fixture
def local_shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path, LocalStorageBackend(tmp_path / "store"))
    yield shop
    shop.catalog.close()


@pytest.fixture
def memory_shop(tmp_path: Path) -> Iterator[Shop]:
    url = f"memory://{uuid4().hex}"
    shop = Shop(tmp_path, FsspecStorageBackend(url))
    yield shop
    shop.catalog.close()
    fs = fsspec.filesystem("memory")
    if fs.exists(url):
        fs.rm(url, recursive=True)


@pytest.fixture(params=["local", "memory"])
def shop(request: pytest.FixtureRequest) -> Shop:
    made: Shop = request.getfixturevalue(f"{request.param}_shop")
    return made


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a Python process on the store of ``local_shop``; it has ``producer`` and ``run``."""
    started: list[subprocess.Popen[str]] = []
    prelude = """
import os, sys
from pathlib import Path
from toolkit.catalog.catalog import Catalog
from toolkit.storage.backends.local import LocalStorageBackend
from toolkit.storage.services.artifact_producer import ArtifactProducer
folder = Path(sys.argv[1])
class Backend(LocalStorageBackend): pass
backend = Backend(folder / "store")
catalog = Catalog(folder / "catalog.duckdb", timeout=30)
producer = ArtifactProducer(backend, catalog, folder / "staging")
"""

    def run(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", prelude + code, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


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
