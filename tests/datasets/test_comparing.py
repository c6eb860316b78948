"""Comparing two versions column by column, from their digests."""

from __future__ import annotations

import polars as pl
import pytest

import toolkit as tk
from toolkit.core.errors import DatasetNotFoundError

BASE = pl.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, 1.5]})


def statuses(ws: tk.Workspace, before: str = "x@1", after: str = "x@2") -> dict[str, str]:
    return dict(ws.diff(before, after).select("column", "status").rows())


@pytest.fixture
def saved(ws: tk.Workspace) -> tk.Workspace:
    ws.save(BASE, "x")
    return ws


def test_every_status_is_told_in_the_order_of_the_columns(saved: tk.Workspace) -> None:
    saved.save(
        pl.DataFrame({"new": [9, 9], "b2": ["x", None], "a": [1, 3], "same": [True, False]}), "x"
    )
    rows = saved.diff("x@1", "x@2").select("column", "status", "was").rows()
    assert rows == [
        ("new", "added", None),
        ("b2", "renamed", "b"),
        ("a", "changed", None),
        ("same", "added", None),
        ("c", "removed", None),
    ]


def test_types_and_nulls_stand_beside_the_status(saved: tk.Workspace) -> None:
    saved.save(BASE.with_columns(pl.col("a").cast(pl.String), b=pl.lit("x")).drop("c"), "x")
    rows = {row["column"]: row for row in saved.diff("x@1", "x@2").iter_rows(named=True)}
    assert (rows["a"]["type_before"], rows["a"]["type_after"]) == ("int64", "string")
    assert (rows["b"]["nulls_before"], rows["b"]["nulls_after"]) == (1, 0)
    assert (rows["c"]["type_before"], rows["c"]["type_after"]) == ("float64", None)
    assert rows["c"]["nulls_after"] is None


def test_version_compared_with_itself_is_the_same(saved: tk.Workspace) -> None:
    assert set(statuses(saved, "x", "x@1").values()) == {"same"}


@pytest.mark.parametrize(
    "change",
    [
        pl.col("a").cast(pl.Int32),
        pl.col("a").reverse(),
        pl.col("a") + 1,
        pl.when(pl.col("a") > 1).then(pl.col("a")).alias("a"),
    ],
    ids=["type", "order", "values", "null"],
)
def test_other_type_order_value_or_null_is_a_change(saved: tk.Workspace, change: pl.Expr) -> None:
    saved.save(BASE.with_columns(change), "x")
    assert statuses(saved) == {"a": "changed", "b": "same", "c": "same"}


def test_more_rows_change_every_column(saved: tk.Workspace) -> None:
    saved.append("x", BASE)
    assert set(statuses(saved).values()) == {"changed"}


def test_other_order_of_the_columns_is_no_change_of_a_column(saved: tk.Workspace) -> None:
    saved.save(BASE.select("c", "b", "a"), "x")
    assert statuses(saved) == {"c": "same", "b": "same", "a": "same"}


def test_each_column_that_is_gone_explains_one_renamed_column(saved: tk.Workspace) -> None:
    saved.save(BASE.rename({"a": "n"}).with_columns(m=pl.col("n")), "x")
    assert statuses(saved) == {"n": "renamed", "b": "same", "c": "same", "m": "added"}


def test_swapped_names_are_changes_since_both_names_are_still_there(ws: tk.Workspace) -> None:
    ws.save(pl.DataFrame({"a": [1], "b": [2]}), "x")
    ws.save(pl.DataFrame({"a": [2], "b": [1]}), "x")
    assert statuses(ws) == {"a": "changed", "b": "changed"}


def test_versions_of_different_datasets_and_artifacts_are_compared(saved: tk.Workspace) -> None:
    other = saved.save(BASE.drop("a"), "y")
    frame = saved.diff("x", other)
    assert dict(frame.select("column", "status").rows())["a"] == "removed"


def test_nothing_is_read_for_a_comparison(saved: tk.Workspace) -> None:
    saved.save(BASE.drop("a"), "x")
    for path in (saved.home / "files").rglob("*.parquet"):
        path.unlink()
    assert statuses(saved)["a"] == "removed"


def test_frames_without_columns_compare_to_an_empty_frame_of_the_same_schema(
    ws: tk.Workspace,
) -> None:
    ws.save(pl.DataFrame(), "x")
    ws.save(pl.DataFrame(height=5), "x")
    ws.save(BASE, "y")
    assert ws.diff("x@1", "x@2").is_empty()
    assert ws.diff("x@1", "x@2").schema == ws.diff("y", "y").schema


def test_unknown_version_is_refused(saved: tk.Workspace) -> None:
    with pytest.raises(DatasetNotFoundError):
        saved.diff("x@1", "x@7")
