"""What datasets are to the services on top of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from toolkit.core.types import Artifact, LocatedFragment, VersionRecord

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


class IDatasetService(Protocol):
    """Save, find and read datasets. Sampling and analysis stand on it."""

    def save(
        self,
        frame: Any,
        name: str,
        *,
        inputs: Sequence[Any] | None = None,
        how: str = "",
    ) -> Artifact: ...

    def resolve(self, ref: str) -> VersionRecord: ...

    def scan(self, ref: str) -> pl.LazyFrame: ...

    def batches(self, ref: str, size: int) -> Iterator[pa.RecordBatch]: ...

    def schema(self, ref: str) -> pa.Schema: ...


class ISqlSources(Protocol):
    """What SQL can reach: the frames of a workspace by name, and the catalog's tables."""

    def frame_names(self) -> Sequence[str]:
        """Every dataset that is a frame, by the name it has in SQL."""

    def frame_locations(self, name: str) -> tuple[VersionRecord, Sequence[LocatedFragment]]:
        """The version behind a reference and where its data lies, in the order of its rows.

        Raises DatasetNotFoundError, FileMissingError, FileChangedError."""

    def catalog_tables(self, names: Iterable[str]) -> Mapping[str, pa.Table]:
        """Read-only copies of catalog tables as they are now, all from one transaction."""
