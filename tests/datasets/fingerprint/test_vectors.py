"""Test vectors of scheme tk1. A digest here never changes: workspaces are full of them.

A change that breaks one needs a new scheme beside this one, not a new number in the table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

NOON = dt.datetime(2020, 2, 29, 12, 0, 0, 123456)


def one(values: list[Any], dtype: Any) -> Callable[[], pl.DataFrame]:
    return lambda: pl.DataFrame({"x": pl.Series(values, dtype=dtype)})


def arrow(values: list[Any], type_: pa.DataType) -> Callable[[], pa.Table]:
    return lambda: pa.table({"x": pa.array(values, type_)})


FRAMES: dict[str, Callable[[], Any]] = {
    "int8": one([1, None, -3], pl.Int8),
    "int16": one([1, None, -3], pl.Int16),
    "int32": one([1, None, -3], pl.Int32),
    "int64": one([1, None, -3], pl.Int64),
    "int128": one([2**100, None, -3], pl.Int128),
    "uint8": one([1, None, 3], pl.UInt8),
    "uint16": one([1, None, 3], pl.UInt16),
    "uint32": one([1, None, 3], pl.UInt32),
    "uint64": one([1, None, 2**64 - 1], pl.UInt64),
    "uint128": one([2**127, None, 3], pl.UInt128),
    "float16": one([1.5, None, float("nan")], pl.Float16),
    "float32": one([1.5, None, float("nan")], pl.Float32),
    "float64": one([-0.0, None, float("nan")], pl.Float64),
    "bool": one([True, None, False], pl.Boolean),
    "string": one(["naïve", None, ""], pl.String),
    "binary": one([b"\x00\xff", None, b""], pl.Binary),
    "fixed binary": arrow([b"ab", None], pa.binary(2)),
    "null": one([None, None], pl.Null),
    "date": one([NOON.date(), None], pl.Date),
    "date64": arrow([NOON.date(), None], pa.date64()),
    "time": one([NOON.time(), None], pl.Time),
    "time seconds": arrow([dt.time(12), None], pa.time32("s")),
    "datetime ms": one([NOON, None], pl.Datetime("ms")),
    "datetime us": one([NOON, None], pl.Datetime("us")),
    "datetime ns": one([NOON, None], pl.Datetime("ns")),
    "datetime s": arrow([NOON.replace(microsecond=0), None], pa.timestamp("s")),
    "datetime zoned": one([NOON, None], pl.Datetime("us", "Europe/Zurich")),
    "duration": one([dt.timedelta(days=1, microseconds=5), None], pl.Duration("us")),
    "decimal": one([Decimal("1.50"), None, Decimal("-0.25")], pl.Decimal(9, 2)),
    "decimal 256": arrow([Decimal(10) ** 60, None], pa.decimal256(70, 0)),
    "categorical": one(["b", None, "a", "b"], pl.Categorical),
    "enum": one(["b", None, "a", "b"], pl.Enum(["a", "b", "c"])),
    "list": one([[1, None], None, []], pl.List(pl.Int64)),
    "array": one([[1, 2], None], pl.Array(pl.Int16, 2)),
    "struct": one([{"a": 1, "b": "x"}, None], pl.Struct({"a": pl.Int64, "b": pl.String})),
    "map": arrow([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    "nested": one([[{"a": [1]}], None], pl.List(pl.Struct({"a": pl.List(pl.Int8)}))),
    "no rows": one([], pl.Int64),
    "no columns": pl.DataFrame,
    "no columns, five rows": lambda: pl.DataFrame(height=5),
    "two columns": lambda: pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
    "two blocks": lambda: pl.DataFrame({"a": pl.arange(0, 131_073, eager=True)}),
    "pandas row numbers": lambda: pd.DataFrame({"a": [1, 2]}),
    "pandas index": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.Index([5, 6], name="k")),
}

VECTORS = {
    "int8": "8a57fba5fb33670c3b12fbf0f29e92197b5f95d7dcd6964978493c9399bc7340",
    "int16": "f4bb45746a8f838c7db4e3d936e0db39126528d7004d69f1ecc5473b39388c6d",
    "int32": "62b262dcf4c1ee949bd8bbd5fcf479c22a86c0dc2bccceb23f075e90935c8592",
    "int64": "4753d07126e6d9b23af2a3b197e1aac928b7375d89756d237460dbfd1bd9ded5",
    "int128": "4b7a9089e57eaddbcb4b40b9234013e2b9bb5dc9fd3d8995c97b4a971135a46f",
    "uint8": "0666dca10e3d01b99701cf2dfad2ebd80438962558387a528fd1cef29edd20e9",
    "uint16": "08b4279db119070f26acc7bea10d4bc6ffb945d584f9860924f61bb7cc086cb0",
    "uint32": "bab0b672e8afaa1d1dc7220f26c084f2e5281589198c0c084260b0b922cab67e",
    "uint64": "7ee84f897d2baf54308d6d194e1ecaaa71d7f52cbc3bf42a8c099029b4f56567",
    "uint128": "581ad0d9c7e3f97724fad5f02f886a8044ca975e97fe7e3de4d63f9195542593",
    "float16": "95e9cc784b088bcaffc4eb140d9e2532e31d3c7c66e8ad7f1a567b0a3acd2f94",
    "float32": "c17916e874056879c5f6d11d1a158d10c9b5387bb1f517f8ee5b90e8f3e2e197",
    "float64": "7855b9af3007dcb49bb6481d2371c26ac9f0e95483ead1f43b784a285774479e",
    "bool": "864bb2ee58c9874850e479c5dee6926eb0cc0e2f4d2721042291ca8efeca4852",
    "string": "64fdd27a7feb409921f073e0bc31d897a0fcc9d8228203211098e47103fc61b8",
    "binary": "a1c202f6094e3910e20815b9d41fafe0844be4fad576bbf501c6627a604ccac8",
    "fixed binary": "3081f756ae29826c907d3e4734e407faada9a5aae35ee70e643a0d52530e3383",
    "null": "6362e394e7c4b92ab923226f10dd8a6a25607034c78f19e26e9c70814b34ebf4",
    "date": "2a0cb43279204f9224842b3001326bd4d07b6d8034658a84bba0bc5c5c07bd62",
    "date64": "950eb7664968c806a3f9345eca52bba8b9cb741c4071fb52dad36e8a1ff48b77",
    "time": "57eb672217e4cd0684f923804ff676608cdd1e0d1b561b9a469c8203f93c58f4",
    "time seconds": "5047f15af6a93bb250e4fde475470e32d4bcaebca20ef8f978811d5f9b982d78",
    "datetime ms": "b4d5c703979fe45d6a5e547ec3832c7adff251bc3741c720ed1187ed20a14804",
    "datetime us": "6a4054a2d3c701398f90885d2668887eb0edd412e7f85ad0132a41697f3282a6",
    "datetime ns": "d93e1d45c2de479f12d5f8b8769875c3823ad67d784f72d66c6d1d237b457fed",
    "datetime s": "a657d80bf67abd86350efe568d518d4523a707a27858c55d4c7eb3a8f9343565",
    "datetime zoned": "ab836d75c100088fb9bce7ac6a2ebdd7113d2f6230efe472dbce587dc931dbc3",
    "duration": "8f45bd3741ac9760b63416c09632b4dfd7f875210b882a1f7ec26fffb24c6a86",
    "decimal": "2274446439ce69cca05b0dfa16b5876fe8802e37bcf3add3a1969fe4249f7ace",
    "decimal 256": "2930bbd0c69abf58ca11e1c09e52d15b608c58e95578fffa41821ea879f87d12",
    "categorical": "a8716227671a15d5ef3c46c5f56d1f6c1a937cdc3d38e8f32e254dc583ca823c",
    "enum": "0d962b5b6693b70fee1a1891e17eaa3ea0269761968d74245d74d1058d781388",
    "list": "296d5597afe212b5e1abf1e981da65fd9a4ad88fadb96474137b6bc9ae70a9ef",
    "array": "04873b98846d8dfdd59a329fa0aad6890c8b0ed10394f6aef77e873e321957a0",
    "struct": "055d371dc2e45649377e48b16e70a9a33c23569c5bb3255b805e1db61640b876",
    "map": "d1ae88c97fd5b9810db9e123856a666fa97f235578961ec1c94d6ef93ced17d4",
    "nested": "d758e6e905f9dea55272813c790edb735007c32201be5cbef14c70c3d191b33f",
    "no rows": "f36e4bd21ff22b01bd2e5010a288cadaf84336b42e5adb698e1fb76dbd33b007",
    "no columns": "8533d3befb65b71de7681ba8216bf8329acd0f12e931dc133a1ecf4079598032",
    "no columns, five rows": "a6d0e9321c960a424c5500dbaffb86d002eefb3f722dcbca368e40c68e4123a6",
    "two columns": "3fcd04bd77100ffb24a2474536f8d31684383afba48b7f39c6537d938b5a1782",
    "two blocks": "23071db9c82b49ff8ffb5b2cc2f0f3a089f951c2c3410d2301d6c303c7d259c8",
    "pandas row numbers": "e178cd5befa5d43af2b943091794b2e77ac6e818135b222d191d1e2a16ac59c5",
    "pandas index": "2a921126e825ed001d27ab9628e0df3598469b4b3c2e2735f5ef636f318467f6",
}


@pytest.mark.parametrize("name", FRAMES)
def test_fingerprint_is_the_published_one(fingerprint: Any, name: str) -> None:
    assert fingerprint(FRAMES[name]()) == f"tk1:{VECTORS[name]}"


def test_every_vector_has_a_digest_of_its_own() -> None:
    assert set(VECTORS) == set(FRAMES)
    assert len(set(VECTORS.values())) == len(VECTORS)
