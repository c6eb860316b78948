"""How a local file becomes a new remote object, complete or not at all."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from fsspec.callbacks import Callback

from toolkit.storage.backends.deadline import Heartbeat

_PART_SIZE = 8 << 20
_PARTS_AT_ONCE = 4
_MOST_PARTS = 10_000
"""S3's limit; a file of more than 80 GB gets larger parts."""

STAGING = ".staging"
"""The folder below the root in which ``upload_and_move`` uploads."""

_STAGED = re.compile(r"[0-9a-f]{32}")

_name_lock = threading.Lock()
"""Between the look whether a name is free and the move to it."""


class Call(Protocol):
    """Runs a function of the filesystem under the backend's deadline."""

    def __call__(
        self,
        function: Callable[[], Any],
        *,
        heartbeat: Heartbeat | None = None,
        undo: Callable[[], object] | None = None,
    ) -> Any: ...


class Upload(Protocol):
    """Uploads ``source`` to ``path``, below ``root``; raises FileExistsError when it is taken."""

    def __call__(
        self, filesystem: Any, source: Path, path: str, *, root: str, call: Call
    ) -> None: ...


def upload_for(protocol: str) -> Upload:
    """The way of uploading that keeps the guarantees on the stores of a protocol."""
    return _UPLOADS.get(protocol, upload_and_move)


def stages(upload: Upload) -> bool:
    """Whether a way of uploading can leave something in ``STAGING``."""
    return upload is upload_and_move


def is_staged_upload(name: str) -> bool:
    """Whether a name in ``STAGING`` was made by ``upload_and_move``."""
    return _STAGED.fullmatch(name) is not None


def create_on_s3(filesystem: Any, source: Path, path: str, *, root: str, call: Call) -> None:
    """One conditional creation (``If-None-Match: *``), in parts of bounded memory."""
    size = source.stat().st_size
    parts = {
        "chunksize": max(_PART_SIZE, math.ceil(size / _MOST_PARTS)),
        "max_concurrency": _PARTS_AT_ONCE,
    }
    _create(filesystem, source, path, call, parts)


def create(filesystem: Any, source: Path, path: str, *, root: str, call: Call) -> None:
    """One conditional creation, by a filesystem whose ``put_file`` has ``mode="create"``."""
    _create(filesystem, source, path, call, {})


def upload_and_move(filesystem: Any, source: Path, path: str, *, root: str, call: Call) -> None:
    """Upload under a name of its own, then move, where a half-written file would be visible."""
    staged = f"{root}/{STAGING}/{uuid4().hex}"
    heartbeat = Heartbeat()
    try:
        call(
            lambda: filesystem.put_file(str(source), staged, callback=_Progress(heartbeat)),
            heartbeat=heartbeat,
            undo=lambda: filesystem.rm_file(staged),
        )
        with _name_lock:
            if call(lambda: filesystem.exists(path)):
                raise FileExistsError(path)
            call(
                lambda: _move(filesystem, staged, path),
                undo=lambda: filesystem.rm_file(path),
            )
    except BaseException:
        with suppress(Exception):
            call(lambda: filesystem.rm_file(staged))
        raise


def _move(filesystem: Any, staged: str, path: str) -> None:
    filesystem.makedirs(filesystem._parent(path), exist_ok=True)
    filesystem.mv(staged, path)


def _create(
    filesystem: Any, source: Path, path: str, call: Call, options: Mapping[str, Any]
) -> None:
    heartbeat = Heartbeat()
    call(
        lambda: filesystem.put_file(
            str(source), path, mode="create", callback=_Progress(heartbeat), **options
        ),
        heartbeat=heartbeat,
        # Reached only when the creation succeeded, so the object is this call's own.
        undo=lambda: filesystem.rm_file(path),
    )


class _Progress(Callback):  # type: ignore[misc]
    """Beats with every part that the store has acknowledged."""

    def __init__(self, heartbeat: Heartbeat) -> None:
        super().__init__()
        self._heartbeat = heartbeat

    def relative_update(self, inc: int = 1) -> None:
        self._heartbeat.beat()


_UPLOADS: Mapping[str, Upload] = {
    "s3": create_on_s3,
    "s3a": create_on_s3,
    "gs": create,
    "gcs": create,
}
