"""pandas frames: what Arrow has no place for comes back too, and what cannot is refused by name."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

import toolkit as tk
from toolkit.core.errors import FrameError, UnsupportedTypeError
from toolkit.datasets.frames.accept import accept

CATEGORIES: dict[str, pd.Categorical] = {
    "unused": pd.Categorical(["b", None, "a"], ["z", "b", "a", "y"]),
    "all of another order": pd.Categorical(["a", "b", "c"], ["c", "a", "b"]),
    "numbers": pd.Categorical([20, 10, None], [30, 10, 20]),
    "days": pd.Categorical([dt.date(2020, 1, 2)], [dt.date(2020, 1, 3), dt.date(2020, 1, 2)]),
    "instants": pd.Categorical(
        pd.to_datetime(["2020-01-02"]), pd.to_datetime(["2021-01-01", "2020-01-02"])
    ),
    "durations": pd.Categorical(pd.to_timedelta([2, 1], unit="s")),
    "truth": pd.Categorical([True, None], [True, False]),
    "fractions": pd.Categorical([0.5], [2.5, 0.5]),
    "none used": pd.Categorical([None, None], ["b", "a"]),
    "none at all": pd.Categorical([None]),
    "none at all, ordered": pd.Categorical([None], ordered=True),
    "none at all, ordered, no rows": pd.Categorical([], ordered=True),
    "no rows": pd.Categorical([], ["b", "a"]),
}


@pytest.mark.parametrize("values", CATEGORIES.values(), ids=list(CATEGORIES))
@pytest.mark.parametrize("place", ["column", "index"])
def test_categories_come_back_in_their_order_with_unused_ones(
    ws: tk.Workspace, values: pd.Categorical, place: str
) -> None:
    frame = pd.DataFrame({"c": values, "n": range(len(values))})
    if place == "index":
        frame = frame.set_index("c")
    artifact = ws.save(frame, "x")
    pd.testing.assert_frame_equal(ws.load(artifact, "pandas"), frame)
    again = ws.save(ws.load(artifact, "pandas"), "x")
    assert (again.version, again.deduplicated) == (1, True)


def test_categories_that_were_appended_follow(ws: tk.Workspace) -> None:
    base = pd.DataFrame({"c": pd.Categorical(["a"], ["z", "a"])})
    more = pd.DataFrame({"c": pd.Categorical(["q", "a"])})
    ws.save(base, "x")
    ws.append("x", more)
    back = ws.load("x", "pandas")
    assert back["c"].to_list() == ["a", "q", "a"]
    assert back["c"].cat.categories.to_list() == ["z", "a", "q"]


def test_no_categories_of_pandas_are_those_of_polars(fingerprint: Any) -> None:
    nothing = pl.DataFrame({"c": pl.Series([None], dtype=pl.Categorical)})
    assert fingerprint(pd.DataFrame({"c": pd.Categorical([None])})) == fingerprint(nothing)
    empty = pl.DataFrame(schema={"c": pl.Categorical})
    assert fingerprint(pd.DataFrame({"c": pd.Categorical([])})) == fingerprint(empty)


def test_ranges_of_the_same_numbers_are_the_same_index(fingerprint: Any) -> None:
    frames = [pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(1, stop, 4)) for stop in (6, 8, 9)]
    assert len(set(map(fingerprint, frames))) == 1


def test_an_index_with_a_name_is_a_column_for_other_engines(ws: tk.Workspace) -> None:
    frame = pd.DataFrame({"year": [2012, 2013, 2014], "n": [1, 2, 3]}).set_index("year")
    assert isinstance(frame.index, pd.RangeIndex)
    ws.save(frame, "years")
    assert ws.sql("select n from years where year = 2013").fetchall() == [(2,)]
    pd.testing.assert_frame_equal(ws.load("years", "pandas"), frame)
    assert ws.save(ws.load("years", "pandas"), "years").deduplicated
    assert ws.save(pl.DataFrame({"n": [1], "year": [2012]}), "one").columns == ("n", "year")
    assert ws.save(frame.head(1), "again").columns == ("n", "year")
    assert ws.save(pd.DataFrame({"n": [7, 8]}, index=pd.RangeIndex(5, 7)), "x").columns == ("n",)


def objects(*values: Any) -> pd.Series:
    return pd.Series(values, dtype=object)


REFUSED: dict[str, tuple[pd.DataFrame, str]] = {
    "text and bytes": (pd.DataFrame({"bad": objects("a", b"b")}), "'bad'.*bytes and str"),
    "numbers and truth": (pd.DataFrame({"bad": objects(1, 2.5, True)}), "bool and float and int"),
    "numbers": (pd.DataFrame({"bad": objects(1, 2.5)}), "float and int"),
    "day and instant": (
        pd.DataFrame({"bad": objects(dt.date(2020, 1, 1), dt.datetime(2020, 1, 1))}),
        "date and datetime",
    ),
    "categories": (pd.DataFrame({"bad": pd.Categorical(objects("a", b"b"))}), "bytes and str"),
    "zoned categories": (
        pd.DataFrame({"bad": pd.Categorical(pd.date_range("2020", periods=2, tz="UTC"))}),
        "'bad'.*time zone",
    ),
    "index": (
        pd.DataFrame({"a": [1, 2]}, index=pd.Index(["a", b"b"], name="k")),
        "index 'k'.*bytes and str",
    ),
    "large integers": (pd.DataFrame({"bad": objects(2**70)}), "'bad'.*too large"),
    "another byte order": (
        pd.DataFrame({"good": [1], "bad": np.array([1], ">i4")}),
        "Column 'bad'.*Byte-swapped",
    ),
    "sparse": (pd.DataFrame({"good": [1], "bad": pd.arrays.SparseArray([0])}), "Column 'bad'"),
}


@pytest.mark.parametrize(("frame", "message"), REFUSED.values(), ids=list(REFUSED))
def test_values_that_would_come_back_as_others_are_refused_by_name(
    ws: tk.Workspace, stored: Any, frame: pd.DataFrame, message: str
) -> None:
    with pytest.raises(UnsupportedTypeError, match=rf"(?s){message}.*Nothing was written"):
        ws.save(frame, "x")
    assert stored() == []


KEPT = {
    "missing": objects("a", None, float("nan"), pd.NA),
    "numbers of numpy": objects(1, np.int64(2), np.uint8(3)),
    "lists": objects([1], (2, 3), np.array([4])),
    "instants": objects(pd.Timestamp("2020-01-01"), dt.datetime(2020, 1, 2), pd.NaT),
}


@pytest.mark.parametrize("values", KEPT.values(), ids=list(KEPT))
def test_objects_that_are_the_same_to_arrow_are_kept(ws: tk.Workspace, values: pd.Series) -> None:
    back = ws.load(ws.save(pd.DataFrame({"x": values}), "x")).collect()
    assert back["x"].null_count() == int(values.isna().sum())


@pytest.mark.parametrize("labels", [[0, "a"], [True, False], [None, "a"], ["a", b"b"]], ids=str)
def test_labels_that_would_come_back_as_others_are_refused(
    ws: tk.Workspace, labels: list[Any]
) -> None:
    with pytest.raises(FrameError, match=r"column labels.*come back as other.*Nothing was written"):
        ws.save(pd.DataFrame([[1, 2]], columns=pd.Index(labels, dtype=object)), "x")


def test_labels_are_not_blamed_for_what_a_column_holds() -> None:
    frame = pd.DataFrame([[1, 2]], columns=[0.5, 1.5]).astype(pd.SparseDtype(int))
    with pytest.raises(UnsupportedTypeError, match=r"Column '0\.5'.*Column '1\.5'"):
        accept(frame)


@pytest.mark.parametrize(
    "labels",
    [
        pd.Index([0, 1]),
        pd.Index(["a", "b"], name="letters"),
        pd.to_datetime(["2020-01-01", "2020-01-02"]),
        pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]),
        pd.Index([0.5, 1.5]),
    ],
    ids=str,
)
def test_labels_of_one_type_come_back(ws: tk.Workspace, labels: pd.Index) -> None:
    frame = pd.DataFrame([[1, 2]], columns=labels)
    pd.testing.assert_frame_equal(ws.load(ws.save(frame, "x"), "pandas"), frame)


@pytest.mark.parametrize("place", ["stored", "exported"])
def test_pandas_itself_reads_a_file_of_its_frame_with_its_index(
    ws: tk.Workspace, stored: Any, tmp_path: Any, place: str
) -> None:
    index = pd.MultiIndex.from_tuples([(1, "x"), (2, "y")], names=["i", "j"])
    frame = pd.DataFrame({"a": [1, None], "s": ["x", None]}, index=index)
    ws.save(frame, "x")
    path = stored()[0] if place == "stored" else ws.export("x", tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(path), frame)
    assert pl.read_parquet(path).equals(ws.load("x").collect())


def test_file_of_a_pandas_frame_has_the_types_that_polars_writes(
    ws: tk.Workspace, stored: Any, tmp_path: Any
) -> None:
    frame = pl.DataFrame(
        {
            "s": ["x", None],
            "e": pl.Series(["b", "a"], dtype=pl.Enum(["b", "a"])),
            "c": pl.Series(["b", None], dtype=pl.Categorical),
            "t": pl.Series([1, 2], dtype=pl.Datetime("ms", "Europe/Zurich")),
            "l": [["x"], None],
            "d": [dt.date(2020, 1, 1), None],
        }
    )
    frame.write_parquet(tmp_path / "plain.parquet")
    ws.save(frame.to_pandas(use_pyarrow_extension_array=True), "x")
    assert ws.load("x").collect().equals(frame)
    plain = pq.read_schema(tmp_path / "plain.parquet")
    assert pq.read_schema(stored()[0]).remove_metadata().equals(plain)
