"""Saving: fingerprint first, then reuse what is stored, else write through the one door."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from toolkit.core.errors import ConflictError, FileMissingError, ReadOnlyError
from toolkit.core.interfaces import IArtifactProducer, ICatalog, IStoredFiles, ITransaction
from toolkit.core.names import validate_dataset_name
from toolkit.core.types import (
    PARQUET_MEDIA_TYPE,
    Artifact,
    ColumnRecord,
    Event,
    FileId,
    FileRecord,
    Fragment,
    InputRecord,
    NewVersion,
    ProducedFile,
    VersionKind,
    VersionRecord,
)
from toolkit.datasets.fingerprint.tree import frame_fingerprint
from toolkit.datasets.frames.accept import accept
from toolkit.datasets.frames.sources import Extras, MemoryFrame, StreamFrame
from toolkit.datasets.loading import ARROW_ONLY

STREAM_BUFFER = 16 << 20
"""Bytes of a stream that are read before it is treated as larger than memory."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a version is, apart from its name and number."""

    kind: VersionKind
    fingerprint: str
    rows: int
    columns: tuple[ColumnRecord, ...] = ()
    schema: bytes = b""
    metadata: Mapping[str, Any] | None = None


class Saver:
    """Turns content into versions."""

    def __init__(
        self, catalog: ICatalog, files: IStoredFiles, producer: IArtifactProducer | None
    ) -> None:
        self._catalog = catalog
        self._files = files
        self._producer = producer

    @property
    def producer(self) -> IArtifactProducer:
        """Raises ReadOnlyError where the service was built without one."""
        if self._producer is None:
            raise ReadOnlyError(
                "This DatasetService only reads: it was built without an artifact producer. "
                "Pass one (get_artifact_producer()), or save through a Workspace."
            )
        return self._producer

    def save_frame(self, frame: Any, name: str, inputs: Sequence[InputRecord]) -> Artifact:
        """Save any frame under a name; see ``Workspace.save``."""
        validate_dataset_name(name)
        producer = self.producer
        source = accept(frame)
        if isinstance(source, StreamFrame):
            source = source.settle(STREAM_BUFFER)
        if isinstance(source, StreamFrame):
            return self._save_stream(producer, source, name, inputs)
        return self._save_memory(producer, source, name, inputs)

    def _save_memory(
        self,
        producer: IArtifactProducer,
        frame: MemoryFrame,
        name: str,
        inputs: Sequence[InputRecord],
    ) -> Artifact:
        content = _content(frame, frame.hash(), frame.rows)
        known = self.reuse(name, content, inputs)
        if known is not None:
            return known
        with producer.stage(PARQUET_MEDIA_TYPE, suffix=".parquet") as staged:
            frame.write(staged.path)
            return staged.commit(self.record(name, content, inputs))

    def _save_stream(
        self,
        producer: IArtifactProducer,
        frame: StreamFrame,
        name: str,
        inputs: Sequence[InputRecord],
    ) -> Artifact:
        with producer.stage(PARQUET_MEDIA_TYPE, suffix=".parquet") as staged:
            columns, rows = frame.write(staged.path)
            content = _content(frame, columns, rows)
            known = self.reuse(name, content, inputs)
            return known or staged.commit(self.record(name, content, inputs))

    def reuse(
        self,
        name: str,
        content: Content,
        inputs: Sequence[InputRecord],
        after: VersionRecord | None = None,
    ) -> Artifact | None:
        """The artifact for content that is stored already, or None.

        The newest version of the name is returned as it is; content known under another name or
        number becomes a new version that shares the files. Raises ConflictError when ``after`` is
        given and no longer the newest version."""
        with self._catalog.transaction() as tx:
            twin = tx.versions.by_fingerprint(content.fingerprint, name)
            manifest = tx.versions.manifest(twin.id) if twin is not None else ()
        if twin is None or not all(self._files.usable(file) for file in _files(manifest)):
            return None
        try:
            with self._catalog.transaction() as tx:
                current = tx.versions.by_fingerprint(content.fingerprint, name)
                if current is None or current.id != twin.id:
                    return None
                if _is_newest(tx, name, twin):
                    return self._artifact(twin, manifest, content, inputs=tx.versions.inputs)
                _require_newest(tx, after)
                tx.files.add_references({file.id: 1 for file in _files(manifest)})
                fragments = tuple((f.rows, part.file.id) for f in manifest for part in f.files)
                version = _create(tx, name, content, fragments, inputs)
                return self._artifact(version, manifest, content, inputs=tx.versions.inputs)
        except FileMissingError:
            # A garbage collection took the file between the two looks: it is written anew.
            return None

    def record(
        self,
        name: str,
        content: Content,
        inputs: Sequence[InputRecord],
        *,
        earlier: Sequence[tuple[int, FileId]] = (),
        rows: int | None = None,
        after: VersionRecord | None = None,
    ) -> Callable[[ITransaction, ProducedFile], Artifact]:
        """What is written in the transaction that counts the new file.

        ``earlier`` are fragments of the version ``after`` that the new one begins with; it raises
        ConflictError when that is no longer the newest."""

        def within(tx: ITransaction, file: ProducedFile) -> Artifact:
            twin = tx.versions.by_fingerprint(content.fingerprint, name)
            if twin is not None and _is_newest(tx, name, twin):
                # Another process was faster with the very same save: its version is the result.
                tx.files.add_references({file.file_id: -1})
                manifest = tx.versions.manifest(twin.id)
                return self._artifact(twin, manifest, content, inputs=tx.versions.inputs)
            _require_newest(tx, after)
            shared = Counter({file_id: 1 for _, file_id in earlier})
            shared.pop(file.file_id, None)
            if shared:
                tx.files.add_references(shared)
            own = (content.rows if rows is None else rows, file.file_id)
            version = _create(tx, name, content, (*earlier, own), inputs)
            manifest = tx.versions.manifest(version.id) if earlier else ()
            return self._artifact(
                version, manifest, content, produced=file, inputs=None, new=inputs
            )

        return within

    def _artifact(
        self,
        version: VersionRecord,
        manifest: Sequence[Fragment],
        content: Content,
        *,
        produced: ProducedFile | None = None,
        inputs: Callable[[int], tuple[InputRecord, ...]] | None = None,
        new: Sequence[InputRecord] = (),
    ) -> Artifact:
        files = [
            ProducedFile(file.id, file.content_hash, self._files.uri(file), file.byte_size, True)
            for file in _files(manifest)
            if produced is None or file.id != produced.file_id
        ]
        if produced is not None:
            files.append(produced)
        edges = inputs(version.id) if inputs is not None else new
        return Artifact(
            id=version.id,
            name=version.dataset,
            version=version.number,
            kind=version.kind,
            rows=version.rows,
            byte_size=sum(file.byte_size for file in files),
            new_bytes=sum(file.byte_size for file in files if not file.deduplicated),
            fingerprint=version.fingerprint,
            files=tuple(files),
            deduplicated=all(file.deduplicated for file in files),
            created_at=version.created_at,
            columns=tuple(column.name for column in content.columns),
            inputs=tuple(edge.ref for edge in edges),
        )


def _content(
    frame: MemoryFrame | StreamFrame, columns: tuple[ColumnRecord, ...], rows: int
) -> Content:
    schema = pa.schema(frame.fields)
    return describe(schema, frame.extras, columns, rows, arrow_only=frame.arrow_only)


def describe(
    schema: pa.Schema,
    extras: Extras,
    columns: tuple[ColumnRecord, ...],
    rows: int,
    *,
    arrow_only: bool,
) -> Content:
    """The content of a frame from its columns' digests."""
    metadata: dict[str, Any] = {}
    if extras.pandas:
        metadata["pandas"] = extras.pandas
    if extras.identity:
        metadata["identity"] = extras.identity
    if arrow_only:
        metadata[ARROW_ONLY] = True
    return Content(
        kind="frame",
        fingerprint=frame_fingerprint(columns, rows, extras.identity),
        rows=rows,
        columns=columns,
        schema=schema.serialize().to_pybytes(),
        metadata=metadata,
    )


def _files(manifest: Sequence[Fragment]) -> tuple[FileRecord, ...]:
    found = {part.file.id: part.file for fragment in manifest for part in fragment.files}
    return tuple(found.values())


def _is_newest(tx: ITransaction, name: str, version: VersionRecord) -> bool:
    if version.dataset.lower() != name.lower():
        return False
    newest = tx.versions.newest(name)
    return newest is not None and newest.id == version.id


def _require_newest(tx: ITransaction, after: VersionRecord | None) -> None:
    if after is not None and not _is_newest(tx, after.dataset, after):
        raise ConflictError(
            f"{after.dataset} got a version after {after.ref} while rows were appended to it. "
            "Nothing was saved: append again."
        )


def _create(
    tx: ITransaction,
    name: str,
    content: Content,
    fragments: tuple[tuple[int, FileId], ...],
    inputs: Sequence[InputRecord],
) -> VersionRecord:
    version = tx.versions.create(
        NewVersion(
            dataset=name,
            kind=content.kind,
            fingerprint=content.fingerprint,
            rows=content.rows,
            columns=content.columns,
            schema=content.schema,
            fragments=fragments,
            inputs=tuple(inputs),
            metadata=content.metadata or {},
        )
    )
    tx.emit(Event("version_created", version.ref, {"rows": version.rows, "kind": version.kind}))
    return version
