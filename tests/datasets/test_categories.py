"""Ordered categories are a part of the type, although Arrow hands them out with the values."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import toolkit as tk
from toolkit.core.errors import UnsupportedTypeError
from toolkit.datasets import appending, saving


def ordered(codes: list[int | None], categories: list[str | None]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes, "int8"), categories, ordered=True)


def nested(array: pa.DictionaryArray) -> pa.Array:
    return pa.ListArray.from_arrays([0, len(array)], array)


def streamed(*arrays: pa.Array) -> pa.RecordBatchReader:
    batches = [pa.record_batch({"x": array}) for array in arrays]
    return pa.RecordBatchReader.from_batches(batches[0].schema, batches)


@pytest.fixture
def small_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stream is larger than what is read of it beforehand."""
    for module in (saving, appending):
        monkeypatch.setattr(module, "STREAM_BUFFER", 1)


def test_chunks_with_categories_of_their_own_do_not_show(
    ws: tk.Workspace, fingerprint: Any
) -> None:
    chunks = [ordered([0, 1] * 70_000, ["a", "b"]), ordered([0] * 10, ["c"])]
    table = pa.table({"x": pa.chunked_array(chunks)})
    whole = table.unify_dictionaries()
    frame = pl.DataFrame({"x": table["x"].to_pylist()}, {"x": pl.Enum(["a", "b", "c"])})
    assert fingerprint(table) == fingerprint(whole) == fingerprint(frame)
    assert ws.load(ws.save(table, "x")).collect().equals(frame)


def test_nested_chunks_with_categories_of_their_own_do_not_show(fingerprint: Any) -> None:
    chunks = [nested(ordered([0, 1], ["a", "b"])), nested(ordered([0], ["c"]))]
    table = pa.table({"x": pa.chunked_array(chunks)})
    frame = pl.DataFrame({"x": [["a", "b"], ["c"]]}, {"x": pl.List(pl.Enum(["a", "b", "c"]))})
    assert fingerprint(table) == fingerprint(table.unify_dictionaries()) == fingerprint(frame)


@pytest.mark.parametrize("chunks", [1, 2])
def test_null_and_repeated_categories_do_not_show(fingerprint: Any, chunks: int) -> None:
    array = ordered([0, 1, 2, 3], ["b", None, "b", "a"])
    table = pa.table({"x": pa.chunked_array([array] * chunks)})
    values = ["b", None, "b", "a"] * chunks
    assert table["x"].to_pylist() == values
    assert fingerprint(table) == fingerprint(pl.DataFrame({"x": values}, {"x": pl.Enum("ba")}))


def test_null_category_inside_a_list_is_refused(ws: tk.Workspace) -> None:
    table = pa.table({"x": nested(ordered([0, 1], ["a", None]))})
    with pytest.raises(UnsupportedTypeError, match=r"'x'.*null.*Nothing was written"):
        ws.save(table, "x")


@pytest.mark.usefixtures("small_buffer")
def test_stream_of_ordered_categories_comes_back_as_it_was(
    ws: tk.Workspace, fingerprint: Any
) -> None:
    frame = pl.DataFrame({"x": ["b", None, "a"]}, {"x": pl.Enum(["c", "b", "a"])})
    batches = [ordered([1, None], ["c", "b", "a"]), ordered([2], ["c", "b", "a"])]
    artifact = ws.save(streamed(*batches), "x")
    assert artifact.fingerprint == fingerprint(frame)
    back = ws.load(artifact).collect()
    assert back.schema == frame.schema
    assert back.equals(frame)


@pytest.mark.usefixtures("small_buffer")
def test_stream_of_nested_enums_comes_back_as_it_was(ws: tk.Workspace, fingerprint: Any) -> None:
    frame = pl.DataFrame({"x": [["b"], None, ["a"]]}, {"x": pl.List(pl.Enum(["a", "b"]))})
    artifact = ws.save(frame.to_arrow().to_reader(max_chunksize=2), "x")
    assert artifact.fingerprint == fingerprint(frame)
    back = ws.load(artifact).collect()
    assert back.schema == frame.schema
    assert back.equals(frame)


@pytest.mark.usefixtures("small_buffer")
@pytest.mark.parametrize("wrap", [lambda array: array, nested], ids=["plain", "nested"])
def test_stream_whose_categories_change_is_refused_and_leaves_nothing(
    ws: tk.Workspace, stored: Any, wrap: Any
) -> None:
    stream = streamed(wrap(ordered([0, 1], ["a", "b"])), wrap(ordered([0], ["c"])))
    with pytest.raises(UnsupportedTypeError, match=r"'x'.*read_all\(\)"):
        ws.save(stream, "x")
    assert stored() == []


def test_short_stream_whose_categories_change_is_the_table_of_all(
    fingerprint: Any,
) -> None:
    stream = streamed(ordered([0, 1], ["a", "b"]), ordered([0], ["c"]))
    expected = pl.DataFrame({"x": ["a", "b", "c"]}, {"x": pl.Enum(["a", "b", "c"])})
    assert fingerprint(stream) == fingerprint(expected)


@pytest.mark.parametrize("buffer", [1, 16 << 20], ids=["stream", "memory"])
@pytest.mark.parametrize(
    "values",
    [["a", None, "b"], [1, None, 2], [b"a", None]],
    ids=["text", "numbers", "bytes"],
)
def test_null_among_unordered_categories_is_a_null(
    ws: tk.Workspace, monkeypatch: pytest.MonkeyPatch, values: list[Any], buffer: int
) -> None:
    monkeypatch.setattr(saving, "STREAM_BUFFER", buffer)
    codes = pa.array([*range(len(values)), None], "int8")
    array = pa.DictionaryArray.from_arrays(codes, pa.array(values))
    back = ws.load(ws.save(streamed(array, array), "x"), "arrow")
    assert back["x"].to_pylist() == [*values, None] * 2
    assert back["x"].null_count == 2 * (1 + values.count(None))


def test_ordered_categories_without_a_single_chunk_are_saved(ws: tk.Workspace) -> None:
    ordered = pa.dictionary(pa.int8(), pa.string(), ordered=True)
    ws.save(pa.table({"x": pa.chunked_array([], ordered)}), "empty")
    assert ws.load("empty").collect().shape == (0, 1)
