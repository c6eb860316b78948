"""Files on web servers, whatever a server can do: ranges, sizes and listings, or none of them."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from posixpath import basename
from typing import Any
from urllib.parse import urlsplit

from fsspec.spec import AbstractFileSystem

from toolkit.core.errors import SourceError, SourceNotFoundError
from toolkit.core.redaction import without_credentials
from toolkit.datasets.readers.sources.handles import pieces
from toolkit.datasets.readers.sources.spooling import SpoolingFileSystem

_GONE = frozenset({404, 410})
_PAGE = (b"<!doctype html", b"<html")
_SECONDS = 60
"""For a connection, and between two parts of an answer."""


def web_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` with a deadline for every answer, and none for the whole of a long file."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_SECONDS, sock_read=_SECONDS)
    return {**options, "client_kwargs": {"timeout": timeout, **options.get("client_kwargs", {})}}


class WebFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """An fsspec HTTPFileSystem that reads from every server.

    A file is read in order as one answer. Random access fetches ranges; where the server has none,
    the file is copied once to a temporary file. A URL that ends in "/" is a folder if the page
    there links to files below it."""

    cachable = False
    protocol = ("http", "https")

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self._inner = inner
        self._spooling = SpoolingFileSystem(self._parts, self._stream)
        self._ranges: dict[str, bool] = {}

    def open(self, path: str, mode: str = "rb", cache_type: str = "", **options: Any) -> Any:
        if cache_type != "none":
            return self._spooling.open(path)
        if path not in self._ranges:
            self._ranges[path] = self._has_ranges(path)
        if self._ranges[path]:
            return self._inner.open(path, "rb", cache_type="none", **options)
        return self._spooling.open(path, cache_type="none")

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        found = self._answer(path)
        size = found.get("size")
        return found if size is not None else {**found, **self._spooling.info(path)}

    def isfile(self, path: str) -> bool:
        if "*" in path:
            return False
        try:
            found = self._answer(path)
        except FileNotFoundError:
            return False
        if found.get("mimetype") != "text/html":
            return True
        if path.endswith("/"):
            return False
        # Programs that write tables do not always say what they write.
        with self._stream(path) as handle:
            if handle.read(64).lstrip().lower().startswith(_PAGE):
                raise SourceError(
                    f"{without_credentials(path)} is a web page (HTML), not data. Pass the address "
                    "of the file itself, such as its download link; a folder's ends in “/”."
                )
        return True

    def isdir(self, path: str) -> bool:
        return path.endswith("/") and bool(self.find(path))

    def find(self, path: str, **options: Any) -> Sequence[str]:
        try:
            links = self._inner.ls(path, detail=False)
        except FileNotFoundError:
            return []
        return sorted(link for link in set(links) if link.startswith(path) and link[-1] != "/")

    def glob(self, path: str, **options: Any) -> Sequence[str]:
        return list(self._inner.glob(path))

    def ls(self, path: str, detail: bool = False, **options: Any) -> Sequence[str]:
        return self.find(path.rstrip("/") + "/")

    def unstrip_protocol(self, name: str) -> str:
        return name

    def invalidate_cache(self, path: str | None = None) -> None:
        self._inner.invalidate_cache(path)

    def _answer(self, path: str) -> dict[str, Any]:
        """What the server says of a file. Raises FileNotFoundError for what is not there, and the
        client's own error for everything else, which fsspec calls not found too."""
        try:
            return dict(self._inner.info(path))
        except FileNotFoundError as error:
            cause = error.__cause__
            status = getattr(cause, "status", None)
            if cause is None or status in _GONE:
                raise
            if status is None:
                raise cause from None
            if not status:
                # The client's own words are empty for a circle, and else end in the URL.
                raise OSError(
                    "the server redirects from one address to the next without end"
                ) from cause
            answer = f"answers {status} {getattr(cause, 'message', '')}".rstrip()
            raise OSError(f"the server {answer}") from cause

    def _has_ranges(self, path: str) -> bool:
        found = self._answer(path)
        size = found.get("size")
        if not size or found.get("partial") is False:
            return False
        # Many servers ignore what they do not know, and answer with all of the file.
        with suppress(ValueError), self._inner.open(path, "rb", cache_type="none") as handle:
            handle.seek(size - 1)
            return len(handle.read(1)) == 1
        return False

    def _stream(self, path: str) -> Any:
        # A size that is not 0 saves the question for it.
        return self._inner.open(path, "rb", block_size=0, size=1)

    def _parts(self, path: str) -> Generator[bytes, None, None]:
        with self._stream(path) as handle:
            yield from pieces(handle)


def web_name(path: str) -> str:
    """The name of the file at a path, or at a URL, without its query."""
    return basename(urlsplit(path).path if "://" in path else path)


def not_there(path: str) -> SourceNotFoundError:
    """The error for a URL that a server does not know."""
    shown = without_credentials(path)
    return SourceNotFoundError(f"There is nothing at {shown}: the server answers 404. Check it.")
