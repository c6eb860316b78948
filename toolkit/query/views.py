"""The SQL text of a dataset's view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from toolkit.core.errors import QueryError
from toolkit.core.types import FileLocation, LocatedFragment, VersionRecord
from toolkit.query.columns import distinct_names
from toolkit.query.manifests import NamesInFile, files_of, is_whole, read_files, select_columns
from toolkit.query.needs import Key, Needs
from toolkit.query.quoting import quote_name


@dataclass(frozen=True, slots=True)
class View:
    """The view of one version: all of its columns, or those that a query needs."""

    fragments: Sequence[LocatedFragment]
    names: tuple[str, ...]
    """The version's columns, the ones that are left out included."""
    wanted: Sequence[int]
    """The positions of the columns that the view has."""

    @classmethod
    def of(cls, version: VersionRecord, fragments: Sequence[LocatedFragment]) -> View:
        """All columns. Raises QueryError for a version that has no columns to show."""
        names = _names_of(version)
        return cls(fragments, names, range(len(names)))

    @property
    def files(self) -> tuple[FileLocation, ...]:
        """The files that the view names."""
        return files_of(self.fragments, self.wanted)

    @property
    def is_narrow(self) -> bool:
        """Whether columns of the version are left out."""
        return len(self.wanted) < len(self.names)

    def narrowed(self, key: Key, needs: Needs) -> View:
        """Only the columns that are needed of the table ``key``, if that takes fewer files."""
        if is_whole(self.fragments):
            return self
        narrow = replace(self, wanted=needs.positions(key, distinct_names(self.names)))
        return narrow if len(narrow.files) < len(self.files) else self

    def create(self, name: str, names_in_file: NamesInFile) -> str:
        """CREATE VIEW. A version of whole files is a plain ``read_parquet``; where no column is
        wanted, there are as many rows as the catalog tells, and no file."""
        if is_whole(self.fragments):
            files = [fragment.files[0].location for fragment in self.fragments]
            query = f"SELECT * FROM {read_files(files)}"
        elif not self.wanted:
            count = sum(fragment.rows for fragment in self.fragments)
            query = f"SELECT NULL AS {quote_name(self.names[0])} FROM range({count})"
        else:
            query = select_columns(self.fragments, self.names, self.wanted, names_in_file)
        return f"CREATE OR REPLACE VIEW {name} AS {query}"


def has_columns(version: VersionRecord) -> bool:
    """Whether the version is a frame with at least one column: only those can be a view."""
    return version.kind == "frame" and len(pa.ipc.read_schema(pa.py_buffer(version.schema))) > 0


def _names_of(version: VersionRecord) -> tuple[str, ...]:
    if version.kind != "frame":
        raise QueryError(
            f"{version.ref} is a raw file and has no columns to query. Open it by its path instead."
        )
    if not has_columns(version):
        raise QueryError(f"{version.ref} has no columns, so SQL has nothing to select from it.")
    return tuple(pa.ipc.read_schema(pa.py_buffer(version.schema)).names)
