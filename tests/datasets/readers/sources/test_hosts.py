"""Stores whose fsspec file systems are less regular than those of S3 and of memory."""

from __future__ import annotations

import io
import sys
import zipfile

import polars as pl
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from toolkit.core.errors import SourceError, SourceNotFoundError


class Handle:
    """As paramiko's: no file of Python's own, and ``seek`` does not say where it came to."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self.read = self._file.read
        self.tell = self._file.tell
        self.close = self._file.close

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def seek(self, offset, whence=0):
        self._file.seek(offset, whence)


class Store(MemoryFileSystem):
    """A memory of its own for each class, which keeps to itself what a URL says beside the path."""

    def __init_subclass__(cls):
        cls.store, cls.pseudo_dirs = {}, [""]

    @staticmethod
    def _get_kwargs_from_urls(url):
        return {}


class HostedFileSystem(Store):
    """As those of sftp and ftp: the host is no part of its paths."""

    protocol = "hosted"

    @classmethod
    def _strip_protocol(cls, path):
        if "://" in path:
            path = path.partition("://")[2].partition("/")[2]
        return "/" + path.strip("/") if path.strip("/") else ""

    def open(self, path, mode="rb", **options):
        if mode != "rb":
            return super().open(path, mode, **options)
        return Handle(self.cat_file(path))


class ContainerFileSystem(Store):
    """As Azure's: the account stands behind the container, and is no part of its paths."""

    protocol = "abfs"

    @classmethod
    def _strip_protocol(cls, path):
        host, _, below = path.partition("://")[2].partition("/")
        if "://" not in path:
            return path.strip("/")
        return f"{host.partition('@')[0]}/{below}".strip("/")


class ClosedFileSystem(Store):
    """A store that lets nobody in, which ``isfile`` and ``isdir`` take for an empty one."""

    protocol = "closed"

    def info(self, path, **options):
        raise PermissionError(f"403 Forbidden: {path}")

    def find(self, path, *args, **options):
        return []

    def glob(self, path, *args, **options):
        return []


@pytest.fixture(autouse=True)
def stores(monkeypatch):
    # The package hides the module of this name behind its view of what is registered.
    registered = sys.modules["fsspec.registry"]._registry
    for store in (HostedFileSystem, ContainerFileSystem, ClosedFileSystem):
        monkeypatch.setitem(registered, store.protocol, store)
    yield
    HostedFileSystem.store.clear()
    ContainerFileSystem.store.clear()


@pytest.fixture
def hosted():
    def put(path: str, data: bytes) -> str:
        HostedFileSystem().pipe_file(path, data)
        return f"hosted://ann:geheim@server:22{path}"

    return put


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def test_files_that_seek_without_an_answer_are_read(hosted, factory):
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("t.csv", "a,b\n1,x\n2,y\n")
    for url in (
        hosted("/d/t.csv", b"a,b\n1,x\n2,y\n"),
        hosted("/d/t.parquet", parquet(frame)),
        hosted("/d/t.zip", buffer.getvalue()),
        f"zip://t.csv::{hosted('/d/t.zip', buffer.getvalue())}",
    ):
        assert factory.reader(url).polars().collect().equals(frame), url


def test_sources_name_the_host_and_nobody(hosted, factory):
    hosted("/p/year=2020/x.csv", b"a\n1\n")
    url = hosted("/p/year=2021/x.csv", b"a\n2\n")
    reader = factory.reader(url.replace("year=2021/x", "*/*"))
    assert reader.sources == (
        "hosted://server:22/p/year=2020/x.csv",
        "hosted://server:22/p/year=2021/x.csv",
    )
    assert reader.polars().collect().rows() == [(1, 2020), (2, 2021)]
    assert "geheim" not in str(reader.explain()) + repr(reader)
    assert factory.reader(url.replace("/year=2021/x.csv", "")).sources == reader.sources


def test_sources_name_the_account_of_a_container(factory):
    ContainerFileSystem().pipe_file("lake/d/a.csv", b"a\n1\n")
    reader = factory.reader("abfs://lake@account.dfs.core.windows.net/d")
    assert reader.sources == ("abfs://lake@account.dfs.core.windows.net/d/a.csv",)
    assert factory.reader(reader.sources[0]).polars().collect().rows() == [(1,)]
    assert factory.reader("abfs://lake/d").sources == ("abfs://lake/d/a.csv",)


@pytest.mark.parametrize("path", ["d/a.csv", "d/*.csv"])
def test_a_store_that_refuses_is_not_taken_for_an_empty_one(path, factory):
    with pytest.raises(
        SourceError, match=r"could not be read: 403 Forbidden.*permissions"
    ) as found:
        factory.reader(f"closed://{path}")
    assert not isinstance(found.value, SourceNotFoundError)
