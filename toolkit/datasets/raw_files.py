"""Raw files: any bytes kept byte for byte under a dataset's name."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TextIO
from urllib.parse import urlsplit

import fsspec

from toolkit.core.errors import InvalidArgumentError, SourceError, SourceNotFoundError
from toolkit.core.interfaces import ITransaction
from toolkit.core.names import validate_dataset_name
from toolkit.core.redaction import without_credentials
from toolkit.core.types import Artifact, InputRecord, ProducedFile
from toolkit.datasets.drafts import Content
from toolkit.datasets.inputs import outside_name
from toolkit.datasets.readers.failures import reading
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
        path = urlsplit(label).path if "://" in label else label
        media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
        suffix = Path(path).suffix.lower()
        edges = inputs or ((InputRecord(label),) if label else ())
        with producer.stage(media_type, suffix=suffix) as staged:
            staged.write(chunks)

            def record(tx: ITransaction, file: ProducedFile) -> Artifact:
                content = Content("file", file.content_hash, 0)
                return self._saver.recorder.recording(name, content, edges).with_file()(tx, file)

            return staged.commit(record)


def _open(source: Any) -> tuple[str, Iterator[bytes]]:
    if isinstance(source, bytes | bytearray | memoryview):
        return "", iter([bytes(source)])
    if isinstance(source, str | os.PathLike):
        return _open_place(os.fsdecode(source))
    if hasattr(source, "read"):
        return _name(source), _chunks(source)
    raise InvalidArgumentError(
        f"A {type(source).__qualname__} cannot be added: pass a path, a URL, bytes or a file "
        "opened in binary mode. For frames use ws.save()."
    )


def _open_place(place: str) -> tuple[str, Iterator[bytes]]:
    if "://" not in place and not os.path.isfile(place):
        what = "a folder, not a file" if os.path.isdir(place) else "not there"
        raise SourceNotFoundError(f"{place!r} is {what}: nothing was added. Check the path.")
    try:
        opener = fsspec.open(place, "rb")
    except (ImportError, ValueError) as error:
        raise InvalidArgumentError(
            f"{without_credentials(place)!r} is not a URL that fsspec can open here: nothing was "
            "added. Check its protocol, and whether the package that it needs is installed."
        ) from error
    return outside_name(place), _read(opener, place)


def _read(opener: Any, place: str) -> Iterator[bytes]:
    """The chunks of a path or URL."""
    shown = without_credentials(place)
    try:
        with reading(shown, "Nothing was added.", remote="://" in place), opener as file:
            yield from _chunks(file)
    except SourceNotFoundError as error:
        raise SourceNotFoundError(
            f"There is nothing at {shown!r}: nothing was added. Check the path, and that a server "
            "answers there."
        ) from error.__cause__
    except SourceError as error:
        # Clients of stores like to quote the whole URL.
        raise SourceError(str(error).replace(place, shown)) from error.__cause__


def _name(file: Any) -> str:
    """The path that an open file goes by; a temporary file has a number instead."""
    name = getattr(file, "name", "")
    if not isinstance(name, str):
        return ""
    return outside_name(name) if "://" in name or os.path.isfile(name) else name


def _chunks(file: BinaryIO | TextIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        if isinstance(chunk, str):
            raise InvalidArgumentError(
                "A file opened as text cannot be added: its bytes are not known. Open it in binary "
                'mode, open(path, "rb"), or pass the path.'
            )
        yield chunk
