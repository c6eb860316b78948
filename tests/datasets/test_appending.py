"""Appending: the result is the concatenated frame, and only the new rows are written."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import toolkit as tk
from toolkit.core.errors import (
    ConflictError,
    DatasetNotFoundError,
    FrameError,
    InvalidNameError,
    SchemaMismatchError,
)
from toolkit.datasets import appending
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS, DIGEST_BYTES


def rows(start: int, count: int) -> pl.DataFrame:
    numbers = pl.int_range(start, start + count, eager=True)
    return pl.DataFrame(
        {
            "n": numbers,
            "s": pl.select(pl.when(numbers % 3 != 0).then((numbers % 50).cast(pl.String)))
            .to_series()
            .alias("s"),
        }
    )


def records_of(ws: tk.Workspace, ref: str) -> Any:
    version = ws._services.datasets.resolve(ref)
    with ws._services.catalog.transaction() as tx:
        return tx.versions.columns(version.id)


@pytest.mark.parametrize(
    ("before", "added"),
    [
        (3, 2),
        (0, 2),
        (BLOCK_ROWS - 1, 1),
        (BLOCK_ROWS - 1, 2),
        (BLOCK_ROWS, 1),
        (BLOCK_ROWS, BLOCK_ROWS),
        (BLOCK_ROWS + 1, BLOCK_ROWS - 1),
        (5, 2 * BLOCK_ROWS),
    ],
)
def test_appended_version_is_the_concatenated_frame(
    ws: tk.Workspace, records: Any, fingerprint: Any, before: int, added: int
) -> None:
    whole = rows(0, before + added)
    ws.save(whole.head(before), "x")
    artifact = ws.append("x", whole.slice(before))
    assert (artifact.version, artifact.rows) == (2, before + added)
    assert artifact.fingerprint == fingerprint(whole)
    assert [replace(r, byte_size=0) for r in records_of(ws, "x@2")] == list(records(whole))
    assert ws.load("x").collect().equals(whole)
    assert ws.load("x@1").collect().equals(whole.head(before))
    again = ws.save(whole, "x")
    assert (again.version, again.deduplicated) == (2, True)
    assert ws.check().ok


def test_blocks_that_are_known_are_not_read_again(
    ws: tk.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    plain = appending.reblock_polars

    def counted(frames: Any) -> Any:
        for block in plain(frames):
            seen.append(block.height)
            yield block

    ws.save(rows(0, 2 * BLOCK_ROWS + 10), "x")
    monkeypatch.setattr(appending, "reblock_polars", counted)
    ws.append("x", rows(0, 5))
    assert seen == [15]
    before, after = records_of(ws, "x@1"), records_of(ws, "x@2")
    assert [c.block_digests for c in before] == [c.block_digests for c in after]
    assert len(after[0].block_digests) == 2 * DIGEST_BYTES


def test_many_appends_share_every_earlier_file(ws: tk.Workspace, stored: Any) -> None:
    ws.save(rows(0, 10), "x")
    for step in range(1, 4):
        artifact = ws.append("x", rows(10 * step, 10))
        assert len(artifact.files) == step + 1
        assert [file.deduplicated for file in artifact.files] == [True] * step + [False]
        assert artifact.new_bytes == artifact.files[-1].byte_size < artifact.byte_size
        assert not artifact.deduplicated
    assert len(stored()) == 4
    assert ws.load("x").collect().equals(rows(0, 40))
    assert ws.check().ok


def test_appended_null_counts_are_those_of_all_rows(ws: tk.Workspace) -> None:
    ws.save(pl.DataFrame({"a": [1, None], "b": [1, 2]}), "x")
    ws.append(
        "x", pl.DataFrame({"a": [None, None], "b": [1, None]}, schema_overrides={"a": pl.Int64})
    )
    assert [column.null_count for column in records_of(ws, "x")] == [3, 1]


def test_same_rows_appended_twice_are_there_twice(ws: tk.Workspace) -> None:
    more = rows(10, 5)
    ws.save(rows(0, 10), "x")
    ws.append("x", more)
    ws.append("x", more)
    assert ws.load("x").collect().equals(pl.concat([rows(0, 10), more, more]))
    ws.save(more, "more")
    ws.append("more", more)
    assert ws.load("more").collect().equals(pl.concat([more, more]))
    assert ws.check().ok


def test_nothing_appended_is_the_same_version(ws: tk.Workspace, stored: Any) -> None:
    ws.save(rows(0, 10), "x")
    artifact = ws.append("x", rows(0, 0))
    assert (artifact.version, artifact.deduplicated) == (1, True)
    assert len(stored()) == 1


@pytest.mark.parametrize("buffer", [1, 64 << 20])
def test_rows_of_any_engine_are_appended(
    ws: tk.Workspace, monkeypatch: pytest.MonkeyPatch, buffer: int
) -> None:
    monkeypatch.setattr(appending, "STREAM_BUFFER", buffer)
    ws.save(rows(0, 4), "x")
    ws.append("x", rows(4, 4).lazy())
    ws.append("x", rows(8, 4).to_arrow().to_reader(max_chunksize=3))
    ws.append("x", rows(12, 4).to_arrow())
    ws.append("x", ws.sql("select n + 12 as n, s from x where n between 4 and 7 order by n"))
    expected = pl.concat([rows(0, 16), rows(4, 4).with_columns(pl.col("n") + 12)])
    assert ws.load("x").collect().equals(expected)


TYPES = {
    "enum": pl.Series(["a", None], dtype=pl.Enum(["b", "a"])),
    "categorical": pl.Series(["a", None], dtype=pl.Categorical),
    "int128": pl.Series([2**100, None], dtype=pl.Int128),
    "nested": pl.Series([[{"a": 1}], None]),
    "null": pl.Series([None, None], dtype=pl.Null),
    "array": pl.Series([[1, 2], None], dtype=pl.Array(pl.Int8, 2)),
    "nested enum": pl.Series([["a"], None], dtype=pl.List(pl.Enum(["b", "a"]))),
}


@pytest.mark.parametrize("series", TYPES.values(), ids=list(TYPES))
def test_every_type_is_appended(ws: tk.Workspace, fingerprint: Any, series: pl.Series) -> None:
    frame = series.alias("x").to_frame()
    both = pl.concat([frame, frame])
    ws.save(frame, "x")
    assert ws.append("x", frame).fingerprint == fingerprint(both)
    assert ws.load("x").collect().equals(both)


ARROW_TYPES = {
    "seconds": pa.array([1, None], pa.timestamp("s")),
    "fixed binary": pa.array([b"ab", None], pa.binary(2)),
    "wide decimal": pa.array([None, None], pa.decimal256(70, 0)),
    "date64": pa.array([86_400_000, None], pa.date64()),
}


@pytest.mark.parametrize("values", ARROW_TYPES.values(), ids=list(ARROW_TYPES))
def test_types_that_only_arrow_has_are_appended(
    ws: tk.Workspace, fingerprint: Any, values: pa.Array
) -> None:
    table = pa.table({"x": values})
    both = pa.concat_tables([table, table])
    ws.save(table, "x")
    assert ws.append("x", table).fingerprint == fingerprint(both)
    assert ws.load("x", "arrow").to_pylist() == both.to_pylist()


MISMATCHES = {
    "missing": (pl.DataFrame({"n": [1]}), r"missing: s \(string\)"),
    "more": (rows(0, 1).with_columns(z=pl.lit(1.5)), r"not in x@1: z \(float64\)"),
    "type": (rows(0, 1).cast({"n": pl.Int32}), "n is int32, stored as int64"),
    "order": (rows(0, 1).select("s", "n"), "order: s, n"),
    "no columns": (pl.DataFrame(), r"missing: n \(int64\); missing: s"),
}


@pytest.mark.parametrize(("frame", "message"), MISMATCHES.values(), ids=list(MISMATCHES))
def test_rows_that_do_not_fit_are_refused_with_every_difference(
    ws: tk.Workspace, stored: Any, frame: pl.DataFrame, message: str
) -> None:
    ws.save(rows(0, 10), "x")
    with pytest.raises(SchemaMismatchError, match=message) as caught:
        ws.append("x", frame)
    assert "Nothing was written" in str(caught.value)
    assert len(stored()) == 1
    assert ws.history("x").height == 1


def test_append_to_what_is_not_there_is_refused(ws: tk.Workspace) -> None:
    with pytest.raises(DatasetNotFoundError):
        ws.append("x", rows(0, 1))


def test_append_to_a_raw_file_is_refused(ws: tk.Workspace) -> None:
    ws.add(b"raw", "raw")
    with pytest.raises(FrameError, match="raw@1 is a raw file"):
        ws.append("raw", rows(0, 1))


def test_failure_in_the_appended_rows_leaves_the_dataset_as_it_was(
    ws: tk.Workspace, stored: Any
) -> None:
    def fail(frame: pl.DataFrame) -> pl.DataFrame:
        raise KeyboardInterrupt

    ws.save(rows(0, 10), "x")
    lazy = rows(10, 10).lazy().map_batches(fail, schema=rows(0, 0).schema)
    with pytest.raises((KeyboardInterrupt, pl.exceptions.ComputeError)):
        ws.append("x", lazy)
    assert len(stored()) == 1
    assert ws.history("x").height == 1
    assert ws.check().ok


def test_pandas_rows_are_appended_to_pandas_rows(ws: tk.Workspace) -> None:
    ws.save(pd.DataFrame({"a": [1, 2]}), "x")
    ws.append("x", pd.DataFrame({"a": [3]}))
    pd.testing.assert_frame_equal(ws.load("x", "pandas"), pd.DataFrame({"a": [1, 2, 3]}))


def test_lineage_of_an_append_is_the_version_before(ws: tk.Workspace) -> None:
    ws.save(rows(0, 1), "x")
    ws.append("x", rows(1, 1))
    (edge,) = ws.lineage("x").rows(named=True)
    assert (edge["ref"], edge["input"], edge["kind"]) == ("x@2", "x@1", "version")


def test_appends_at_once_follow_each_other_and_lose_no_row(ws: tk.Workspace) -> None:
    ws.save(pl.DataFrame({"n": [0]}), "log")
    failures: list[BaseException] = []

    def append(first: int) -> None:
        try:
            for number in range(first, first + 5):
                ws.append("log", pl.DataFrame({"n": [number]}))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=append, args=(1 + 5 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(ws.load("log").collect()["n"]) == list(range(21))
    whole = ws.save(ws.load("log").collect(), "whole")
    assert whole.fingerprint == ws.history("log")["fingerprint"][-1]
    assert ws.check().ok


def test_a_stream_that_was_overtaken_says_so_and_saves_nothing(
    ws: tk.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "STREAM_BUFFER", 1)
    ws.save(pl.DataFrame({"n": [0]}), "log")

    def overtake(batch: pl.DataFrame) -> pl.DataFrame:
        ws.append("log", pl.DataFrame({"n": [1]}))
        return batch

    slow = pl.LazyFrame({"n": [2]}).map_batches(overtake, schema={"n": pl.Int64})
    with pytest.raises(ConflictError, match=r"log got a version after log@1 .* append again"):
        ws.append("log", slow)
    assert ws.load("log").collect()["n"].to_list() == [0, 1]
    assert ws.check().ok


RANGES = {
    "from ten": (pd.RangeIndex(10, 12), pd.RangeIndex(12, 13)),
    "stepped": (pd.RangeIndex(0, 4, 2), pd.RangeIndex(4, 6, 2)),
    "named": (pd.RangeIndex(2, name="k"), pd.RangeIndex(2, 3, name="k")),
    "backwards": (pd.RangeIndex(9, 7, -1), pd.RangeIndex(7, 6, -1)),
    "the rest of row numbers": (pd.RangeIndex(2), pd.RangeIndex(2, 3)),
    "columns": (pd.Index(["x", "y"], name="k"), pd.Index(["z"], name="k")),
    "several columns": (
        pd.MultiIndex.from_tuples([(1, "x"), (2, "y")], names=["i", "j"]),
        pd.MultiIndex.from_tuples([(3, "z")], names=["i", "j"]),
    ),
}


@pytest.mark.parametrize(("before", "after"), RANGES.values(), ids=list(RANGES))
def test_an_index_that_goes_on_is_that_of_the_whole_frame(
    ws: tk.Workspace, before: pd.Index, after: pd.Index
) -> None:
    first, more = pd.DataFrame({"a": [1, 2]}, index=before), pd.DataFrame({"a": [3]}, index=after)
    whole = pd.concat([first, more])
    ws.save(first, "x")
    artifact = ws.append("x", more)
    assert artifact.fingerprint == ws.save(whole, "whole").fingerprint
    pd.testing.assert_frame_equal(ws.load("x", "pandas"), whole)
    pd.testing.assert_frame_equal(ws.load("x@1", "pandas"), first)


LOST = {
    "a gap": (pd.RangeIndex(10, 12), pd.RangeIndex(13, 14)),
    "another step": (pd.RangeIndex(0, 4, 2), pd.RangeIndex(4, 5)),
    "row numbers behind a range": (pd.RangeIndex(10, 12), pd.RangeIndex(1)),
    "a range behind row numbers": (pd.RangeIndex(2), pd.RangeIndex(7, 8)),
}


@pytest.mark.parametrize(("before", "after"), LOST.values(), ids=list(LOST))
def test_an_index_that_would_be_lost_is_refused(
    ws: tk.Workspace, stored: Any, before: pd.Index, after: pd.Index
) -> None:
    ws.save(pd.DataFrame({"a": [1, 2]}, index=before), "x")
    with pytest.raises(SchemaMismatchError, match=r"do not fit x@1: their index.*reset_index"):
        ws.append("x", pd.DataFrame({"a": [3]}, index=after))
    assert len(stored()) == 1


def test_rows_without_an_index_are_refused_behind_a_range_of_numbers(ws: tk.Workspace) -> None:
    ws.save(pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(10, 12)), "x")
    with pytest.raises(SchemaMismatchError, match="row numbers"):
        ws.append("x", pl.DataFrame({"a": [3]}))


def test_rows_of_another_engine_have_the_index_as_a_column(ws: tk.Workspace) -> None:
    ws.save(pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="k")), "x")
    ws.append("x", pl.DataFrame({"a": [2], "k": ["y"]}))
    whole = pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="k"))
    pd.testing.assert_frame_equal(ws.load("x", "pandas"), whole)


def test_an_index_of_columns_behind_plain_columns_is_refused(ws: tk.Workspace) -> None:
    ws.save(pl.DataFrame({"a": [1], "k": ["x"]}), "x")
    with pytest.raises(SchemaMismatchError, match="their index is made of 'k'"):
        ws.append("x", pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="k")))


def test_labels_of_another_kind_are_refused(ws: tk.Workspace) -> None:
    ws.save(pd.DataFrame({"0": [1]}), "x")
    with pytest.raises(SchemaMismatchError, match="column labels"):
        ws.append("x", pd.DataFrame([[1]]))
    ws.save(pd.DataFrame([[1]]), "y")
    ws.append("y", pd.DataFrame([[2]]))
    pd.testing.assert_frame_equal(ws.load("y", "pandas"), pd.DataFrame([[1], [2]]))


@pytest.mark.parametrize("ref", ["x@1", "x@2", "x@tag"])
def test_rows_are_appended_to_a_name_and_not_to_a_version(ws: tk.Workspace, ref: str) -> None:
    ws.save(rows(0, 1), "x")
    ws.save(rows(0, 2), "x")
    with pytest.raises(InvalidNameError, match=r'"x@.*newest version.*ws\.append\("x"'):
        ws.append(ref, rows(0, 1))


def test_only_the_last_rows_that_only_arrow_has_are_read_again(
    ws: tk.Workspace, fingerprint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def table(start: int, stop: int) -> pa.Table:
        return pa.table({"x": pa.array(range(start, stop), pa.timestamp("s"))})

    seen: list[int] = []
    plain = pq.ParquetFile.read_row_group

    def counted(file: Any, group: int, *args: Any, **options: Any) -> pa.Table:
        seen.append(group)
        return plain(file, group, *args, **options)

    ws.save(table(0, 2 * BLOCK_ROWS + 7), "x")
    ws.append("x", table(2 * BLOCK_ROWS + 7, 2 * BLOCK_ROWS + 10))
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    artifact = ws.append("x", table(2 * BLOCK_ROWS + 10, 2 * BLOCK_ROWS + 12))
    assert seen == [0, 2]
    assert artifact.fingerprint == fingerprint(table(0, 2 * BLOCK_ROWS + 12))
