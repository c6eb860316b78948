"""Rewriting versions and files, plain copies, and what is counted for them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import toolkit as tk
from toolkit.core.errors import (
    DatasetNotFoundError,
    FileChangedError,
    FrameError,
    InvalidArgumentError,
)
from toolkit.core.types import Artifact
from toolkit.datasets.upkeep import optimizing

ROWS = 300_000
FRAME = pl.DataFrame(
    {
        "a": range(ROWS),
        "b": [f"text {i * 7919 % 10_007}" for i in range(ROWS)],
        "c": [None if i % 3 == 0 else (i * 104_729 % 1_000_003) / 7 for i in range(ROWS)],
    }
)
DERIVED = FRAME.with_columns(d=(pl.col("a") * 31_337 % 65_537).reverse())


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[tk.Workspace]:
    with tk.Workspace(tmp_path / "workspace") as workspace:
        yield workspace
        assert workspace.check().ok


@pytest.fixture
def derived(ws: tk.Workspace) -> Artifact:
    """A version over two files."""
    ws.save(FRAME, "base")
    artifact = ws.save(DERIVED, "derived")
    assert len(artifact.files) == 2
    return artifact


def files_of(ws: tk.Workspace, ref: str) -> int:
    with ws._services.catalog.transaction() as tx:
        parsed = tk.core.names.parse_ref(ref)
        manifest = tx.versions.manifest(tx.versions.resolve(parsed).id)
    return len({part.file.id for fragment in manifest for part in fragment.files})


def test_a_version_over_files_becomes_one_file_with_the_same_content(
    ws: tk.Workspace, derived: Artifact
) -> None:
    report = ws.optimize("derived")
    assert (report.versions, report.files) == (("derived@1",), 0)
    assert report.written_bytes > 0
    assert files_of(ws, "derived") == 1
    assert ws.load("derived").collect().equals(DERIVED)
    assert ws.save(DERIVED, "derived").fingerprint == derived.fingerprint
    assert ws.optimize("derived").versions == ()


def test_the_old_files_become_garbage_when_nothing_else_uses_them(
    ws: tk.Workspace, derived: Artifact
) -> None:
    report = ws.optimize("derived")
    own = derived.files[1]
    assert report.garbage_bytes == own.byte_size
    assert ws.gc(grace=timedelta(0)).bytes == own.byte_size
    assert ws.load("derived").collect().equals(DERIVED)
    assert ws.load("base").collect().equals(FRAME)


def test_every_version_of_the_same_content_moves_at_once(
    ws: tk.Workspace, derived: Artifact
) -> None:
    ws.save(DERIVED, "again")
    assert set(ws.optimize("again").versions) == {"again@1", "derived@1"}
    assert (files_of(ws, "again"), files_of(ws, "derived")) == (1, 1)


def test_appended_versions_and_holds_are_rewritten_too(ws: tk.Workspace) -> None:
    ws.save(FRAME.head(1000), "log")
    for start in (1000, 2000):
        ws.append("log", FRAME.slice(start, 1000))
    held = ws.hold("log", "a paper")
    assert ws.optimize("log").versions == ("log@3",)
    assert ws.load("log").collect().equals(FRAME.head(3000))
    held.release()
    assert ws.check().ok


def test_types_that_only_arrow_has_are_rewritten_as_they_are(ws: tk.Workspace) -> None:
    table = pa.table({"t": pa.array([1, 2], pa.time32("s")), "x": [1.5, None]})
    ws.save(table, "times")
    ws.append("times", table)
    assert ws.optimize("times").versions == ("times@2",)
    assert ws.load("times", "arrow").equals(pa.concat_tables([table, table]).combine_chunks())


def test_a_pandas_index_survives(ws: tk.Workspace) -> None:
    import pandas as pd

    frame = pd.DataFrame({"x": [1, 2]}, index=pd.Index(["p", "q"], name="key"))
    ws.save(frame, "indexed")
    ws.append("indexed", frame)
    ws.optimize("indexed")
    pd.testing.assert_frame_equal(ws.load("indexed", "pandas"), pd.concat([frame, frame]))


def test_content_that_is_not_what_was_saved_is_not_rewritten(
    ws: tk.Workspace, derived: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimizing, "frame_fingerprint", lambda *_: "tk1:other")
    with pytest.raises(FileChangedError, match=r"derived@1 was not rewritten.*Nothing was changed"):
        ws.optimize("derived")
    assert files_of(ws, "derived") == 2


def test_only_versions_that_are_read_often_are_rewritten_by_themselves(
    ws: tk.Workspace, derived: Artifact
) -> None:
    assert ws.optimize(all=True).versions == ()
    for _ in range(optimizing.OFTEN):
        ws.load("derived")
    assert ws.optimize(all=True, budget=1000).versions == ()
    assert ws.optimize(all=True).versions == ("derived@1",)


def test_reads_of_another_process_are_counted(ws: tk.Workspace, derived: Artifact) -> None:
    with tk.Workspace(ws.home) as other:
        for _ in range(optimizing.OFTEN):
            other.load("derived")
    assert ws.optimize(all=True).versions == ("derived@1",)


def test_a_file_kept_for_one_column_is_reported_and_rewritten(
    ws: tk.Workspace, derived: Artifact
) -> None:
    ws.save(FRAME.select(new=pl.col("a").reverse(), kept="a"), "small")
    ws.drop("derived")
    assert ws.gc(dry_run=True).partly_used == 0
    ws.drop("base")
    ws.gc(grace=timedelta(0))
    report = ws.gc(dry_run=True)
    assert report.partly_used == 1
    assert report.unused_bytes > 500_000
    before = ws.stats()["stored_bytes"].item()
    done = ws.optimize(all=True)
    assert (done.versions, done.files) == ((), 1)
    ws.gc(grace=timedelta(0))
    assert before - ws.stats()["stored_bytes"].item() == pytest.approx(
        report.unused_bytes, rel=0.05
    )
    assert ws.load("small").collect()["kept"].equals(FRAME["a"].alias("kept"))
    assert ws.gc(dry_run=True).partly_used == 0


def test_a_budget_and_a_reference_that_make_no_sense_are_refused(ws: tk.Workspace) -> None:
    with pytest.raises(DatasetNotFoundError):
        ws.optimize("nothing")
    ws.add(b"bytes", "raw")
    with pytest.raises(FrameError, match="raw file"):
        ws.optimize("raw")
    with pytest.raises(InvalidArgumentError, match=r"\(ref\), or all=True"):
        ws.optimize()
    with pytest.raises(InvalidArgumentError, match="budget"):
        ws.optimize(all=True, budget=-1)


def test_the_path_of_a_version_in_one_file_is_that_file(
    ws: tk.Workspace, derived: Artifact
) -> None:
    path = ws.path("base")
    assert str(path) == derived.files[0].uri
    assert path.is_relative_to(ws.home / "files")
    assert pq.read_table(path).num_rows == ROWS


def test_the_path_of_a_version_over_files_is_a_plain_copy(
    ws: tk.Workspace, derived: Artifact
) -> None:
    path = ws.path("derived")
    assert path.is_relative_to(ws.home / "cache")
    assert pl.read_parquet(path).equals(DERIVED)
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    made = path.stat().st_ino
    assert ws.path("derived@1").stat().st_ino == made
    renamed = ws.save(FRAME.rename({"a": "z"}), "renamed")
    assert pl.read_parquet(ws.path(renamed)).columns == ["z", "b", "c"]


def test_the_path_of_a_raw_file_has_its_bytes(ws: tk.Workspace) -> None:
    ws.add(b"some bytes", "raw")
    assert ws.path("raw").read_bytes() == b"some bytes"


def test_the_copies_that_were_not_asked_for_longest_go_first(
    ws: tk.Workspace, derived: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ws.path("derived")
    ws.save(FRAME.rename({"a": "y"}), "second")
    ws.save(FRAME.rename({"a": "z"}), "third")
    second = ws.path("second")
    limit = first.stat().st_size + second.stat().st_size * 3 // 2
    monkeypatch.setattr(ws._services.datasets._plain_files, "_limit", limit)
    os.utime(first, ns=(1, 1))
    assert ws.path("derived") == first
    os.utime(second, ns=(1, 1))
    third = ws.path("third")
    assert (first.exists(), second.exists(), third.exists()) == (True, False, True)
    monkeypatch.setattr(ws._services.datasets._plain_files, "_limit", 1)
    assert ws.path("second").exists()
    assert len(list((ws.home / "cache").iterdir())) == 1


def test_du_tells_who_holds_what(ws: tk.Workspace, derived: Artifact) -> None:
    ws.save(pl.DataFrame({"x": [1, 2, 3]}), "tiny")
    usage = {row["name"]: row for row in ws.du().to_dicts()}
    assert usage["base"]["exclusive_bytes"] == 0
    assert usage["base"]["shared_bytes"] == derived.files[0].byte_size
    assert usage["derived"]["exclusive_bytes"] == pytest.approx(derived.new_bytes, rel=0.02)
    assert usage["tiny"]["exclusive_bytes"] == usage["tiny"]["logical_bytes"] > 0
    assert sum(row["exclusive_bytes"] for row in usage.values()) + usage["base"][
        "shared_bytes"
    ] == pytest.approx(ws.stats()["stored_bytes"].item(), rel=0.02)
