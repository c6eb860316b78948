"""Saving: fingerprint first, then reuse what is stored, else write what is new of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from toolkit.core.errors import FileMissingError, ReadOnlyError
from toolkit.core.interfaces import IArtifactProducer, ICatalog, IStagedFile, IStoredFiles
from toolkit.core.names import validate_dataset_name
from toolkit.core.types import PARQUET_MEDIA_TYPE, Artifact, ColumnRecord, InputRecord
from toolkit.datasets.drafts import Content, describe
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS, DIGEST_BYTES, FrameHasher
from toolkit.datasets.frames.accept import accept
from toolkit.datasets.frames.parquet import Target, column_sizes, sink_polars
from toolkit.datasets.frames.sources import MemoryFrame, PolarsFrame, StreamFrame
from toolkit.datasets.recording import Recorder, Recording
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

    def save_frame(
        self,
        frame: Any,
        name: str,
        inputs: Sequence[InputRecord],
        *,
        captured: bool = False,
    ) -> Artifact:
        """Save any frame under a name; see ``Workspace.save``. A captured version may expire."""
        validate_dataset_name(name)
        source = accept(frame)
        if isinstance(source, StreamFrame):
            source = source.settle(STREAM_BUFFER)
        request = _Request(self.producer, name, inputs, captured)
        if isinstance(source, StreamFrame):
            return self._save_stream(request, source)
        return self._save_memory(request, source)

    def _save_memory(self, request: _Request, frame: MemoryFrame) -> Artifact:
        content = _content(frame, frame.hash(), frame.rows)
        recording = self._recording(request, content)
        known = recording.reuse()
        if known is not None:
            return known
        large = frame.byte_size >= self._sharer.policy.min_bytes
        plan = self._plan(request, content, _head(frame, content)) if large else None
        if plan is not None:
            # A garbage collection may take a file between the look and the save: then all is saved.
            with suppress(FileMissingError):
                write = frame.part(plan.columns, plan.start).write
                return _save_part(request.producer, recording, plan, write)
        with _staged(request.producer) as staged:
            with staged.open() as file:
                frame.write(file)
            recording.content = _measured(content, staged.path) if large else content
            return staged.commit(recording.with_file())

    def _save_stream(self, request: _Request, frame: StreamFrame) -> Artifact:
        with _staged(request.producer) as staged:
            with staged.open() as file:
                columns, rows = frame.write(file)
            content = _content(frame, columns, rows)
            recording = self._recording(request, content)
            known = recording.reuse()
            if known is not None:
                return known
            plan = self._plan(request, content, _staged_head(staged.path, content))
            if plan is not None:
                with suppress(FileMissingError):
                    write = partial(_rewrite, staged.path, plan)
                    return _save_part(request.producer, recording, plan, write)
            recording.content = _measured(content, staged.path)
            return staged.commit(recording.with_file())

    def _recording(self, request: _Request, content: Content) -> Recording:
        return self.recorder.recording(
            request.name, content, request.inputs, captured=request.captured
        )

    def _plan(self, request: _Request, content: Content, head: Head) -> SharePlan | None:
        return self._sharer.plan(content, request.name, request.inputs, head)


@dataclass(frozen=True, slots=True)
class _Request:
    """What a person, or the capture, asked for."""

    producer: IArtifactProducer
    name: str
    inputs: Sequence[InputRecord]
    captured: bool


def _staged(producer: IArtifactProducer) -> AbstractContextManager[IStagedFile]:
    return producer.stage(PARQUET_MEDIA_TYPE, suffix=".parquet")


def _save_part(
    producer: IArtifactProducer,
    recording: Recording,
    plan: SharePlan,
    write: Callable[[Target], object],
) -> Artifact:
    """Write and commit what of the frame is not stored. Raises FileMissingError where what is
    stored was collected meanwhile."""
    if not plan.columns:
        recording.content, layout = plan.settle()
        return recording.without_file(layout)
    names = [plan.content.columns[i].name for i in plan.columns]
    with _staged(producer) as staged:
        with staged.open() as file:
            write(file)
        recording.content, layout = plan.settle(column_sizes(staged.path, names))
        return staged.commit(recording.with_file(layout))


def _rewrite(whole: Path, plan: SharePlan, target: Target) -> None:
    """Keep only what is new of a staged file. The frame's plan is not run a second time for it: it
    may give other values then."""
    names = [plan.content.columns[i].name for i in plan.columns]
    scan = pl.scan_parquet(whole, glob=False, hive_partitioning=False)
    sink_polars(scan.select(names).slice(plan.start), target)


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
