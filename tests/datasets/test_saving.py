"""Saving: what is stored once, what a new version is, and that a failure leaves nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import toolkit as tk
from toolkit.core.dependencies import get_dataset_service
from toolkit.core.errors import FrameError, InvalidNameError, ReadOnlyError
from toolkit.datasets import appending, saving
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS

FRAME = pl.DataFrame({"n": [1, 2, 3], "s": ["a", None, "c"]})


def files(ws: tk.Workspace) -> list[tuple[str, int]]:
    return ws.sql("select content_hash, ref_count from catalog.files order by id").fetchall()


@pytest.fixture
def small_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stream is treated as one that is larger than memory."""
    monkeypatch.setattr(saving, "STREAM_BUFFER", 1)
    monkeypatch.setattr(appending, "STREAM_BUFFER", 1)


def test_artifact_tells_what_was_saved(ws: tk.Workspace, fingerprint: Any, stored: Any) -> None:
    artifact = ws.save(FRAME, "sales.monthly")
    (path,) = stored()
    assert (artifact.name, artifact.version, artifact.ref) == (
        "sales.monthly",
        1,
        "sales.monthly@1",
    )
    assert (artifact.kind, artifact.rows, artifact.columns) == ("frame", 3, ("n", "s"))
    assert artifact.byte_size == artifact.new_bytes == path.stat().st_size
    assert artifact.fingerprint == fingerprint(FRAME)
    assert not artifact.deduplicated
    assert artifact.inputs == ()


def test_stored_file_is_plain_parquet_for_anybody(ws: tk.Workspace, stored: Any) -> None:
    ws.save(FRAME, "x")
    assert pl.read_parquet(stored()[0]).equals(FRAME)
    assert pa.parquet.read_table(stored()[0]).num_rows == 3


def test_unchanged_frame_under_its_name_is_the_same_version(ws: tk.Workspace, stored: Any) -> None:
    first = ws.save(FRAME, "x")
    again = ws.save(FRAME.clone(), "x")
    assert (again.id, again.version) == (first.id, 1)
    assert again.created_at == first.created_at
    assert again.deduplicated
    assert [file.uri for file in again.files] == [file.uri for file in first.files]
    assert again.new_bytes == 0
    assert again.byte_size == first.byte_size
    assert ws.history("x").height == 1
    assert [count for _, count in files(ws)] == [1]
    assert len(stored()) == 1


def test_same_content_under_another_name_shares_the_file(ws: tk.Workspace, stored: Any) -> None:
    ws.save(FRAME, "x")
    other = ws.save(FRAME, "y")
    assert (other.name, other.version, other.deduplicated) == ("y", 1, True)
    assert [count for _, count in files(ws)] == [2]
    assert len(stored()) == 1
    assert ws.check().ok


def test_changed_frame_is_the_next_version(ws: tk.Workspace) -> None:
    ws.save(FRAME, "x")
    assert ws.save(FRAME.reverse(), "x").version == 2
    assert ws.load("x@1").collect().equals(FRAME)
    assert ws.load("x").collect().equals(FRAME.reverse())


def test_return_to_earlier_content_is_a_new_version_that_shares_its_file(
    ws: tk.Workspace,
) -> None:
    ws.save(FRAME, "x")
    ws.save(FRAME.reverse(), "x")
    back = ws.save(FRAME, "x")
    assert (back.version, back.deduplicated) == (3, True)
    assert [count for _, count in files(ws)] == [2, 1]


def test_change_in_place_is_noticed(ws: tk.Workspace) -> None:
    frame = FRAME.clone()
    ws.save(frame, "x")
    frame[0, "n"] = 100
    assert ws.save(frame, "x").version == 2


def test_dropped_content_is_saved_anew_after_its_file_is_gone(
    ws: tk.Workspace, stored: Any
) -> None:
    ws.save(FRAME, "x")
    stored()[0].unlink()
    again = ws.save(FRAME, "y")
    assert not again.deduplicated
    assert ws.load("y").collect().equals(FRAME)


def test_many_threads_saving_the_same_frame_make_one_file(ws: tk.Workspace, stored: Any) -> None:
    failures: list[BaseException] = []

    def save(number: int) -> None:
        try:
            ws.save(FRAME, f"x{number % 3}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert ws.datasets()["versions"].to_list() == [1, 1, 1]
    assert sum(count for _, count in files(ws) if count) == 3
    assert ws.check().ok


@pytest.mark.parametrize("name", ["", "a b", "1a", "a.b.c", "a;drop", "é", "a" * 64, "catalog.x"])
def test_name_outside_the_rule_is_refused_before_anything_is_computed(
    ws: tk.Workspace, name: str
) -> None:
    def fail(frame: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError("computed")

    lazy = FRAME.lazy().map_batches(fail, schema=FRAME.schema)
    with pytest.raises(InvalidNameError, match="is not a dataset name"):
        ws.save(lazy, name)


def big(rows: int = BLOCK_ROWS + 1000) -> pl.LazyFrame:
    numbers = pl.int_range(rows, eager=True)
    return pl.LazyFrame({"n": numbers, "s": (numbers % 100).cast(pl.String)})


@pytest.mark.parametrize("rows", [1, BLOCK_ROWS, 2 * BLOCK_ROWS + 1])
@pytest.mark.parametrize("engine", ["polars", "arrow", "duckdb"])
@pytest.mark.usefixtures("small_buffer")
def test_stream_has_the_fingerprint_of_the_eager_frame(
    ws: tk.Workspace, fingerprint: Any, rows: int, engine: str
) -> None:
    frame = big(rows).collect()
    table = frame.to_arrow()
    streams = {
        "polars": frame.lazy,
        "arrow": lambda: table.to_reader(max_chunksize=50_000),
        "duckdb": lambda: duckdb.from_arrow(table),
    }
    artifact = ws.save(streams[engine](), "x")
    assert not artifact.deduplicated
    assert artifact.fingerprint == fingerprint(frame)
    assert artifact.rows == rows
    assert ws.load("x").collect().equals(frame)
    assert ws.save(frame, "x").deduplicated


@pytest.mark.usefixtures("small_buffer")
def test_known_stream_leaves_no_second_file(ws: tk.Workspace, stored: Any) -> None:
    first = ws.save(big().collect(), "x")
    again = ws.save(big(), "x")
    other = ws.save(big(), "y")
    assert (again.id, again.deduplicated, again.new_bytes) == (first.id, True, 0)
    assert other.deduplicated
    assert len(stored()) == 1
    assert ws.check().ok


class BrokenError(Exception):
    """What a person's own function raises."""


def failing_after(rows: int, error: BaseException) -> pl.LazyFrame:
    def check(batch: pl.DataFrame) -> pl.DataFrame:
        if batch["n"].max() >= rows:
            raise error
        return batch

    lazy = big(4 * BLOCK_ROWS)
    return lazy.map_batches(check, schema=lazy.collect_schema(), streamable=True)


@pytest.mark.parametrize("buffer", [1, 64 << 20])
@pytest.mark.parametrize(
    "error", [BrokenError("mine"), KeyboardInterrupt()], ids=["error", "ctrl-c"]
)
def test_failure_in_a_lazy_frame_leaves_nothing(
    ws: tk.Workspace,
    stored: Any,
    monkeypatch: pytest.MonkeyPatch,
    buffer: int,
    error: BaseException,
) -> None:
    monkeypatch.setattr(saving, "STREAM_BUFFER", buffer)
    with pytest.raises((BrokenError, KeyboardInterrupt, pl.exceptions.ComputeError)) as caught:
        ws.save(failing_after(2 * BLOCK_ROWS, error), "x")
    assert type(error).__name__ in f"{caught.type.__name__}: {caught.value}"
    assert stored() == []
    assert ws.datasets().is_empty()
    assert files(ws) == []
    assert ws.save(FRAME, "x").version == 1


@pytest.mark.parametrize(
    "error", [BrokenError("mine"), KeyboardInterrupt()], ids=["error", "ctrl-c"]
)
@pytest.mark.parametrize("buffer", [1, 64 << 20])
def test_failure_in_a_stream_of_batches_is_raised_as_it_was_and_leaves_nothing(
    ws: tk.Workspace,
    stored: Any,
    monkeypatch: pytest.MonkeyPatch,
    buffer: int,
    error: BaseException,
) -> None:
    monkeypatch.setattr(saving, "STREAM_BUFFER", buffer)
    table = big(2 * BLOCK_ROWS).collect().to_arrow()

    def batches() -> Iterator[pa.RecordBatch]:
        yield from table.to_batches(max_chunksize=50_000)[:4]
        raise error

    with pytest.raises(type(error)):
        ws.save(pa.RecordBatchReader.from_batches(table.schema, batches()), "x")
    assert stored() == []
    assert ws.datasets().is_empty()


@pytest.mark.parametrize(
    "error", [BrokenError("mine"), KeyboardInterrupt()], ids=["error", "ctrl-c"]
)
def test_interrupt_after_the_write_leaves_no_version_and_no_reference(
    ws: tk.Workspace, stored: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise error

    ws.save(FRAME.reverse(), "x")
    monkeypatch.setattr(saving.Recording, "_create", fail)
    with pytest.raises(type(error)):
        ws.save(FRAME, "x")
    monkeypatch.undo()
    assert ws.history("x").height == 1
    assert [count for _, count in files(ws)] == [1]
    assert ws.check().ok
    assert not ws.save(FRAME, "x").deduplicated


def test_event_follows_the_commit_of_a_version(ws: tk.Workspace) -> None:
    seen: list[tuple[str, str]] = []
    ws.subscribe(lambda event: seen.append((event.kind, event.subject)))
    ws.save(FRAME, "x")
    ws.save(FRAME, "x")
    ws.save(FRAME, "y")
    versions = [subject for kind, subject in seen if kind == "version_created"]
    assert versions == ["x@1", "y@1"]


def test_service_without_a_producer_reads_and_says_that_saving_needs_one(
    ws: tk.Workspace, tmp_path: Path
) -> None:
    ws.save(FRAME, "x")
    (tmp_path / "raw.bin").write_bytes(b"raw")
    service = get_dataset_service(ws.home)
    assert service.scan("x").collect().equals(FRAME)
    assert service.datasets()["name"].to_list() == ["x"]
    assert service.diff("x", "x")["status"].to_list() == ["same", "same"]
    for save in (
        lambda: service.save(FRAME, "y"),
        lambda: service.append("x", FRAME),
        lambda: service.add(tmp_path / "raw.bin", "raw"),
    ):
        with pytest.raises(ReadOnlyError, match="without an artifact producer"):
            save()


def test_frame_cannot_take_the_place_of_nothing(ws: tk.Workspace) -> None:
    with pytest.raises(FrameError, match="not a frame"):
        ws.save(None, "x")
