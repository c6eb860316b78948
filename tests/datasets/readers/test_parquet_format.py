"""All that the format allows: forms that only older writers made, types, codecs, encodings and
layouts, each with the same values wherever it lies and whichever engine reads it."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from decimal import Decimal

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from tests.datasets.readers import handmade as hm
from tests.datasets.readers.handmade import Chunk, element, levels, numbers, page, texts
from toolkit.core.errors import InvalidArgumentError, SourceError

REQUIRED_INT = [element("a", hm.INT32, hm.REQUIRED)]
OPTIONAL_INT = [element("a", hm.INT32)]
THREE = numbers(1, 2, 3)
LISTS = levels(0, 1, 0, 0, 0) + levels(2, 2, 1, 0, 2) + THREE  # [1, 2], [], null, [3]
INDICES = page(b"\x01\x02\x00\x04\x01", 3, hm.RLE_DICTIONARY)
SEVEN_EIGHT = hm.dictionary(numbers(7, 8), 2)
LZ4 = pa.Codec("lz4_raw").compress(THREE).to_pybytes()
ZSTD_OF_NOTHING = pa.Codec("zstd").compress(b"").to_pybytes()


def one(kind, body, count, codec=hm.UNCOMPRESSED, **how):
    """A column ``a`` of one page."""
    told = {"encodings": (hm.PLAIN, hm.RLE)}
    told |= {name: how.pop(name) for name in ("encodings", "meta") if name in how}
    return [Chunk("a", kind, [page(body, count, **how)], count, codec, **told)]


def ints(body=THREE, codec=hm.UNCOMPRESSED, **how):
    return hm.parquet(REQUIRED_INT, one(hm.INT32, body, 3, codec, **how), 3)


def leaf(kind, body, count, **annotations):
    """A file of one required column."""
    return hm.parquet(
        [element("a", kind, hm.REQUIRED, **annotations)], one(kind, body, count), count
    )


def bytes_of(kind_of_list, path, *inner):
    outer = element("a", None, children=1, converted=hm.LIST)
    chunk = Chunk(f"a.{path}", hm.INT32, [page(LISTS, 5)], 5)
    return hm.parquet([outer, *kind_of_list, *inner], [chunk], 4)


def dictionary(meta):
    encodings = (hm.PLAIN, hm.RLE, hm.RLE_DICTIONARY)
    chunk = Chunk("a", hm.INT32, [INDICES], 3, 0, SEVEN_EIGHT, None, encodings, meta)
    return hm.parquet(REQUIRED_INT, [chunk], 3)


def map_of(key_repetition, group, top=hm.MAP):
    definition = levels(3, 3) if key_repetition == hm.OPTIONAL else levels(2, 2)
    schema = [
        element("a", None, children=1, converted=top),
        element(group, None, hm.REPEATED, children=2),
        element("key", hm.BYTE_ARRAY, key_repetition, converted=hm.UTF8),
        element("value", hm.INT32),
    ]
    keys = page(levels(0, 1) + definition + texts("x", "y"), 2)
    values = page(levels(0, 1) + levels(3, 2) + numbers(5), 2)
    chunks = [
        Chunk(f"a.{group}.key", hm.BYTE_ARRAY, [keys], 2),
        Chunk(f"a.{group}.value", hm.INT32, [values], 2),
    ]
    return hm.parquet(schema, chunks, 1)


def in_parts(*parts):
    """What Hadoop's LZ4 makes of more than its buffer holds."""
    packed = [pa.Codec("lz4_raw").compress(part).to_pybytes() for part in parts]
    size = sum(map(len, parts)).to_bytes(4, "big")
    return size + b"".join(len(part).to_bytes(4, "big") + part for part in packed)


def parts_of_version_2():
    words = in_parts(numbers(7), numbers(8))
    header = {1: hm.I32(hm.PLAIN), 2: hm.I32(hm.PLAIN)}
    sizes = {1: hm.I32(2), 2: hm.I32(8), 3: hm.I32(len(words))}
    pages = hm.thrift({**sizes, 7: {**header, 1: hm.I32(2)}}) + words
    indices = in_parts(b"\1\2", b"\0\4\1")
    definitions = levels(1, 0, 1, 1, prefixed=False)
    numbers_ = (4, 1, 4, hm.RLE_DICTIONARY, len(definitions), 0)
    second = {index: hm.I32(number) for index, number in enumerate(numbers_, 1)}
    size = len(definitions) + 5
    told = {1: hm.I32(3), 2: hm.I32(size), 3: hm.I32(len(definitions) + len(indices)), 8: second}
    page_ = hm.thrift(told) + definitions + indices
    encodings = (hm.PLAIN, hm.RLE, hm.RLE_DICTIONARY)
    chunk = Chunk("a", hm.INT32, [page_], 4, hm.LZ4_HADOOP, pages, None, encodings)
    return hm.parquet(OPTIONAL_INT, [chunk], 4)


def stamp(nanoseconds, day):
    """An INT96 timestamp."""
    return nanoseconds.to_bytes(8, "little", signed=True) + day.to_bytes(4, "little")


def wide_decimals(*values):
    body = b"".join(value.to_bytes(17, "big", signed=True) for value in values)
    definitions = levels(1, *(1 for _ in values[1:]), 0)
    chunk = one(hm.FIXED, definitions + body, len(values) + 1)
    schema = element("a", hm.FIXED, length=17, converted=hm.DECIMAL, scale=2, precision=38)
    return hm.parquet([schema], chunk, len(values) + 1)


def statistics(smallest, largest, nulls=None):
    chunk = one(hm.INT32, levels(1, 0) + numbers(5), 2)
    chunk[0].statistics = {3: nulls, 5: largest, 6: smallest}
    return hm.parquet(OPTIONAL_INT, chunk, 2)


WANTED = [[1, 2], [], None, [3]]
FORMS = {
    "list of two levels": (bytes_of([element("array", hm.INT32, hm.REPEATED)], "array"), WANTED),
    "list whose element is named by its writer": (
        bytes_of(
            [element("bag", None, hm.REPEATED, children=1)],
            "bag.array_element",
            element("array_element", hm.INT32, hm.REQUIRED),
        ),
        WANTED,
    ),
    "list of tuples of one": (
        bytes_of(
            [element("a_tuple", None, hm.REPEATED, children=1)],
            "a_tuple.x",
            element("x", hm.INT32, hm.REQUIRED),
        ),
        [[{"x": 1}, {"x": 2}], [], None, [{"x": 3}]],
    ),
    "repeated without annotation": (
        hm.parquet(
            [element("a", hm.INT32, hm.REPEATED)],
            one(hm.INT32, levels(0, 1, 0, 0) + levels(1, 1, 0, 1) + THREE, 4),
            3,
        ),
        [[1, 2], [], [3]],
    ),
    "map without values": (
        hm.parquet(
            [
                element("a", None, hm.REQUIRED, children=1, converted=hm.MAP),
                element("key_value", None, hm.REPEATED, children=1),
                element("key", hm.INT32, hm.REQUIRED),
            ],
            [
                Chunk(
                    "a.key_value.key",
                    hm.INT32,
                    [page(levels(0, 1, 0) + levels(1, 1, 1) + THREE, 3)],
                    3,
                )
            ],
            2,
        ),
        [[1, 2], [3]],
    ),
    "map annotated as its entries": (
        map_of(hm.REQUIRED, "map", hm.MAP_KEY_VALUE),
        [{"x": 5, "y": None}],
    ),
    "map with keys that may be null, of Presto": (
        map_of(hm.OPTIONAL, "key_value"),
        [[{"key": "x", "value": 5}, {"key": "y", "value": None}]],
    ),
    "decimal in bytes": (
        leaf(
            hm.BYTE_ARRAY,
            texts(b"\x01", b"\xff\x00"),
            2,
            converted=hm.DECIMAL,
            scale=2,
            precision=9,
        ),
        [Decimal("0.01"), Decimal("-2.56")],
    ),
    "decimal in no bytes, and in more than it needs": (
        leaf(
            hm.BYTE_ARRAY,
            texts(b"", b"\xff", bytes(20) + b"\1", b"\xff" * 18 + b"\0"),
            4,
            converted=hm.DECIMAL,
            scale=2,
            precision=9,
        ),
        [Decimal("0.00"), Decimal("-0.01"), Decimal("0.01"), Decimal("-2.56")],
    ),
    "decimal in bytes, too wide for polars": (
        leaf(
            hm.BYTE_ARRAY,
            texts(b"\x01", b"\x01" + bytes(20)),
            2,
            converted=hm.DECIMAL,
            scale=2,
            precision=50,
        ),
        ["0.01", "14615016373309029182036848327162830196559325429.76"],
    ),
    "decimal of six bytes": (
        leaf(
            hm.FIXED,
            b"\0\0\0\0\0\1" + b"\xff" * 6,
            2,
            length=6,
            converted=hm.DECIMAL,
            scale=2,
            precision=13,
        ),
        [Decimal("0.01"), Decimal("-0.01")],
    ),
    "decimals of more bytes than they need": (
        wide_decimals(5, -5, 10**38 - 1, 1 - 10**38),
        [
            Decimal("0.05"),
            Decimal("-0.05"),
            *(Decimal(f"{s}{'9' * 36}.99") for s in ("", "-")),
            None,
        ],
    ),
    "INT96 with times of the days before and after": (
        leaf(hm.INT96, stamp(-1000, 2440588) + stamp(86_400 * 10**9, 2440588), 2),
        [dt.datetime(1969, 12, 31, 23, 59, 59, 999_999), dt.datetime(1970, 1, 2)],
    ),
    "group called ENUM": (
        hm.parquet(
            [
                element("a", None, children=1, converted=hm.ENUM, logical={4: {}}),
                element("x", hm.INT32),
            ],
            [Chunk("a.x", hm.INT32, [page(levels(2, 1, 0) + numbers(7), 3)], 3)],
            3,
        ),
        [{"x": 7}, {"x": None}, None],
    ),
    "legacy enum": (
        leaf(hm.BYTE_ARRAY, texts("A", "B"), 2, converted=hm.ENUM),
        ["A", "B"],
    ),
    "legacy JSON": (leaf(hm.BYTE_ARRAY, texts("{}", "[1]"), 2, converted=19), ["{}", "[1]"]),
    "BSON": (
        leaf(hm.BYTE_ARRAY, texts(b"\x05\0\0\0\0"), 1, converted=20, logical={13: {}}),
        [b"\x05\0\0\0\0"],
    ),
    "interval": (leaf(hm.FIXED, bytes(range(12)), 1, length=12, converted=21), [bytes(range(12))]),
    "geometry": (leaf(hm.BYTE_ARRAY, texts(b"\1\1"), 1, logical={17: {1: "OGC:CRS84"}}), [b"\1\1"]),
    "geography": (leaf(hm.BYTE_ARRAY, texts(b"\1\1"), 1, logical={18: {}}), [b"\1\1"]),
    "logical type of the future": (leaf(hm.INT32, THREE, 3, logical={555: {}}), [1, 2, 3]),
    "null type": (
        hm.parquet([element("a", hm.INT32, logical={11: {}})], one(hm.INT32, levels(0, 0), 2), 2),
        [None, None],
    ),
    "time in milliseconds, local": (
        leaf(hm.INT32, numbers(1000), 1, logical={7: {1: False, 2: {1: {}}}}),
        [dt.time(0, 0, 1)],
    ),
    "truths in runs": (
        hm.parquet(
            [element("a", hm.BOOLEAN, hm.REQUIRED)],
            one(hm.BOOLEAN, b"\2\0\0\0\x06\x01", 3, encoding=hm.RLE, encodings=(hm.RLE,)),
            3,
        ),
        [True] * 3,
    ),
    "dictionary": (dictionary({}), [7, 8, 8]),
    "dictionary without its offset": (dictionary({9: 4, 11: None}), [7, 8, 8]),
    "dictionary whose offset is 0": (dictionary({9: 4, 11: 0}), [7, 8, 8]),
    "two gzip members in a page": (
        ints(gzip.compress(numbers(1, 2)) + gzip.compress(numbers(3)), hm.GZIP, unpacked=12),
        [1, 2, 3],
    ),
    "LZ4 with Hadoop's lengths": (
        ints(b"\0\0\0\x0c" + len(LZ4).to_bytes(4, "big") + LZ4, hm.LZ4_HADOOP, unpacked=12),
        [1, 2, 3],
    ),
    "LZ4 that Hadoop packed in parts": (
        ints(in_parts(numbers(1), numbers(2, 3)), hm.LZ4_HADOOP, unpacked=12),
        [1, 2, 3],
    ),
    "LZ4 that Hadoop packed in parts, of version 2, with a dictionary": (
        parts_of_version_2(),
        [7, None, 8, 8],
    ),
    "LZ4 called Hadoop's without lengths": (ints(LZ4, hm.LZ4_HADOOP, unpacked=12), [1, 2, 3]),
    "empty page packed to some bytes": (
        hm.parquet(
            OPTIONAL_INT,
            [
                Chunk(
                    "a",
                    hm.INT32,
                    [hm.page_v2(levels(0, 0, prefixed=False), ZSTD_OF_NOTHING, 2, 2, unpacked=0)],
                    2,
                    hm.ZSTD,
                )
            ],
            2,
        ),
        [None, None],
    ),
    "empty page packed to none": (
        hm.parquet(
            OPTIONAL_INT,
            [
                Chunk(
                    "a",
                    hm.INT32,
                    [hm.page_v2(levels(0, prefixed=False), b"", 1, 1, unpacked=0)],
                    1,
                    hm.SNAPPY,
                )
            ],
            1,
        ),
        [None],
    ),
    "statistics of another width": (statistics(b"\1", b"\1" * 9), [5, None]),
    "statistics that are empty": (statistics(b"", b""), [5, None]),
    "statistics with a negative number of nulls": (statistics(None, None, nulls=-5), [5, None]),
    "chunks without paths": (
        hm.parquet(REQUIRED_INT, one(hm.INT32, THREE, 3, meta={3: None}), 3),
        [1, 2, 3],
    ),
    "writer whose name is no UTF-8": (
        hm.parquet(REQUIRED_INT, one(hm.INT32, THREE, 3), 3, footer={6: b"\xff"}),
        [1, 2, 3],
    ),
    "no name of a writer": (
        hm.parquet(REQUIRED_INT, one(hm.INT32, THREE, 3), 3, footer={6: None}),
        [1, 2, 3],
    ),
    "metadata without a value": (
        hm.parquet(REQUIRED_INT, one(hm.INT32, THREE, 3), 3, footer={5: [{1: "key"}]}),
        [1, 2, 3],
    ),
}


@pytest.fixture(params=["small", "large", "memory"])
def source(request, tmp_path, memory, monkeypatch):
    """Gives the source of a file's bytes; polars reads what is "large" and as it likes."""
    if request.param == "large":
        monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", 0)

    def put(data):
        if request.param == "memory":
            return memory("t.parquet", data)
        (tmp_path / "t.parquet").write_bytes(data)
        return str(tmp_path / "t.parquet")

    return put


def assert_faces(reader, expected: pl.DataFrame) -> None:
    frame = reader.polars().collect()
    assert_frame_equal(frame, expected)
    assert reader.count() == expected.height
    assert_frame_equal(reader.head(2), expected.head(2))
    arrow = reader.arrow()
    table = arrow.to_table() if isinstance(arrow, pads.Dataset) else arrow.read_all()
    for face in (table, pa.Table.from_batches(reader.batches(2), reader.schema())):
        assert face.schema.equals(reader.schema())
        if face.num_columns:
            numbered = face.rename_columns([str(index) for index in range(face.num_columns)])
            read = pl.DataFrame(pl.from_arrow(numbered))  # it makes up a name for an empty one
            read.columns = face.column_names
            assert_frame_equal(read, expected)


@pytest.mark.parametrize("name", FORMS)
def test_what_other_writers_made_is_read_on_every_face(name, source, factory):
    data, wanted = FORMS[name]
    reader = factory.reader(source(data))
    frame = reader.polars().collect()
    assert frame["a"].to_list() == wanted
    assert_faces(reader, frame)


N = None
WIDE = [Decimal("1.5"), N, Decimal("-2.5")]
TENSORS = pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(12, dtype="f4").reshape(3, 2, 2))
OPAQUE = pa.opaque(pa.list_(pa.string()), "t", "v")
TYPES = {
    "bool": pa.array([True, N, False]),
    **{f"{t}": pa.array([1, N, 7], t) for t in (pa.int8(), pa.uint8(), pa.int16(), pa.uint16())},
    **{f"{t}": pa.array([1, N, 7], t) for t in (pa.int32(), pa.uint32(), pa.int64(), pa.uint64())},
    "float16": pa.array([np.float16(1.5), N, np.float16("nan")], pa.float16()),
    "float": pa.array([1.5, N, float("nan")], pa.float32()),
    "double": pa.array([1.5, N, float("-inf")]),
    "text": pa.array(["a", N, "é☃"]),
    "text view": pa.array(["a", N, "é" * 30], pa.string_view()),
    "bytes": pa.array([b"a", N, b"\xff\0"]),
    "bytes view": pa.array([b"a", N, b"\xff\0"], pa.binary_view()),
    "fixed bytes": pa.array([b"abc", N, b"\0\1\2"], pa.binary(3)),
    "date": pa.array([dt.date(1, 1, 1), N, dt.date(2020, 2, 29)]),
    "date in milliseconds": pa.array([dt.date(1900, 1, 1), N, dt.date(2020, 2, 29)], pa.date64()),
    **{f"time {u}": pa.array([1, N, 86399], pa.time32(u)) for u in ("s", "ms")},
    **{f"time {u}": pa.array([1, N, 86399], pa.time64(u)) for u in ("us", "ns")},
    **{
        f"timestamp {u} {z}": pa.array([1, N, -12345], pa.timestamp(u, z))
        for u in ("s", "ms", "us", "ns")
        for z in (None, "UTC", "Europe/Rome")
    },
    **{f"duration {u}": pa.array([1, N, -5], pa.duration(u)) for u in ("s", "ms", "us", "ns")},
    **{f"decimal {p}": pa.array(WIDE, pa.decimal128(p, 1)) for p in (2, 9, 10, 18, 19, 38)},
    **{f"decimal256 {p}": pa.array(WIDE, pa.decimal256(p, 1)) for p in (9, 38, 39, 76)},
    "null": pa.array([N, N, N]),
    "uuid": pa.array([b"0123456789abcdef", N, b"\xff" * 16], pa.binary(16)).cast(pa.uuid()),
    "json": pa.array(['{"a": 1}', N, "[]"]).cast(pa.json_()),
    "bool8": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, N, 0], pa.int8())),
    "tensor": TENSORS,
    "list of tensors": pa.ListArray.from_arrays([0, 1, 1, 3], TENSORS),
    "struct of a tensor": pa.StructArray.from_arrays([TENSORS], ["t"]),
    "opaque lists": pa.array([["a"], N, []], OPAQUE.storage_type).cast(OPAQUE),
    "dictionary": pa.array(["a", N, "b"]).dictionary_encode(),
    "list": pa.array([[1, N], N, []], pa.list_(pa.int32())),
    "list view": pa.array([[1, N], N, []], pa.list_view(pa.int32())),
    "fixed list": pa.array([[1, N], N, [3, 4]], pa.list_(pa.int32(), 2)),
    "list of lists": pa.array([[[1], N, []], N, []], pa.list_(pa.list_(pa.int64()))),
    "list of null": pa.array([[N], N, []], pa.list_(pa.null())),
    "list of wide decimals": pa.array([[Decimal(1)], N, []], pa.list_(pa.decimal256(50, 2))),
    "map": pa.array([[("a", 1), ("b", N)], N, []], pa.map_(pa.string(), pa.int32())),
    "map of lists": pa.array([[("a", [1])], N, []], pa.map_(pa.string(), pa.list_(pa.int8()))),
    "struct": pa.array([{"a": 1, "b": "x"}, N, {"a": N, "b": N}]),
    "list of structs": pa.array([[{"a": [1]}, N], N, [{"a": N}]]),
}


def written(table, **how):
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **how)
    return buffer.getvalue()


def both_engines(data, tmp_path, factory, monkeypatch, **options):
    """The frames of both engines and of another place, after their faces were compared."""
    (tmp_path / "t.parquet").write_bytes(data)
    frames = []
    for small in (0, 1 << 40):
        monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", small)
        reader = factory.reader(tmp_path / "t.parquet", **options)
        frames.append(reader.polars().collect())
        assert_faces(reader, frames[0])
    return frames[0]


@pytest.mark.parametrize("arrow_schema", [True, False])
@pytest.mark.parametrize("name", TYPES)
def test_types_have_the_same_values_by_either_engine(
    name, arrow_schema, tmp_path, factory, monkeypatch
):
    table = pa.table({"a": TYPES[name], "n": [1, 2, 3]})
    data = written(table, store_schema=arrow_schema)
    frame = both_engines(data, tmp_path, factory, monkeypatch)
    assert frame["n"].to_list() == [1, 2, 3]
    if name.startswith(("timestamp", "duration")):
        # Python has no nanoseconds, Arrow's schema is needed for zones and durations, and Parquet
        # has no seconds.
        factor = 1000 if name.split()[1] == "s" and frame["a"].dtype != pl.Int64 else 1
        wanted = [value and value * factor for value in TYPES[name].cast(pa.int64()).to_pylist()]
        assert frame["a"].to_physical().to_list() == wanted
        return
    values = frame["a"].to_list()
    assert str(values) == str(PLAIN.get(name, list)(TYPES[name].to_pylist()))


def as_text(values):
    return [value and str(value) for value in values]


PLAIN = {
    "decimal256 39": as_text,
    "decimal256 76": as_text,
    "list of wide decimals": lambda told: [value and as_text(value) for value in told],
    "uuid": lambda told: [value and value.bytes for value in told],
    "bool8": lambda told: [None if value is None else int(value) for value in told],
    "map": lambda told: [None if value is None else dict(value) for value in told],
    "map of lists": lambda told: [None if value is None else dict(value) for value in told],
}


ROWS = 3_000
MANY = pa.table(
    {
        "i": pa.array([i if i % 7 else N for i in range(ROWS)], pa.int64()),
        "s": [f"text {i % 300}" for i in range(ROWS)],
        "f": np.random.default_rng(0).normal(size=ROWS),
        "b": [bool(i % 3) if i % 5 else N for i in range(ROWS)],
        "l": [[i, N] if i % 4 else N for i in range(ROWS)],
        "x": pa.array([i.to_bytes(4, "big") for i in range(ROWS)], pa.binary(4)),
        "h": pa.array(np.arange(ROWS).astype(np.float16)),
    }
)


def encoded(encoding, *names):
    return {"use_dictionary": False, "column_encoding": dict.fromkeys(names, encoding)}


LAYOUTS = {
    **{f"packed by {c}": {"compression": c} for c in ("gzip", "brotli", "zstd", "lz4", "none")},
    "plain": {"use_dictionary": False},
    "small dictionaries": {"dictionary_pagesize_limit": 100},
    "delta numbers": encoded("DELTA_BINARY_PACKED", "i", "l.list.element"),
    "delta lengths": encoded("DELTA_LENGTH_BYTE_ARRAY", "s"),
    "delta bytes": encoded("DELTA_BYTE_ARRAY", "s"),
    "delta fixed bytes": encoded("DELTA_BYTE_ARRAY", "s", "x", "h"),
    "split numbers": encoded("BYTE_STREAM_SPLIT", "i", "f"),
    "split fixed bytes": encoded("BYTE_STREAM_SPLIT", "x", "h"),
    "truths in runs": encoded("RLE", "b"),
    "tiny pages, indexed, with checksums": {
        "data_page_size": 64,
        "write_batch_size": 8,
        "write_page_index": True,
        "write_page_checksum": True,
    },
    "bloom filters": {"bloom_filter_options": {"s": {"ndv": 300, "fpp": 0.01}}},
    "no statistics": {"write_statistics": False},
    "many row groups": {"row_group_size": 10},
}


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_rows_are_the_same_in_whatever_way_they_are_stored(
    name, version, tmp_path, factory, monkeypatch
):
    data = written(MANY, data_page_version=version, **LAYOUTS[name])
    (tmp_path / "t.parquet").write_bytes(data)
    for small in (0, 1 << 40):
        monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", small)
        reader = factory.reader(tmp_path / "t.parquet")
        assert_frame_equal(reader.polars().collect(), pl.DataFrame(pl.from_arrow(MANY)))
        found = reader.polars().filter(pl.col("i") > 2990).select("s", "i").collect()
        assert found["i"].to_list() == [i for i in range(2991, 3000) if i % 7]
        assert reader.count() == ROWS


@pytest.mark.parametrize("name", ["delta fixed bytes", "split fixed bytes"])
def test_a_reader_says_why_polars_does_not_read(name, tmp_path, factory):
    (tmp_path / "t.parquet").write_bytes(written(MANY, **LAYOUTS[name]))
    reader = factory.reader(tmp_path / "t.parquet")
    assert reader.engine == "pyarrow"
    assert "column 'x' has an encoding that polars does not read" in reader.explain()


def test_empty_row_groups_none_and_a_large_one_are_read(tmp_path, factory, source, monkeypatch):
    monkeypatch.setattr("toolkit.datasets.readers.parquet.opened.LARGE_GROUP", 1_000)
    monkeypatch.setattr("toolkit.datasets.readers.parquet.opened._PART", 256)
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, MANY.schema) as writer:
        for part in (MANY.slice(0, 0), MANY, MANY.slice(0, 0), MANY.slice(5, 1)):
            writer.write_table(part)
    reader = factory.reader(source(buffer.getvalue()))
    expected = pl.DataFrame(pl.from_arrow(pa.concat_tables([MANY, MANY.slice(5, 1)])))
    assert_faces(reader, expected)
    assert_frame_equal(
        reader.polars().filter(pl.col("i") == 5).collect(), expected.filter(pl.col("i") == 5)
    )
    with pq.ParquetWriter(empty := io.BytesIO(), MANY.schema):
        pass
    assert_faces(factory.reader(source(empty.getvalue())), expected.clear())


def test_rows_without_columns_are_counted(source, factory):
    reader = factory.reader(source(hm.parquet([], [], 7)))
    assert reader.count() == 7
    assert reader.polars().select(pl.len()).collect().item() == 7
    assert reader.schema().names == []


def test_any_name_is_a_name(source, factory):
    names = ["a.b", "", "é☃", "a", 'a`b"', "\n", "A"]
    reader = factory.reader(source(written(pa.table([[i] for i in range(7)], names=names))))
    frame = pl.DataFrame({name: [i] for i, name in enumerate(names)})
    assert_faces(reader, frame)
    assert reader.polars().select("").collect().rows() == [(1,)]


def test_five_thousand_columns_are_read(source, factory):
    data = written(pa.table({f"c{i}": [i] for i in range(5_000)}), compression="none")
    reader = factory.reader(source(data))
    assert reader.polars().select("c4999", "c0").collect().rows() == [(4999, 0)]
    assert len(reader.schema()) == 5_000


@pytest.mark.parametrize("depth", [20, 60])
def test_deep_structs_are_read(depth, source, factory):
    dtype, value = pa.int32(), 1
    for _ in range(depth):
        dtype, value = pa.struct([("f", dtype)]), {"f": value}
    reader = factory.reader(source(written(pa.table({"a": pa.array([value, None], dtype)}))))
    assert reader.polars().collect()["a"].to_list()[0] == value


def test_large_metadata_is_read(source, factory):
    table = pa.table({"a": [1]}).replace_schema_metadata({"k": "x" * (17 << 20)})
    reader = factory.reader(source(written(table, store_schema=False)))
    assert reader.head().rows() == [(1,)]


def stamps(*moments, **metadata):
    table = pa.table({"t": pa.array(moments, pa.timestamp("us"))})
    how = {"use_deprecated_int96_timestamps": True, "store_schema": False}
    with pq.ParquetWriter(buffer := io.BytesIO(), table.schema, **how) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(metadata)
    return buffer.getvalue()


FAR = [dt.datetime(9999, 12, 31, 1), None, dt.datetime(1, 1, 1), dt.datetime(2020, 1, 1, 0, 0, 1)]


def test_timestamps_of_spark_are_microseconds(source, factory):
    reader = factory.reader(source(stamps(*FAR, **{"org.apache.spark.version": "3.4.3"})))
    assert_faces(reader, pl.DataFrame({"t": FAR}, schema={"t": pl.Datetime("us")}))


def test_old_timestamps_are_nanoseconds_and_never_wrong(source, factory):
    near = [dt.datetime(1900, 1, 1), None, dt.datetime(2200, 1, 1)]
    reader = factory.reader(source(stamps(*near)))
    assert_faces(reader, pl.DataFrame({"t": near}, schema={"t": pl.Datetime("ns")}))
    far = source(stamps(*FAR))
    with pytest.raises(SourceError, match=r"column 't'.*cannot hold\. Pass int96='us'"):
        factory.reader(far).head()
    reader = factory.reader(far, int96="us")
    assert_faces(reader, pl.DataFrame({"t": FAR}, schema={"t": pl.Datetime("us")}))


def test_options_that_cannot_be_are_refused(source, factory):
    path = source(stamps(None))
    with pytest.raises(InvalidArgumentError, match="'ms' is neither 'ns' nor 'us'"):
        factory.reader(path, int96="ms")
    with pytest.raises(InvalidArgumentError, match="'any' is neither 'same' nor 'union'"):
        factory.reader(path, schema="any")


@pytest.mark.parametrize("zone", ["+05:30", "-03:30", "dateutil/Europe/Rome"])
def test_zones_that_polars_does_not_have_are_read_in_utc(zone, source, factory, capfd):
    moments = pa.array([0, N, -1], pa.int64())
    table = pa.table({"a": moments.cast(pa.timestamp("us", zone))})
    within = pa.StructArray.from_arrays([table["a"].combine_chunks()], ["t"])
    reader = factory.reader(source(written(table.append_column("s", within))))
    expected = moments.to_pylist()
    frame = reader.polars().collect()
    assert frame["a"].to_physical().to_list() == expected
    assert frame.schema["a"] == pl.Datetime("us", "UTC")
    assert_faces(reader, frame)
    assert f"tz={zone}], read as timestamp[us, tz=UTC]" in reader.explain()
    assert "panicked" not in capfd.readouterr().err


def test_extensions_within_nested_types_are_their_storage(source, factory):
    values = pa.array([b"0123456789abcdef", b"\xff" * 16], pa.binary(16))
    offsets = pa.array([0, 1, 2], pa.int32())
    lists = pa.ListArray.from_arrays(offsets, values.cast(pa.uuid()))
    texts_ = pa.ListArray.from_arrays(offsets, pa.array(['{"a": 1}', "[]"]).cast(pa.json_()))
    structs = pa.StructArray.from_arrays([values.cast(pa.uuid())], ["u"])
    data = written(pa.table({"a": lists, "b": texts_, "c": structs}))
    expected = pl.DataFrame(
        {
            "a": [[value] for value in values.to_pylist()],
            "b": [['{"a": 1}'], ["[]"]],
            "c": [{"u": value} for value in values.to_pylist()],
        }
    )
    assert_faces(factory.reader(source(data)), expected)


def test_columns_beside_those_packed_in_parts_are_read(source, factory):
    def chunk(name, packed, codec):
        return Chunk(name, hm.INT32, [page(packed, 3, unpacked=12)], 3, codec)

    parts = in_parts(numbers(1, 2), numbers(3))
    snappy = pa.Codec("snappy").compress(THREE).to_pybytes()
    chunks = [
        chunk("a", snappy, hm.SNAPPY),
        chunk("b", parts, hm.LZ4_HADOOP),
        chunk("c", parts, hm.LZ4_HADOOP),
        chunk("d", b"damaged", hm.LZ4_HADOOP),
    ]
    data = hm.parquet([element(name, hm.INT32, hm.REQUIRED) for name in "abcd"], chunks, 3)
    reader = factory.reader(source(data))
    wanted = pl.DataFrame({name: [1, 2, 3] for name in "cba"}, schema_overrides=INTS)
    assert_frame_equal(reader.polars().select("c", "b", "a").collect(), wanted)
    assert_frame_equal(
        reader.polars().filter(pl.col("c") > 1).select("a", "c").collect(),
        wanted.select("a", "c").tail(2),
    )
    with pytest.raises(SourceError, match="could not be read"):
        reader.polars().collect()


INTS = dict.fromkeys("abc", pl.Int32)


def test_only_the_columns_that_are_meant_are_read_as_bytes(source, factory):
    """Those of INT96 and of wide decimals are, for a while; others may have their names."""
    body = stamp(-1000, 2440588)
    data = hm.parquet(
        [
            element("s", None, hm.REQUIRED, children=2),
            element("d", hm.INT32, hm.REQUIRED),
            element("t", hm.INT64, hm.REQUIRED),
            element("t", hm.INT96, hm.REQUIRED),
            element("d", hm.FIXED, hm.REQUIRED, length=17, converted=hm.DECIMAL, precision=3),
            element("n", hm.INT64, hm.REQUIRED),
        ],
        [
            Chunk("s.d", hm.INT32, [page(numbers(1), 1)], 1),
            Chunk("s.t", hm.INT64, [page(numbers(2, width=8), 1)], 1),
            Chunk("t", hm.INT96, [page(body, 1)], 1),
            Chunk("d", hm.FIXED, [page(bytes(16) + b"\7", 1)], 1),
            Chunk("n", hm.INT64, [page(numbers(3, width=8), 1)], 1),
        ],
        1,
    )
    moment = dt.datetime(1969, 12, 31, 23, 59, 59, 999_999)
    reader = factory.reader(source(data))
    assert reader.polars().collect().rows() == [({"d": 1, "t": 2}, moment, Decimal(7), 3)]
    assert "column 'd' has decimals of more than 16 bytes" in reader.explain()


def test_text_of_a_fixed_length_is_refused_as_no_damage(source, factory):
    data = leaf(hm.FIXED, b"abcdef", 2, length=3, converted=hm.UTF8)
    with pytest.raises(SourceError, match=r"column 'a' is text of a fixed length.* DuckDB") as told:
        factory.reader(source(data)).schema()
    assert "damaged" not in str(told.value)


def test_structs_with_two_fields_of_one_name_are_refused(source, factory, capfd):
    one = pa.array([1])
    structs = pa.StructArray.from_arrays([one, one], names=["f", "f"])
    reader = factory.reader(source(written(pa.table({"a": [[1]], "s": structs}))))
    with pytest.raises(SourceError, match="column 's' has structs with two fields 'f'"):
        reader.schema()
    assert "panicked" not in capfd.readouterr().err


def test_arrays_of_duckdb_are_read_where_some_are_null(tmp_path, factory, monkeypatch):
    path = tmp_path / "t.parquet"
    duckdb.execute(f"COPY (VALUES ([1, 2]::INT[2]), (NULL), ([3, NULL])) TO '{path}'")
    wanted = [[1, 2], None, [3, None]]
    for small in (0, 1 << 40):
        monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", small)
        assert factory.reader(path).polars().collect()["col0"].to_list() == wanted


def test_names_with_a_zero_byte_are_refused(source, factory, capfd):
    chunk = Chunk("a\0b", hm.INT32, [page(THREE, 3)], 3)
    reader = factory.reader(source(hm.parquet([element("a\0b", hm.INT32)], [chunk], 3)))
    for face in ("polars", "arrow", "count", "schema"):
        with pytest.raises(SourceError, match=r"'a\\x00b' has a zero byte"):
            getattr(reader, face)()
    assert "panicked" not in capfd.readouterr().err
