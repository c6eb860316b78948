"""Appending: the new rows become a file of their own, the earlier files are shared.

The digests of the earlier rows' full blocks are in the catalog, so only the last, partial block of
the earlier rows is read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from toolkit.core.errors import (
    ConflictError,
    FrameError,
    InvalidNameError,
    SchemaMismatchError,
)
from toolkit.core.interfaces import ICatalog, IStoredFiles
from toolkit.core.types import (
    PARQUET_MEDIA_TYPE,
    Artifact,
    ColumnRecord,
    InputRecord,
    LocatedFragment,
    NewFragment,
    VersionRecord,
)
from toolkit.datasets.drafts import NEW_FILE, Layout, as_layout, describe
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS, Block, FrameHasher
from toolkit.datasets.frames.accept import accept
from toolkit.datasets.frames.blocks import (
    ArrowBlock,
    PolarsBlock,
    reblock_arrow,
    reblock_polars,
    streamed,
)
from toolkit.datasets.frames.pandas_index import continued_index
from toolkit.datasets.frames.parquet import Target, column_sizes
from toolkit.datasets.frames.sources import Extras, MemoryFrame, StreamFrame
from toolkit.datasets.loading import ARROW_ONLY, Loader, restore, stored_files, stored_schema
from toolkit.datasets.readers.failures import reading
from toolkit.datasets.saving import STREAM_BUFFER, Saver

_ATTEMPTS = 100
"""Appends that may overtake one before it gives up."""


class Appender:
    """Adds rows to the newest version of a dataset."""

    def __init__(
        self, catalog: ICatalog, files: IStoredFiles, loader: Loader, saver: Saver
    ) -> None:
        self._catalog = catalog
        self._files = files
        self._loader = loader
        self._saver = saver

    def append(self, name: str, frame: Any, inputs: Sequence[InputRecord]) -> Artifact:
        """Save the newest version's rows followed by the frame's as a new version.

        Appends by several threads and processes at once follow each other: one that was based on
        a version that is no longer the newest is repeated. A stream comes only once and cannot be:
        it raises ConflictError. A pandas index goes on (``continued_index``). Raises
        InvalidNameError for a reference to a version, DatasetNotFoundError, SchemaMismatchError,
        and FrameError for a raw file."""
        base = self._loader.resolve(_plain_name(name))
        source = accept(frame)
        if isinstance(source, StreamFrame):
            source = source.settle(STREAM_BUFFER)
        for _ in range(1 if isinstance(source, StreamFrame) else _ATTEMPTS):
            try:
                return self._append_to(base, source, inputs)
            except ConflictError as error:
                conflict = error
                base = self._loader.resolve(name)
        raise conflict

    def _append_to(
        self,
        base: VersionRecord,
        source: MemoryFrame | StreamFrame,
        inputs: Sequence[InputRecord],
    ) -> Artifact:
        producer = self._saver.producer
        if base.kind != "frame":
            raise FrameError(f"{base.ref} is a raw file: rows cannot be appended to it.")
        with self._catalog.transaction() as tx:
            columns = tx.versions.columns(base.id)
            manifest = tx.versions.manifest(base.id)
        for file in stored_files(manifest):
            self._files.locate(file)
        with producer.stage(PARQUET_MEDIA_TYPE, suffix=".parquet") as staged:
            with staged.open() as out:
                own, rows = _write(source, out)
            _check_columns(base, columns, own)
            merged = self._merged(base, columns, own, staged.path) if rows else columns
            content = describe(
                stored_schema(base),
                _extras(base, source.extras, rows),
                merged,
                base.rows + rows,
                arrow_only=bool(base.metadata.get(ARROW_ONLY)),
            )
            edge = InputRecord(base.ref, base.id, "append")
            edges = (edge, *(other for other in inputs if other.ref != edge.ref))
            recording = self._saver.recorder.recording(base.dataset, content, edges, after=base)
            known = recording.reuse()
            if known is not None:
                return known
            earlier = tuple(fragment for fragment in manifest if fragment.rows)
            layout = _followed(as_layout(earlier, base.byte_size if earlier else 0), rows)
            return staged.commit(recording.with_file(layout))

    def _merged(
        self,
        base: VersionRecord,
        columns: Sequence[ColumnRecord],
        own: Sequence[ColumnRecord],
        path: Path,
    ) -> tuple[ColumnRecord, ...]:
        """The records of all rows: known blocks, then the earlier rows' rest and the new rows."""
        tail = base.rows % BLOCK_ROWS
        rest = self._arrow_rest if base.metadata.get(ARROW_ONLY) else self._polars_rest
        with FrameHasher(list(stored_schema(base))) as hasher:
            for block in rest(base, tail, path):
                if hasher.columns is None:
                    for column, known in zip(hasher.start(block), columns, strict=True):
                        column.resume(known.block_digests, known.type)
                hasher.add(block)
            merged = hasher.finish()
        sizes = column_sizes(path, [column.name for column in columns])
        return tuple(
            replace(
                column,
                null_count=before.null_count + added.null_count,
                byte_size=before.byte_size + size,
            )
            for column, before, added, size in zip(merged, columns, own, sizes, strict=True)
        )

    def _polars_rest(self, base: VersionRecord, tail: int, path: Path) -> Iterator[Block]:
        old = self._loader.scan(base.ref).slice(base.rows - tail, tail).collect()
        new = streamed(pl.scan_parquet(path, glob=False).cast(old.schema))
        return map(PolarsBlock, reblock_polars(chain([old], new)))

    def _arrow_rest(self, base: VersionRecord, tail: int, path: Path) -> Iterator[Block]:
        import pyarrow.dataset as pads

        schema = stored_schema(base)
        old = _last_tables(*self._loader.open_frame(base.ref), tail)
        new = (
            pa.Table.from_batches([batch])
            for batch in pads.dataset(str(path), format="parquet").to_batches()
        )
        batches = (
            batch for table in chain(old, new) for batch in restore(table, schema).to_batches()
        )
        return map(ArrowBlock, reblock_arrow(batches))


def _followed(earlier: Layout, rows: int) -> Layout:
    """The earlier rows, then the new file's."""
    return replace(earlier, fragments=(*earlier.fragments, NewFragment.whole(rows, NEW_FILE)))


def _plain_name(name: str) -> str:
    if isinstance(name, str) and "@" in name:
        plain = name.partition("@")[0]
        raise InvalidNameError(
            f'"{name}" is a version, and rows are appended to the newest version of a dataset: '
            f'call ws.append("{plain}", …), or load "{name}" and save it with the rows.'
        )
    return name


def _extras(base: VersionRecord, added: Extras, rows: int) -> Extras:
    described = base.metadata.get("pandas", "")
    if not rows:
        return Extras(base.metadata.get("identity", {}), described)
    return Extras(*continued_index(base.ref, (described, base.rows), (added.pandas, rows)))


def _last_tables(
    version: VersionRecord, fragments: Sequence[LocatedFragment], rows: int
) -> Sequence[pa.Table]:
    """The last rows of a version of whole files, from the row groups that hold them."""
    import pyarrow.parquet as pq

    parts: list[pa.Table] = []
    for fragment in reversed(fragments):
        if rows <= 0:
            break
        (file,) = fragment.files
        place = file.location
        filesystem = None if place.path is not None else place.filesystem
        with (
            reading(version.ref, hint="Run ws.check()."),
            pq.ParquetFile(place.path or place.fs_path, filesystem=filesystem) as parquet,
        ):
            for group in reversed(range(parquet.num_row_groups)):
                if rows > 0:
                    table = parquet.read_row_group(group)
                    parts.append(table.slice(max(0, table.num_rows - rows)))
                    rows -= table.num_rows
    return parts[::-1]


def _write(
    source: MemoryFrame | StreamFrame, target: Target
) -> tuple[tuple[ColumnRecord, ...], int]:
    if isinstance(source, StreamFrame):
        return source.write(target)
    source.write(target)
    return source.hash(), source.rows


def _check_columns(
    base: VersionRecord, old: Sequence[ColumnRecord], new: Sequence[ColumnRecord]
) -> None:
    before = [(column.name, column.type) for column in old]
    after = [(column.name, column.type) for column in new]
    if before == after:
        return
    lines = [
        *(f"missing: {name} ({kind})" for name, kind in before if name not in dict(after)),
        *(
            f"not in {base.ref}: {name} ({kind})"
            for name, kind in after
            if name not in dict(before)
        ),
        *(
            f"{name} is {dict(after)[name]}, stored as {kind}"
            for name, kind in before
            if name in dict(after) and dict(after)[name] != kind
        ),
    ] or [f"order: {', '.join(name for name, _ in after)}"]
    raise SchemaMismatchError(
        f"The rows do not fit {base.ref}: {'; '.join(lines)}. Nothing was written: bring the frame "
        f"to these columns ({', '.join(name for name, _ in before)}), or save it as it is with "
        "ws.save()."
    )
