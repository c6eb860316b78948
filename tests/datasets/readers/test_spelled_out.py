"""Views of lists and runs of Arrow are read as what they stand for, however they lie in memory."""

from __future__ import annotations

import datetime as dt
import io
from contextlib import suppress
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.factory import DatasetReaderFactory
from toolkit.datasets.readers.spelled_out import can_spell_out, spelled_out


@st.composite
def arrays(draw, depth=0):
    """Arrays of views, runs, lists and structs within each other, and slices of them."""
    kind = draw(st.sampled_from(["numbers", "texts", "views", "runs", "lists", "structs"]))
    if kind == "numbers" or depth > 2:
        made = pa.array(draw(st.lists(st.none() | st.integers(0, 99), max_size=8)), pa.int32())
    elif kind == "texts":
        made = pa.array(draw(st.lists(st.none() | st.text("ab", max_size=2), max_size=8)))
    elif kind == "structs":
        inner = draw(arrays(depth + 1))
        mask = draw(st.lists(st.booleans(), min_size=len(inner), max_size=len(inner)))
        made = pa.StructArray.from_arrays([inner], ["f"], mask=pa.array(mask, pa.bool_()))
    elif kind == "runs":
        values = draw(arrays(depth + 1))
        if pa.types.is_run_end_encoded(values.type):
            return values
        count = len(values)
        lengths = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
        ends = pa.array(np.cumsum(lengths, dtype=np.int32), pa.int32())
        made = pa.RunEndEncodedArray.from_arrays(ends, values)
    elif kind == "lists":
        values = draw(arrays(depth + 1))
        cuts = draw(st.lists(st.integers(0, len(values)), min_size=1, max_size=5).map(sorted))
        made = pa.ListArray.from_arrays(pa.array(cuts, pa.int32()), values)
    else:
        values = draw(arrays(depth + 1))
        spans = st.integers(0, len(values)).flatmap(
            lambda start: st.tuples(st.just(start), st.integers(0, len(values) - start))
        )
        rows = draw(st.lists(st.tuples(spans, st.booleans()), max_size=6))
        made = pa.ListViewArray.from_arrays(
            pa.array([start for (start, _), _ in rows], pa.int32()),
            pa.array([size for (_, size), _ in rows], pa.int32()),
            values,
            mask=pa.array([null for _, null in rows], pa.bool_()),
        )
    start = draw(st.integers(0, len(made)))
    return made.slice(start, draw(st.integers(0, len(made) - start)))


@given(array=arrays())
def test_what_is_spelled_out_has_the_same_values(array):
    assert can_spell_out(array.type)
    plain = spelled_out(array)
    plain.validate(full=True)
    assert plain.to_pylist() == array.to_pylist()


def ipc(**columns):
    table = pa.table(columns)
    buffer = io.BytesIO()
    with pa.ipc.new_file(buffer, table.schema) as writer:
        writer.write_table(table)
    return buffer.getvalue()


def runs(values):
    return pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), values)


LISTS = [[1, 2], None, []]
VIEWS = pa.array(LISTS, pa.list_view(pa.int32()))
WIDE = [Decimal("1.50"), None, Decimal("-2.00")]
TENSORS = pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(12, dtype="f4").reshape(3, 2, 2))
PORTABLE = {
    "views": (VIEWS, LISTS),
    "large views": (pa.array(LISTS, pa.large_list_view(pa.int32())), LISTS),
    "runs": (runs(pa.array(["a", None])), ["a", "a", None]),
    "runs of views": (runs(VIEWS[:2]), [[1, 2], [1, 2], None]),
    "runs in a struct": (pa.StructArray.from_arrays([VIEWS], ["f"]), [{"f": v} for v in LISTS]),
    "decimals": (pa.array(WIDE, pa.decimal256(20, 2)), WIDE),
    "wide decimals": (pa.array(WIDE, pa.decimal256(60, 2)), ["1.50", None, "-2.00"]),
    "a zone that polars has not": (
        pa.array([0, None, 10**6], pa.timestamp("us", "+05:30")),
        [
            dt.datetime(1970, 1, 1, second=second, tzinfo=dt.UTC) if second != 9 else None
            for second in (0, 9, 1)
        ],
    ),
    "tensors": (TENSORS, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]),
}


@pytest.mark.parametrize("name", PORTABLE)
def test_types_that_polars_lacks_are_read_as_what_they_stand_for(name, assert_faces_agree, capfd):
    array, expected = PORTABLE[name]
    reader = DatasetReaderFactory().reader(ipc(a=array, n=pa.array([1, 2, 3])))
    frame = reader.polars().collect()
    assert frame["a"].to_list() == expected
    assert_faces_agree(reader, frame)
    assert "panicked" not in capfd.readouterr().err


UNION = pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array([3, 4])])
FOREIGN = {
    "union": UNION,
    "interval": pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
    "interval in a list": pa.array([[(1, 2, 3)]], pa.list_(pa.month_day_nano_interval())),
    "views in a map": pa.array([[("a", [1])]], pa.map_(pa.string(), pa.list_view(pa.int8()))),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_types_that_no_frame_has_are_named_and_not_called_damage(name, factory, capfd):
    reader = factory.reader(ipc(ok=FOREIGN[name].is_null(), odd=FOREIGN[name]))
    with pytest.raises(SourceError, match=r"column 'odd' is .*, which no frame has") as told:
        reader.schema()
    assert "damaged" not in str(told.value)
    assert "panicked" not in capfd.readouterr().err


def test_a_decimal_of_more_places_than_digits_is_a_source_error(factory):
    data = ipc(d=pa.array([Decimal(1)], pa.decimal256(20, 2)))
    schema = pa.ipc.open_file(io.BytesIO(data)).schema
    # The scale is a number of 32 bits behind that of the digits, or before it.
    changed = []
    for at in range(len(data) - 3):
        if data[at : at + 4] == b"\2\0\0\0":
            other = data[:at] + b"\xff\1\0\0" + data[at + 4 :]
            with suppress(Exception):
                if pa.ipc.open_file(io.BytesIO(other)).schema != schema:
                    changed.append(other)
    assert changed
    for other in changed:
        with pytest.raises(SourceError, match="could not be read"):
            factory.reader(other).polars().collect()
