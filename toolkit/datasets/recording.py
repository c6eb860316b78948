"""The transaction of a save: the manifest, its references and the version, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from toolkit.core.errors import ConflictError, FileMissingError
from toolkit.core.interfaces import ICatalog, IStoredFiles, ITransaction
from toolkit.core.types import (
    Artifact,
    Event,
    FileRecord,
    InputRecord,
    NewVersion,
    ProducedFile,
    VersionId,
    VersionRecord,
)
from toolkit.datasets.drafts import Content, Layout, as_layout, settled, stored_files, whole_file
from toolkit.datasets.inputs import derivation


@dataclass(frozen=True, slots=True)
class Reuse:
    """What a look for the very content found."""

    artifact: Artifact | None = None
    damaged: VersionId | None = None
    """A version that has the content, and whose files were lost or changed."""


class Recorder:
    """Writes versions into the catalog."""

    def __init__(self, catalog: ICatalog, files: IStoredFiles) -> None:
        self._catalog = catalog
        self._files = files

    def reuse(
        self,
        name: str,
        content: Content,
        inputs: Sequence[InputRecord],
        after: VersionRecord | None = None,
    ) -> Reuse:
        """The artifact for content that is stored already.

        The newest version of the name is returned as it is; content known under another name or
        number becomes a new version with the same manifest. Raises ConflictError when ``after`` is
        given and no longer the newest version."""
        with self._catalog.transaction() as tx:
            twin = tx.versions.by_fingerprint(content.fingerprint, name)
            manifest = tx.versions.manifest(twin.id) if twin is not None else ()
        if twin is None:
            return Reuse()
        if not all(self._files.usable(file) for file in stored_files(manifest)):
            return Reuse(damaged=twin.id)
        try:
            with self._catalog.transaction() as tx:
                current = tx.versions.by_fingerprint(content.fingerprint, name)
                if current is None or current.id != twin.id:
                    return Reuse()
                if _is_newest(tx, name, twin):
                    return Reuse(self._twin(tx, twin, content, inputs))
                known = replace(content, columns=tx.versions.columns(twin.id))
                layout = as_layout(tx.versions.manifest(twin.id), twin.byte_size)
                return Reuse(self._create(tx, name, known, layout, inputs, after=after))
        except FileMissingError:
            # A garbage collection took the file between the two looks: it is written anew.
            return Reuse()

    def record(
        self,
        name: str,
        content: Content,
        inputs: Sequence[InputRecord],
        layout: Layout | None = None,
        *,
        after: VersionRecord | None = None,
        damaged: VersionId | None = None,
    ) -> Callable[[ITransaction, ProducedFile], Artifact]:
        """What is written in the transaction that counts the new file.

        Without a layout the file has everything. ``damaged`` is what ``reuse`` found to be so.
        Where ``after`` is no longer the newest version ConflictError is raised, and
        FileMissingError where a file of the layout is gone."""
        chosen = layout or whole_file(content.rows)

        def within(tx: ITransaction, file: ProducedFile) -> Artifact:
            twin = tx.versions.by_fingerprint(content.fingerprint, name)
            if twin is None or not _is_newest(tx, name, twin):
                return self._create(tx, name, content, chosen, inputs, after=after, new=file)
            if twin.id == damaged:
                artifact = self._mend(tx, twin, content, chosen, inputs, new=file)
            else:
                # Another process was faster with the very same save: its version is the result.
                artifact = self._twin(tx, twin, content, inputs, new=file)
            tx.files.add_references({file.file_id: -1})
            return artifact

        return within

    def share(
        self,
        name: str,
        content: Content,
        inputs: Sequence[InputRecord],
        layout: Layout,
        *,
        damaged: VersionId | None = None,
    ) -> Artifact:
        """Record content of which every column is stored: nothing is written but the version.

        Raises FileMissingError where a file of the layout is gone."""
        with self._catalog.transaction() as tx:
            twin = tx.versions.by_fingerprint(content.fingerprint, name)
            if twin is None or not _is_newest(tx, name, twin):
                return self._create(tx, name, content, layout, inputs)
            if twin.id == damaged:
                return self._mend(tx, twin, content, layout, inputs)
            return self._twin(tx, twin, content, inputs)

    def _twin(
        self,
        tx: ITransaction,
        twin: VersionRecord,
        content: Content,
        inputs: Sequence[InputRecord],
        *,
        new: ProducedFile | None = None,
    ) -> Artifact:
        """A version that is there already, as the result of a save; its lineage is completed."""
        tx.versions.add_inputs(twin.id, *derivation(inputs))
        stored = stored_files(tx.versions.manifest(twin.id))
        self._tell(tx, [file for file in stored if new is None or file.id != new.file_id])
        return self._artifact(twin, stored, content, tx)

    def _mend(
        self,
        tx: ITransaction,
        twin: VersionRecord,
        content: Content,
        layout: Layout,
        inputs: Sequence[InputRecord],
        *,
        new: ProducedFile | None = None,
    ) -> Artifact:
        """Give a version whose files were lost or changed the new ones."""
        tx.versions.add_inputs(twin.id, *derivation(inputs))
        tx.versions.replace_manifest(twin.id, settled(layout.fragments, new))
        shared = [file for file in layout.stored if new is None or file.id != new.file_id]
        self._tell(tx, shared)
        return self._artifact(twin, shared, content, tx, produced=new)

    def _create(
        self,
        tx: ITransaction,
        name: str,
        content: Content,
        layout: Layout,
        inputs: Sequence[InputRecord],
        *,
        after: VersionRecord | None = None,
        new: ProducedFile | None = None,
    ) -> Artifact:
        _require_newest(tx, after)
        shared = [file for file in layout.stored if new is None or file.id != new.file_id]
        tx.files.add_references({file.id: 1 for file in shared})
        if new is None or after is None:
            # Otherwise they hold the rows before the appended ones, which nobody saved again.
            self._tell(tx, shared)
        added = 0 if new is None or new.deduplicated else new.byte_size
        edges, note = derivation(inputs)
        version = tx.versions.create(
            NewVersion(
                dataset=name,
                kind=content.kind,
                fingerprint=content.fingerprint,
                rows=content.rows,
                columns=content.columns,
                schema=content.schema,
                fragments=settled(layout.fragments, new),
                byte_size=layout.byte_size + (new.byte_size if new is not None else 0),
                new_bytes=added,
                inputs=edges,
                metadata=content.metadata,
                note=note,
            )
        )
        tx.emit(Event("version_created", version.ref, {"rows": version.rows, "kind": version.kind}))
        return self._artifact(version, shared, content, edges=edges, produced=new)

    def _tell(self, tx: ITransaction, files: Sequence[FileRecord]) -> None:
        """Emit that stored files are used once more, as the producer does for bytes it knows."""
        for file in files:
            detail = {"uri": self._files.uri(file), "byte_size": file.byte_size}
            tx.emit(Event("file_deduplicated", file.content_hash, detail))

    def _artifact(
        self,
        version: VersionRecord,
        stored: Sequence[FileRecord],
        content: Content,
        tx: ITransaction | None = None,
        *,
        edges: Sequence[InputRecord] = (),
        produced: ProducedFile | None = None,
    ) -> Artifact:
        files = [
            ProducedFile(file.id, file.content_hash, self._files.uri(file), file.byte_size, True)
            for file in stored
        ]
        if produced is not None:
            files.append(produced)
        if tx is not None:
            edges = tx.versions.inputs(version.id)
        return Artifact(
            id=version.id,
            name=version.dataset,
            version=version.number,
            kind=version.kind,
            rows=version.rows,
            byte_size=version.byte_size,
            new_bytes=sum(file.byte_size for file in files if not file.deduplicated),
            fingerprint=version.fingerprint,
            files=tuple(files),
            deduplicated=all(file.deduplicated for file in files),
            created_at=version.created_at,
            columns=tuple(column.name for column in content.columns),
            inputs=tuple(edge.ref for edge in edges),
        )


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
