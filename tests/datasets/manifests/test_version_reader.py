"""A version through the faces of a reader, in one file and in several."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import toolkit as tk
from toolkit.core.errors import InvalidArgumentError
from toolkit.datasets.interfaces import IDatasetReader
from toolkit.datasets.manifests.version_reader import VersionReader

ROWS = 200_000
BASE = pl.DataFrame({"n": range(ROWS), "t": [f"text {i * 7919 % 10_007}" for i in range(ROWS)]})
SHARED = BASE.with_columns(m=pl.col("n") * 3 % 101, day=pl.date(2026, 1, 1))


@pytest.fixture(params=["one file", "several files"])
def reader(request: pytest.FixtureRequest, ws: tk.Workspace) -> VersionReader:
    if request.param == "several files":
        ws.save(BASE, "base")
    saved = ws.save(SHARED, "data")
    assert len(saved.files) == (1 if request.param == "one file" else 2)
    return ws.load("data", "reader")


def test_every_face_has_the_rows(reader: VersionReader) -> None:
    known: IDatasetReader = reader
    assert known.count() == ROWS
    assert known.schema().names == SHARED.columns
    assert known.polars().collect().equals(SHARED)
    assert known.head(3).equals(SHARED.head(3))
    batches = list(known.batches(1000))
    assert max(batch.num_rows for batch in batches) <= 1000
    assert pl.from_arrow(pa.Table.from_batches(batches)).equals(SHARED)
    assert pl.from_arrow(reader.arrow().read_all()).equals(SHARED)
    assert pl.DataFrame(reader).equals(SHARED)
    assert pa.table(reader).num_rows == ROWS
    assert repr(reader) == "<VersionReader data@1: 200,000 rows, 4 columns>"


def test_arrow_takes_columns_and_a_condition(reader: VersionReader) -> None:
    found = reader.arrow(["m", "t"], pl.col("n") >= ROWS - 2).read_all()
    assert pl.from_arrow(found).equals(SHARED.select("m", "t").tail(2))
    assert found.schema.field("m").type == pa.int64()
    assert reader.arrow(where=pl.col("n") < 0).read_all().schema.names == SHARED.columns
    with pytest.raises(
        InvalidArgumentError, match=r"data@1 has no column 'x'\. Its columns are n, t"
    ):
        reader.arrow(["n", "x"])


def test_impossible_sizes_are_refused(reader: VersionReader) -> None:
    with pytest.raises(InvalidArgumentError, match="Batches of 0 rows"):
        reader.batches(0)
    with pytest.raises(InvalidArgumentError, match="first -1 rows"):
        reader.head(-1)


def test_a_reader_stays_with_its_version_and_can_be_saved(
    reader: VersionReader, ws: tk.Workspace
) -> None:
    ws.save(BASE, "data")
    assert reader.polars().collect().equals(SHARED)
    copy = ws.save(reader, "copy")
    assert (copy.deduplicated, copy.inputs) == (True, ("data@1",))


def test_only_the_files_of_the_columns_are_read(ws: tk.Workspace) -> None:
    ws.save(BASE, "base")
    saved = ws.save(SHARED, "data")
    reader = ws.load("data", "reader")
    Path(saved.files[0].uri).unlink()
    assert reader.arrow(["m"]).read_all().num_rows == ROWS


def test_categories_keep_their_kind_in_a_stream(ws: tk.Workspace) -> None:
    import pandas as pd

    frame = pd.DataFrame({"c": pd.Categorical(["b", "a", "b"], categories=["b", "a"])})
    ws.save(frame, "pets")
    table = pa.table(ws.load("pets", "reader"))
    table.validate(full=True)
    assert table.column("c").to_pylist() == ["b", "a", "b"]
