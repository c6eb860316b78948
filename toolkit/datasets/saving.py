"""Saving: fingerprint first, then reuse what is stored, else write what is new of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from toolkit.core.errors import FileMissingError, ReadOnlyError
from toolkit.core.interfaces import IArtifactProducer, ICatalog, IStagedFile, IStoredFiles
from toolkit.core.names import validate_dataset_name
from toolkit.core.types import PARQUET_MEDIA_TYPE, Artifact, ColumnRecord, InputRecord
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS, DIGEST_BYTES, FrameHasher
from toolkit.datasets.frames.accept import accept
from toolkit.datasets.frames.parquet import column_sizes, sink_polars
from toolkit.datasets.frames.sources import MemoryFrame, PolarsFrame, StreamFrame
from toolkit.datasets.recording import Content, Recorder, describe
from toolkit.datasets.sharing import DEFAULT_POLICY, Head, SharePlan, Sharer, SharingPolicy

STREAM_BUFFER = 16 << 20
"""Bytes of a stream that are read before it is treated as larger than memory."""


class Saver:
    """Turns frames into versions."""

    def __init__(
        self,
        catalog: ICatalog,
        files: IStoredFiles,
        producer: IArtifactProducer | None,
        policy: SharingPolicy = DEFAULT_POLICY,
    ) -> None:
        self.recorder = Recorder(catalog, files)
        self._sharer = Sharer(catalog, files, policy)
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
        known = self.recorder.reuse(name, content, inputs)
        if known is not None:
            return known
        large = frame.byte_size >= self._sharer.policy.min_bytes
        plan = self._sharer.plan(content, name, inputs, _head(frame, content)) if large else None
        if plan is not None:
            try:
                return self._save_part(producer, frame, name, inputs, plan)
            except FileMissingError:
                # A garbage collection took a file between the look and the save.
                pass
        with producer.stage(PARQUET_MEDIA_TYPE, suffix=".parquet") as staged:
            frame.write(staged.path)
            if large:
                content = _measured(content, staged.path)
            return staged.commit(self.recorder.record(name, content, inputs))

    def _save_part(
        self,
        producer: IArtifactProducer,
        frame: MemoryFrame,
        name: str,
        inputs: Sequence[InputRecord],
        plan: SharePlan,
    ) -> Artifact:
        if not plan.columns:
            content, layout = plan.settle()
            return self.recorder.share(name, content, inputs, layout)
        with producer.stage(PARQUET_MEDIA_TYPE, suffix=".parquet") as staged:
            frame.part(plan.columns, plan.start).write(staged.path)
            return self._commit_part(staged, name, inputs, plan)

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
            known = self.recorder.reuse(name, content, inputs)
            if known is not None:
                return known
            plan = self._sharer.plan(content, name, inputs, _staged_head(staged.path, content))
            if plan is not None:
                try:
                    return self._rewrite_part(producer, staged.path, name, inputs, plan)
                except FileMissingError:
                    # As in _save_memory: what is staged has everything.
                    pass
            content = _measured(content, staged.path)
            return staged.commit(self.recorder.record(name, content, inputs))

    def _rewrite_part(
        self,
        producer: IArtifactProducer,
        whole: Path,
        name: str,
        inputs: Sequence[InputRecord],
        plan: SharePlan,
    ) -> Artifact:
        """Keep only the new columns of a staged file. The plan of the frame is not run again: it
        may give other values the next time."""
        if not plan.columns:
            content, layout = plan.settle()
            return self.recorder.share(name, content, inputs, layout)
        names = [plan.content.columns[i].name for i in plan.columns]
        with producer.stage(PARQUET_MEDIA_TYPE, suffix=".parquet") as staged:
            scan = pl.scan_parquet(whole, glob=False, hive_partitioning=False)
            sink_polars(scan.select(names).slice(plan.start), staged.path)
            return self._commit_part(staged, name, inputs, plan)

    def _commit_part(
        self, staged: IStagedFile, name: str, inputs: Sequence[InputRecord], plan: SharePlan
    ) -> Artifact:
        names = [plan.content.columns[i].name for i in plan.columns]
        content, layout = plan.settle(column_sizes(staged.path, names))
        return staged.commit(self.recorder.record(name, content, inputs, layout))


def _content(
    frame: MemoryFrame | StreamFrame, columns: tuple[ColumnRecord, ...], rows: int
) -> Content:
    schema = pa.schema(frame.fields)
    return describe(schema, frame.extras, columns, rows, arrow_only=frame.arrow_only)


def _measured(content: Content, path: Path) -> Content:
    """The content with the bytes of its columns in a file that has them all."""
    sizes = column_sizes(path, [column.name for column in content.columns])
    columns = (
        replace(column, byte_size=size) for column, size in zip(content.columns, sizes, strict=True)
    )
    return replace(content, columns=tuple(columns))


def _head(frame: MemoryFrame, content: Content) -> Head:
    """The records of a frame's first rows; digests of full blocks are known from its own."""

    def head(rows: int, columns: Sequence[int]) -> Sequence[ColumnRecord]:
        start = rows // BLOCK_ROWS * BLOCK_ROWS
        return _resumed(content, columns, rows, frame.part(columns, start, rows - start))

    return head


def _staged_head(path: Path, content: Content) -> Head:
    """As ``_head``, of a frame that is in a file."""

    def head(rows: int, columns: Sequence[int]) -> Sequence[ColumnRecord]:
        start = rows // BLOCK_ROWS * BLOCK_ROWS
        names = [content.columns[i].name for i in columns]
        scan = pl.scan_parquet(path, glob=False, hive_partitioning=False).select(names)
        part = PolarsFrame(scan.slice(start, rows - start).collect(engine="streaming"))
        return _resumed(content, columns, rows, part)

    return head


def _resumed(
    content: Content, columns: Sequence[int], rows: int, last: MemoryFrame
) -> Sequence[ColumnRecord]:
    known = rows // BLOCK_ROWS * DIGEST_BYTES
    with FrameHasher(last.fields) as hasher:
        block = last.block()
        for index, column in zip(columns, hasher.start(block), strict=True):
            record = content.columns[index]
            column.resume(record.block_digests[:known], record.type)
        if last.rows:
            hasher.add(block)
        return hasher.finish()
