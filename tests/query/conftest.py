"""A store of Parquet files that SQL can reach, without the rest of a workspace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolkit.core.errors import DatasetNotFoundError, FileMissingError, ToolkitError, did_you_mean
from toolkit.core.names import parse_ref
from toolkit.core.types import FileLocation, LocatedFile, LocatedFragment, VersionRecord
from toolkit.query.service import QueryService


@dataclass(frozen=True)
class Part:
    """A file of a fragment that is to be written."""

    columns: dict[str, str] | None = None
    """The names in the file of the version's columns that it holds; None: all, as they are."""
    before: int | None = None
    """Rows of the file before those of the fragment; None: it has the fragment's rows only."""
    after: int = 0
    others: dict[str, Any] = field(default_factory=dict)
    """Values of further columns of the file, by name, for every row the same."""

    def table(self, rows: pa.Table) -> pa.Table:
        names = {name: name for name in rows.column_names} if self.columns is None else self.columns
        found = pa.Table.from_arrays(
            [rows.column(name) for name in names], names=list(names.values())
        )
        for name, value in self.others.items():
            found = found.add_column(0, name, [pa.array([value] * len(rows))])
        if self.before is None:
            return found
        around = (self.before, self.after)
        first, last = (
            pa.table([pa.nulls(n, f.type) for f in found.schema], schema=found.schema)
            for n in around
        )
        return pa.concat_tables([first, found, last])


@dataclass(frozen=True)
class Rows:
    """A fragment that is to be written."""

    count: int
    parts: tuple[Part, ...] = (Part(),)


class Store:
    """Datasets as Parquet files below ``root``; fulfils ISqlSources."""

    Part = Part
    Rows = Rows

    def __init__(self, root: str, filesystem: Any = None) -> None:
        self.root = root
        self.filesystem = filesystem
        self.versions: dict[str, list[tuple[VersionRecord, tuple[LocatedFragment, ...]]]] = {}
        self.tags: dict[str, int] = {}
        self.tables: dict[str, pa.Table] = {}
        self.failures: dict[str, ToolkitError] = {}
        self.located: list[str] = []
        self.listed = 0
        self.looks = True
        """Whether it looks for every file of a version before it tells where they are."""
        self.row_group_size = 131_072

    def add(self, name: str, *parts: pa.Table | dict[str, Any], kind: str = "frame") -> str:
        tables = [part if isinstance(part, pa.Table) else pa.table(part) for part in parts]
        whole = pa.concat_tables(tables) if tables else pa.table({})
        return self.add_split(name, whole, *(Rows(len(table)) for table in tables), kind=kind)

    def add_split(self, name: str, table: pa.Table, *rows: Rows, kind: str = "frame") -> str:
        """A version whose rows lie in several files, as told."""
        known = self.versions.setdefault(name, [])
        fragments = []
        first = 0
        for index, fragment in enumerate(rows):
            files = []
            for number, part in enumerate(fragment.parts):
                end = f"{index}" if len(fragment.parts) == 1 else f"{index}-{number}"
                key = f"{self.root}/{name}-{len(known) + 1}-{end}.parquet"
                self._write(key, part.table(table.slice(first, fragment.count)))
                held = part.columns and tuple(part.columns.get(c) for c in table.column_names)
                files.append(LocatedFile(self._location(key), held, part.before))
            fragments.append(LocatedFragment(fragment.count, tuple(files)))
            first += fragment.count
        assert first == len(table)
        version = VersionRecord(
            id=len(known) + 1,
            dataset=name,
            number=len(known) + 1,
            kind="file" if kind == "file" else "frame",
            fingerprint="",
            rows=len(table),
            byte_size=0,
            schema=b"" if kind == "file" else table.schema.serialize().to_pybytes(),
            metadata={},
            created_at=datetime.now(UTC),
        )
        known.append((version, tuple(fragments)))
        return version.ref

    def _write(self, key: str, table: pa.Table) -> None:
        opener = open if self.filesystem is None else self.filesystem.open
        with opener(key, "wb") as file:
            pq.write_table(table, file, row_group_size=self.row_group_size)

    def frame_names(self) -> Sequence[str]:
        self.listed += 1
        return [name for name, known in self.versions.items() if known[-1][0].kind == "frame"]

    def frame_locations(self, name: str) -> tuple[VersionRecord, Sequence[LocatedFragment]]:
        self.located.append(name)
        ref = parse_ref(name)
        if ref.name in self.failures:
            raise self.failures[ref.name]
        known = self.versions.get(ref.name, [])
        number = self.tags.get(name) if ref.tag else ref.version
        if not known or (ref.tag and number is None) or (number or 1) > len(known):
            hint = did_you_mean(ref.name, self.versions, noun="datasets")
            raise DatasetNotFoundError(f'No dataset or version "{name}". {hint}')
        version, fragments = known[(number or len(known)) - 1]
        for file in (file for fragment in fragments for file in fragment.files):
            if self.looks and file.location.path and not file.location.path.exists():
                raise FileMissingError(f"{version.ref}: its file is gone.")
        return version, fragments

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


@pytest.fixture(scope="session")
def make_store() -> type[Store]:
    """The class itself, for tests that need more than one."""
    return Store


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
