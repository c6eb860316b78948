"""One frame has one fingerprint, whatever engine, layout, chunking or file holds it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk

EXAMPLES = settings(max_examples=60, deadline=None)
numbers = itertools.count()


@EXAMPLES
@given(data=st.data())
def test_every_engine_gives_the_same_fingerprint(
    fingerprint: Any, portable_frames: Any, data: st.DataObject
) -> None:
    frame = data.draw(portable_frames)
    table = frame.to_arrow()
    expected = fingerprint(frame)
    assert fingerprint(frame.lazy()) == expected
    assert fingerprint(table) == expected
    assert fingerprint(duckdb.from_arrow(table)) == expected
    assert fingerprint(frame.to_pandas(use_pyarrow_extension_array=True)) == expected


@EXAMPLES
@given(data=st.data())
def test_chunks_slices_and_offsets_do_not_show(
    fingerprint: Any, any_frames: Any, data: st.DataObject
) -> None:
    frame = data.draw(any_frames)
    expected = fingerprint(frame)
    cut = data.draw(st.integers(0, frame.height))
    chunked = pl.concat([frame.head(cut), frame.slice(cut)], rechunk=False)
    inside = pl.concat([frame, frame, frame]).slice(frame.height, frame.height)
    assert fingerprint(chunked) == expected
    assert fingerprint(inside) == expected
    assert fingerprint(chunked.rechunk()) == expected


@EXAMPLES
@given(data=st.data())
def test_parquet_keeps_the_fingerprint_of_every_type(
    fingerprint: Any, any_frames: Any, data: st.DataObject, tmp_path_factory: Any
) -> None:
    frame = data.draw(any_frames)
    path = tmp_path_factory.getbasetemp() / f"identity-{next(numbers)}.parquet"
    frame.write_parquet(path, row_group_size=data.draw(st.integers(1, 5)))
    assert fingerprint(pl.scan_parquet(path)) == fingerprint(frame)
    path.unlink()


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_engine_and_layout_shares_one_stored_file(
    shared_ws: tk.Workspace, portable_frames: Any, data: st.DataObject
) -> None:
    frame = data.draw(portable_frames)
    name = f"d{next(numbers)}"
    first = shared_ws.save(frame, name)
    others = [frame.to_arrow(), duckdb.from_arrow(frame.to_arrow()), shared_ws.load(first)]
    for other in others:
        again = shared_ws.save(other, f"d{next(numbers)}")
        assert again.fingerprint == first.fingerprint
        assert [file.file_id for file in again.files] == [file.file_id for file in first.files]
        assert again.deduplicated
        assert again.new_bytes == 0


def test_frame_of_every_engine_and_file_is_stored_once(
    ws: tk.Workspace, stored: Any, tmp_path: Path
) -> None:
    frame = pl.DataFrame({"n": [1, 2, 3], "x": [0.5, None, 2.0], "s": ["a", None, "c"]})
    frame.write_parquet(tmp_path / "f.parquet", row_group_size=2)
    frame.write_csv(tmp_path / "f.csv")
    pandas = pd.DataFrame({"n": [1, 2, 3], "x": [0.5, None, 2.0], "s": ["a", None, "c"]})
    table = pa.table({"n": [1, 2, 3], "x": [0.5, None, 2.0], "s": ["a", None, "c"]})
    same = {
        "polars": frame,
        "lazy": frame.lazy(),
        "chunked": pl.concat([frame.head(1), frame.slice(1)], rechunk=False),
        "pandas": pandas,
        "arrow": table,
        "relation": duckdb.from_arrow(table),
        "parquet": ws.read(tmp_path / "f.parquet"),
        "csv": ws.read(tmp_path / "f.csv"),
        "reader": ws.reader(tmp_path / "f.csv"),
    }
    saved = {name: ws.save(value, name) for name, value in same.items()}
    assert len({artifact.fingerprint for artifact in saved.values()}) == 1
    assert len(stored()) == 1
    assert ws.check().ok


TEXT_LAYOUTS = [pa.string(), pa.large_string(), pa.string_view()]
BINARY_LAYOUTS = [pa.binary(), pa.large_binary(), pa.binary_view()]


@pytest.mark.parametrize(
    ("values", "layouts"),
    [(["a", None, "", "längere Zeichenkette"], TEXT_LAYOUTS), ([b"a", None, b""], BINARY_LAYOUTS)],
    ids=["text", "binary"],
)
def test_layouts_of_text_and_binary_do_not_show(
    fingerprint: Any, values: Any, layouts: Any
) -> None:
    arrays = [pa.array(values, layout) for layout in layouts]
    found = {fingerprint(pa.table({"x": array})) for array in arrays}
    found |= {fingerprint(pa.table({"x": pa.concat_arrays([a, a]).slice(len(a))})) for a in arrays}
    assert len(found) == 1


def test_list_layouts_and_child_names_do_not_show(fingerprint: Any) -> None:
    values = [[1, 2], None, []]
    types = [
        pa.list_(pa.int64()),
        pa.large_list(pa.int64()),
        pa.list_(pa.field("element", pa.int64(), nullable=True)),
    ]
    assert len({fingerprint(pa.table({"x": pa.array(values, t)})) for t in types}) == 1


def test_decimal_storage_does_not_show_where_the_precision_is_equal(fingerprint: Any) -> None:
    types = [pa.decimal32(5, 2), pa.decimal64(5, 2), pa.decimal128(5, 2), pa.decimal256(5, 2)]
    assert len({fingerprint(pa.table({"x": pa.array([1, None], t)})) for t in types}) == 1


def test_schema_metadata_and_nullability_do_not_show(fingerprint: Any) -> None:
    plain = pa.table({"x": [1, 2]})
    strict = plain.cast(pa.schema([pa.field("x", pa.int64(), nullable=False)]))
    assert fingerprint(plain.replace_schema_metadata({"k": "v"})) == fingerprint(plain)
    assert fingerprint(strict) == fingerprint(plain)


def dictionary(codes: Any, values: Any, width: str = "int32") -> pa.Table:
    array = pa.DictionaryArray.from_arrays(pa.array(codes, width), pa.array(values))
    return pa.table({"x": array})


def test_codes_of_a_dictionary_do_not_show(fingerprint: Any) -> None:
    plain = dictionary([0, 1, None, 0], ["a", "b"])
    same = {
        "other codes": dictionary([1, 0, None, 1], ["b", "a"]),
        "narrow codes": dictionary([0, 1, None, 0], ["a", "b"], "int8"),
        "unused entry": dictionary([0, 2, None, 0], ["a", "unused", "b"]),
        "repeated entry": dictionary([0, 1, None, 2], ["a", "b", "a"]),
        "null entry": dictionary([0, 1, 2, 0], ["a", "b", None]),
        "null entry and null code": dictionary([0, 1, None, 0], ["a", "b", None]),
        "large text": pa.table(
            {"x": dictionary([0, 1, None, 0], pa.array(["a", "b"], pa.large_string()))["x"]}
        ),
        "chunks of different codes": pa.concat_tables(
            [dictionary([0, 1], ["a", "b"]), dictionary([None, 1], ["b", "a"])]
        ),
        "polars": pl.DataFrame({"x": pl.Series(["a", "b", None, "a"], dtype=pl.Categorical)}),
        "pandas": pd.DataFrame({"x": pd.Categorical(["a", "b", None, "a"], ["z", "b", "a"])}),
    }
    expected = fingerprint(plain)
    assert {name: fingerprint(frame) for name, frame in same.items()} == dict.fromkeys(
        same, expected
    )


@pytest.mark.parametrize("type_", [pa.int64(), pa.float64(), pa.date32(), pa.decimal128(9, 2)])
def test_values_that_lie_under_nulls_do_not_show(fingerprint: Any, type_: pa.DataType) -> None:
    values = pa.array([1, 2, 3, 4], pa.int32())
    values = values.cast(type_) if not pa.types.is_decimal(type_) else pa.array([1, 2, 3, 4], type_)
    mask = pa.array([True, False, True, False]).buffers()[1]
    hidden = pa.Array.from_buffers(type_, 4, [mask, values.buffers()[1]])
    clean = pa.array([values[0].as_py(), None, values[2].as_py(), None], type_)
    assert fingerprint(pa.table({"x": hidden})) == fingerprint(pa.table({"x": clean}))


def test_values_that_lie_under_null_lists_and_structs_do_not_show(fingerprint: Any) -> None:
    mask = pa.array([False, True])
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 3]), pa.array([1, 8, 9]), mask=mask)
    structs = pa.StructArray.from_arrays([pa.array([1, 9])], names=["a"], mask=mask)
    dirty = pa.table({"l": lists, "s": structs})
    clean = pa.table({"l": pa.array([[1], None]), "s": pa.array([{"a": 1}, None])})
    assert dirty.to_pylist() == clean.to_pylist()
    assert fingerprint(dirty) == fingerprint(clean)


@pytest.mark.parametrize(("float_", "bits"), [("f8", "u8"), ("f4", "u4"), ("f2", "u2")])
def test_every_nan_is_the_same_nan(fingerprint: Any, float_: str, bits: str) -> None:
    quiet = np.array([np.nan], float_)
    payload = (quiet.view(bits) | 1).view(float_)
    negative = (-quiet).astype(float_)
    assert len({quiet.tobytes(), payload.tobytes(), negative.tobytes()}) == 3
    found = {fingerprint(pa.table({"x": pa.array(v)})) for v in (quiet, payload, negative)}
    assert len(found) == 1


def test_nan_in_a_list_is_the_same_nan(fingerprint: Any) -> None:
    payload = (np.array([np.nan]).view("u8") | 1).view("f8")
    lists = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array(payload))
    assert fingerprint(pa.table({"x": lists})) == fingerprint(pl.DataFrame({"x": [[float("nan")]]}))


def test_row_numbers_of_pandas_are_not_part_of_the_frame(fingerprint: Any) -> None:
    frame = pd.DataFrame({"a": [1, 2, 3]})
    assert fingerprint(frame) == fingerprint(pl.DataFrame({"a": [1, 2, 3]}))
    assert fingerprint(frame[:2]) == fingerprint(pl.DataFrame({"a": [1, 2]}))


def test_nan_of_a_plain_pandas_column_is_a_null(fingerprint: Any) -> None:
    frame = pd.DataFrame({"a": [1.5, float("nan")]})
    assert fingerprint(frame) == fingerprint(pl.DataFrame({"a": [1.5, None]}))
