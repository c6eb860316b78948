"""Bytes and open files are read like any file, left where they stand, and named in lineage."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from contextlib import suppress

import fsspec
import polars as pl
import pyarrow as pa
import pytest

from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.datasets.readers.sources import spooling

CSV = b"a,b\n1,x\n2,y\n"
FRAME = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})


def written(how):
    buffer = io.BytesIO()
    getattr(FRAME, f"write_{how}")(buffer)
    return buffer.getvalue()


class Stream(io.RawIOBase):
    """What cannot seek, as a socket or the body of an answer."""

    def __init__(self, data):
        self._inner = io.BytesIO(data)
        self.taken = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        part = self._inner.read(min(len(buffer), 1000))
        buffer[: len(part)] = part
        self.taken += len(part)
        return len(part)


@pytest.mark.parametrize("how", ["csv", "parquet", "ndjson", "ipc", "ipc_stream"])
@pytest.mark.parametrize(
    "make", [bytes, bytearray, memoryview, io.BytesIO, Stream, pa.BufferReader], ids=str
)
def test_bytes_and_open_files_are_read_any_number_of_times(factory, how, make):
    reader = factory.reader(make(written(how)))
    for _ in range(2):
        assert reader.polars().collect().equals(FRAME)
        assert reader.polars().select("b").collect().equals(FRAME.select("b"))
        assert reader.count() == 2
        assert reader.head(1).equals(FRAME.head(1))
        assert pl.DataFrame(pl.from_arrow(pa.table(reader))).equals(FRAME)


def test_an_open_file_is_read_from_where_it_stands_and_left_there(factory, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"not a table\n" + CSV)
    with path.open("rb") as file:
        file.readline()
        reader = factory.reader(file)
        assert reader.sources == (str(path),)
        assert reader.polars().collect().equals(FRAME)
        assert file.tell() == 12
        assert file.read() == CSV
        assert reader.polars().collect().equals(FRAME)
    for face in (reader.count, reader.polars().collect):
        with pytest.raises(SourceError, match=r"x\.csv was closed.* stays open") as told:
            face()
        assert "damaged" not in str(told.value)


def test_an_object_at_its_end_is_refused_with_what_to_do(factory):
    buffer = io.BytesIO()
    FRAME.write_csv(buffer)
    with pytest.raises(SourceError, match=r"<BytesIO> has been read.*seek\(0\)"):
        factory.reader(buffer)


def test_text_in_memory_is_read_as_utf_8(factory):
    text = io.StringIO("skip\na,b\n1,é\n")
    text.readline()
    assert factory.reader(text).polars().collect().rows() == [(1, "é")]


def test_what_does_not_give_bytes_is_refused(factory, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(CSV)
    with path.open() as file, pytest.raises(InvalidArgumentError, match=r"x\.csv is open as text"):
        factory.reader(file)
    with path.open("ab") as file, pytest.raises(InvalidArgumentError, match="not open for reading"):
        factory.reader(file)
    file = path.open("rb")
    file.close()
    with pytest.raises(InvalidArgumentError, match=r"x\.csv cannot be read: .*closed"):
        factory.reader(file)
    with (
        zipfile.ZipFile(tmp_path / "x.zip", "w") as archive,
        pytest.raises(InvalidArgumentError, match="<ZipFile> is not an open file: pass a path"),
    ):
        factory.reader(archive)


def test_bytes_that_name_a_file_are_taken_for_the_mistake_they_are(factory, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(CSV)
    with pytest.raises(InvalidArgumentError, match="path of a file, as bytes"):
        factory.reader(os.fsencode(path))


def test_what_changes_after_the_reader_was_made_does_not_change_it(factory):
    data = bytearray(CSV)
    reader = factory.reader(data)
    data[:] = b"z\n9\n"
    assert reader.polars().collect().equals(FRAME)


def test_a_list_of_objects_is_one_table_and_names_the_one_that_is_wrong(factory):
    reader = factory.reader([CSV, io.BytesIO(b"a,b\n3,z\n")])
    assert reader.sources == ("<bytes #1>", "<BytesIO #2>")
    assert reader.polars().collect()["a"].to_list() == [1, 2, 3]
    with pytest.raises(SourceError, match="<bytes #2>"):
        factory.reader([written("parquet"), b"PAR1 is not enough"], "parquet").schema()


def test_objects_and_paths_do_not_mix(factory, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(CSV)
    with pytest.raises(InvalidArgumentError, match="one place"):
        factory.reader([path, CSV])


def test_files_of_fsspec_and_tempfile_tell_their_names(factory, memory):
    url = memory("d/t.csv", CSV)
    with fsspec.open(url, "rb") as file:
        assert factory.reader(file).polars().collect().equals(FRAME)
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(CSV)
        file.seek(0)
        reader = factory.reader(file)
        assert (reader.count(), reader.sources) == (2, (file.name,))


def test_threads_read_one_object_at_once(factory):
    class Yielding(io.BytesIO):
        """Lets another thread run between a step to a place and the read there."""

        def seek(self, *where):
            found = super().seek(*where)
            time.sleep(0.0001)
            return found

    frame = pl.DataFrame({"i": range(5000), "s": [str(i) for i in range(5000)]})
    buffer = Yielding()
    frame.write_parquet(buffer, row_group_size=500)
    buffer.seek(0)
    reader = factory.reader(buffer)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(reader.polars().collect().equals(frame)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4


def test_a_pipe_is_read_once_and_copied(factory):
    command = [sys.executable, "-c", "print('a,b'); print('1,x'); print('2,y')"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        reader = factory.reader(process.stdout, "csv")
        assert reader.polars().collect().equals(FRAME)
        assert reader.count() == 2


def test_making_a_reader_of_a_stream_takes_nothing(factory):
    stream = Stream(CSV)
    reader = factory.reader(stream, "csv")
    assert stream.taken == 0
    assert reader.count() == 2
    assert stream.taken == len(CSV)


def test_a_copy_that_would_fill_the_disk_is_refused(factory, monkeypatch):
    monkeypatch.setattr(spooling, "KEPT_FREE", 1 << 60)
    with pytest.raises(SourceError, match=r"<Stream> could not be read: .*fill the disk.*TMPDIR"):
        factory.reader(Stream(CSV), "csv").count()


def test_a_stream_that_fails_is_not_read_as_if_it_had_ended(factory):
    class Broken(Stream):
        def readinto(self, buffer):
            if self.taken:
                raise ConnectionError("the other side is gone")
            return super().readinto(buffer)

    reader = factory.reader(Broken(CSV), "csv")
    with pytest.raises(SourceError, match="the other side is gone"):
        reader.count()
    with pytest.raises(SourceError, match="read in part before"):
        reader.count()


def copies_in(folder):
    """The files of this process that were in a folder, have no name any more, and are open."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return [target for target in found if target.startswith(str(folder))]


@pytest.mark.parametrize("failure", [ConnectionError, KeyboardInterrupt])
def test_a_copy_that_is_given_up_leaves_the_disk_at_once(failure, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def parts():
        yield CSV
        assert len(copies_in(tmp_path)) == 1
        raise failure

    # A notebook keeps the last traceback, and with it what was being made.
    with pytest.raises(failure) as kept:
        spooling.Spool(parts())
    assert copies_in(tmp_path) == []
    assert kept.traceback


def test_frames_of_objects_are_saved_with_their_lineage(ws):
    assert ws.save(ws.read(CSV).filter(pl.col("a") > 1), "one").inputs == ("<bytes>",)
    assert ws.save(ws.reader(io.BytesIO(CSV)), "two").inputs == ("<BytesIO>",)
    assert ws.save(ws.read([CSV, CSV]), "three").inputs == ("<bytes #1>", "<bytes #2>")
    assert ws.lineage("one").select("input", "kind").rows() == [("<bytes>", "source")]
    assert ws.load("one").collect().rows() == [(2, "y")]
