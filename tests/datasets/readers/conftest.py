"""Real places to read from: a folder, fsspec's memory, S3 on 127.0.0.1, and a count of bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractBufferedFile

from toolkit.datasets.readers.factory import DatasetReaderFactory


@pytest.fixture
def factory() -> DatasetReaderFactory:
    return DatasetReaderFactory()


@pytest.fixture
def memory() -> Iterator[Callable[[str, bytes], str]]:
    """Writes bytes under a path and returns the memory:// URL; empty again afterwards."""
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()

    def put(path: str, data: bytes) -> str:
        filesystem.pipe_file(f"/{path}", data)
        return f"memory://{path}"

    yield put
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]


@dataclass
class Traffic:
    """What was read through fsspec."""

    opened: list[str] = field(default_factory=list)
    read: int = 0


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> Traffic:
    """Counts opened files and fetched bytes of the memory filesystem."""
    seen = Traffic()
    plain = MemoryFileSystem._open

    class Counted(AbstractBufferedFile):
        def _fetch_range(self, start: int, end: int) -> bytes:
            data = self.fs.store[self.path].getvalue()[start:end]
            seen.read += len(data)
            return data

    def counted(self, path, mode="rb", **options):
        if mode != "rb":
            return plain(self, path, mode, **options)
        seen.opened.append(path)
        size = len(self.store[path].getvalue())
        return Counted(self, path, mode, cache_type="none", size=size)

    monkeypatch.setattr(MemoryFileSystem, "_open", counted)
    return seen


@pytest.fixture(scope="module")
def s3_options() -> Iterator[dict]:
    """storage_options of an S3 server with the bucket ``lake``."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {
        "key": "test",
        "secret": "test",
        "client_kwargs": {"endpoint_url": f"http://{host}:{port}", "region_name": "eu-west-1"},
    }
    fsspec.filesystem("s3", **options).mkdir("lake")
    yield options
    server.stop()
