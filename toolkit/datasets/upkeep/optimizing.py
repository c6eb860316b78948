"""Rewriting: versions that lie in several files into one, and files without their unused columns.

Content is proven before anything points at the new file: a version by its fingerprint, a file by
the digests of its columns. The old files become garbage when nothing else uses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl
import pyarrow as pa

from toolkit.core.errors import FileChangedError, FrameError, InvalidArgumentError
from toolkit.core.interfaces import ICatalog, IStoredFiles, ITransaction
from toolkit.core.types import (
    PARQUET_MEDIA_TYPE,
    FileId,
    Fragment,
    NewFragment,
    OptimizeReport,
    PartlyUsedFile,
    ProducedFile,
    VersionId,
    VersionRecord,
)
from toolkit.datasets.drafts import as_layout
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS, frame_fingerprint
from toolkit.datasets.frames.blocks import streamed
from toolkit.datasets.frames.parquet import Target
from toolkit.datasets.frames.sources import ArrowStream, PolarsStream, hash_polars
from toolkit.datasets.loading import ARROW_ONLY, Loader, stored_files, stored_schema
from toolkit.datasets.readers.parquet import ParquetDatasetReader
from toolkit.datasets.readers.sources import ResolvedSource
from toolkit.datasets.saving import Saver

OFTEN = 5
"""Loads from which a version is rewritten without being named."""

PAYS_FROM = 0.25
"""Part of a file that has to be unused for a rewrite of what is used to pay."""


@dataclass(frozen=True, slots=True)
class _Done:
    """What one rewrite did."""

    refs: tuple[str, ...] = ()
    written: int = 0
    freed: int = 0


class Optimizer:
    """Rewrites files. Any number of readers, saves and other optimizers may run at once."""

    def __init__(
        self, catalog: ICatalog, files: IStoredFiles, loader: Loader, saver: Saver
    ) -> None:
        self._catalog = catalog
        self._files = files
        self._loader = loader
        self._saver = saver

    def optimize(self, ref: str | None, *, all: bool, budget: int | None) -> OptimizeReport:
        """See ``Workspace.optimize``."""
        if (ref is None) != all:
            raise InvalidArgumentError(
                "Say what to optimize: one version by its reference (ref), or all=True."
            )
        if budget is not None and (ref is not None or budget < 0):
            raise InvalidArgumentError(
                f"A budget of {budget} makes no sense here: it is the number of bytes, 0 or more, "
                "that optimize(all=True) may write."
            )
        return self.one(ref) if ref is not None else self.all(budget)

    def one(self, ref: str) -> OptimizeReport:
        """Bring one version into one file. Raises FrameError for a raw file."""
        version = self._loader.resolve(ref)
        if version.kind != "frame":
            raise FrameError(f"{version.ref} is a raw file: there is nothing to optimize.")
        return _report([self._gather(version)], files=0)

    def all(self, budget: int | None) -> OptimizeReport:
        """Bring versions that are read often into one file each, the most read first, and rewrite
        files of which much is unused, as long as what is written stays within ``budget`` bytes."""
        done: list[_Done] = []
        left = float("inf") if budget is None else budget
        with self._catalog.transaction() as tx:
            spread = [found for found in tx.versions.spread() if found.reads >= OFTEN]
        for found in spread:
            if found.byte_size <= left:
                with self._catalog.transaction() as tx:
                    version = tx.versions.by_id(found.id)
                if version is not None:
                    done.append(self._gather(version))
                    left -= done[-1].written
        rewritten = 0
        with self._catalog.transaction() as tx:
            partly = tx.versions.partly_used()
        for file in partly:
            unused = file.file.byte_size - file.used_bytes
            if unused >= PAYS_FROM * file.file.byte_size and file.used_bytes <= left:
                done.append(self._compact(file))
                left -= done[-1].written
                rewritten += bool(done[-1].written)
        return _report(done, files=rewritten)

    def _gather(self, version: VersionRecord) -> _Done:
        with self._catalog.transaction() as tx:
            twins = tx.versions.same_content(version.fingerprint)
            manifests = {twin.id: tx.versions.manifest(twin.id) for twin in twins}
        if is_whole(manifests.get(version.id, ())):
            return _Done()
        for manifest in manifests.values():
            if is_whole(manifest) and all(map(self._files.usable, stored_files(manifest))):
                # The same content lies in one file already.
                with self._catalog.transaction() as tx:
                    return _move(tx, version, as_layout(manifest, 0).fragments)
        with self._saver.producer.stage(PARQUET_MEDIA_TYPE, suffix=".parquet") as staged:
            with staged.open() as file:
                self._write(version, file)

            def record(tx: ITransaction, file: ProducedFile) -> _Done:
                done = _move(tx, version, (NewFragment.whole(version.rows, file.file_id),))
                tx.files.add_references({file.file_id: -1})
                return replace(done, written=0 if file.deduplicated else file.byte_size)

            return staged.commit(record)

    def _write(self, version: VersionRecord, target: Target) -> None:
        """Write all rows into one file and prove that they are the version's."""
        stream = self._arrow(version) if version.metadata.get(ARROW_ONLY) else self._polars(version)
        columns, rows = stream.write(target)
        found = frame_fingerprint(columns, rows, version.metadata.get("identity"))
        if found != version.fingerprint:
            raise FileChangedError(
                f"{version.ref} was not rewritten: its files give the content {found}, and "
                f"{version.fingerprint} was saved. Nothing was changed; ws.check() tells more."
            )

    def _polars(self, version: VersionRecord) -> PolarsStream:
        scan = self._loader.scan(version.ref)
        return PolarsStream(scan.collect_schema(), streamed(scan))

    def _arrow(self, version: VersionRecord) -> ArrowStream:
        batches = self._loader.batches(version.ref, BLOCK_ROWS)
        return ArrowStream(pa.RecordBatchReader.from_batches(stored_schema(version), batches))

    def _compact(self, partly: PartlyUsedFile) -> _Done:
        """Write the used columns of a file into another one, and point its users there."""
        names = list(partly.columns)
        with self._saver.producer.stage(PARQUET_MEDIA_TYPE, suffix=".parquet") as staged:
            scan = self._scan(partly).select(names)
            with staged.open() as out:
                before, _ = PolarsStream(scan.collect_schema(), streamed(scan)).write(out)
            copy = pl.scan_parquet(staged.path, glob=False, hive_partitioning=False)
            after = hash_polars(copy.collect_schema(), streamed(copy))
            if [column.digest for column in before] != [column.digest for column in after]:
                raise FileChangedError(
                    f"The file {partly.file.key} was not rewritten: what was written does not read "
                    "back as it was. Nothing was changed."
                )

            def record(tx: ITransaction, file: ProducedFile) -> _Done:
                moved = [
                    version_id
                    for version_id in tx.versions.users(partly.file.id)
                    if _repoint(tx, version_id, partly, file.file_id)
                ]
                tx.files.add_references({file.file_id: -1})
                return _Done((), file.byte_size if moved else 0, _freed(tx, {partly.file.id}))

            return staged.commit(record)

    def _scan(self, partly: PartlyUsedFile) -> pl.LazyFrame:
        place = self._files.locate(partly.file)
        if place.path is not None:
            return pl.scan_parquet(place.path, glob=False, hive_partitioning=False)
        source = ResolvedSource(partly.file.key, (place.fs_path,), (place.uri,), place.filesystem)
        return ParquetDatasetReader(source).polars()


def is_whole(manifest: Sequence[Fragment]) -> bool:
    """Whether one file has exactly the version's columns and rows."""
    parts = [part for fragment in manifest for part in fragment.files]
    return len(parts) == 1 and parts[0].columns is None and parts[0].offset is None


def _move(tx: ITransaction, version: VersionRecord, fragments: Sequence[NewFragment]) -> _Done:
    """Point every version of this content that is spread over files at one."""
    refs, old = [], set()
    for twin in tx.versions.same_content(version.fingerprint):
        manifest = tx.versions.manifest(twin.id)
        if twin.kind == "frame" and not is_whole(manifest):
            old |= {file.id for file in stored_files(manifest)}
            tx.versions.replace_manifest(twin.id, fragments)
            refs.append(twin.ref)
    return _Done(tuple(refs), 0, _freed(tx, old))


def _repoint(tx: ITransaction, version_id: VersionId, partly: PartlyUsedFile, new: FileId) -> bool:
    """Name the new file where a manifest names the old one, if it has all that is asked of it."""
    fragments = as_layout(tx.versions.manifest(version_id), 0).fragments
    held = [
        part.columns
        for fragment in fragments
        for part in fragment.files
        if part.file_id == partly.file.id
    ]
    if any(names is None or not {*names} - {None} <= {*partly.columns} for names in held):
        # Saved since the look, with another column of the file.
        return False
    tx.versions.replace_manifest(
        version_id,
        [
            replace(
                fragment,
                files=tuple(
                    replace(part, file_id=new) if part.file_id == partly.file.id else part
                    for part in fragment.files
                ),
            )
            for fragment in fragments
        ],
    )
    return True


def _freed(tx: ITransaction, file_ids: set[FileId]) -> int:
    files = [tx.files.by_id(file_id) for file_id in file_ids]
    return sum(file.byte_size for file in files if file is not None and file.ref_count == 0)


def _report(done: Sequence[_Done], *, files: int) -> OptimizeReport:
    return OptimizeReport(
        versions=tuple(ref for one in done for ref in one.refs),
        files=files,
        written_bytes=sum(one.written for one in done),
        garbage_bytes=sum(one.freed for one in done),
    )
