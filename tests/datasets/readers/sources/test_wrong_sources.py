"""Whatever is wrong with what a person passed: one clear line, from the right class of error."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import polars as pl
import pytest

from toolkit.core.errors import InvalidArgumentError, SourceError, SourceNotFoundError


def fifo(folder):
    os.mkfifo(folder / "pipe.csv")
    return folder / "pipe.csv"


def sock(folder):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "s"))
    return folder / "s"


def link(folder):
    (folder / "link.csv").symlink_to(folder / "gone.csv")
    return folder / "link.csv"


def loop(folder):
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    return folder / "loop.csv"


def file_with(data, name="x.csv"):
    def make(folder):
        (folder / name).write_bytes(data)
        return folder / name

    return make


def empty_folder(folder):
    (folder / "x.csv").mkdir()
    return folder / "x.csv"


def folder_of_others(folder):
    (folder / "x.csv").mkdir()
    (folder / "x.csv" / "notes.md").write_text("no")
    return folder / "x.csv"


def mixed(folder):
    for name in ("a.csv", "b.parquet"):
        (folder / name).write_bytes(b"")
    return folder


def several(folder):
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
        archive.writestr("b.csv", "a\n1\n")
    return folder / "x.zip"


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def below_a_file(folder):
    (folder / "x.csv").write_text("a\n1\n")
    return folder / "x.csv" / "y.csv"


WRONG = {
    "missing": (lambda d: d / "no.csv", SourceNotFoundError, "There is nothing at .*no.csv"),
    "missing folder": (lambda d: d / "a" / "b.csv", SourceNotFoundError, "does not exist either"),
    "below a file": (below_a_file, SourceNotFoundError, "a part of the path is a file"),
    "broken link": (link, SourceNotFoundError, "is a link to .*gone.csv, where there is nothing"),
    "link to itself": (loop, SourceNotFoundError, "is a link to .*loop.csv"),
    "no match": (lambda d: f"{d}/*.csv", SourceNotFoundError, "matches no file"),
    "empty folder": (empty_folder, SourceError, "x.csv holds no data file .0 other"),
    "folder of others": (folder_of_others, SourceError, "holds no data file .1 other"),
    "several formats": (mixed, SourceError, "several formats: csv, parquet"),
    "named pipe": (fifo, SourceError, "pipe.csv is a named pipe, not a file. Open it"),
    "socket": (sock, SourceError, "is a socket, not a file"),
    "device": (lambda d: "/dev/null", SourceError, "is a device, not a file"),
    "empty csv": (file_with(b""), SourceError, "x.csv.*empty.* or leave it out"),
    "empty parquet": (
        file_with(b"", "x.parquet"),
        SourceError,
        "x.parquet .*it is empty.* or leave it out",
    ),
    "empty jsonl": (
        file_with(b"", "x.jsonl"),
        SourceError,
        "x.jsonl .*it is empty.* or leave it out",
    ),
    "empty arrow": (
        file_with(b"", "x.arrow"),
        SourceError,
        "x.arrow .*it is empty.* or leave it out",
    ),
    "empty orc": (file_with(b"", "x.orc"), SourceError, "x.orc .*it is empty.* or leave it out"),
    "empty, no suffix": (file_with(b"", "x"), SourceError, "x is empty or has no known format"),
    "text as parquet": (file_with(b"a,b\n1,2\n", "x.parquet"), SourceError, "x.parquet could not"),
    "text as orc": (file_with(b"a,b\n1,2\n", "x.orc"), SourceError, "x.orc could not be read"),
    "noise": (file_with(bytes(range(256)), "x.bin"), SourceError, "no known format"),
    "broken zip": (
        file_with(b"PK\x03\x04 and no more", "x.zip"),
        SourceError,
        "damaged or cut zip",
    ),
    "broken gzip": (file_with(b"\x1f\x8b\x08 and no more", "x.gz"), SourceError, "gzip data in it"),
    "several members": (
        several,
        SourceError,
        r"several files \(a.csv, b.csv\).*all of a kind, as in",
    ),
    "archive in an archive": (
        file_with(zipped({"b.zip": zipped({"a.csv": b"a\n1\n"})}), "x.zip"),
        SourceError,
        "is a zip archive within a zip archive: unpack it first",
    ),
    "another archive": (file_with(b"7z\xbc\xaf\x27\x1c\0\4", "x.7z"), SourceError, "a 7-Zip arch"),
    "database": (file_with(b"SQLite format 3\0\x10", "x.db"), SourceError, "is an SQLite database"),
    "page": (
        file_with(b"\n<!DOCTYPE HTML>\n<title>Not found</title>", "x"),
        SourceError,
        "is an HTML page",
    ),
    "xml": (file_with(b'\xef\xbb\xbf<?xml version="1.0"?><a/>', "x"), SourceError, "is an XML doc"),
    "array": (file_with(b'[{"a": 1}, {"a": 2}]', "x"), SourceError, r"is a JSON array.*read_json"),
    "workbook": (
        file_with(zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "x.xlsx"),
        SourceError,
        r"Office document: save its table as CSV or Parquet\.$",
    ),
    "old workbook": (
        file_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "x.xls"),
        SourceError,
        "an old Office document",
    ),
    "one slash": (lambda d: "s3:/bucket/x.csv", SourceNotFoundError, 'write "s3://bucket/x.csv"'),
    "no colon": (lambda d: "https//host/x.csv", SourceNotFoundError, 'write "https://host/x.csv"'),
    "typo": (lambda d: "htttp://host/x.csv", InvalidArgumentError, 'Did you mean "http://"'),
    "upper case": (lambda d: f"FILE://{d}/no.csv", SourceNotFoundError, "nothing at"),
    "not installed": (lambda d: "az://b/x.csv", InvalidArgumentError, "needs a package .*adlfs"),
    "content as path": (
        lambda d: "a,b\n1,2\n",
        SourceNotFoundError,
        r"pass it as bytes: text\.enc",
    ),
    "too long": (lambda d: "x" * 5000, SourceNotFoundError, "There is nothing at"),
    "zero byte": (lambda d: "x\0y.csv", SourceNotFoundError, "There is nothing at"),
    "number": (lambda d: 3, InvalidArgumentError, "3 is not a source: pass a path"),
    "frame": (lambda d: pl.DataFrame({"a": [1]}), InvalidArgumentError, "A DataFrame is not a sou"),
    "class": (lambda d: io.BytesIO, InvalidArgumentError, "BytesIO'> is not a source"),
    "generator": (lambda d: d.glob("*"), InvalidArgumentError, r"or a list of them\. Make a list"),
    "set": (lambda d: {"a.csv"}, InvalidArgumentError, r"or a list of them\. Make a list"),
    "path in an archive": (
        lambda d: zipfile.Path(several(d), "a.csv"),
        InvalidArgumentError,
        r"is not a source.*Pass what its open\(\) gives",
    ),
    "chain": (lambda d: "zip://x.csv::", (SourceError, SourceNotFoundError), "zip://x.csv::"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_in_one_clear_line(case, tmp_path, factory, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make, kind, message = WRONG[case]
    with pytest.raises(kind, match=message) as caught:
        factory.reader(make(tmp_path)).polars().collect()
    text = str(caught.value)
    assert "\n" not in text.replace("a,b\n1,2\n", "")
    assert len(text) < 700
    assert text.endswith((".", "?", '"'))


FORBIDDEN = """
import os, sys
from toolkit.core.errors import SourceError
from toolkit.datasets.readers.factory import DatasetReaderFactory

os.setuid(65534)
for path in sys.argv[1:]:
    try:
        DatasetReaderFactory().reader(path).polars().collect()
    except SourceError as error:
        print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read")
def test_what_may_not_be_read_is_said_to_be_forbidden():
    # Not in tmp_path, which is root's alone.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        closed = folder / "closed"
        closed.mkdir()
        files = [folder / "x.csv", folder / "x.parquet", folder / "x", closed / "y.csv"]
        for path in files:
            path.write_bytes(b"a\n1\n")
            path.chmod(0o600)
        closed.chmod(0o700)
        folder.chmod(0o755)
        paths = [str(path) for path in (*files, closed)]
        done = subprocess.run(
            [sys.executable, "-c", FORBIDDEN, *paths],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    told = done.stdout.splitlines()
    assert [line.split(" ")[0] for line in told] == paths, done
    assert all("ermission denied" in line for line in told)


@pytest.mark.parametrize(
    "url",
    ["s3://KEY:SEC/RET@lake/t.csv", "zip://t.csv::s3://KEY:SECRET@lake/t.zip", "gs://KEY@lake/t"],
)
def test_a_secret_in_the_url_of_a_bucket_is_refused_and_not_shown(url, factory):
    with pytest.raises(InvalidArgumentError, match="storage_options") as caught:
        factory.reader(url)
    assert "KEY" not in str(caught.value)
    assert "RET" not in str(caught.value)
