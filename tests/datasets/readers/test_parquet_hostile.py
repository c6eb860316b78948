"""Files that contradict themselves, are encrypted, or were damaged: one error of ours from every
face, in a child process with bounded memory and time, so that a crash or a hang is seen."""

from __future__ import annotations

import base64
import io
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from tests.datasets.readers import handmade as hm
from tests.datasets.readers.children import verdicts
from tests.datasets.readers.handmade import Chunk, element, levels, numbers, page, texts
from toolkit.core.errors import SourceError

HUGE = 2**31 - 1
REQUIRED_INT = [element("a", hm.INT32, hm.REQUIRED)]
OPTIONAL_INT = [element("a", hm.INT32)]
THREE = numbers(1, 2, 3)
DEEP = [element("a", None, children=1)]


def ints(*pages, rows=3, count=3, schema=REQUIRED_INT, footer=None, group=None, **chunk):
    made = Chunk("a", hm.INT32, list(pages) or [page(THREE, 3)], count, **chunk)
    return hm.parquet(schema, [made], rows, footer=footer, group=group)


def column(type_, body, count=3, encoding=hm.PLAIN, **of_element):
    made = Chunk("a", type_, [page(body, count, encoding)], count, encodings=(encoding,))
    return hm.parquet([element("a", type_, hm.REQUIRED, **of_element)], [made], count)


def indices(body, dictionary):
    made = Chunk(
        "a",
        hm.INT32,
        [page(body, 3, hm.RLE_DICTIONARY)],
        3,
        0,
        dictionary,
        None,
        (hm.RLE_DICTIONARY,),
    )
    return hm.parquet(REQUIRED_INT, [made], 3)


def bare(rest: bytes) -> bytes:
    """A file whose footer is a good beginning and ``rest``."""
    start = hm.thrift(
        {1: hm.I32(1), 2: [element("s", None, None, children=1), *REQUIRED_INT], 3: 0}
    )
    return hm.closed(hm.MAGIC, start[:-1] + rest)


def nested(depth):
    path = ".".join(["a"] * depth + ["b"])
    schema = [*DEEP * depth, element("b", hm.INT32, hm.REQUIRED)]
    return hm.parquet(schema, [Chunk(path, hm.INT32, [page(THREE, 3)], 3)], 3)


TWO = hm.dictionary(numbers(7, 8), 2)
RUN = hm.varint(HUGE << 1)
LENGTHS = hm.varint(128) + hm.varint(4) + hm.varint(3) + hm.zigzag(HUGE) + hm.zigzag(0) + bytes(4)
SNAPPY = pa.Codec("snappy").compress(THREE).to_pybytes()

BAD = {
    "more rows than values": ints(rows=5),
    "fewer rows than values": ints(rows=2),
    "negative rows": ints(rows=-1),
    "rows of the file that its groups do not have": ints(footer={3: 2**50}),
    "a trillion rows": ints(rows=2**40, count=2**40),
    "two billion nulls": ints(
        page(b"\5\0\0\0" + RUN + b"\0", HUGE), rows=HUGE, count=HUGE, schema=OPTIONAL_INT
    ),
    "two billion equal values": ints(
        page(b"\0" + RUN, HUGE, hm.RLE_DICTIONARY), rows=HUGE, count=HUGE, dictionary=TWO
    ),
    "columns of two lengths": hm.parquet(
        [*REQUIRED_INT, element("b", hm.INT32, hm.REQUIRED)],
        [
            Chunk("a", hm.INT32, [page(THREE, 3)], 3),
            Chunk("b", hm.INT32, [page(numbers(1, 2), 2)], 2),
        ],
        3,
    ),
    "fewer columns than the schema": hm.parquet(
        [*REQUIRED_INT, element("b", hm.INT32)], [Chunk("a", hm.INT32, [page(THREE, 3)], 3)], 3
    ),
    "more columns than the schema": hm.parquet(
        REQUIRED_INT, [Chunk("a", hm.INT32, [page(THREE, 3)], 3)] * 2, 3
    ),
    "a column without metadata": ints(outer={3: None}),
    "a column in another file": ints(outer={1: "other.parquet"}),
    "an offset before the file": ints(meta={9: -5}),
    "an offset behind the file": ints(meta={9: 2**62}),
    "an offset in the footer": ints(meta={9: 60}),
    "a negative size": ints(meta={7: -1}),
    "no size": ints(meta={7: 0}),
    "a size of 2 GB": ints(meta={7: 2**31}),
    "an endless size": ints(meta={7: 2**62}),
    "a page that claims to unpack to 2 GB": ints(page(SNAPPY, 3, unpacked=HUGE), codec=hm.SNAPPY),
    "a page that unpacks to less than none": ints(page(THREE, 3, unpacked=-5)),
    "a page behind the file": ints(page(THREE, 3, stored=HUGE)),
    "a page of less than no bytes": ints(page(THREE, 3, stored=-5)),
    "a page of two billion values": ints(page(THREE, HUGE), count=HUGE, rows=HUGE),
    "a page of less than no values": ints(page(THREE, -5)),
    "a dictionary of two billion values": indices(
        b"\1\2\0\4\1", hm.dictionary(numbers(7, 8), HUGE)
    ),
    "a dictionary of less than no values": indices(b"\1\2\0\4\1", hm.dictionary(numbers(7, 8), -1)),
    "a dictionary of fixed bytes with their lengths": hm.parquet(
        [element("a", hm.FIXED, hm.REQUIRED, length=3)],
        [
            Chunk(
                "a",
                hm.FIXED,
                [page(b"\1\2\0\4\1", 3, hm.RLE_DICTIONARY)],
                3,
                dictionary=hm.dictionary(texts("abc", "def"), 2),
                encodings=(hm.RLE_DICTIONARY,),
            )
        ],
        3,
    ),
    "decimals of more bytes and more digits": column(
        hm.FIXED, b"\1" * 51, converted=hm.DECIMAL, scale=0, precision=38, length=17
    ),
    "decimals of more bytes than digits": column(
        hm.BYTE_ARRAY, texts(b"", b"\1" * 17, b""), converted=hm.DECIMAL, scale=0, precision=38
    ),
    "decimals of more digits than they say": column(
        hm.FIXED, (bytes(1) + b"\x7f" * 16) * 3, converted=hm.DECIMAL, precision=38, length=17
    ),
    "an index behind the dictionary": indices(b"\x08\x06\xff", TWO),
    "indices of 255 bits": indices(b"\xff\x06\xff", TWO),
    "no dictionary": indices(b"\1\2\0\4\1", b""),
    "an unknown encoding": column(hm.INT32, THREE, encoding=55),
    "an encoding that no engine reads yet": column(hm.DOUBLE, bytes(24), encoding=10),
    "an unknown codec": ints(codec=55),
    "LZO": ints(codec=hm.LZO),
    "an unknown physical type": column(55, THREE),
    "values of another type": column(hm.INT64, THREE),
    "numbers where texts should be": column(hm.BYTE_ARRAY, THREE, converted=hm.UTF8),
    "text that is not UTF-8": column(hm.BYTE_ARRAY, texts("a", b"\xff", "b"), converted=hm.UTF8),
    "texts of 4 GB": column(hm.BYTE_ARRAY, b"\xff" * 12),
    "fixed bytes of no length": column(hm.FIXED, b"", length=0),
    "fixed bytes of negative length": column(hm.FIXED, b"", length=-4),
    "fixed bytes of 2 GB": column(hm.FIXED, b"", length=HUGE),
    "a decimal of negative scale": column(
        hm.INT32, THREE, converted=hm.DECIMAL, scale=-2, precision=9
    ),
    "a decimal of no digits": column(hm.INT32, THREE, converted=hm.DECIMAL, scale=0, precision=0),
    "delta blocks of no values": column(hm.INT32, b"\0\0\3" + bytes(8), encoding=hm.DELTA_BINARY),
    "delta blocks of two billion": column(
        hm.INT32, hm.varint(2**31) * 3 + bytes(8), encoding=hm.DELTA_BINARY
    ),
    "delta lengths of 2 GB": column(hm.BYTE_ARRAY, LENGTHS, encoding=6),
    "delta prefixes of 2 GB": column(hm.BYTE_ARRAY, LENGTHS * 2, encoding=7),
    "a first row that goes on": ints(
        page(levels(1, 1, 0, 0) + levels(1, 1, 0, 1) + THREE, 4),
        count=4,
        schema=[element("a", hm.INT32, hm.REPEATED)],
    ),
    "too few levels": ints(
        page(levels(0, 1) + levels(1, 1) + THREE, 4),
        count=4,
        schema=[element("a", hm.INT32, hm.REPEATED)],
    ),
    "levels above the highest": ints(page(levels(9, 1, 0) + THREE, 3), schema=OPTIONAL_INT),
    "levels in the order of bits of 2013": ints(
        page(b"\xa0" + numbers(1, 2), 3, levels=hm.BIT_PACKED),
        schema=OPTIONAL_INT,
        encodings=(hm.PLAIN, hm.BIT_PACKED),
    ),
    "nulls in a required column": ints(hm.page_v2(b"", numbers(1, 2), 3, 1)),
    "a schema of two billion nodes": hm.parquet([element("a", None, children=HUGE)], [], 0),
    "a node of less than no children": hm.parquet([element("a", None, children=-1)], [], 0),
    "a schema of a thousand levels": nested(1_000),
    "a schema of ten thousand levels": nested(10_000),
    "a footer of structs in structs": bare(b"\xcc" + b"\x1c" * 500_000 + bytes(500_001)),
    "a list of two billion row groups": bare(b"\x19\xfc" + hm.varint(HUGE) + bytes(50)),
    "a text of 2 GB in the footer": bare(b"\x38" + hm.varint(HUGE) + b"abc"),
    "an Arrow schema that is none": ints(footer={5: [{1: "ARROW:schema", 2: "!!!"}]}),
    "a footer of 2 GB": ints()[:-8] + HUGE.to_bytes(4, "little") + hm.MAGIC,
    "no magic bytes": ints()[:-4] + b"????",
    "a gzip file": zlib.compress(b"a,b\n1,2\n"),
}


def test_files_that_contradict_themselves_are_one_error_on_every_face(tmp_path):
    names = list(BAD)
    for number, name in enumerate(names):
        (tmp_path / f"{number:03}.parquet").write_bytes(BAD[name])
    told = verdicts(tmp_path, "polars arrow count batches", "small")
    assert len(told) == len(BAD)
    for file, verdict in told.items():
        seen = (names[int(file[:3])], verdict)
        assert verdict["polars"] == verdict["batches"] == "SourceError", seen
        assert verdict["count"] in ("SourceError", "3"), seen
        # A dataset is pyarrow's own, and raises its errors; it does not ask whether text is UTF-8.
        assert verdict["arrow"] in ("SourceError", "engine") or "UTF-8" in seen[0], seen
        assert not verdict["panics"], seen


class _Kms(pe.KmsClient):
    def __init__(self, _config):
        pe.KmsClient.__init__(self)

    def wrap_key(self, key_bytes, _identifier):
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key, _identifier):
        return base64.b64decode(wrapped_key)


@pytest.mark.parametrize("plaintext_footer", [True, False])
@pytest.mark.parametrize("place", ["local", "memory"])
def test_encrypted_files_are_refused_for_want_of_a_key(
    plaintext_footer, place, tmp_path, memory, factory
):
    keys = pe.CryptoFactory(_Kms).file_encryption_properties(
        pe.KmsConnectionConfig(),
        pe.EncryptionConfiguration(
            footer_key="f", column_keys={"c": ["a"]}, plaintext_footer=plaintext_footer
        ),
    )
    table = pa.table({"a": [1, 2], "b": ["x", "y"]})
    pq.write_table(table, buffer := io.BytesIO(), encryption_properties=keys)
    (tmp_path / "t.parquet").write_bytes(buffer.getvalue())
    source = tmp_path / "t.parquet"
    if place == "memory":
        source = memory("t.parquet", buffer.getvalue())
    for read in ("polars", "schema", "count", "head", "arrow"):
        with pytest.raises(SourceError, match=r"t\.parquet is encrypted.*needs a key"):
            getattr(factory.reader(source), read)()


def test_an_encrypted_footer_is_known_for_parquet(tmp_path, factory):
    (tmp_path / "t").write_bytes(b"PARE" + bytes(100) + b"PARE")
    with pytest.raises(SourceError, match="is encrypted"):
        factory.reader(tmp_path / "t").schema()


def test_sizes_in_pages_are_looked_at_before_polars_believes_them(tmp_path, factory, monkeypatch):
    monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", 0)
    for name, told in (
        ("a page that claims to unpack to 2 GB", "claims to unpack to 2,147,483,647 bytes"),
        ("a dictionary of two billion values", "claims 2147483647 values in 8 bytes"),
    ):
        (tmp_path / "t.parquet").write_bytes(BAD[name])
        with pytest.raises(SourceError, match=told):
            factory.reader(tmp_path / "t.parquet").polars()


@pytest.mark.parametrize("place", ["local", "memory"])
def test_levels_of_2013_are_refused_wherever_the_file_is(place, tmp_path, memory, factory):
    data = BAD["levels in the order of bits of 2013"]
    (tmp_path / "t.parquet").write_bytes(data)
    source = tmp_path / "t.parquet" if place == "local" else memory("t.parquet", data)
    for read in ("polars", "head", "arrow"):
        with pytest.raises(SourceError, match="in bits of the order of 2013"):
            getattr(factory.reader(source), read)()
    # Many footers name the encoding though no page has it.
    named = ints(page(THREE, 3), encodings=(hm.PLAIN, hm.BIT_PACKED))
    levels_ = page(levels(1, 0, 1) + numbers(1, 2), 3)
    optional = ints(levels_, schema=OPTIONAL_INT, encodings=(hm.PLAIN, hm.BIT_PACKED))
    for number, sound in enumerate((named, optional)):
        (tmp_path / f"{number}.parquet").write_bytes(sound)
        source = tmp_path / f"{number}.parquet"
        if place == "memory":
            source = memory(f"{number}.parquet", sound)
        assert factory.reader(source).head().height == 3
