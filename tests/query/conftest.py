"""A store of Parquet files that SQL can reach, without the rest of a workspace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolkit.core.errors import DatasetNotFoundError, FileMissingError, ToolkitError, did_you_mean
from toolkit.core.names import parse_ref
from toolkit.core.types import FileLocation, VersionRecord
from toolkit.query.service import QueryService


class Store:
    """Datasets as Parquet files below ``root``; fulfils ISqlSources."""

    def __init__(self, root: str, filesystem: Any = None) -> None:
        self.root = root
        self.filesystem = filesystem
        self.versions: dict[str, list[tuple[VersionRecord, tuple[str, ...]]]] = {}
        self.tags: dict[str, int] = {}
        self.tables: dict[str, pa.Table] = {}
        self.failures: dict[str, ToolkitError] = {}
        self.located: list[str] = []
        self.listed = 0

    def add(self, name: str, *parts: pa.Table | dict[str, Any], kind: str = "frame") -> str:
        known = self.versions.setdefault(name, [])
        tables = [part if isinstance(part, pa.Table) else pa.table(part) for part in parts]
        keys = []
        for index, table in enumerate(tables):
            key = f"{self.root}/{name}-{len(known) + 1}-{index}.parquet"
            opener = open if self.filesystem is None else self.filesystem.open
            with opener(key, "wb") as file:
                pq.write_table(table, file)
            keys.append(key)
        schema = tables[0].schema if tables else pa.schema([])
        version = VersionRecord(
            id=len(known) + 1,
            dataset=name,
            number=len(known) + 1,
            kind="file" if kind == "file" else "frame",
            fingerprint="",
            rows=sum(table.num_rows for table in tables),
            byte_size=0,
            schema=b"" if kind == "file" else schema.serialize().to_pybytes(),
            metadata={},
            created_at=datetime.now(UTC),
        )
        known.append((version, tuple(keys)))
        return version.ref

    def frame_names(self) -> Sequence[str]:
        self.listed += 1
        return [name for name, known in self.versions.items() if known[-1][0].kind == "frame"]

    def frame_locations(self, name: str) -> tuple[VersionRecord, Sequence[FileLocation]]:
        self.located.append(name)
        ref = parse_ref(name)
        if ref.name in self.failures:
            raise self.failures[ref.name]
        known = self.versions.get(ref.name, [])
        number = self.tags.get(name) if ref.tag else ref.version
        if not known or (ref.tag and number is None) or (number or 1) > len(known):
            hint = did_you_mean(ref.name, self.versions, noun="datasets")
            raise DatasetNotFoundError(f'No dataset or version "{name}". {hint}')
        version, keys = known[(number or len(known)) - 1]
        for key in keys:
            if self.filesystem is None and not Path(key).exists():
                raise FileMissingError(f"{version.ref}: its file is gone.")
        return version, [self._location(key) for key in keys]

    def catalog_tables(self, names: Iterable[str]) -> Mapping[str, pa.Table]:
        return {name: self.tables[name] for name in names}

    def _location(self, key: str) -> FileLocation:
        if self.filesystem is None:
            return FileLocation(uri=key, path=Path(key))
        return FileLocation(
            uri=key,
            path=None,
            filesystem=self.filesystem,
            fs_path=self.filesystem._strip_protocol(key),
        )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    root = tmp_path / "objects"
    root.mkdir()
    made = Store(str(root))
    made.add("delays", {"carrier": ["AA", "BB"], "delay": [1, 2]})
    made.add("delays", {"carrier": ["AA", "BB", "CC"], "delay": [10, 20, 30]})
    made.add("sales.delays", {"amount": [5]})
    made.add("carriers", {"carrier": ["AA", "CC"], "title": ["Alpha", "Gamma"]})
    made.tags["delays@paper"] = 1
    made.tables["files"] = pa.table({"id": [1, 2], "byte_size": [100, 200]})
    made.tables["versions"] = pa.table({"id": [7]})
    return made


@pytest.fixture
def service(store: Store) -> Iterator[QueryService]:
    made = QueryService(store, allowed_root=store.root)
    yield made
    made.close()


@pytest.fixture
def remote() -> Iterator[Store]:
    filesystem = fsspec.filesystem("memory")
    made = Store("memory://bucket/objects", filesystem)
    made.add(
        "delays", {"carrier": ["AA", "BB"], "delay": [1, 2]}, {"carrier": ["CC"], "delay": [3]}
    )
    with filesystem.open("memory://bucket/secret.txt", "wb") as file:
        file.write(b"secret")
    yield made
    filesystem.rm("/bucket", recursive=True)
