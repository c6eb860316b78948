"""Writing a version to a file of the person's, complete or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path

import polars as pl

from toolkit.core.errors import (
    InvalidArgumentError,
    SourceNotFoundError,
    StorageError,
    UnsupportedTypeError,
)
from toolkit.core.interfaces import IStoredFiles
from toolkit.core.types import FileRecord
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS
from toolkit.datasets.frames.blocks import reblock_arrow
from toolkit.datasets.frames.parquet import sink_polars, write_arrow
from toolkit.datasets.loading import ARROW_ONLY, Loader, stored_schema
from toolkit.datasets.manifests.reader import whole_files


class Exporter:
    """Copies versions out of the workspace."""

    def __init__(self, loader: Loader, files: IStoredFiles) -> None:
        self._loader = loader
        self._files = files

    def export(self, ref: str, path: str | Path, *, overwrite: bool) -> Path:
        """See ``Workspace.export``."""
        target = Path(path).absolute()
        version = self._loader.resolve(ref)
        write = self._writer(version.ref, version.kind, target)
        if not target.parent.is_dir():
            raise SourceNotFoundError(
                f"The folder {str(target.parent)!r} does not exist: {version.ref} was not "
                "exported. Create it first."
            )
        if self._files.owns(target):
            raise InvalidArgumentError(
                f"{str(target)!r} lies in the store itself: {version.ref} was not exported. Pass a "
                "path outside of it."
            )
        if target.is_dir() or (target.exists() and not overwrite):
            raise InvalidArgumentError(
                f"{str(target)!r} exists already: {version.ref} was not exported. Pass another "
                "path" + ("." if target.is_dir() else ", or overwrite=True.")
            )
        draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        try:
            write(draft)
            os.replace(draft, target)
        except OSError as error:
            raise StorageError(
                f"{version.ref} could not be exported to {str(target)!r}: {error}. "
                "Nothing was left behind; free space or pass another path."
            ) from error
        finally:
            draft.unlink(missing_ok=True)
        return target

    def _writer(self, ref: str, kind: str, target: Path) -> Callable[[Path], None]:
        if kind == "file":
            return lambda draft: self._copy(ref, draft)
        writers: Mapping[str, Callable[[str, Path], None]] = {
            ".parquet": self._parquet,
            ".csv": self._csv,
        }
        write = writers.get(target.suffix.lower())
        if write is None:
            raise InvalidArgumentError(
                f"{target.name!r} does not tell a format to export to: end the name in "
                f"{' or '.join(sorted(writers))}."
            )
        return lambda draft: write(ref, draft)

    def _copy(self, ref: str, draft: Path) -> None:
        self._write(self._loader.files(self._loader.resolve(ref))[0], draft)

    def _write(self, file: FileRecord, draft: Path) -> None:
        with draft.open("xb") as out:
            for chunk in self._files.read(file):
                out.write(chunk)

    def _parquet(self, ref: str, draft: Path) -> None:
        version, fragments = self._loader.open(ref)
        pandas = version.metadata.get("pandas", "")
        if len(fragments) == 1 and whole_files(fragments):
            self._copy(ref, draft)
        elif version.metadata.get(ARROW_ONLY):
            blocks = reblock_arrow(self._loader.batches(ref, BLOCK_ROWS))
            # A file keeps fewer types than Arrow has: the rows tell which.
            first = next(blocks, stored_schema(version).empty_table())
            write_arrow(first.schema, chain([first], blocks), draft, pandas)
        else:
            sink_polars(self._loader.scan(ref), draft, pandas)

    def _csv(self, ref: str, draft: Path) -> None:
        frame = self._loader.scan(ref)
        schema = frame.collect_schema()
        nested = [
            name
            for name, dtype in schema.items()
            if dtype.is_nested() or dtype in (pl.Binary, pl.Object)
        ]
        if nested:
            raise UnsupportedTypeError(
                f"CSV cannot hold the column {', '.join(map(repr, nested))} of {ref}: "
                "export to .parquet, or save a version without it first."
            )
        frame.sink_csv(draft, engine="streaming")
