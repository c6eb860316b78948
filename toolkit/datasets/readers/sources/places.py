"""From what a person passed as one source to the file system that has it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import fsspec

from toolkit.core.errors import InvalidArgumentError
from toolkit.core.redaction import names_user, without_credentials
from toolkit.datasets.readers.sources.archives import ARCHIVES, archive_filesystem
from toolkit.datasets.readers.sources.handles import random_access
from toolkit.datasets.readers.sources.missing import unknown_protocol
from toolkit.datasets.readers.sources.web import WebFileSystem, web_options

_WEB = frozenset({"http", "https"})
_BUCKETS = frozenset({"cos", "gcs", "gs", "obs", "oci", "oss", "r2", "s3", "s3a", "tos"})
"""Protocols whose URLs begin with a bucket: fsspec takes user info for a part of its name."""
_SHOWN = 100
_ONE_SLASH = re.compile(r"file:/(?!/)")
"""Of an absolute path without a host: RFC 8089 has it, and Java writes it."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")

_HINTS: Sequence[tuple[Callable[[Any], bool], str]] = (
    (lambda member: isinstance(member, Iterator | Set), " Make a list of it."),
    (lambda member: hasattr(member, "__arrow_c_stream__"), " It is a frame already."),
    (lambda member: hasattr(member, "open"), " Pass what its open() gives, in binary mode."),
    (lambda member: hasattr(type(member), "content"), " Pass its content."),
)
"""What to do with things that are nearly a source."""


@dataclass(frozen=True, slots=True)
class StorageOptions:
    """What fsspec is told about a place."""

    given: Mapping[str, Any] | None = None
    """For this source: they are all that its place gets."""
    usual: Mapping[str, Any] | None = None
    """For every store. They hold the keys of one store, and are never sent to a web server."""

    def of(self, protocol: str) -> dict[str, Any]:
        if self.given is not None:
            return dict(self.given)
        return {} if protocol in _WEB else dict(self.usual or {})


@dataclass(frozen=True, slots=True)
class Place:
    """Where one source lies."""

    filesystem: Any
    path: str
    """As ``filesystem`` takes it; it may be a glob or a folder."""
    shown: str
    """What was passed, without credentials."""
    chain: str = ""
    """In a chain of URLs what comes after the first, without credentials."""

    def url(self, path: str) -> str:
        """The full URL of a path of this place, without credentials."""
        full = without_credentials(self.filesystem.unstrip_protocol(path))
        if not self.chain:
            return self._with_host(path) or full
        first = self.shown.partition("::")[0]
        scheme = _SCHEME.match(first)
        own = f"{scheme[0]}://{path.lstrip('/')}" if scheme else first
        return f"{own}::{self.chain}"

    def _with_host(self, path: str) -> str | None:
        """The URL, where the file system's own paths lack the host (``ftp://host/path``) or the
        account (``abfs://container@account/path``) that was passed."""
        scheme, separator, rest = self.shown.partition("://")
        host, _, below = rest.partition("/")
        container, _, account = host.partition("@")
        if not separator or not host or isinstance(self.filesystem, WebFileSystem):
            return None
        if below.strip("/") == self.path.strip("/"):
            return f"{scheme}://{host}/{path.lstrip('/')}"
        if account and path.startswith(f"{container}/"):
            return f"{scheme}://{host}/{path.removeprefix(f'{container}/')}"
        return None


def place_of(member: Any, options: StorageOptions, known: dict[str, Any]) -> Place:
    """The place of a path or URL; opens nothing but the archive that a chain names.

    ``known`` remembers the file systems of archives, for further members of one archive. Raises
    InvalidArgumentError for what is neither, and for a protocol that is not known or needs a
    package."""
    text = _text(member)
    if _ONE_SLASH.match(text) and not os.path.exists(text):
        text = text.replace("file:", "file://", 1)
    if "://" not in text and ("::" not in text or _is_path(member, text)):
        return Place(fsspec.filesystem("file"), os.path.abspath(os.path.expanduser(text)), text)
    text = _SCHEME.sub(lambda scheme: scheme[0].lower(), text)
    if text.startswith("file://") and "::" not in text:
        return Place(fsspec.filesystem("file"), _local_path(text), text)
    shown = without_credentials(text)
    if any(_protocol(url) in _BUCKETS and names_user(url) for url in text.split("::")):
        raise InvalidArgumentError(
            f"{shown} was passed with a key or secret, which URLs of its store do not have: "
            "pass them as storage_options={…}."
        )
    filesystem, path = _open(text, shown, options, known)
    chain = text.partition("::")[2]
    return Place(filesystem, path, shown, without_credentials(_absolute(chain)))


def _is_path(member: Any, text: str) -> bool:
    """Whether what looks like a chain of URLs is the path of a file."""
    return isinstance(member, os.PathLike) or os.path.lexists(os.path.expanduser(text))


def _local_path(url: str) -> str:
    parts = urlsplit(url)
    # fsspec reads the path from the current folder where others would look for a host.
    host = "" if parts.netloc == "localhost" else parts.netloc
    path = unquote(host + parts.path)
    return os.path.abspath(path) if host else path or "/"


def _text(member: Any) -> str:
    try:
        text = os.fspath(member)
    except TypeError:
        text = None
    if not isinstance(text, str) or not text:
        shown = repr(member)
        if len(shown) > _SHOWN or "\n" in shown:
            shown = f"A {type(member).__qualname__}"
        hint = next((hint for known, hint in _HINTS if known(member)), "")
        raise InvalidArgumentError(
            f"{shown} is not a source: pass a path, a glob, a folder, a URL, bytes, a file "
            f"opened in binary mode, or a list of them.{hint}"
        )
    return text


def _open(text: str, shown: str, options: StorageOptions, known: dict[str, Any]) -> tuple[Any, str]:
    first, _, chain = text.partition("::")
    if chain in known:
        return known[chain], known[chain]._strip_protocol(first)
    try:
        if _protocol(first) in ARCHIVES and chain and "::" not in chain:
            known[chain] = _archive(_protocol(first), chain, options, known)
            return known[chain], known[chain]._strip_protocol(first)
        filesystem, path = fsspec.core.url_to_fs(text, **_told(text, options))
    except ImportError as error:
        raise InvalidArgumentError(
            f"{shown} needs a package that is not installed: {error}."
        ) from error
    except ValueError as error:
        if not str(error).startswith("Protocol not known"):
            raise
        near = unknown_protocol(_protocol(text))
        raise InvalidArgumentError(
            f"{shown} is not a URL that fsspec can open: {error}.{near}"
        ) from error
    if chain:
        known[chain] = filesystem
    elif _protocol(text) in _WEB:
        filesystem = known.setdefault("web", WebFileSystem(filesystem))
    # A listing remembered from before would hide files that were written since.
    filesystem.invalidate_cache()
    return filesystem, path


def _told(text: str, options: StorageOptions) -> dict[str, Any]:
    """What fsspec is told to open a URL or a chain of them."""
    target = _protocol(text.rpartition("::")[2])
    told = options.of(target)
    if "::" not in text:
        # They may be told for each protocol of a chain.
        own = told.get(target)
        told = dict(own) if isinstance(own, Mapping) else told
        return web_options(told) if target in _WEB else told
    # fsspec would give them to the first of the chain, which is no store.
    return told if target in told or not told else {target: told}


def _archive(protocol: str, chain: str, options: StorageOptions, known: dict[str, Any]) -> Any:
    place = place_of(chain, options, known)
    return archive_filesystem(protocol, random_access(place.filesystem, place.path))


def _protocol(url: str) -> str:
    scheme = _SCHEME.match(url)
    return scheme[0].lower() if scheme else "file"


def _absolute(chain: str) -> str:
    """A chain that ends in a local path, whatever the current folder."""
    head, separator, last = chain.rpartition("::")
    if not last or "://" in last:
        return chain
    return f"{head}{separator}{os.path.abspath(os.path.expanduser(last))}"
