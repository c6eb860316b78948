"""DatasetService: every verb on datasets, handed to the part that knows how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from toolkit.core.interfaces import IArtifactProducer, ICatalog, IStoredFiles
from toolkit.core.names import parse_ref
from toolkit.core.types import Artifact, LocatedFragment, OptimizeReport, VersionRecord
from toolkit.datasets.appending import Appender
from toolkit.datasets.capturing import Capturer
from toolkit.datasets.comparing import compare
from toolkit.datasets.exporting import Exporter
from toolkit.datasets.inputs import InputFinder, RelationInputs, kind_of
from toolkit.datasets.interfaces import IDatasetReader, IDatasetReaderFactory
from toolkit.datasets.lineage import PlanInput, mark
from toolkit.datasets.loading import Loader, in_types, stored_schema
from toolkit.datasets.manifests.version_reader import VersionReader
from toolkit.datasets.raw_files import RawFiles
from toolkit.datasets.saving import Saver
from toolkit.datasets.sharing import DEFAULT_POLICY, SharingPolicy
from toolkit.datasets.upkeep.optimizing import Optimizer
from toolkit.datasets.upkeep.plain_files import PlainFiles
from toolkit.datasets.upkeep.reads import ReadCounter

LINEAGE_SCHEMA = pl.Schema(
    {"ref": pl.String, "input": pl.String, "kind": pl.String, "how": pl.String, "depth": pl.Int64}
)


class DatasetService:
    """Reads, saves, finds and compares datasets.

    Without a producer it reads; every verb that saves then raises ReadOnlyError. It also fulfils
    the protocols IDatasetService (for sampling and analysis) and ISqlSources (for SQL)."""

    def __init__(
        self,
        catalog: ICatalog,
        files: IStoredFiles,
        readers: IDatasetReaderFactory,
        producer: IArtifactProducer | None = None,
        *,
        relation_inputs: RelationInputs | None = None,
        sharing: SharingPolicy = DEFAULT_POLICY,
        reads: ReadCounter | None = None,
        cache: Path | None = None,
    ) -> None:
        """``reads`` counts what is loaded; ``cache`` is the folder of plain copies, without which
        ``path`` knows only versions that are one local file."""
        self._catalog = catalog
        self._readers = readers
        self._reads = reads
        self._loader = Loader(catalog, files, reads)
        self._saver = Saver(catalog, files, producer, sharing)
        self._appender = Appender(catalog, files, self._loader, self._saver)
        self._raw_files = RawFiles(self._saver)
        self._exporter = Exporter(self._loader, files)
        self._inputs = InputFinder(catalog, relation_inputs)
        self.captures = Capturer(catalog, self._saver, self._inputs)
        # They read without being counted: only a person's reads tell what is worth a rewrite.
        inner = Loader(catalog, files)
        self._optimizer = Optimizer(catalog, files, inner, self._saver)
        self._plain_files = PlainFiles(catalog, files, Exporter(inner, files), cache)

    def reader(self, source: Any, format: str | None = None, **options: Any) -> IDatasetReader:
        """The reader of a source; see IDatasetReaderFactory.reader."""
        return self._readers.reader(source, format, **options)

    def read(self, source: Any, format: str | None = None, **options: Any) -> pl.LazyFrame:
        """A lazy frame over a source, whose plan remembers the source."""
        reader = self.reader(source, format, **options)
        sources = (PlanInput("source", name) for name in reader.sources)
        return mark(reader.polars(), *sources, workspace=self._inputs.workspace)

    def save(
        self, frame: Any, name: str, *, inputs: Sequence[Any] | None = None, how: str = ""
    ) -> Artifact:
        """Save a frame; see Workspace.save."""
        return self._saver.save_frame(frame, name, self._inputs.find(frame, inputs, how))

    def append(self, name: str, frame: Any, *, inputs: Sequence[Any] | None = None) -> Artifact:
        """Save rows behind those of the newest version; see Workspace.append."""
        return self._appender.append(name, frame, self._inputs.find(frame, inputs, "append"))

    def add(self, source: Any, name: str, *, inputs: Sequence[Any] | None = None) -> Artifact:
        """Keep any file; see Workspace.add."""
        return self._raw_files.add(source, name, self._inputs.find(None, inputs, ""))

    def resolve(self, ref: str) -> VersionRecord:
        """The version behind a reference. Raises InvalidNameError, DatasetNotFoundError."""
        return self._loader.resolve(ref)

    def scan(self, ref: str) -> pl.LazyFrame:
        """A version as a lazy frame, whose plan remembers the version; nothing is read yet."""
        return self._marked(*self._loader.open_frame(ref))

    def _marked(self, version: VersionRecord, fragments: Sequence[LocatedFragment]) -> pl.LazyFrame:
        own = PlanInput("version", version.ref)
        scan = self._loader.scan_of(version, fragments)
        return mark(scan, own, workspace=self._inputs.workspace)

    def schema(self, ref: str) -> pa.Schema:
        """The Arrow schema with which a version was saved."""
        return self._loader.schema(ref)

    def batches(self, ref: str, size: int) -> Iterator[pa.RecordBatch]:
        """A version's rows in batches of at most ``size`` rows, in bounded memory."""
        return self._loader.batches(ref, size)

    def version_reader(self, ref: str) -> VersionReader:
        """A version as a reader, with the faces that a file's reader has."""
        version, fragments = self._loader.open_frame(ref)
        files = dict.fromkeys(part.location.uri for f in fragments for part in f.files)
        return VersionReader(
            version,
            sources=tuple(files),
            schema=stored_schema(version),
            scan=partial(self._marked, version, fragments),
            batches=partial(self._loader.batches, version.ref),
            convert=in_types,
        )

    def table(self, ref: str) -> pa.Table:
        """A version as a pyarrow Table."""
        return self._loader.table(ref)

    def pandas(self, ref: str) -> Any:
        """A version as a pandas DataFrame, with its index and dtypes."""
        return self._loader.pandas(ref)

    def export(self, ref: str, path: str | Path, *, overwrite: bool = True) -> Path:
        """Write a version to a file; see Workspace.export."""
        return self._exporter.export(ref, path, overwrite=overwrite)

    def path(self, ref: str) -> Path:
        """A local file with a version's content; see Workspace.path."""
        return self._plain_files.path(ref)

    def optimize(
        self, ref: str | None = None, *, all: bool = False, budget: int | None = None
    ) -> OptimizeReport:
        """Rewrite what is read often or mostly unused; see Workspace.optimize."""
        if self._reads is not None:
            self._reads.flush()
        return self._optimizer.optimize(ref, all=all, budget=budget)

    def du(self) -> pl.DataFrame:
        """A row a dataset: the bytes that only it uses, and those that it shares."""
        return self._catalog.listing("du")

    def diff(self, before: str, after: str) -> pl.DataFrame:
        """Two versions column by column, from their digests; see ``comparing.compare``."""
        old, new = parse_ref(before), parse_ref(after)
        with self._catalog.transaction() as tx:
            sides = [tx.versions.columns(tx.versions.resolve(ref).id) for ref in (old, new)]
        return compare(*sides)

    def lineage(self, ref: str) -> pl.DataFrame:
        """What a version was derived from, and that from what: an edge a row, nearest first.

        ``kind`` is ``version``, ``dropped`` for a version that is there no more, or ``source``."""
        parsed = parse_ref(ref)
        rows: list[tuple[str, str, str, str, int]] = []
        with self._catalog.transaction() as tx:
            start = tx.versions.resolve(parsed)
            level, seen, depth = [start], {start.id}, 1
            while level:
                following = []
                for version in level:
                    for edge in tx.versions.inputs(version.id):
                        rows.append((version.ref, edge.ref, kind_of(edge), edge.how, depth))
                        parent = edge.version_id and tx.versions.by_id(edge.version_id)
                        if parent and parent.id not in seen:
                            seen.add(parent.id)
                            following.append(parent)
                level, depth = following, depth + 1
        return pl.DataFrame(rows, schema=LINEAGE_SCHEMA, orient="row")

    def datasets(self) -> pl.DataFrame:
        """A row a dataset, by name."""
        return self._catalog.listing("datasets")

    def history(self, name: str) -> pl.DataFrame:
        """A row a version, oldest first. Raises DatasetNotFoundError."""
        resolved = self.resolve(parse_ref(name).name)
        return self._catalog.listing("history", [resolved.dataset])

    def frame_names(self) -> Sequence[str]:
        """The datasets that SQL can name."""
        frames = self.datasets().filter(pl.col("kind") == "frame")
        return frames["name"].to_list()

    def frame_locations(self, name: str) -> tuple[VersionRecord, Sequence[LocatedFragment]]:
        """The version behind a reference and where its data lies."""
        return self._loader.open_frame(name)

    def catalog_tables(self, names: Iterable[str]) -> Mapping[str, pa.Table]:
        """Copies of catalog tables, all from one transaction."""
        return self._catalog.snapshot(names)
