"""Plain files for foreign tools: the stored file itself, or a copy in a bounded cache."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from toolkit.core.errors import ReadOnlyError, StorageError
from toolkit.core.interfaces import ICatalog, IStoredFiles
from toolkit.core.names import parse_ref
from toolkit.core.types import FileRecord, VersionRecord
from toolkit.datasets.exporting import Exporter
from toolkit.datasets.upkeep.optimizing import is_whole

CACHE_BYTES = 10 << 30
"""How many bytes of copies are kept; the least recently asked for go first."""


class PlainFiles:
    """Finds or makes one local file for a version."""

    def __init__(
        self,
        catalog: ICatalog,
        files: IStoredFiles,
        exporter: Exporter,
        folder: Path | None,
        *,
        limit: int = CACHE_BYTES,
    ) -> None:
        self._catalog = catalog
        self._files = files
        self._exporter = exporter
        self._folder = folder
        self._limit = limit

    def path(self, ref: str) -> Path:
        """See ``Workspace.path``."""
        parsed = parse_ref(ref)
        with self._catalog.transaction() as tx:
            version = tx.versions.resolve(parsed)
            manifest = tx.versions.manifest(version.id)
        if is_whole(manifest):
            file = manifest[0].files[0].file
            stored = self._files.locate(file).path
            return stored if stored is not None else self._copy(version, _suffix(version, file))
        return self._copy(version, ".parquet")

    def _copy(self, version: VersionRecord, suffix: str) -> Path:
        if self._folder is None:
            raise ReadOnlyError(
                f"{version.ref} is not one local file, and this service has no folder for copies: "
                "use a Workspace, or export the version."
            )
        target = self._folder / (version.fingerprint.replace(":", "-") + suffix)
        try:
            # What is asked for again stays longest.
            os.utime(target)
        except FileNotFoundError:
            self._make(version, target)
            self._evict(keep=target)
        return target

    def _make(self, version: VersionRecord, target: Path) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"A plain file of {version.ref} could not be made in {str(target.parent)!r}: "
                f"{error}. Free space there or check its permissions."
            ) from error
        self._exporter.export(version.ref, target, overwrite=True)
        target.chmod(0o444)

    def _evict(self, keep: Path) -> None:
        """Delete the copies that were asked for longest ago until the rest fits."""
        found = []
        with suppress(OSError):
            for entry in os.scandir(keep.parent):
                with suppress(FileNotFoundError):
                    found.append((entry.stat().st_mtime_ns, entry.stat().st_size, entry.path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._limit:
                return
            if path != str(keep):
                with suppress(OSError):
                    os.unlink(path)
                    total -= size


def _suffix(version: VersionRecord, file: FileRecord) -> str:
    return ".parquet" if version.kind == "frame" else "".join(Path(file.key).suffixes)
