"""What tests of several slices need: a small dataset service in memory, for the services that
stand on one, with real Arrow data; and a server on 127.0.0.1 that speaks S3."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import polars as pl
import pyarrow as pa
import pytest

from toolkit.core.errors import DatasetNotFoundError
from toolkit.core.names import parse_ref, validate_dataset_name
from toolkit.core.types import Artifact, VersionRecord


class MemoryDatasets:
    """Keeps every version as a pyarrow Table; ``saved`` records what was asked of ``save``."""

    def __init__(self) -> None:
        self.versions: dict[str, list[pa.Table]] = {}
        self.saved: list[dict[str, Any]] = []
        self.passes = 0
        self.files: set[str] = set()

    def save(
        self, frame: Any, name: str, *, inputs: Sequence[Any] | None = None, how: str = ""
    ) -> Artifact:
        validate_dataset_name(name)
        table = frame if isinstance(frame, pa.Table) else pa.table(frame)
        versions = self.versions.setdefault(name, [])
        versions.append(table)
        refs = tuple(str(i) for i in inputs or ())
        self.saved.append({"name": name, "inputs": refs, "how": how})
        return Artifact(
            id=len(self.saved),
            name=name,
            version=len(versions),
            kind="frame",
            rows=table.num_rows,
            byte_size=table.nbytes,
            new_bytes=table.nbytes,
            fingerprint="",
            files=(),
            deduplicated=False,
            created_at=datetime.now(UTC),
            columns=tuple(table.column_names),
            inputs=refs,
        )

    def resolve(self, ref: str) -> VersionRecord:
        parsed = parse_ref(ref)
        if parsed.name not in self.versions:
            raise DatasetNotFoundError(ref)
        number = parsed.version or len(self.versions[parsed.name])
        table = self.versions[parsed.name][number - 1]
        return VersionRecord(
            id=1,
            dataset=parsed.name,
            number=number,
            kind="file" if parsed.name in self.files else "frame",
            fingerprint="",
            rows=table.num_rows,
            byte_size=table.nbytes,
            schema=b"",
            metadata={},
            created_at=datetime.now(UTC),
        )

    def table(self, ref: str) -> pa.Table:
        return self.versions[parse_ref(ref).name][self.resolve(ref).number - 1]

    def scan(self, ref: str) -> pl.LazyFrame:
        return pl.from_arrow(self.table(ref)).lazy()

    def batches(self, ref: str, size: int) -> Iterator[pa.RecordBatch]:
        self.passes += 1
        yield from self.table(ref).to_batches(max_chunksize=size)

    def schema(self, ref: str) -> pa.Schema:
        return self.table(ref).schema


@pytest.fixture
def datasets() -> MemoryDatasets:
    return MemoryDatasets()


@pytest.fixture(scope="session")
def make_datasets() -> Callable[[], MemoryDatasets]:
    """For property tests: a fresh service for every example."""
    return MemoryDatasets


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
