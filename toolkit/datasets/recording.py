"""The transaction of a save: the manifest, its references and the version, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

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
from toolkit.datasets.drafts import Content, Layout, as_layout, settled, whole_file
from toolkit.datasets.inputs import derivation
from toolkit.datasets.loading import stored_files


class Recorder:
    """Writes versions into the catalog."""

    def __init__(self, catalog: ICatalog, files: IStoredFiles) -> None:
        self._catalog = catalog
        self._files = files

    def recording(
        self,
        name: str,
        content: Content,
        inputs: Sequence[InputRecord],
        *,
        after: VersionRecord | None = None,
        captured: bool = False,
    ) -> Recording:
        """One save of content under a name. ``after`` has to be the newest version still when it
        is recorded. A ``captured`` version may expire; whoever saves it by hand keeps it."""
        return Recording(
            self._catalog, self._files, name, content, inputs, after=after, captured=captured
        )


class Recording:
    """One save, from the first look at the catalog to the version."""

    def __init__(
        self,
        catalog: ICatalog,
        files: IStoredFiles,
        name: str,
        content: Content,
        inputs: Sequence[InputRecord],
        *,
        after: VersionRecord | None,
        captured: bool,
    ) -> None:
        self._catalog = catalog
        self._files = files
        self._name = name
        self.content = content
        """What is recorded; the bytes of its columns may be filled in after they are written."""
        self._inputs = inputs
        self._after = after
        self._captured = captured
        self._damaged: VersionId | None = None

    def reuse(self) -> Artifact | None:
        """The artifact for content that is stored already, or None.

        The newest version of the name is returned as it is; content known under another name or
        number becomes a new version with the same manifest. Raises ConflictError when ``after`` is
        no longer the newest version."""
        with self._catalog.transaction() as tx:
            twin = tx.versions.by_fingerprint(self.content.fingerprint, self._name)
            manifest = tx.versions.manifest(twin.id) if twin is not None else ()
        if twin is None:
            return None
        if not all(self._files.usable(file) for file in stored_files(manifest)):
            self._damaged = twin.id
            return None
        try:
            with self._catalog.transaction() as tx:
                current = tx.versions.by_fingerprint(self.content.fingerprint, self._name)
                if current is None or current.id != twin.id:
                    return None
                if _is_newest(tx, self._name, twin):
                    return self._twin(tx, twin)
                columns = tx.versions.columns(twin.id)
                layout = as_layout(tx.versions.manifest(twin.id), twin.byte_size)
                return self._create(tx, replace(self.content, columns=columns), layout)
        except FileMissingError:
            # A garbage collection took the file between the two looks: it is written anew.
            return None

    def with_file(
        self, layout: Layout | None = None
    ) -> Callable[[ITransaction, ProducedFile], Artifact]:
        """What is written in the transaction that counts the new file.

        Without a layout the file has everything. Where ``after`` is no longer the newest version
        ConflictError is raised, and FileMissingError where a file of the layout is gone."""
        chosen = layout or whole_file(self.content.rows)

        def within(tx: ITransaction, file: ProducedFile) -> Artifact:
            twin = self._newest_twin(tx)
            if twin is None:
                return self._create(tx, self.content, chosen, file)
            if twin.id == self._damaged:
                artifact = self._mend(tx, twin, chosen, file)
            else:
                # Another process was faster with the very same save: its version is the result.
                artifact = self._twin(tx, twin, file)
            tx.files.add_references({file.file_id: -1})
            return artifact

        return within

    def without_file(self, layout: Layout) -> Artifact:
        """Record content of which every column is stored: nothing is written but the version.

        Raises FileMissingError where a file of the layout is gone."""
        with self._catalog.transaction() as tx:
            twin = self._newest_twin(tx)
            if twin is None:
                return self._create(tx, self.content, layout)
            if twin.id == self._damaged:
                return self._mend(tx, twin, layout)
            return self._twin(tx, twin)

    def _newest_twin(self, tx: ITransaction) -> VersionRecord | None:
        twin = tx.versions.by_fingerprint(self.content.fingerprint, self._name)
        return twin if twin is not None and _is_newest(tx, self._name, twin) else None

    def _twin(
        self, tx: ITransaction, twin: VersionRecord, new: ProducedFile | None = None
    ) -> Artifact:
        """A version that is there already, as the result of a save; its lineage is completed."""
        self._complete(tx, twin)
        stored = stored_files(tx.versions.manifest(twin.id))
        self._tell(tx, [file for file in stored if new is None or file.id != new.file_id])
        return self._artifact(twin, stored, tx.versions.inputs(twin.id))

    def _mend(
        self,
        tx: ITransaction,
        twin: VersionRecord,
        layout: Layout,
        new: ProducedFile | None = None,
    ) -> Artifact:
        """Give a version whose files were lost or changed the new ones."""
        self._complete(tx, twin)
        tx.versions.replace_manifest(twin.id, settled(layout.fragments, new))
        shared = [file for file in layout.stored if new is None or file.id != new.file_id]
        self._tell(tx, shared)
        return self._artifact(twin, shared, tx.versions.inputs(twin.id), new)

    def _complete(self, tx: ITransaction, twin: VersionRecord) -> None:
        tx.versions.add_inputs(twin.id, *derivation(self._inputs))
        if not self._captured:
            tx.versions.keep(twin.id)

    def _create(
        self, tx: ITransaction, content: Content, layout: Layout, new: ProducedFile | None = None
    ) -> Artifact:
        _require_newest(tx, self._after)
        shared = [file for file in layout.stored if new is None or file.id != new.file_id]
        tx.files.add_references({file.id: 1 for file in shared})
        if new is None or self._after is None:
            # Otherwise they hold the rows before the appended ones, which nobody saved again.
            self._tell(tx, shared)
        added = 0 if new is None or new.deduplicated else new.byte_size
        edges, note = derivation(self._inputs)
        version = tx.versions.create(
            NewVersion(
                dataset=self._name,
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
                captured=self._captured,
            )
        )
        tx.emit(Event("version_created", version.ref, {"rows": version.rows, "kind": version.kind}))
        return self._artifact(version, shared, edges, new)

    def _tell(self, tx: ITransaction, files: Sequence[FileRecord]) -> None:
        """Emit that stored files are used once more, as the producer does for bytes it knows."""
        for file in files:
            detail = {"uri": self._files.uri(file), "byte_size": file.byte_size}
            tx.emit(Event("file_deduplicated", file.content_hash, detail))

    def _artifact(
        self,
        version: VersionRecord,
        stored: Sequence[FileRecord],
        edges: Sequence[InputRecord],
        produced: ProducedFile | None = None,
    ) -> Artifact:
        files = [
            ProducedFile(file.id, file.content_hash, self._files.uri(file), file.byte_size, True)
            for file in stored
        ]
        if produced is not None:
            files.append(produced)
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
            columns=tuple(column.name for column in self.content.columns),
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
