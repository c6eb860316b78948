"""Which backend a storage root gets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from toolkit.core.errors import InvalidArgumentError
from toolkit.storage.backends.factory import StorageFactory
from toolkit.storage.backends.fsspec_backend import FsspecStorageBackend
from toolkit.storage.backends.local import LocalStorageBackend


@pytest.fixture
def factory() -> StorageFactory:
    return StorageFactory()


def test_a_path_or_file_url_is_a_folder(factory: StorageFactory, tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    for root in (str(folder), folder, folder.as_uri(), f"file://localhost{tmp_path}/with%20space"):
        backend = factory.create(root)
        assert isinstance(backend, LocalStorageBackend)
        assert backend.root == str(folder)


def test_a_relative_path_and_a_home_are_made_absolute(
    factory: StorageFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert factory.create("objects").root == str(tmp_path / "objects")
    assert factory.create("~/objects").root == str(tmp_path / "home" / "objects")


@pytest.mark.parametrize("url", ["file://relative/path", "file://", "file://server/share"])
def test_a_file_url_that_is_no_folder_here_is_refused(factory: StorageFactory, url: str) -> None:
    with pytest.raises(InvalidArgumentError, match="three slashes"):
        factory.create(url)


def test_other_urls_are_opened_with_their_options(factory: StorageFactory, s3_store: Any) -> None:
    memory = factory.create("memory://place/")
    assert isinstance(memory, FsspecStorageBackend)
    assert memory.root == "memory://place"
    s3 = factory.create(s3_store.url.replace("s3://", "S3://"), storage_options=s3_store.options)
    s3.write_stream("key", [b"x"])
    assert s3.root == s3_store.url
    assert s3_store.get("key") == b"x"


def test_an_unknown_protocol_is_named(factory: StorageFactory) -> None:
    with pytest.raises(InvalidArgumentError, match="'nosuch' is unknown"):
        factory.create("nosuch://bucket/x")


@pytest.mark.parametrize(
    ("url", "module", "install"),
    [
        ("s3://bucket/x", "s3fs", "toolkit[s3]"),
        ("gs://bucket/x", "gcsfs", "gcsfs"),
        ("sftp://host/x", "paramiko", "paramiko"),
    ],
)
def test_a_missing_package_is_named_with_the_command(
    factory: StorageFactory, monkeypatch: pytest.MonkeyPatch, url: str, module: str, install: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "fsspec.implementations.sftp", raising=False)
    imported = sys.modules["fsspec.registry"].__dict__["_registry"]
    monkeypatch.delitem(imported, url.partition(":")[0], raising=False)
    with pytest.raises(InvalidArgumentError) as caught:
        factory.create(url)
    assert f"pip install '{install}'" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["simplecache::s3://b/x", "s3://b/x?versionId=3", "s3://b/x#part", ""]
)
def test_a_root_that_cannot_be_one_is_refused(factory: StorageFactory, url: str) -> None:
    with pytest.raises(InvalidArgumentError, match="storage root"):
        factory.create(url)


def test_options_of_a_folder_are_refused_without_their_values(
    factory: StorageFactory, tmp_path: Path
) -> None:
    with pytest.raises(InvalidArgumentError, match="secret") as caught:
        factory.create(str(tmp_path), storage_options={"secret": "hidden"})
    assert "hidden" not in str(caught.value)


def test_no_message_shows_the_password_of_a_url(factory: StorageFactory) -> None:
    for url in ("nosuch://ann:hidden@host/x", "sftp://ann:hidden@host/x?y=hidden"):
        with pytest.raises(InvalidArgumentError) as caught:
            factory.create(url)
        assert "hidden" not in str(caught.value)


def test_the_timeout_of_the_factory_is_that_of_its_backends(hung_endpoint: str) -> None:
    from toolkit.core.errors import StorageError

    factory = StorageFactory(timeout=0.2)
    options = {"key": "k-test", "secret": "s-test", "endpoint_url": hung_endpoint}
    with pytest.raises(StorageError, match=r"0\.2 s"):
        factory.create("s3://bucket", storage_options=options).stat("key")
