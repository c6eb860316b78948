"""What tests of several slices need: the dataset service of a real workspace, for the services that
stand on one; and a server on 127.0.0.1 that speaks S3."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

import toolkit as tk
from toolkit.core.types import Artifact, VersionRecord

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control starts what goes to the background like that, and tests of
    # interrupts would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class WatchedDatasets:
    """The dataset service of a real workspace; remembers what was asked of it."""

    def __init__(self, home: Path) -> None:
        self.workspace = tk.Workspace(home)
        self._service = self.workspace._services.datasets
        self.saved: list[dict[str, Any]] = []
        self.passes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    def save(
        self, frame: Any, name: str, *, inputs: Sequence[Any] | None = None, how: str = ""
    ) -> Artifact:
        artifact = self._service.save(frame, name, inputs=inputs, how=how)
        self.saved.append({"name": name, "inputs": tuple(map(str, inputs or ())), "how": how})
        return artifact

    def resolve(self, ref: str) -> VersionRecord:
        return self._service.resolve(ref)

    def schema(self, ref: str) -> pa.Schema:
        return self._service.schema(ref)

    def batches(self, ref: str, size: int) -> Iterator[pa.RecordBatch]:
        self.passes += 1
        return self._service.batches(ref, size)


@pytest.fixture
def datasets(tmp_path: Path) -> Iterator[WatchedDatasets]:
    watched = WatchedDatasets(tmp_path / "datasets")
    yield watched
    watched.workspace.close()


@pytest.fixture(scope="session")
def make_datasets(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], WatchedDatasets]]:
    """For property tests: one workspace for all examples, where each saves under its own names or
    new versions."""
    watched = WatchedDatasets(tmp_path_factory.mktemp("datasets"))
    yield lambda: watched
    watched.workspace.close()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of a server that speaks S3, in this process, on a free port of 127.0.0.1."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3_client(s3_endpoint: str) -> Iterator[Any]:
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        region_name="us-east-1",
    )
    yield client
    client.close()


@pytest.fixture
def s3_access(s3_endpoint: str) -> dict[str, Any]:
    """The storage_options of that server."""
    return {
        "key": "AKIA-testing-key",
        "secret": "s3cr3t-value",
        "endpoint_url": s3_endpoint,
        "client_kwargs": {"region_name": "us-east-1"},
    }


@pytest.fixture
def s3_place(s3_client: Any, s3_access: dict[str, Any]) -> dict[str, Any]:
    """A bucket of its own: what a workspace is given."""
    bucket = f"bucket-{uuid4().hex}"
    s3_client.create_bucket(Bucket=bucket)
    return {"storage": f"s3://{bucket}/a/prefix", "storage_options": s3_access}
