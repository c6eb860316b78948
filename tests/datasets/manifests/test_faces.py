"""A version in several files reads the same through every face of a workspace."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import toolkit as tk
from toolkit.core.dependencies import get_artifact_producer
from toolkit.core.types import PARQUET_MEDIA_TYPE, NewFragment, NewFragmentFile
from toolkit.storage.services.stored_files import StoredFiles

numbers = itertools.count()


def spread(ws: tk.Workspace, frame: Any, split: Any, paths: list[Path]) -> tk.Artifact:
    """Save a frame, and let its version name the files of a split instead."""
    artifact = ws.save(frame, f"d{next(numbers)}")
    services = ws._services
    producer = get_artifact_producer(ws.home, catalog=services.catalog, backend=services.backend)
    ids = []
    for path in paths:
        with path.open("rb") as stream:
            ids.append(producer.produce(stream, PARQUET_MEDIA_TYPE).file_id)
    fragments = [
        NewFragment(rows, tuple(NewFragmentFile(ids[h.content], h.columns, h.offset) for h in held))
        for rows, held in split.fragments
    ]
    with services.catalog.transaction() as tx:
        tx.versions.replace_manifest(artifact.id, fragments)
    return artifact


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_layout_has_the_fingerprint_of_its_version(
    shared_ws: tk.Workspace,
    any_frames: Any,
    splits: Any,
    files_of: Any,
    fingerprint: Any,
    tmp_path: Path,
    data: st.DataObject,
) -> None:
    frame = data.draw(any_frames)
    split = data.draw(splits(frame))
    artifact = spread(shared_ws, frame, split, files_of(split))
    assert_frame_equal(shared_ws.load(artifact).collect(), frame)
    target = shared_ws.export(artifact, tmp_path / "x.parquet")
    for back in (shared_ws.load(artifact), pl.read_parquet(target)):
        assert fingerprint(back) == artifact.fingerprint
    if not any(dtype in (pl.Int128, pl.UInt128) for dtype in frame.dtypes):
        service = shared_ws._services.datasets
        batches = list(service.batches(artifact.ref, 3))
        assert all(batch.num_rows <= 3 for batch in batches)
        assert fingerprint(shared_ws.load(artifact, "arrow")) == artifact.fingerprint
        if batches:
            assert fingerprint(pa.Table.from_batches(batches)) == artifact.fingerprint
        assert sum(batch.num_rows for batch in batches) == frame.height


PANDAS = pd.DataFrame(
    {
        "i": pd.array([1, None, 3], "Int16"),
        "s": ["x", None, "z"],
        "c": pd.Categorical(["b", None, "a"], ["c", "b", "a"], ordered=True),
        "t": pd.to_datetime(["2020-01-01"] * 3).tz_localize("Asia/Tokyo"),
    },
    index=pd.Index([5, 6, 9], name="key"),
)


def test_pandas_comes_back_with_index_and_dtypes(
    ws: tk.Workspace, in_groups: Any, files_of: Any, tmp_path: Path
) -> None:
    stored = ws.load(ws.save(PANDAS, "x")).collect()
    split = in_groups(stored, [2, 3])
    artifact = spread(ws, PANDAS, split, files_of(split))
    pd.testing.assert_frame_equal(ws.load(artifact, "pandas"), PANDAS)
    assert ws.load(artifact).collect_schema() == stored.schema
    exported = pd.read_parquet(ws.export(artifact, tmp_path / "x.parquet"))
    assert exported.index.equals(PANDAS.index)


def test_export_is_written_as_a_save_is(
    ws: tk.Workspace, in_groups: Any, files_of: Any, tmp_path: Path
) -> None:
    frame = pl.DataFrame({"a": range(200_000), "b": ["x"] * 200_000})
    split = in_groups(frame, [1, 1])
    artifact = spread(ws, frame, split, files_of(split, 60_000))
    footer = pq.read_metadata(ws.export(artifact, tmp_path / "x.parquet"))
    assert [footer.row_group(i).num_rows for i in range(footer.num_row_groups)] == [131_072, 68_928]
    assert footer.row_group(0).column(0).compression == "ZSTD"
    assert pl.read_csv(ws.export(artifact, tmp_path / "x.csv")).equals(frame)


def test_types_that_only_arrow_has_are_exported_in_them(ws: tk.Workspace, tmp_path: Path) -> None:
    table = pa.table(
        {
            "d": pa.array([10**50, None], pa.decimal256(70, 0)),
            "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        }
    )
    ws.save(table, "x")
    artifact = ws.append("x", table)
    exported = pq.read_table(ws.export(artifact, tmp_path / "x.parquet"))
    assert exported.to_pylist() == table.to_pylist() * 2
    assert ws.save(exported, "y").deduplicated


def test_a_file_of_several_fragments_is_looked_at_once(
    ws: tk.Workspace, in_groups: Any, files_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pl.DataFrame({"a": [1, 2, 3, 4], "b": ["p", "q", "r", "s"]})
    split = in_groups(frame, [1, 1])
    (_, held) = split.fragments[0]
    kind = type(held[0])
    split.fragments[:] = [
        (2, tuple(kind(h.content, h.columns, start) for h in held)) for start in (0, 2)
    ]
    artifact = spread(ws, frame, split, files_of(split))
    looked: list[int] = []
    plain = StoredFiles.locate

    def locate(files: StoredFiles, file: Any) -> Any:
        looked.append(file.id)
        return plain(files, file)

    monkeypatch.setattr(StoredFiles, "locate", locate)
    assert ws.load(artifact).collect().equals(frame)
    assert len(looked) == len(set(looked)) == 2


def test_a_saved_frame_remembers_a_version_in_several_files(
    ws: tk.Workspace, in_groups: Any, files_of: Any
) -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": ["p", "q"]})
    split = in_groups(frame, [1, 1])
    artifact = spread(ws, frame, split, files_of(split))
    derived = ws.load(artifact).filter(pl.col("a") > 1).select("b")
    assert ws.save(derived, "derived").inputs == (artifact.ref,)
