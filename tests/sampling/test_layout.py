from __future__ import annotations

import pyarrow as pa
import pytest

from toolkit.sampling.layout import keepable

VIEW, LARGE = pa.string_view(), pa.large_string()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (pa.int64(), pa.int64()),
        (pa.string(), LARGE),
        (pa.binary_view(), pa.large_binary()),
        (pa.binary(4), pa.binary(4)),
        (pa.list_(VIEW), pa.list_(LARGE)),
        (pa.large_list(pa.string()), pa.large_list(LARGE)),
        (pa.list_(VIEW, 2), pa.list_(LARGE, 2)),
        (pa.map_(VIEW, VIEW), pa.map_(LARGE, LARGE)),
        (pa.dictionary(pa.int8(), VIEW, True), pa.dictionary(pa.int8(), LARGE, True)),
        (pa.list_(pa.struct([("a", VIEW)])), pa.list_(pa.struct([("a", LARGE)]))),
    ],
    ids=str,
)
def test_text_and_binary_become_large_at_every_depth(before: pa.DataType, after: pa.DataType):
    assert keepable(pa.schema([("x", before)])).field("x").type == after


def test_names_nullability_and_field_metadata_stay():
    inner = pa.field("y", VIEW, nullable=False, metadata={"k": "v"})
    field = keepable(pa.schema([pa.field("x", pa.struct([inner]), metadata={"a": "b"})])).field("x")
    assert field.metadata == {b"a": b"b"}
    assert field.type.field(0).equals(inner.with_type(LARGE), check_metadata=True)
