"""Raw files: any bytes kept byte for byte under a dataset's name."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import fsspec

from toolkit.core.errors import InvalidArgumentError, SourceNotFoundError
from toolkit.core.interfaces import ITransaction
from toolkit.core.names import validate_dataset_name
from toolkit.core.types import Artifact, InputRecord, ProducedFile
from toolkit.datasets.recording import Content
from toolkit.datasets.saving import Saver

_CHUNK = 1 << 20


class RawFiles:
    """Adds files that are not frames."""

    def __init__(self, saver: Saver) -> None:
        self._saver = saver

    def add(self, source: Any, name: str, inputs: Sequence[InputRecord]) -> Artifact:
        """Keep a path, URL, bytes or open binary file; see ``Workspace.add``."""
        validate_dataset_name(name)
        producer = self._saver.producer
        label, chunks = _open(source)
        media_type = mimetypes.guess_type(label)[0] or "application/octet-stream"
        suffix = Path(label).suffix.lower()
        edges = inputs or ((InputRecord(label),) if label else ())
        with producer.stage(media_type, suffix=suffix) as staged:
            staged.write(chunks)

            def record(tx: ITransaction, file: ProducedFile) -> Artifact:
                content = Content("file", file.content_hash, 0)
                return self._saver.recorder.record(name, content, edges)(tx, file)

            return staged.commit(record)


def _open(source: Any) -> tuple[str, Iterator[bytes]]:
    if isinstance(source, bytes | bytearray | memoryview):
        return "", iter([bytes(source)])
    if isinstance(source, str | Path):
        label = str(source)
        if "://" not in label and not Path(label).is_file():
            what = "a folder, not a file" if Path(label).is_dir() else "not there"
            raise SourceNotFoundError(f"{label!r} is {what}: nothing was added. Check the path.")
        return _label(label), _read(fsspec.open(label, "rb"))
    if hasattr(source, "read"):
        return str(getattr(source, "name", "")), _chunks(source)
    raise InvalidArgumentError(
        f"A {type(source).__qualname__} cannot be added: pass a path, a URL, bytes or a file "
        "opened in binary mode. For frames use ws.save()."
    )


def _label(source: str) -> str:
    return source if "://" in source else str(Path(source).absolute())


def _read(opener: Any) -> Iterator[bytes]:
    with opener as file:
        yield from _chunks(file)


def _chunks(file: BinaryIO | TextIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        if isinstance(chunk, str):
            raise InvalidArgumentError(
                "A file opened as text cannot be added: its bytes are not known. Open it in binary "
                'mode, open(path, "rb"), or pass the path.'
            )
        yield chunk
