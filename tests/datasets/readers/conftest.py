"""Real places to read from: S3 on 127.0.0.1, and, from above, fsspec's memory with its traffic."""

from __future__ import annotations

from collections.abc import Iterator

import fsspec
import pytest

from toolkit.datasets.readers.factory import DatasetReaderFactory


@pytest.fixture
def factory() -> DatasetReaderFactory:
    return DatasetReaderFactory()


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
    fsspec.filesystem("s3", **options).mkdir("lake")
    yield options
    server.stop()
