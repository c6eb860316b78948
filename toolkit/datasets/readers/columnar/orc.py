"""Apache ORC, stripe by stripe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from toolkit.datasets.readers.columnar.record_batches import BatchesReader

if TYPE_CHECKING:
    from pyarrow.orc import ORCFile

_MAGIC = b"ORC"


def looks_like_orc(head: bytes) -> bool:
    """Whether the first bytes of a file are those of an ORC file."""
    return head.startswith(_MAGIC) and b"\0" in head


class ORCDatasetReader(BatchesReader):
    """Reads ORC files that have the same columns; see BatchesReader. A batch is a stripe."""

    name = "ORC"
    module = "orc.ORCFile"
    hint = "If it is an ORC file, it is damaged or cut short: fetch it again."

    def _file(self, handle: BinaryIO) -> _ORCFile:
        from pyarrow import orc

        return _ORCFile(orc.ORCFile(handle))


@dataclass(frozen=True, slots=True)
class _ORCFile:
    file: ORCFile

    @property
    def schema(self) -> pa.Schema:
        return self.file.schema

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # Without a column the engine does not tell how many rows there are.
        chosen = list(columns) or self.file.schema.names[:1]
        for stripe in range(self.file.nstripes):
            batch = self.file.read_stripe(stripe, columns=chosen)
            batch.validate(full=True)
            yield batch
