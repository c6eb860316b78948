"""Export: complete or not at all, to Parquet, CSV, or the raw bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import toolkit as tk
from toolkit.core.errors import (
    DatasetNotFoundError,
    FileMissingError,
    InvalidArgumentError,
    SourceNotFoundError,
    StorageError,
    UnsupportedTypeError,
)

FRAME = pl.DataFrame({"n": [1, 2], "s": ["a,b", None]})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_parquet_export_is_the_version(ws: tk.Workspace, out: Path) -> None:
    ws.save(FRAME, "x")
    ws.save(FRAME.reverse(), "x")
    target = ws.export("x@1", out / "x.parquet")
    assert target == out / "x.parquet"
    assert pl.read_parquet(target).equals(FRAME)
    assert list(out.iterdir()) == [target]


def test_csv_export_is_the_version(ws: tk.Workspace, out: Path) -> None:
    ws.save(FRAME, "x")
    ws.export("x", out / "x.CSV")
    assert (out / "x.CSV").read_text() == 'n,s\n1,"a,b"\n2,\n'


def test_version_of_several_files_is_exported_as_one(ws: tk.Workspace, out: Path) -> None:
    ws.save(FRAME, "x")
    ws.append("x", FRAME)
    assert pl.read_parquet(ws.export("x", out / "x.parquet")).equals(pl.concat([FRAME, FRAME]))
    assert pl.read_csv(ws.export("x", out / "x.csv")).equals(pl.concat([FRAME, FRAME]))


def test_types_that_only_arrow_has_are_exported_from_several_files(
    ws: tk.Workspace, out: Path
) -> None:
    table = pa.table({"d": pa.array([10**50, None], pa.decimal256(70, 0))})
    ws.save(table, "x")
    ws.append("x", table)
    exported = pa.parquet.read_table(ws.export("x", out / "x.parquet"))
    assert exported.to_pylist() == table.to_pylist() * 2


def test_raw_file_is_exported_byte_for_byte_under_any_name(ws: tk.Workspace, out: Path) -> None:
    ws.add(b"\x00raw\xff", "model")
    assert ws.export("model", out / "model.anything").read_bytes() == b"\x00raw\xff"


def test_export_replaces_a_file_unless_told_not_to(ws: tk.Workspace, out: Path) -> None:
    ws.save(FRAME, "x")
    target = out / "x.csv"
    target.write_text("mine")
    with pytest.raises(InvalidArgumentError, match=r"exists already.*overwrite=True"):
        ws.export("x", target, overwrite=False)
    assert target.read_text() == "mine"
    ws.export("x", target)
    assert target.read_text().startswith("n,s")


@pytest.mark.parametrize("name", ["x", "x.xlsx", "x.parquet.zip"])
def test_suffix_that_tells_no_format_is_refused_with_those_that_do(
    ws: tk.Workspace, out: Path, name: str
) -> None:
    ws.save(FRAME, "x")
    with pytest.raises(InvalidArgumentError, match=r"\.csv or \.parquet"):
        ws.export("x", out / name)
    assert list(out.iterdir()) == []


def test_missing_folder_is_told(ws: tk.Workspace, out: Path) -> None:
    ws.save(FRAME, "x")
    with pytest.raises(SourceNotFoundError, match="does not exist"):
        ws.export("x", out / "nowhere" / "x.csv")


def test_folder_in_the_place_of_the_file_is_refused(ws: tk.Workspace, out: Path) -> None:
    ws.save(FRAME, "x")
    (out / "x.csv").mkdir()
    with pytest.raises(InvalidArgumentError, match="exists already"):
        ws.export("x", out / "x.csv")


@pytest.mark.parametrize(
    "series",
    [
        pl.Series("bad", [[1], [2]]),
        pl.Series("bad", [{"a": 1}, None]),
        pl.Series("bad", [[1], [2]], dtype=pl.Array(pl.Int64, 1)),
        pl.Series("bad", [b"x", None]),
    ],
    ids=["list", "struct", "array", "binary"],
)
def test_column_that_csv_cannot_hold_is_named_and_nothing_is_written(
    ws: tk.Workspace, out: Path, series: pl.Series
) -> None:
    ws.save(FRAME.with_columns(series), "x")
    with pytest.raises(UnsupportedTypeError, match=r"'bad' of x@1.*\.parquet"):
        ws.export("x", out / "x.csv")
    assert list(out.iterdir()) == []
    assert pl.read_parquet(ws.export("x", out / "x.parquet"))["bad"].equals(series)


def test_unknown_version_is_not_exported(ws: tk.Workspace, out: Path) -> None:
    with pytest.raises(DatasetNotFoundError):
        ws.export("x", out / "x.csv")


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_missing_bytes_leave_nothing_and_the_earlier_file_as_it_was(
    ws: tk.Workspace, out: Path, stored: Any, name: str
) -> None:
    ws.save(FRAME, "x")
    (out / name).write_text("mine")
    stored()[0].unlink()
    with pytest.raises((FileMissingError, StorageError)):
        ws.export("x", out / name)
    assert [path.name for path in out.iterdir()] == [name]
    assert (out / name).read_text() == "mine"


def test_changed_bytes_are_not_exported(ws: tk.Workspace, out: Path, stored: Any) -> None:
    ws.save(FRAME, "x")
    path = stored()[0]
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    with pytest.raises(StorageError):
        ws.export("x", out / "x.parquet")
    assert list(out.iterdir()) == []


def test_interrupt_leaves_nothing_and_the_earlier_file_as_it_was(
    ws: tk.Workspace, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(source: Any, target: Any) -> None:
        raise KeyboardInterrupt

    ws.save(FRAME, "x")
    (out / "x.csv").write_text("mine")
    monkeypatch.setattr("toolkit.datasets.exporting.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ws.export("x", out / "x.csv")
    assert [path.name for path in out.iterdir()] == ["x.csv"]
    assert (out / "x.csv").read_text() == "mine"


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_frames_without_rows_are_exported(ws: tk.Workspace, out: Path, name: str) -> None:
    ws.save(FRAME.clear(), "x")
    target = ws.export("x", out / name)
    read = pl.read_csv if name.endswith("csv") else pl.read_parquet
    assert read(target).columns == ["n", "s"]
    assert read(target).height == 0


def test_nothing_is_exported_over_stored_files(ws: tk.Workspace) -> None:
    artifact = ws.save(FRAME, "x")
    other = ws.save(FRAME.reverse(), "y")
    with pytest.raises(InvalidArgumentError, match="lies in the store itself"):
        ws.export(other, artifact.files[0].uri)
    assert ws.check().ok
