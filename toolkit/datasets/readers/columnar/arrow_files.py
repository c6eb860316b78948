"""Arrow IPC: files, streams, and Feather V2, which is the same as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa

from toolkit.datasets.readers.columnar.arrow_views import require_sound_views
from toolkit.datasets.readers.columnar.record_batches import BatchesReader

_FILE = b"ARROW1"
_STREAM = b"\xff\xff\xff\xff"
_FEATHER_1 = b"FEA1"


def looks_like_arrow(head: bytes) -> bool:
    """Whether the first bytes of a file are those of an IPC file or stream."""
    return head.startswith((_FILE, _STREAM, _FEATHER_1))


class ArrowDatasetReader(BatchesReader):
    """Reads Arrow IPC files and streams that have the same columns; see BatchesReader.

    Every batch is validated before it is used: the format trusts whoever wrote it, and a damaged
    file would make engines read memory that is not theirs."""

    name = "Arrow"
    module = "ipc"
    hint = "If it is an Arrow IPC file, it is damaged or cut short: fetch it again."

    def _file(self, handle: BinaryIO) -> _ArrowFile:
        head = handle.read(len(_FILE))
        handle.seek(0)
        if head.startswith(_FEATHER_1):
            raise OSError("it is Feather V1, which is no Arrow IPC: write it anew as Feather V2")
        return _ArrowFile(handle, stream=not head.startswith(_FILE))


@dataclass(frozen=True, slots=True)
class _ArrowFile:
    handle: BinaryIO
    stream: bool

    @property
    def schema(self) -> pa.Schema:
        return self._open().schema

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        everything = self._open().schema
        # An empty list would mean all columns.
        fields = [everything.get_field_index(name) for name in columns] or [0]
        reader = self._open(fields if everything.names else [])
        parts = (
            iter(reader)
            if self.stream
            else (reader.get_batch(index) for index in range(reader.num_record_batches))
        )
        for batch in parts:
            batch.validate(full=True)
            for column in batch.columns:
                require_sound_views(column)
            yield batch

    def _open(self, fields: Sequence[int] = ()) -> Any:
        self.handle.seek(0)
        opener = pa.ipc.open_stream if self.stream else pa.ipc.open_file
        return opener(self.handle, options=pa.ipc.IpcReadOptions(included_fields=list(fields)))
