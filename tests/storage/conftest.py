"""Stores under test, each with raw access that bypasses the code under test."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import fsspec
import pytest

from toolkit.storage.backends.fsspec_backend import FsspecStorageBackend
from toolkit.storage.backends.local import LocalStorageBackend
from toolkit.storage.interfaces import IStorageBackend


class Store(Protocol):
    """A storage root and a way around its backend."""

    def backend(self) -> IStorageBackend:
        """A new backend on the same root."""

    def put(self, key: str, data: bytes) -> None: ...

    def get(self, key: str) -> bytes: ...

    def everything(self) -> set[str]:
        """The key of each object or file below the root, staging included."""

    def unfinished(self) -> list[Any]:
        """Uploads that were begun and neither completed nor aborted."""


class LocalStore:
    def __init__(self, root: Path) -> None:
        self.root = root

    def backend(self) -> LocalStorageBackend:
        return LocalStorageBackend(self.root)

    def put(self, key: str, data: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)

    def get(self, key: str) -> bytes:
        return (self.root / key).read_bytes()

    def everything(self) -> set[str]:
        found = (path for path in self.root.rglob("*") if not path.is_dir())
        return {path.relative_to(self.root).as_posix() for path in found}

    def unfinished(self) -> list[Any]:
        return []


class MemoryStore:
    def __init__(self, name: str) -> None:
        self.url = f"memory://{name}"
        self._fs = fsspec.filesystem("memory")

    def backend(self) -> FsspecStorageBackend:
        return FsspecStorageBackend(self.url)

    def put(self, key: str, data: bytes) -> None:
        self._fs.pipe_file(f"{self.url}/{key}", data)

    def get(self, key: str) -> bytes:
        return bytes(self._fs.cat_file(f"{self.url}/{key}"))

    def everything(self) -> set[str]:
        root = self._fs._strip_protocol(self.url) + "/"
        return {name.removeprefix(root) for name in self._fs.store if name.startswith(root)}

    def unfinished(self) -> list[Any]:
        return []


class S3Store:
    """A bucket of its own on a server that speaks S3."""

    def __init__(self, client: Any, options: dict[str, Any]) -> None:
        self.bucket = f"bucket-{uuid4().hex}"
        self.prefix = "a/prefix"
        self.url = f"s3://{self.bucket}/{self.prefix}"
        self.options = options
        self.client = client
        client.create_bucket(Bucket=self.bucket)

    def backend(self) -> FsspecStorageBackend:
        return FsspecStorageBackend(self.url, self.options)

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=data)

    def get(self, key: str) -> bytes:
        found = self.client.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}")
        return bytes(found["Body"].read())

    def everything(self) -> set[str]:
        found = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {item["Key"].removeprefix(f"{self.prefix}/") for item in found}

    def unfinished(self) -> list[Any]:
        return list(self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []))


@pytest.fixture
def s3_store(s3_client: Any, s3_access: dict[str, Any]) -> S3Store:
    return S3Store(s3_client, s3_access)


@pytest.fixture
def local_store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "new" / "root")


@pytest.fixture
def memory_store() -> Iterator[MemoryStore]:
    store = MemoryStore(uuid4().hex)
    yield store
    fs = fsspec.filesystem("memory")
    if fs.exists(store.url):
        fs.rm(store.url, recursive=True)


@pytest.fixture(params=["local", "memory", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    """Every kind of store in turn, empty."""
    made: Store = request.getfixturevalue(f"{request.param}_store")
    return made


@pytest.fixture
def backend(store: Store) -> IStorageBackend:
    return store.backend()


@pytest.fixture
def hung_endpoint() -> Iterator[str]:
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def fork() -> Any:
    """Runs a function in a forked child and returns the child's exit status."""

    def run(child: Any) -> int:
        with warnings.catch_warnings():
            # Python 3.12 warns of a fork beside threads, which is the very case under test.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            status = 1
            try:
                status = 0 if child() else 2
            finally:
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    return run
