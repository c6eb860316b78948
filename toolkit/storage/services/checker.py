"""Checking: compares the catalog, its edges and the bytes in the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from toolkit.core.errors import FileChangedError, FileMissingError, StorageError
from toolkit.core.interfaces import ICatalog
from toolkit.core.types import CheckReport, FileId, FileRecord, Problem
from toolkit.storage.interfaces import IStorageBackend
from toolkit.storage.services.publication import OBJECTS
from toolkit.storage.services.stored_files import StoredFiles

_Kind: TypeAlias = Literal["missing", "changed", "unreadable"]

_KINDS: Mapping[type[StorageError], _Kind] = {
    FileMissingError: "missing",
    FileChangedError: "changed",
}

_USERS_SHOWN = 5


class Checker:
    """An implementation of ``IChecker``. Changes nothing but remembered change tokens.

    Saves and collections may run meanwhile: what looks wrong is looked up again in the catalog
    before it is reported.
    """

    def __init__(self, backend: IStorageBackend, catalog: ICatalog, files: StoredFiles) -> None:
        self._backend = backend
        self._catalog = catalog
        self._files = files

    def check(self, *, rehash: bool) -> CheckReport:
        """Compare every row with its object, its count with its edges, manifests with rows.

        With ``rehash`` all bytes are read and hashed; without it, only those of files whose size
        and change token do not vouch for them. Orphans are counted and are no problem. A file that
        is being deleted may lack its bytes.

        Raises StorageError when the store cannot be listed at all.
        """
        with self._catalog.transaction() as transaction:
            rows = transaction.files.all()
            counts = transaction.files.recount()
        problems = [problem for row in rows if (problem := _count_problem(row, counts))]
        ready = [row for row in rows if row.state == "ready"]
        problems += [problem for row in ready if (problem := self._bytes(row, rehash=rehash))]
        versions, dangling = self._manifests()
        problems += dangling
        return CheckReport(
            files=len(ready),
            bytes=sum(row.byte_size for row in ready),
            versions=versions,
            problems=tuple(problems),
            orphans=self._orphans(),
        )

    def _bytes(self, row: FileRecord, *, rehash: bool) -> Problem | None:
        """What is wrong with a file's bytes, unless it was deleted or healed meanwhile."""
        while True:
            try:
                if rehash:
                    self._files.verify(row)
                else:
                    self._files.locate(row)
            except StorageError as error:
                with self._catalog.transaction() as transaction:
                    now = transaction.files.by_id(row.id)
                    users = [version.ref for version in transaction.versions.by_file_key(row.key)]
                if now is None or now.state != "ready":
                    return None
                if now.key == row.key:
                    kind: _Kind = _KINDS.get(type(error), "unreadable")
                    return Problem(kind, row.key, f"{error}{_used_by(users)}")
                row = now
            else:
                return None

    def _manifests(self) -> tuple[int, list[Problem]]:
        """The number of versions, and those that name files without a row."""
        tables = self._catalog.snapshot(("versions", "version_files", "files"))
        versions = set(tables["versions"].column("id").to_pylist())
        files = set(tables["files"].column("id").to_pylist())
        edges = zip(
            tables["version_files"].column("version_id").to_pylist(),
            tables["version_files"].column("file_id").to_pylist(),
            strict=True,
        )
        dangling = sorted({edge for edge in edges if edge[1] not in files})
        problems = list(self._dangling(dangling)) if dangling else []
        return len(versions), problems + list(self._incomplete())

    def _incomplete(self) -> Iterator[Problem]:
        with self._catalog.transaction() as transaction:
            for version_id in transaction.versions.incomplete():
                version = transaction.versions.by_id(version_id)
                if version is not None:
                    yield Problem(
                        "manifest",
                        version.ref,
                        "Its manifest does not have every row and column exactly once. Report this "
                        "as a bug; drop the version, and save the data again.",
                    )

    def _dangling(self, edges: list[tuple[int, FileId]]) -> Iterator[Problem]:
        with self._catalog.transaction() as transaction:
            for version_id, file_id in edges:
                version = transaction.versions.by_id(version_id)
                if version is not None:
                    yield Problem(
                        "missing",
                        version.ref,
                        f"Its manifest names the file {file_id}, which is not in the catalog. "
                        "Drop the version, and save the data again.",
                    )

    def _orphans(self) -> int:
        listed = {found.key for found in self._backend.list(OBJECTS)}
        # Read after the listing, so that a save between both is not taken for an orphan.
        with self._catalog.transaction() as transaction:
            return len(listed - transaction.files.known_keys())


def _count_problem(row: FileRecord, counts: Mapping[FileId, int]) -> Problem | None:
    counted = counts.get(row.id, 0)
    if row.ref_count == counted:
        return None
    return Problem(
        "count",
        row.key,
        f"The file {row.id} has the reference count {row.ref_count}, and {counted} versions and "
        "holds name it. Report this as a bug; until it is repaired, do not run gc().",
    )


def _used_by(refs: list[str]) -> str:
    if not refs:
        return ""
    more = f" and {len(refs) - _USERS_SHOWN} more" if len(refs) > _USERS_SHOWN else ""
    return f" Used by {', '.join(refs[:_USERS_SHOWN])}{more}."
