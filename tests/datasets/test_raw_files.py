"""Raw files: any bytes, kept byte for byte, stored once."""

from __future__ import annotations

import io
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pytest

import toolkit as tk
from toolkit.core.errors import (
    InvalidArgumentError,
    InvalidNameError,
    SourceError,
    SourceNotFoundError,
)

DATA = bytes(range(256)) * 5000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(DATA)
    return path


SOURCES: dict[str, Callable[[Path], Any]] = {
    "path": lambda path: path,
    "text": str,
    "url": lambda path: path.as_uri(),
    "bytes": lambda path: DATA,
    "bytearray": lambda path: bytearray(DATA),
    "memoryview": lambda path: memoryview(DATA),
    "file object": lambda path: io.BytesIO(DATA),
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=list(SOURCES))
def test_any_source_is_kept_byte_for_byte(
    ws: tk.Workspace, source: Path, tmp_path: Path, make: Any
) -> None:
    artifact = ws.add(make(source), "models.lgbm")
    assert (artifact.kind, artifact.rows, artifact.columns) == ("file", 0, ())
    assert artifact.byte_size == artifact.new_bytes == len(DATA)
    assert not artifact.deduplicated
    assert ws.export(artifact, tmp_path / "back").read_bytes() == DATA


def test_open_file_is_read_from_where_it_stands(
    ws: tk.Workspace, source: Path, tmp_path: Path
) -> None:
    with source.open("rb") as file:
        file.seek(1000)
        ws.add(file, "rest")
    assert ws.export("rest", tmp_path / "back").read_bytes() == DATA[1000:]


def test_remote_url_is_kept(ws: tk.Workspace, tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe_file("/raw/model.bin", DATA)
    ws.add("memory://raw/model.bin", "m")
    assert ws.export("m", tmp_path / "back").read_bytes() == DATA
    assert ws.lineage("m")["input"].to_list() == ["memory://raw/model.bin"]
    fsspec.filesystem("memory").rm("/raw", recursive=True)


@pytest.fixture
def served(source: Path) -> Iterator[str]:
    """``host:port`` of a server that has ``model.bin``."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(source.parent)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_credentials_of_a_url_reach_neither_catalog_nor_store(
    ws: tk.Workspace, served: str, stored: Any
) -> None:
    artifact = ws.add(f"http://user:pw@{served}/model.bin?token=SECRET", "r")
    assert artifact.inputs == (f"http://{served}/model.bin",)
    assert [path.suffix for path in stored()] == [".bin"]
    assert ws.sql("select media_type from catalog.files").fetchall() == [
        ("application/octet-stream",)
    ]


@pytest.mark.parametrize("place", ["memory://x/y", "http://user:pw@{served}/none?token=SECRET"])
def test_nothing_at_a_url_is_told_without_its_credentials(
    ws: tk.Workspace, served: str, stored: Any, place: str
) -> None:
    with pytest.raises(SourceNotFoundError, match=r"nothing at .*nothing was added") as told:
        ws.add(place.format(served=served), "m")
    assert "SECRET" not in str(told.value)
    assert stored() == []


def test_refusal_of_a_store_is_told_without_credentials(
    ws: tk.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, path: str, *args: Any, **options: Any) -> None:
        raise PermissionError("403 for memory://raw/x?token=SECRET")

    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "_open", refuse)
    with pytest.raises(SourceError, match="raw/x could not be read: 403 for") as told:
        ws.add("memory://raw/x?token=SECRET", "m")
    assert "SECRET" not in str(told.value)


def test_unknown_protocol_is_an_argument_that_cannot_be_meant(ws: tk.Workspace) -> None:
    with pytest.raises(InvalidArgumentError, match=r"'nope://x/y' is not a URL.*protocol"):
        ws.add("nope://user:pw@x/y?token=T", "m")


def test_temporary_file_has_no_name_to_record(ws: tk.Workspace) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(DATA)
        file.seek(0)
        assert ws.add(file, "m").inputs == ()


def test_file_whose_name_is_not_utf8_can_be_added(ws: tk.Workspace, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.bin")
    path.write_bytes(DATA)
    assert ws.add(path, "m").inputs == (str(tmp_path / "\ufffd.bin"),)


def test_open_file_is_recorded_by_its_absolute_path(
    ws: tk.Workspace, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    with open(source.name, "rb") as file:
        assert ws.add(file, "m").inputs == (str(source),)


def test_same_bytes_are_stored_once(ws: tk.Workspace, source: Path, stored: Any) -> None:
    first = ws.add(source, "m")
    again = ws.add(DATA, "m")
    other = ws.add(io.BytesIO(DATA), "n")
    assert (again.id, again.deduplicated) == (first.id, True)
    assert (other.ref, other.deduplicated, other.new_bytes) == ("n@1", True, 0)
    assert len(stored()) == 1
    assert ws.sql("select ref_count from catalog.files").fetchall() == [(2,)]
    assert ws.check().ok


def test_other_bytes_are_the_next_version(ws: tk.Workspace, tmp_path: Path) -> None:
    ws.add(b"one", "m")
    assert ws.add(b"two", "m").version == 2
    assert ws.export("m@1", tmp_path / "a").read_bytes() == b"one"


def test_no_bytes_are_a_file_too(ws: tk.Workspace, tmp_path: Path) -> None:
    assert ws.add(b"", "empty").byte_size == 0
    assert ws.export("empty", tmp_path / "e").read_bytes() == b""


def test_source_path_is_the_lineage(ws: tk.Workspace, source: Path) -> None:
    ws.add(source, "m")
    assert ws.lineage("m").select("input", "kind").rows() == [(str(source), "source")]
    ws.add(DATA + b"1", "m", inputs=["m@1"])
    assert ws.lineage("m")["input"].to_list()[0] == "m@1"


def test_missing_path_and_folder_are_told(ws: tk.Workspace, tmp_path: Path, stored: Any) -> None:
    with pytest.raises(SourceNotFoundError, match="not there"):
        ws.add(tmp_path / "nothing.bin", "m")
    with pytest.raises(SourceNotFoundError, match="a folder"):
        ws.add(tmp_path, "m")
    assert stored() == []


@pytest.mark.parametrize("thing", [5, None, [b"x"], {"a": 1}])
def test_what_holds_no_bytes_is_refused(ws: tk.Workspace, thing: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"cannot be added.*ws\.save"):
        ws.add(thing, "m")


def test_name_outside_the_rule_is_refused(ws: tk.Workspace) -> None:
    with pytest.raises(InvalidNameError):
        ws.add(b"x", "model.v1.bin")


@pytest.mark.parametrize("error", [OSError("gone"), KeyboardInterrupt()])
def test_failure_while_reading_leaves_nothing(
    ws: tk.Workspace, stored: Any, error: BaseException
) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 0:
                raise error
            return super().read(100)

    with pytest.raises(type(error)):
        ws.add(Failing(DATA), "m")
    assert stored() == []
    assert ws.datasets().is_empty()


def test_text_file_object_is_refused(ws: tk.Workspace, stored: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="binary"):
        ws.add(io.StringIO("text"), "m")
    assert stored() == []
