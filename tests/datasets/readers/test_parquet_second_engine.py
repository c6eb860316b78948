"""Sound files that one engine gives up on, or reads as none: the other reads them, to the same rows
on every face, and what both refuse stays one error."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from tests.datasets.readers import handmade as hm
from tests.datasets.readers.handmade import I32, Chunk, element, levels, numbers, page
from toolkit.datasets.readers.parquet.scan import ArrowScan

NOTHING = page(b"", 0)
UNKNOWN = hm.thrift({1: I32(7), 2: I32(4), 3: I32(4)}) + b"abcd"
INDEX = hm.thrift({1: I32(1), 2: I32(4), 3: I32(4), 6: {}}) + b"abcd"
OF_NULLS = page(levels(0, 0), 2, hm.RLE_DICTIONARY)


def required(*pages, **chunk):
    return hm.parquet(
        [element("a", hm.INT32, hm.REQUIRED), element("b", hm.INT32, hm.REQUIRED)],
        [
            Chunk("a", hm.INT32, list(pages), 3, **chunk),
            Chunk("b", hm.INT32, [page(numbers(4, 5, 6), 3)], 3),
        ],
        3,
    )


def two_groups():
    """One row in the first, two in the second, whose column begins with an empty page."""
    pages = {"a": ([page(numbers(1), 1)], [NOTHING, page(numbers(2, 3), 2)])}
    pages["b"] = ([page(numbers(4), 1)], [page(numbers(5, 6), 2)])
    out, groups = bytearray(hm.MAGIC), []
    for group, rows in enumerate((1, 2)):
        chunks = []
        for name, parts in pages.items():
            body = b"".join(parts[group])
            encodings = [I32(hm.PLAIN), I32(hm.RLE)]
            told = {1: I32(hm.INT32), 2: encodings, 3: [name], 4: I32(0), 5: rows}
            chunks.append({2: 0, 3: {**told, 6: len(body), 7: len(body), 9: len(out)}})
            out += body
        groups.append({1: chunks, 2: 0, 3: rows})
    schema = [element("schema", None, None, children=2)]
    schema += [element(name, hm.INT32, hm.REQUIRED) for name in pages]
    return hm.closed(bytes(out), hm.thrift({1: I32(1), 2: schema, 3: 3, 4: groups}))


def nulls_alone():
    chunk = Chunk("a", hm.INT32, [OF_NULLS], 2, dictionary=hm.dictionary(b"", 0))
    return hm.parquet([element("a", hm.INT32)], [chunk], 2)


GIVEN_UP_BY_POLARS = {
    "a page of an unknown kind": (
        required(page(numbers(1), 1), UNKNOWN, page(numbers(2, 3), 2)),
        3,
    ),
    "a page with an index": (required(INDEX, page(numbers(1, 2, 3), 3)), 3),
    "a dictionary of nothing for nulls alone": (nulls_alone(), 2),
}
BEHIND_A_DICTIONARY = {
    "dictionary": hm.dictionary(numbers(1, 2, 3), 3),
    "encodings": (hm.PLAIN, hm.RLE, hm.RLE_DICTIONARY),
}
INDICES = page(b"", 0, hm.RLE_DICTIONARY), page(b"\2\2\0\2\1\2\2", 3, hm.RLE_DICTIONARY)
TAKEN_FOR_THE_END_BY_PYARROW = {
    "an empty page": required(NOTHING, page(numbers(1, 2, 3), 3), NOTHING),
    "an empty page behind a dictionary": required(*INDICES, **BEHIND_A_DICTIONARY),
    "an empty page behind one without its offset": required(
        *INDICES, **BEHIND_A_DICTIONARY, meta={9: 4, 11: None}
    ),
    "an empty page of a later row group": two_groups(),
}


@pytest.fixture(params=["small", "large"])
def size(request, monkeypatch):
    """Files of few bytes are small, or taken for large."""
    if request.param == "large":
        monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", 0)
    return request.param


@pytest.mark.parametrize("name", GIVEN_UP_BY_POLARS)
def test_what_polars_gives_up_on_is_read_by_pyarrow(
    name, size, tmp_path, factory, assert_faces_agree
):
    data, rows = GIVEN_UP_BY_POLARS[name]
    (tmp_path / "t.parquet").write_bytes(data)
    wanted = pl.DataFrame(
        {"a": [1, 2, 3], "b": [4, 5, 6]} if rows == 3 else {"a": [None, None]},
        schema_overrides={"a": pl.Int32, "b": pl.Int32} if rows == 3 else {"a": pl.Int32},
    )
    reader = factory.reader(tmp_path / "t.parquet")
    assert_faces_agree(reader, wanted)
    assert ("polars gave up on it" in reader.explain()) == (size == "large")
    frame = reader.polars()
    assert_frame_equal(frame.select("a").collect(), wanted.select("a"))
    assert_frame_equal(
        frame.filter(pl.col("a").is_null() | (pl.col("a") > 1)).collect(),
        wanted.filter(pl.col("a").is_null() | (pl.col("a") > 1)),
    )


@pytest.fixture(params=["group by group", "all at once"])
def parts(request, monkeypatch):
    """Lets pyarrow's rows begin where those of polars end, or not."""
    plain = ArrowScan.read
    if request.param == "all at once":
        monkeypatch.setattr(ArrowScan, "read", lambda *given: iter([pl.concat(plain(*given))]))


@pytest.mark.usefixtures("parts")
def test_rows_that_polars_gave_before_are_not_given_again(tmp_path, factory, monkeypatch):
    monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", 0)
    for number in range(40):
        pl.DataFrame(
            {"a": [number], "b": [0]}, schema={"a": pl.Int32, "b": pl.Int32}
        ).write_parquet(tmp_path / f"{number:02}.parquet")
    data, _ = GIVEN_UP_BY_POLARS["a page of an unknown kind"]
    (tmp_path / "39.parquet").write_bytes(data)
    reader = factory.reader(tmp_path / "*.parquet")
    wanted = [*range(39), 1, 2, 3]
    assert reader.engine == "polars"
    assert reader.polars().collect()["a"].to_list() == wanted
    assert [a for batch in reader.batches(5) for a in batch["a"].to_pylist()] == wanted
    odd = reader.polars().filter(pl.col("a") % 2 == 1).collect()
    assert odd["a"].to_list() == [a for a in wanted if a % 2]
    assert reader.polars().head(41).collect()["a"].to_list() == wanted[:41]


@pytest.mark.parametrize("name", TAKEN_FOR_THE_END_BY_PYARROW)
def test_an_empty_page_is_not_the_end_of_a_column(
    name, size, tmp_path, factory, assert_faces_agree
):
    (tmp_path / "t.parquet").write_bytes(TAKEN_FOR_THE_END_BY_PYARROW[name])
    wanted = pl.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]}, schema={"a": pl.Int32, "b": pl.Int32})
    reader = factory.reader(tmp_path / "t.parquet")
    assert_faces_agree(reader, wanted)
    assert reader.polars().filter(pl.col("a") == 2).collect().rows() == [(2, 5)]


def test_an_empty_page_at_the_start_of_a_large_row_group_is_not_its_end(
    tmp_path, factory, monkeypatch
):
    monkeypatch.setattr("toolkit.datasets.readers.parquet.opened.LARGE_GROUP", 2)
    (tmp_path / "t.parquet").write_bytes(TAKEN_FOR_THE_END_BY_PYARROW["an empty page"])
    reader = factory.reader(tmp_path / "t.parquet")
    assert reader.polars().collect().rows() == [(1, 4), (2, 5), (3, 6)]


def test_lists_of_more_than_pyarrow_can_give_are_read_by_polars(
    tmp_path, factory, assert_faces_agree
):
    pages = [page(levels(0, 1, 0) + levels(2, 2, 1) + numbers(1, 2), 3)]
    # The column claims 2 GB, for which pyarrow would make two arrays, and it does not for lists.
    chunk = Chunk("a.list.element", hm.INT32, pages, 3, meta={6: 1 << 31})
    schema = [
        element("a", None, children=1, converted=hm.LIST),
        element("list", None, hm.REPEATED, children=1),
        element("element", hm.INT32, hm.REQUIRED),
    ]
    (tmp_path / "t.parquet").write_bytes(hm.parquet(schema, [chunk], 2))
    reader = factory.reader(tmp_path / "t.parquet")
    assert reader.engine == "polars"
    assert isinstance(reader.arrow(), pa.RecordBatchReader)
    assert_faces_agree(reader, pl.DataFrame({"a": [[1, 2], []]}, {"a": pl.List(pl.Int32)}))
