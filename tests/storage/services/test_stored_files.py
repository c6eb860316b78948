"""Access to stored bytes: what vouches for them, and what is said when they are not the same."""

from __future__ import annotations

import os
import shutil

import pytest

from toolkit.core.errors import FileChangedError, FileMissingError, StorageError
from toolkit.storage.services import stored_files
from toolkit.storage.services.stored_files import StoredFiles

DATA = b"some bytes that are worth keeping"


@pytest.fixture
def row(shop):
    shop.producer.produce([DATA], "x", suffix=".bin")
    return shop.rows()[0]


@pytest.fixture
def hashed(monkeypatch):
    """What was hashed again, one entry a time."""
    seen = []
    real = stored_files.hash_chunks

    def count(chunks):
        seen.append(1)
        return real(chunks)

    monkeypatch.setattr(stored_files, "hash_chunks", count)
    return seen


def test_a_file_that_is_as_recorded_is_found_without_reading_it(shop, row, hashed):
    location = shop.files.locate(row)
    assert location == shop.backend.locate(row.key)
    assert shop.files.usable(row)
    assert hashed == []


def test_bytes_come_back_in_chunks_of_the_size_asked_for(shop, row):
    chunks = list(shop.files.read(row, 10))
    assert b"".join(chunks) == DATA
    assert max(map(len, chunks)) == 10


def test_a_lost_file_is_named_with_its_place_and_what_to_do(shop, row):
    shop.damage(row.key, None)
    for look in (shop.files.locate, shop.files.verify, shop.files.read):
        with pytest.raises(FileMissingError) as caught:
            look(row)
        message = str(caught.value)
        assert row.key in message
        assert shop.backend.locate(row.key).uri in message
        assert "backup" in message
        assert "save the same content again" in message
        assert "ws.check()" in message
    assert not shop.files.usable(row)


@pytest.mark.parametrize("data", [DATA[:-1], DATA[::-1]], ids=["size", "content"])
def test_a_changed_file_is_named_with_its_place_and_what_to_do(shop, row, data):
    shop.damage(row.key, data)
    for look in (shop.files.locate, shop.files.verify, lambda row: list(shop.files.read(row))):
        with pytest.raises(FileChangedError, match="is not what was stored") as caught:
            look(row)
        assert shop.backend.locate(row.key).uri in str(caught.value)
    assert not shop.files.usable(row)


def test_a_truncated_file_is_found_without_reading_it(shop, row, hashed):
    shop.damage(row.key, DATA[:-1])
    with pytest.raises(FileChangedError, match=f"has {len(DATA) - 1} bytes instead of {len(DATA)}"):
        shop.files.locate(row)
    assert hashed == []


def test_a_change_that_keeps_size_and_time_is_found_by_reading(local_shop):
    local_shop.producer.produce([DATA], "x")
    (row,) = local_shop.rows()
    local_shop.damage(row.key, DATA[::-1], touch=False)
    local_shop.files.locate(row)
    with pytest.raises(FileChangedError, match="content hash"):
        local_shop.files.verify(row)
    chunks = local_shop.files.read(row)
    assert next(chunks) == DATA[::-1]
    with pytest.raises(FileChangedError, match="content hash"):
        next(chunks)


def test_a_touched_file_is_hashed_once_and_remembered(local_shop, hashed):
    local_shop.producer.produce([DATA], "x")
    (row,) = local_shop.rows()
    os.utime(local_shop.backend.locate(row.key).path, (1, 1))
    local_shop.files.locate(row)
    local_shop.files.locate(row)
    assert hashed == [1]
    (remembered,) = local_shop.rows()
    assert remembered.stamp != row.stamp
    StoredFiles(local_shop.backend, local_shop.catalog).locate(remembered)
    assert hashed == [1]


def test_a_touched_file_can_be_looked_at_within_a_transaction(local_shop, hashed):
    local_shop.producer.produce([DATA], "x")
    (row,) = local_shop.rows()
    os.utime(local_shop.backend.locate(row.key).path, (1, 1))
    with local_shop.catalog.transaction():
        local_shop.files.locate(row)
        local_shop.files.locate(row)
    assert hashed == [1]
    assert local_shop.rows() == [row]


def test_a_file_that_changed_after_it_was_remembered_is_hashed_again(local_shop, hashed):
    local_shop.producer.produce([DATA], "x")
    (row,) = local_shop.rows()
    path = local_shop.backend.locate(row.key).path
    os.utime(path, (1, 1))
    local_shop.files.locate(row)
    local_shop.damage(row.key, DATA[::-1])
    with pytest.raises(FileChangedError):
        local_shop.files.locate(row)


def test_a_copied_store_serves_its_files(local_shop, tmp_path, hashed):
    local_shop.producer.produce([DATA], "x")
    (row,) = local_shop.rows()
    shutil.copytree(tmp_path / "store", tmp_path / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "copy").rename(tmp_path / "store")
    assert local_shop.files.locate(row).path.read_bytes() == DATA
    assert hashed == [1]


def test_a_store_that_does_not_answer_is_not_taken_for_a_lost_file(shop, row):
    def fail():
        raise StorageError("no answer")

    shop.backend.before["stat"] = fail
    with pytest.raises(StorageError, match="no answer") as caught:
        shop.files.locate(row)
    assert not isinstance(caught.value, FileMissingError | FileChangedError)
