"""Files of web servers, good and bad: a real one on 127.0.0.1 with a folder a kind of server."""

from __future__ import annotations

import gzip
import io
import tarfile
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import polars as pl
import pyarrow as pa
import pytest

from toolkit.core.errors import SourceError, SourceNotFoundError
from toolkit.datasets.readers.factory import DatasetReaderFactory

ROWS = 20_000
FRAME = pl.DataFrame({"id": range(ROWS), "text": [f"{i:060d}" for i in range(ROWS)]})


def written(how, frame=FRAME, **options):
    buffer = io.BytesIO()
    getattr(frame, f"write_{how}")(buffer, **options)
    return buffer.getvalue()


def zipped(name, data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def tarred(name, data):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


SMALL = written("csv", FRAME.head(3))
FILES = {
    "t.csv": written("csv"),
    "small.csv": SMALL,
    "t.parquet": written("parquet", compression="uncompressed", row_group_size=2000),
    "t.jsonl": written("ndjson"),
    "t.arrow": written("ipc"),
    "t.zip": zipped("t.csv", SMALL),
    "t.tgz": tarred("d/t.csv", SMALL),
    "page.csv": b"<!DOCTYPE html>\n<html><body>Sign in</body></html>",
}


@dataclass
class Server:
    url: str = ""
    sent: int = 0
    """Bytes of content that were sent."""
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def server():
    seen = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, body):
            _, kind, name = urlsplit(self.path).path.split("/", 2)
            seen.asked.append(f"{self.command} {self.path} {self.headers.get('Range', '')}".strip())
            if kind.isdigit():
                return self.send_error(int(kind))
            if kind in ("moved", "circle"):
                there = f"{'/ranges' if kind == 'moved' else '/circle'}/{name}"
                return self.give(b"", body, status=302, location=there)
            if kind == "nohead" and not body:
                return self.send_error(405)
            if name == "" and kind == "listing":
                links = "".join(f'<a href="{n}">{n}</a>' for n in ("t.csv", "x/", "notes.md"))
                return self.give(f"<html>{links}</html>".encode(), body, "text/html")
            if name not in FILES:
                return self.send_error(404)
            data = FILES[name]
            kinds = {"html": "text/html"}
            if kind == "chunked":
                return self.give_chunks(data, body)
            if kind == "cut":
                return self.give(data[: len(data) // 2], body, claimed=len(data))
            if kind == "ranges" and "Range" in self.headers:
                start, end = self.headers["Range"].removeprefix("bytes=").split("-")
                part = data[int(start) : int(end) + 1]
                where = f"bytes {start}-{int(start) + len(part) - 1}/{len(data)}"
                return self.give(part, body, status=206, content_range=where)
            if kind == "encoded":
                return self.give(gzip.compress(data), body, content_encoding="gzip")
            more = {"accept_ranges": "none"} if kind == "none" else {}
            return self.give(data, body, kinds.get(kind, "application/octet-stream"), **more)

        def give(self, data, body, kind="text/csv", *, status=200, claimed=None, **headers):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data) if claimed is None else claimed))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if body:
                self.send_slowly(data)
            if claimed is not None:
                self.close_connection = True

        def send_slowly(self, data):
            # What was not asked for further is not sent.
            try:
                for start in range(0, len(data), 1 << 14):
                    self.wfile.write(data[start : start + (1 << 14)])
                    seen.sent += len(data[start : start + (1 << 14)])
            except OSError:
                self.close_connection = True

        def give_chunks(self, data, body):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if not body:
                return
            try:
                for start in range(0, len(data), 50_000):
                    part = data[start : start + 50_000]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.write(b"0\r\n\r\n")
            except OSError:
                self.close_connection = True

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            pass

    with Quiet(("127.0.0.1", 0), Handler) as running:
        seen.url = f"http://127.0.0.1:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield seen
        running.shutdown()
        thread.join()


KINDS = ("ranges", "plain", "none", "chunked", "nohead", "encoded", "moved")


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in KINDS for name in ("t.csv", "t.parquet")]
    + [("plain", "t.jsonl"), ("ranges", "t.arrow"), ("chunked", "t.arrow")],
)
def test_every_server_gives_every_format(server, factory, kind, name):
    reader = factory.reader(f"{server.url}/{kind}/{name}")
    assert reader.sources == (f"{server.url}/{kind}/{name}",)
    assert reader.polars().collect().equals(FRAME)
    assert reader.head(2).equals(FRAME.head(2))
    assert reader.count() == ROWS


@pytest.mark.parametrize("kind", ["ranges", "plain", "moved"])
def test_archives_of_servers_are_opened(server, factory, kind):
    url = f"{server.url}/{kind}/t.zip"
    assert factory.reader(url).polars().collect().equals(FRAME.head(3))
    member = factory.reader(f"zip://t.csv::{url}")
    assert member.polars().collect().equals(FRAME.head(3))
    assert member.sources == (f"zip://t.csv::{url}",)
    packed = factory.reader(f"tar://d/t.csv::{server.url}/{kind}/t.tgz")
    assert packed.polars().collect().equals(FRAME.head(3))
    with pytest.raises(SourceNotFoundError, match="archive in it is not there"):
        factory.reader(f"zip://t.csv::{server.url}/{kind}/none.zip")


@pytest.mark.parametrize("kind", ["plain", "chunked"])
def test_what_has_no_ranges_is_fetched_once_for_random_access(server, factory, kind):
    reader = factory.reader(f"{server.url}/{kind}/t.parquet")
    reader.schema()
    server.asked.clear()
    assert reader.polars().select("id").collect().equals(FRAME.select("id"))
    assert pl.DataFrame(pl.from_arrow(reader.arrow().to_table())).equals(FRAME)
    assert server.asked == []


def test_ranges_fetch_what_a_query_needs(server, factory):
    reader = factory.reader(f"{server.url}/ranges/t.parquet")
    server.sent = 0
    assert reader.polars().select("id").sum().collect().item() == FRAME["id"].sum()
    assert server.sent < len(FILES["t.parquet"]) / 4


def test_making_a_reader_fetches_no_content(server, factory):
    factory.reader(f"{server.url}/ranges/t.csv")
    server.sent = 0
    factory.reader(f"{server.url}/ranges/t.csv")
    factory.reader(f"{server.url}/ranges/t.parquet")
    assert server.sent == 0


def test_a_query_belongs_to_the_address_and_not_to_the_name(server, factory):
    url = f"{server.url}/ranges/small.csv?version=2&x=[1]"
    reader = factory.reader(url)
    assert (reader.count(), reader.sources) == (3, (url,))


def test_a_secret_in_the_address_is_in_no_message(server, factory):
    secret = "?token=s3cr3t"
    assert factory.reader(f"{server.url}/ranges/small.csv{secret}").sources == (
        f"{server.url}/ranges/small.csv",
    )
    for kind in ("403", "404", "500"):
        with pytest.raises((SourceError, SourceNotFoundError)) as caught:
            factory.reader(f"{server.url}/{kind}/t.csv{secret}")
        assert "s3cr3t" not in str(caught.value)
        assert f"{server.url}/{kind}/t.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("404/t.csv", "There is nothing at .*404/t.csv: the server answers 404"),
        ("ranges/none.csv", "There is nothing at"),
        ("401/t.csv", "could not be read: the server answers 401 Unauthorized"),
        ("403/t.csv", "could not be read: the server answers 403 Forbidden"),
        ("500/t.csv", "could not be read: the server answers 500 Internal"),
        ("circle/t.csv", "could not be read: the server redirects from one address to the next"),
        ("html/page.csv", "is a web page .HTML., not data"),
        ("listing/*.parquet", "matches no file"),
    ],
)
def test_what_a_server_refuses_is_one_line(server, factory, path, message):
    with pytest.raises((SourceError, SourceNotFoundError), match=message) as caught:
        factory.reader(f"{server.url}/{path}")
    assert "\n" not in str(caught.value)


def test_nobody_answering_is_a_source_error(factory):
    with pytest.raises(SourceError, match=r"http://127\.0\.0\.1:1/t\.csv could not be read"):
        factory.reader("http://127.0.0.1:1/t.csv")


def test_a_table_that_is_called_a_page_is_read(server, factory):
    assert factory.reader(f"{server.url}/html/small.csv").count() == 3


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.jsonl"])
def test_an_answer_that_breaks_off_is_told(server, factory, name):
    reader = factory.reader(f"{server.url}/cut/{name}")
    for face in (lambda: reader.polars().collect(), lambda: pa.table(reader)):
        with pytest.raises(
            SourceError, match=rf"cut/{name} could not be read: .*try again"
        ) as told:
            face()
        assert not {"damaged", "delimiter", "schema"} & set(str(told.value).split())


def test_a_folder_is_what_its_page_links_to(server, factory):
    for url in (f"{server.url}/listing/", f"{server.url}/listing/*.csv"):
        reader = factory.reader(url)
        assert reader.sources == (f"{server.url}/listing/t.csv",)
        assert reader.count() == ROWS


def test_keys_of_a_store_are_not_sent_to_web_servers(server):
    factory = DatasetReaderFactory({"key": "k", "secret": "s"})
    assert factory.reader(f"{server.url}/ranges/small.csv").count() == 3


def test_storage_options_of_the_call_reach_the_server(server, factory):
    with pytest.raises(SourceError, match="could not be read"):
        factory.reader(
            f"{server.url}/ranges/small.csv", storage_options={"proxy": "http://127.0.0.1:1"}
        )
