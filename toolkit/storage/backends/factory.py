"""The backend for a storage root: a folder, a ``file://`` URL or any URL that fsspec knows."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from fsspec import available_protocols
from fsspec.registry import known_implementations

from toolkit.core.errors import InvalidArgumentError
from toolkit.storage.backends.fsspec_backend import DEFAULT_TIMEOUT, FsspecStorageBackend
from toolkit.storage.backends.local import LocalStorageBackend
from toolkit.storage.backends.redaction import without_userinfo
from toolkit.storage.interfaces import IStorageBackend

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_LOCAL = frozenset({"file", "local"})
_CONTAINERS = frozenset({"abfs", "abfss", "az", "wasb", "wasbs"})
"""Azure's protocols, whose URLs are ``container@account``."""

_EXTRAS: Mapping[str, str] = {"s3": "toolkit[s3]", "s3a": "toolkit[s3]"}
"""Protocols whose package an extra of this project installs."""


class StorageFactory:
    """Makes backends; an implementation of ``IStorageFactory``."""

    def __init__(self, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        """``timeout``: seconds that a remote store may stay without a sign of life."""
        self._timeout = timeout

    def create(
        self, root: str | os.PathLike[str], *, storage_options: Mapping[str, Any] | None = None
    ) -> IStorageBackend:
        text = os.fspath(root)
        if not text:
            raise InvalidArgumentError("The storage root is empty: pass a folder or a URL.")
        url = _URL.match(text)
        if url is None and "://" in text:
            raise _meaningless(text)
        protocol = url[1].lower() if url else "file"
        if protocol in _LOCAL:
            return _local(text, is_url=url is not None, options=storage_options)
        return self._remote(protocol, text, storage_options)

    def _remote(
        self, protocol: str, url: str, options: Mapping[str, Any] | None
    ) -> IStorageBackend:
        shown = without_userinfo(url)
        if "::" in url or "?" in url or "#" in url:
            raise _meaningless(url)
        if _names_a_user(protocol, url):
            raise InvalidArgumentError(
                f"A storage root with a user or password in it, at {protocol}://, would be written "
                "down: pass them as storage_options, such as "
                "storage_options={'username': …, 'password': …}."
            )
        try:
            url = protocol + url[len(protocol) :]
            return FsspecStorageBackend(url, options, timeout=self._timeout)
        except ImportError as error:
            raise InvalidArgumentError(
                f"{shown} needs a package that is not installed: "
                f"run `pip install '{_package(protocol, error)}'`."
            ) from error
        except ValueError as error:
            if isinstance(error, InvalidArgumentError) or protocol in available_protocols():
                raise
            raise InvalidArgumentError(
                f"{shown} cannot be a storage root: the protocol {protocol!r} is unknown. "
                "Pass a folder, or a URL that fsspec knows, such as s3://bucket/prefix."
            ) from error


def _meaningless(url: str) -> InvalidArgumentError:
    # What follows a `?` may be a signature.
    shown = without_userinfo(url).partition("?")[0]
    return InvalidArgumentError(
        f"{shown} cannot be a storage root: chained URLs, queries and fragments mean nothing here. "
        "Pass a plain URL, and options as storage_options."
    )


def _names_a_user(protocol: str, url: str) -> bool:
    rest = url.partition("://")[2]
    host = rest.partition("/")[0]
    if "@" not in rest or (protocol in _CONTAINERS and ":" not in host):
        return False
    # A password may have a slash in it, and what comes before it looks like a port then.
    _, colon, port = host.partition(":")
    return "@" in host or (bool(colon) and not port.isdigit())


def _local(root: str, *, is_url: bool, options: Mapping[str, Any] | None) -> IStorageBackend:
    if options:
        raise InvalidArgumentError(
            f"{root} is a folder, which takes no storage_options ({', '.join(options)}): "
            "leave them out."
        )
    if not is_url:
        return LocalStorageBackend(root)
    parts = urlsplit(root)
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise InvalidArgumentError(
            f"{root} is not the URL of a folder: write three slashes, file:///absolute/path."
        )
    return LocalStorageBackend(url2pathname(parts.path))


def _package(protocol: str, error: ImportError) -> str:
    """What to install: our extra, else the module that fsspec looked for."""
    if protocol in _EXTRAS:
        return _EXTRAS[protocol]
    missing = error.__cause__
    if isinstance(missing, ImportError) and missing.name:
        return missing.name
    implementation = str(known_implementations[protocol]["class"])
    return implementation.partition(".")[0]
