"""Real places to read from: S3 on 127.0.0.1, and, from above, fsspec's memory with its traffic; and
what every reader has to fulfil."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pytest
from polars.testing import assert_frame_equal

from toolkit.datasets.interfaces import IDatasetReader
from toolkit.datasets.readers.factory import DatasetReaderFactory


@pytest.fixture
def factory() -> DatasetReaderFactory:
    return DatasetReaderFactory()


@pytest.fixture(params=["local", "memory"])
def put(
    request: pytest.FixtureRequest, tmp_path: Path, memory: Callable[[str, bytes], str]
) -> Callable[[str, bytes], str]:
    """Writes a file at a path below a place, once for each kind of place; returns its source."""

    def local(path: str, data: bytes) -> str:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
        return str(tmp_path / path)

    return local if request.param == "local" else memory


@pytest.fixture(scope="module")
def s3_options() -> Iterator[dict]:
    """storage_options of an S3 server with the bucket ``lake``."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {
        "key": "test",
        "secret": "test",
        "client_kwargs": {"endpoint_url": f"http://{host}:{port}", "region_name": "eu-west-1"},
    }
    # Servers of one process share what they hold.
    fsspec.filesystem("s3", **options).makedirs("lake", exist_ok=True)
    yield options
    server.stop()


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what s3fs fetches."""
    from s3fs.core import S3File

    sizes = []
    plain = S3File._fetch_range

    def noted(self, start, end):
        data = plain(self, start, end)
        sizes.append(len(data))
        return data

    monkeypatch.setattr(S3File, "_fetch_range", noted)
    return sizes


@pytest.fixture(scope="session")
def assert_faces_agree() -> Callable[[IDatasetReader, pl.DataFrame], None]:
    """Asserts that every face of a reader gives a frame."""
    return _assert_faces_agree


def _assert_faces_agree(reader: IDatasetReader, expected: pl.DataFrame) -> None:
    schema = reader.schema()
    assert schema.equals(expected.to_arrow().schema)
    assert_frame_equal(reader.polars().collect(), expected)
    assert reader.count() == expected.height
    assert_frame_equal(reader.head(2), expected.head(2))
    arrow = reader.arrow()
    table = arrow.to_table() if isinstance(arrow, pads.Dataset) else arrow.read_all()
    batches = list(reader.batches(2))
    assert all(batch.num_rows <= 2 and batch.schema.equals(schema) for batch in batches)
    stream = pa.RecordBatchReader.from_stream(reader).read_all()
    for face in (table, pa.Table.from_batches(batches, schema), stream):
        assert face.schema.equals(schema)
        if face.num_columns:
            assert_frame_equal(pl.DataFrame(pl.from_arrow(face)), expected)
