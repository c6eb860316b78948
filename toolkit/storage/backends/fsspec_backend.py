"""Objects in any store that fsspec knows: object stores, remote file systems, memory."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from toolkit.core.errors import (
    InvalidArgumentError,
    ObjectNotFoundError,
    StorageError,
    ToolkitError,
)
from toolkit.core.types import FileLocation
from toolkit.storage.backends.connection import Connection
from toolkit.storage.backends.deadline import DeadlineError, call_within
from toolkit.storage.backends.failures import (
    code_of,
    deadline_passed,
    local_failures,
    object_exists,
    object_missing,
    storage_error,
)
from toolkit.storage.backends.keys import is_key, validate_chunk_size, validate_key, validate_prefix
from toolkit.storage.backends.object_info import object_stat
from toolkit.storage.backends.uploads import STAGING, is_staged_upload, stages, upload_for
from toolkit.storage.interfaces import DEFAULT_CHUNK_SIZE, ObjectStat

T = TypeVar("T")

DEFAULT_TIMEOUT = 60.0
"""Seconds that a store may stay without a sign of life."""

_READ_BLOCK = 8 << 20
"""Bytes of one range request: a request per small chunk would cost a round trip each."""


class FsspecStorageBackend:
    """Objects below one URL; an implementation of ``IStorageBackend``.

    A stream is first collected in a local temporary file and then uploaded in one go, so a source
    that fails or is interrupted never reaches the store, and memory stays bounded (about 40 MB).
    On S3 and Google Cloud Storage the upload is one conditional creation: it appears complete or
    not at all, and of several writers exactly one wins. Elsewhere it is uploaded under a name in
    ``.staging/`` and moved; there two *processes* that use one key at the same moment are not told
    apart, and durability is what the store's own acknowledgement means.

    Every call has a deadline: ``timeout`` seconds without a sign of life (an upload gives one with
    each part of 8 MiB, a listing is asked for one) end in StorageError. An upload that arrives
    after its caller has left, by the deadline or an interrupt, is deleted again. A process killed
    during an upload can leave parts of it in an object store: let a lifecycle rule of the bucket
    expire unfinished multipart uploads.

    Credentials appear neither in ``root`` nor in reprs or messages. After a fork the child opens a
    connection of its own.
    """

    def __init__(
        self,
        url: str,
        storage_options: Mapping[str, Any] | None = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Connect to a URL whose package is installed; see ``StorageFactory`` for clear errors.

        Raises InvalidArgumentError for options that the filesystem does not take.
        """
        if not timeout > 0:
            raise InvalidArgumentError(
                f"A timeout of {timeout} s is over at once: pass seconds > 0."
            )
        self._timeout = timeout
        self._connection = Connection(url, storage_options or {})
        self._upload = upload_for(self._connection.protocol)
        self._call("connect to", self.root, self._connect)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.root!r})"

    @property
    def root(self) -> str:
        return self._connection.root

    @property
    def staging(self) -> None:
        return None

    def write_stream(self, key: str, chunks: Iterable[bytes]) -> ObjectStat:
        validate_key(key)
        with local_failures("collect a stream in", tempfile.gettempdir()):
            handle, name = tempfile.mkstemp(prefix="toolkit-")
        spool = Path(name)
        try:
            with open(handle, "wb") as file:
                for chunk in chunks:
                    with local_failures("collect a stream in", spool):
                        file.write(chunk)
                with local_failures("collect a stream in", spool):
                    file.flush()
            return self.publish(key, spool)
        finally:
            spool.unlink(missing_ok=True)

    def publish(self, key: str, source: Path) -> ObjectStat:
        """Upload a complete local file as the object ``key``. The file stays.

        Raises InvalidArgumentError when the source is not a file.
        """
        path = self._path(key)
        if not source.is_file():
            raise InvalidArgumentError(
                f"Cannot publish {source} as {key}: there is no regular file at this path."
            )
        with self._failures("write", self._uri(key)):
            self._upload(
                self._connection.filesystem,
                source,
                path,
                root=self._connection.path,
                call=partial(call_within, self._timeout),
            )
        return self.stat(key)

    def read_stream(self, key: str, chunk_size: int = DEFAULT_CHUNK_SIZE) -> Iterator[bytes]:
        """The object's bytes; raises ObjectNotFoundError here, not at the first chunk."""
        validate_chunk_size(chunk_size)
        return self._chunks(key, self.stat(key).byte_size, chunk_size)

    def stat(self, key: str) -> ObjectStat:
        path, uri = self._path(key), self._uri(key)
        info = self._call("look at", uri, lambda: self._fresh().info(path))
        if info["type"] == "directory":
            raise object_missing(uri)
        return object_stat(key, info)

    def delete(self, key: str) -> None:
        self._delete(self._path(key), self._uri(key))

    def list(self, prefix: str = "") -> Iterator[ObjectStat]:
        validate_prefix(prefix)
        return self._listing(prefix)

    def sweep(self, before: datetime, *, dry_run: bool) -> Sequence[int]:
        if not stages(self._upload):
            return []
        failures: list[StorageError] = []
        sizes = []
        for name, info in self._find(f"{self._connection.path}/{STAGING}", STAGING).items():
            found = object_stat(name, info)
            if (
                found.modified_at is not None
                and found.modified_at < before
                and is_staged_upload(name.rpartition("/")[2])
                and (dry_run or self._remove(name, failures))
            ):
                sizes.append(found.byte_size)
        if failures:
            raise failures[0]
        return sizes

    def locate(self, key: str) -> FileLocation:
        return FileLocation(
            uri=self._uri(key),
            path=None,
            filesystem=self._connection.filesystem,
            fs_path=self._path(key),
        )

    def _connect(self) -> None:
        try:
            self._connection.filesystem  # noqa: B018
        except TypeError as error:
            reason = self._connection.redact(str(error))
            raise InvalidArgumentError(
                f"{self.root} does not take these storage_options: {reason}. "
                "See the documentation of its fsspec filesystem."
            ) from None

    def _path(self, key: str) -> str:
        return f"{self._connection.path}/{validate_key(key)}"

    def _uri(self, key: str) -> str:
        # The root of the memory store ends with the slashes of its protocol.
        return f"{self.root}{'' if self.root.endswith('/') else '/'}{key}"

    def _fresh(self) -> Any:
        # Some filesystems keep a cache of their own, which the option against listings misses.
        filesystem = self._connection.filesystem
        filesystem.invalidate_cache()
        return filesystem

    def _chunks(self, key: str, size: int, chunk_size: int) -> Iterator[bytes]:
        path, uri = self._path(key), self._uri(key)
        block_size = chunk_size * max(1, _READ_BLOCK // chunk_size)
        for start in range(0, size, block_size):
            end = min(start + block_size, size)
            block = self._call("read", uri, partial(self._range, path, start, end))
            if len(block) != end - start:
                raise storage_error("read", uri, f"it ends after {start + len(block):,} bytes")
            for offset in range(0, len(block), chunk_size):
                yield block[offset : offset + chunk_size]

    def _range(self, path: str, start: int, end: int) -> bytes:
        # Not open(): a memory:// file is one object with one position for all its readers.
        return bytes(self._connection.filesystem.cat_file(path, start=start, end=end))

    def _delete(self, path: str, uri: str) -> None:
        with suppress(ObjectNotFoundError):
            self._call("delete", uri, lambda: self._fresh().rm_file(path))

    def _remove(self, path: str, failures: MutableSequence[StorageError]) -> bool:
        """Delete what is no object; a failure is noted."""
        try:
            self._delete(path, self._uri(f"{STAGING}/{path.rpartition('/')[2]}"))
        except StorageError as error:
            failures.append(error)
            return False
        return True

    def _find(self, folder: str, prefix: str) -> Mapping[str, Any]:
        """What fsspec knows of each file below a folder; nothing where there is no folder."""
        try:
            found: Mapping[str, Any] = self._call(
                "list",
                self._uri(prefix),
                lambda: self._fresh().find(folder, detail=True),
                alive=self._answers,
            )
        except ObjectNotFoundError:
            return {}
        return found

    def _listing(self, prefix: str) -> Iterator[ObjectStat]:
        root = f"{self._connection.path}/"
        folder = (root + prefix.rpartition("/")[0]).rstrip("/")
        for name, info in self._find(folder, prefix).items():
            key = name.removeprefix(root)
            if name.startswith(root + prefix) and info["type"] == "file" and is_key(key):
                yield object_stat(key, info)

    def _answers(self) -> bool:
        """Whether the store still answers while a long listing is under way."""
        try:
            call_within(
                self._timeout,
                lambda: self._connection.filesystem.exists(self._connection.path),
            )
        except Exception:
            return False
        return True

    def _call(
        self,
        action: str,
        uri: str,
        function: Callable[[], T],
        alive: Callable[[], bool] | None = None,
    ) -> T:
        with self._failures(action, uri):
            return call_within(self._timeout, function, alive=alive)

    @contextmanager
    def _failures(self, action: str, uri: str) -> Iterator[None]:
        """Raise whatever a filesystem raises as StorageError, without credentials."""
        try:
            yield
        except ToolkitError:
            raise
        except DeadlineError:
            raise deadline_passed(action, uri, self._timeout) from None
        except FileExistsError:
            raise object_exists(uri) from None
        except FileNotFoundError as error:
            if action != "write":
                raise object_missing(uri) from None
            raise self._failed(action, uri, error) from self._cause(error)
        except Exception as error:
            raise self._failed(action, uri, error) from self._cause(error)

    def _failed(self, action: str, uri: str, error: Exception) -> StorageError:
        reason = self._connection.redact(str(error)) or type(error).__name__
        return storage_error(action, uri, reason, code_of(error))

    def _cause(self, error: Exception) -> Exception | None:
        """The exception itself, unless it or one that it came from would show a credential."""
        text = "".join(traceback.format_exception(error))
        return error if self._connection.redact(text) == text else None
