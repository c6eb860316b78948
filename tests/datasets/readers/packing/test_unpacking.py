"""Packed files read as their content, whatever they are called; damage and bombs are told."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import tracemalloc
import zipfile
import zlib
from contextlib import suppress

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.core.errors import InvalidArgumentError, SourceError, SourceNotFoundError
from toolkit.datasets.readers.packing.codecs import codec_of
from toolkit.datasets.readers.packing.limits import UnpackingError, UnpackLimits
from toolkit.datasets.readers.packing.unpacking import unpacked
from toolkit.datasets.readers.sources import ResolvedSource

CSV = b"a,b\n1,x\n2,y\n"
FRAME = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


def zipped(data=CSV, name="t.csv", method=zipfile.ZIP_DEFLATED, **others):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, data)
        for other, content in others.items():
            archive.writestr(other.replace("__", "."), content)
    return buffer.getvalue()


def skippable(data):
    return b"\x50\x2a\x4d\x18\x04\0\0\0note" + zstd(data)


def xz(data):
    return lzma.compress(data, preset=0)


CODECS = {"gzip": gzip.compress, "bz2": bz2.compress, "xz": xz, "zstd": zstd}
STORED = {"stored": lambda data: zipped(data, method=zipfile.ZIP_STORED)}
PACKERS = {**CODECS, "zip": zipped, **STORED}


def content(data: bytes, limits=None) -> bytes:
    """What ``unpacked`` makes of a file with these bytes."""

    class Files:
        def open(self, path, mode, **how):
            return io.BytesIO(data)

        def info(self, path):
            return {"size": len(data)}

    limits = limits or UnpackLimits()
    source = ResolvedSource("x", ("x",), ("x",), Files(), limits=limits)
    return b"".join(unpacked(source, "x"))


@pytest.mark.parametrize("place", ["local", "memory"])
@pytest.mark.parametrize("codec", PACKERS)
@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.bin", "t"])
def test_the_content_decides_and_not_the_suffix(place, codec, name, tmp_path, memory, factory):
    data = PACKERS[codec](CSV)
    if place == "memory":
        url = memory(name, data)
    else:
        url = tmp_path / name
        url.write_bytes(data)
    reader = factory.reader(url)
    assert reader.polars().collect().equals(FRAME)
    assert reader.count() == 2
    assert reader.head(1).equals(FRAME.head(1))


@settings(max_examples=40, deadline=None)
@given(
    parts=st.lists(st.binary(max_size=50), min_size=1, max_size=4),
    factor=st.sampled_from([1, 5, 60_000]),
    codec=st.sampled_from(list(CODECS)),
)
def test_members_and_frames_one_after_the_other_are_one_file(parts, factor, codec):
    # What begins like packed data would be unpacked once more.
    parts = [b"." + part * factor for part in parts]
    pack = CODECS[codec]
    assert content(b"".join(map(pack, parts))) == b"".join(parts)


def test_what_the_tools_of_a_codec_leave_beside_the_data_is_no_damage():
    assert content(gzip.compress(CSV) + bytes(512)) == CSV
    assert content(lzma.compress(CSV) + bytes(8) + lzma.compress(CSV)) == CSV + CSV
    assert content(skippable(CSV) + skippable(CSV)) == CSV + CSV


def test_text_that_begins_like_a_codec_is_text():
    for text in (b"BZh,b\n1,2\n", b"BZh9\n1\n", b"PK,b\n", b"P*M,b\n"):
        assert content(text) == text
    assert codec_of(b"BZh9") == "bz2"
    assert codec_of(b"a,b\n") is None


@pytest.mark.parametrize("codec", PACKERS)
def test_every_cut_is_told(codec):
    data = PACKERS[codec](CSV * 50)
    for end in range(12, len(data)):
        with pytest.raises(OSError, match=r"cut|damaged"):
            content(data[:end])


@pytest.mark.parametrize("codec", ["gzip", "bz2", "xz", "zip"])
def test_a_flipped_bit_never_changes_the_text(codec):
    text = CSV * 50
    data = PACKERS[codec](text)
    generator = random.Random(codec)
    for _ in range(150):
        flipped = bytearray(data)
        flipped[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        if codec_of(bytes(flipped[:16])) != codec:
            continue
        with suppress(UnpackingError):
            assert content(bytes(flipped)) == text


@pytest.mark.parametrize("codec", PACKERS)
def test_a_damaged_file_is_a_source_error_that_names_it(codec, tmp_path, factory):
    data = bytearray(PACKERS[codec](CSV * 1000))
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"t\.csv could not be read: .*(damaged|cut)"):
        factory.reader(path, "jsonl").count()


QUERIES = {
    "collect": lambda reader: reader.polars().collect(),
    "streaming": lambda reader: reader.polars().collect(engine="streaming"),
    "batches": lambda reader: list(reader.batches(1000)),
    "count": lambda reader: reader.count(),
}
LONG = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i % 9973) for i in range(150_000))


@pytest.mark.parametrize("how", QUERIES)
@pytest.mark.parametrize("rows", ["error", "repair"])
def test_a_packed_table_that_fails_further_down_is_named_by_every_query(
    how, rows, tmp_path, factory
):
    packed = gzip.compress(LONG, 1)
    (tmp_path / "whole.csv").write_bytes(packed)
    (tmp_path / "cut.csv").write_bytes(packed[: len(packed) * 3 // 4])
    cut = factory.reader(tmp_path / "cut.csv", on_bad_rows=rows)
    with pytest.raises(SourceError, match=r"cut\.csv could not be read: the gzip data .* again\.$"):
        QUERIES[how](cut)
    bounded = factory.reader(tmp_path / "whole.csv", on_bad_rows=rows, max_unpacked=1_200_000)
    with pytest.raises(SourceError, match=r"whole\.csv could not be read: .* max_unpacked=… "):
        QUERIES[how](bounded)


@pytest.mark.parametrize("how", QUERIES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_a_file_that_was_removed_since_is_said_to_be_by_every_query(how, pack, tmp_path, factory):
    path = tmp_path / "gone.csv"
    path.write_bytes(pack(CSV))
    reader = factory.reader(path)
    reader.schema()
    path.unlink()
    with pytest.raises(SourceNotFoundError, match=r"gone\.csv is no longer there .* anew\.$"):
        QUERIES[how](reader)


def test_what_follows_the_packed_data_is_told():
    with pytest.raises(OSError, match="gzip data in it is damaged"):
        content(gzip.compress(CSV) + b"more")


def bomb(codec, size):
    """A file that unpacks to ``size`` zero bytes."""
    if codec == "gzip":
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    else:
        packer = {"bz2": bz2.BZ2Compressor(), "xz": lzma.LZMACompressor(preset=0)}[codec]
    piece = bytes(1 << 20)
    parts = [packer.compress(piece) for _ in range(size >> 20)]
    return b"".join(parts) + packer.flush()


def test_a_file_that_unpacks_to_too_much_is_refused_with_the_option(tmp_path, factory):
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a":1}\n' * 100_000))
    with pytest.raises(SourceError, match=r"more than 500,000 bytes\. Pass max_unpacked=…"):
        factory.reader(path, max_unpacked=500_000).count()
    assert factory.reader(path, max_unpacked=800_000).count() == 100_000
    with pytest.raises(InvalidArgumentError, match="max_unpacked=0"):
        factory.reader(path, max_unpacked=0)


@pytest.mark.parametrize("codec", ["gzip", "bz2", "xz", "zip"])
def test_a_bomb_is_refused_by_its_ratio(codec, monkeypatch):
    monkeypatch.setattr("toolkit.datasets.readers.packing.limits.FREE_BYTES", 1 << 21)
    data = zipped(bytes(8 << 20)) if codec == "zip" else bomb(codec, 8 << 20)
    with pytest.raises(OSError, match="unpack to more than"):
        content(data)
    assert len(content(data, UnpackLimits(8 << 20))) == 8 << 20


def test_a_bomb_within_a_zip_archive_is_measured_by_the_archive(monkeypatch):
    monkeypatch.setattr("toolkit.datasets.readers.packing.limits.FREE_BYTES", 1 << 21)
    with pytest.raises(OSError, match="unpack to more than"):
        content(zipped(bomb("bz2", 8 << 20), "t.csv.bz2"))


@pytest.mark.parametrize("codec", PACKERS)
def test_unpacking_needs_memory_for_pieces_only(codec):
    class Files:
        def open(self, path, mode, **how):
            return io.BytesIO(data)

        def info(self, path):
            return {"size": len(data)}

    data = PACKERS[codec](bytes(12 << 20))
    source = ResolvedSource("x", ("x",), ("x",), Files(), limits=UnpackLimits(1 << 40))
    tracemalloc.start()
    try:
        assert sum(map(len, unpacked(source, "x"))) == 12 << 20
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
    finally:
        tracemalloc.stop()


def lying(archive: bytes) -> bytes:
    """The archive, with a directory that says that its member has 2 GB in it."""
    data = bytearray(archive)
    claimed = data.index(b"PK\x01\x02") + 20
    data[claimed : claimed + 4] = b"\xff\xff\xff\x7f"
    return bytes(data)


def test_an_archive_that_lies_about_its_size_is_measured_all_the_same(
    tmp_path, factory, monkeypatch
):
    monkeypatch.setattr("toolkit.datasets.readers.packing.limits.FREE_BYTES", 1 << 19)
    with pytest.raises(OSError, match="unpack to more than"):
        content(lying(zipped(bomb("bz2", 8 << 20), "t.csv.bz2")))
    (tmp_path / "x.zip").write_bytes(lying(zipped(b"\n" * 900_000)))
    with pytest.raises(SourceError, match=r"damaged in its archive .EOFError"):
        factory.reader(f"zip://t.csv::{tmp_path}/x.zip", "jsonl").count()


@pytest.mark.parametrize("how", ["parquet", "ipc", "ndjson"])
@pytest.mark.parametrize("codec", ["gzip", "zstd", "zip"])
def test_packed_files_of_every_format_are_read(how, codec, tmp_path, factory):
    buffer = io.BytesIO()
    getattr(FRAME, f"write_{how}")(buffer)
    suffix = {"ipc": "arrow", "ndjson": "jsonl"}.get(how, how)
    pack = CODECS.get(codec, lambda data: zipped(data, f"t.{suffix}"))
    named, unnamed = tmp_path / f"t.{suffix}.gz", tmp_path / "unnamed"
    for path in (named, unnamed):
        path.write_bytes(pack(buffer.getvalue()))
        reader = factory.reader(path)
        assert reader.polars().filter(pl.col("a") == 2).collect().rows() == [(2, "y")]
        assert reader.count() == 2
        assert pl.DataFrame(pl.from_arrow(pa.table(reader))).equals(FRAME)


def test_the_one_member_that_is_data_is_read(tmp_path, factory):
    path = tmp_path / "data.zip"
    path.write_bytes(zipped(README__md="about", __MACOSX="x"))
    assert factory.reader(path).polars().collect().equals(FRAME)
    path.write_bytes(zipped(gzip.compress(CSV), "t.csv.gz"))
    assert factory.reader(path).polars().collect().equals(FRAME)


def test_an_archive_of_several_files_names_them_and_how_to_pass_one(tmp_path, factory):
    path = tmp_path / "data.zip"
    path.write_bytes(zipped(b__csv="a,b\n3,z\n"))
    with pytest.raises(SourceError, match=r"several files \(t\.csv, b\.csv\).*zip://t\.csv::"):
        factory.reader(path)
    assert factory.reader(f"zip://b.csv::{path}").polars().collect().rows() == [(3, "z")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped(name="[Content_Types].xml"), "Office document"),
        (b"PK\x05\x06" + bytes(18), "zip archive without files"),
        (zipped()[:-30], "damaged or cut zip archive"),
    ],
    ids=["office", "no files", "cut"],
)
def test_archives_without_a_table_say_why(data, message, tmp_path, factory):
    path = tmp_path / "data.zip"
    path.write_bytes(data)
    for given_source in (path, data):
        with pytest.raises(SourceError, match=message) as caught:
            factory.reader(given_source)
        assert "\n" not in str(caught.value)


def test_an_encrypted_member_is_refused(tmp_path, factory):
    data = bytearray(zipped())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "data.zip").write_bytes(data)
    with pytest.raises(SourceError, match=r"t\.csv is encrypted: unpack it first"):
        factory.reader(tmp_path / "data.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_would_unpack_in_one_piece_are_refused(method, tmp_path, factory):
    path = tmp_path / "data.zip"
    path.write_bytes(zipped(method=method))
    for given_path in (path, f"zip://t.csv::{path}"):
        with pytest.raises(SourceError, match=r"t\.csv is packed by (bzip2|lzma): unpack it first"):
            factory.reader(given_path, "jsonl").count()


def test_members_of_an_archive_are_sources_of_their_own(tmp_path, factory, ws):
    path = tmp_path / "data.zip"
    buffer = io.BytesIO()
    FRAME.write_parquet(buffer)
    path.write_bytes(zipped(**{"d/x__parquet": buffer.getvalue(), "e__csv": "a,b\n3,z\n"}))
    reader = factory.reader(f"zip://d/x.parquet::{path}")
    assert reader.sources == (f"zip://d/x.parquet::{path}",)
    assert reader.polars().select("b").collect()["b"].to_list() == ["x", "y"]
    both = factory.reader([f"zip://t.csv::{path}", f"zip://e.csv::{path}"])
    assert both.polars().collect()["a"].to_list() == [1, 2, 3]
    matched = factory.reader(f"zip://*.csv::{path}")
    assert matched.sources == (f"zip://e.csv::{path}", f"zip://t.csv::{path}")
    whole = factory.reader(f"zip://::{path}", format="csv")
    assert whole.sources == matched.sources
    saved = ws.save(ws.read(f"zip://t.csv::{path}"), "t")
    assert saved.inputs == (f"zip://t.csv::{path}",)


def test_what_is_wrong_with_an_archive_or_its_member_is_told(tmp_path, factory):
    path = tmp_path / "data.zip"
    path.write_bytes(zipped())
    with pytest.raises(SourceNotFoundError, match=r"nothing at zip://x\.csv::.*t\.csv"):
        factory.reader(f"zip://x.csv::{path}")
    with pytest.raises(SourceNotFoundError, match="archive in it is not there"):
        factory.reader(f"zip://x.csv::{tmp_path}/none.zip")
    path.write_bytes(CSV)
    with pytest.raises(SourceError, match="not a zip file"):
        factory.reader(f"zip://x.csv::{path}")


def test_a_member_is_held_to_the_limit_too(tmp_path, factory):
    path = tmp_path / "data.zip"
    path.write_bytes(zipped(b"a\n" + b"1\n" * 50_000))
    with pytest.raises(SourceError, match="unpack to more than 1,000 bytes"):
        factory.reader(f"zip://t.csv::{path}", max_unpacked=1000).count()


@pytest.mark.parametrize(
    ("name", "mode"), [("t.tar", "w"), ("t.tar.gz", "w:gz"), ("t.tgz", "w:gz"), ("t", "w:xz")]
)
def test_a_tar_archive_says_how_to_name_a_file_in_it(name, mode, tmp_path, factory):
    path = tmp_path / name
    (tmp_path / "t.csv").write_bytes(CSV)
    with tarfile.open(path, mode) as archive:
        archive.add(tmp_path / "t.csv", "t.csv")
    with pytest.raises(SourceError, match=r"tar archive.*tar://"):
        factory.reader(path)
    assert factory.reader(f"tar://t.csv::{path}").polars().collect().equals(FRAME)
