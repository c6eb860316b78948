"""Hive partitions: keys and values of paths, and the narrowest type that holds them."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.partitions import constant_columns, partition_schema, partition_values


@pytest.mark.parametrize(
    ("path", "base", "values"),
    [
        ("/data/year=2024/k=a%20b/part.csv", "/data", {"year": "2024", "k": "a b"}),
        ("/data/run=1/x=2/part.csv", "/data/run=1", {"x": "2"}),
        ("/data/run=1/x=2/part.csv", "/data/run=1/", {"x": "2"}),
        ("/d/k=__HIVE_DEFAULT_PARTITION__/k=v.csv", "/d", {"k": None}),
        ("/d/k=a=b/plain/part.csv", "/d", {"k": "a=b"}),
        ("/d/=x/part.csv", "/d", {}),
    ],
)
def test_folders_below_the_base_have_keys_and_values(path, base, values):
    assert partition_values(path, base) == values


@pytest.mark.parametrize(
    ("texts", "dtype", "values"),
    [
        (["1", "-20", None], pl.Int64, [1, -20, None]),
        (["007", "1"], pl.Int64, [7, 1]),
        (["1", "x"], pl.String, ["1", "x"]),
        (["9" * 19], pl.String, ["9" * 19]),
        (["2024-02-29", "2024-01-31"], pl.Date, [date(2024, 2, 29), date(2024, 1, 31)]),
        (["2024-02-30", "2024-01-31"], pl.String, ["2024-02-30", "2024-01-31"]),
        ([None], pl.String, [None]),
    ],
)
def test_a_key_has_the_narrowest_type_that_holds_every_value(texts, dtype, values):
    schema = partition_schema([{"k": text} for text in texts], ["url"] * len(texts))
    assert schema == {"k": dtype}
    found = [pl.select(constant_columns({"k": text}, schema)).item() for text in texts]
    assert found == values


def test_files_with_other_keys_are_refused_by_name():
    with pytest.raises(SourceError, match=r"a\.csv has the keys \['x'\], b\.csv has \['y'\]"):
        partition_schema([{"x": "1"}, {"y": "1"}], ["a.csv", "b.csv"])
