"""Turns what a person passes (path, glob, folder, URL, a list of them) into files to read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname
from typing import Any, BinaryIO, TypeAlias, cast
from urllib.parse import unquote, urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from toolkit.core.errors import (
    InvalidArgumentError,
    SourceError,
    SourceNotFoundError,
    did_you_mean,
)
from toolkit.core.redaction import without_credentials
from toolkit.datasets.readers.failures import reading
from toolkit.datasets.readers.partitions import partition_values

Select: TypeAlias = Callable[[Sequence[str]], Sequence[str]]
"""Picks the data files out of the listing of a folder."""

_MAGIC = re.compile(r"[*?\[]")
_UNREACHABLE = "Check the URL, storage_options and your permissions."


@dataclass(frozen=True, slots=True)
class ResolvedSource:
    """The files behind what a person passed, in reading order."""

    given: str
    """What was passed, shortened, for messages; without credentials."""
    paths: tuple[str, ...]
    """Absolute local paths, or paths as ``filesystem`` takes them."""
    urls: tuple[str, ...]
    """Absolute local paths, or full URLs without credentials."""
    filesystem: Any = None
    """The fsspec filesystem, or None for local files."""
    partitions: tuple[Mapping[str, str | None], ...] = ()
    """The hive keys and values (None: null) in each path below the folder or glob passed."""

    @property
    def remote(self) -> bool:
        return self.filesystem is not None

    def open(self, path: str, *, random_access: bool = False) -> BinaryIO:
        """Open one of ``paths``, seekable. ``random_access`` turns off the read-ahead of remote
        files, which fetches tens of megabytes for every jump."""
        if self.remote:
            how = {"cache_type": "none"} if random_access else {}
            return cast(BinaryIO, self.filesystem.open(path, "rb", **how))
        return open(path, "rb")


def resolve(
    source: Any, storage_options: Mapping[str, Any] | None = None, *, select: Select
) -> ResolvedSource:
    """Find the files of ``source``; lists folders and asks whether files exist, opens none.

    Globs and folders give their files sorted by path, hidden ones (``.x``, ``_x``) left out of
    folders; a list keeps its order. A path that exists is never taken for a glob.

    Raises SourceNotFoundError with the nearest match, SourceError for a folder without data files
    or a place that cannot be reached, InvalidArgumentError for anything that is not a source or
    a protocol that fsspec does not know.
    """
    members = [_text(member) for member in _members(source)]
    if not members:
        raise InvalidArgumentError("The list of sources is empty: pass at least one path or URL.")
    opened = [_filesystem(member, storage_options or {}) for member in members]
    filesystem = opened[0][0]
    if any(other is not filesystem for other, _ in opened):
        raise InvalidArgumentError(
            "The sources of one list must lie in one place: all local, or all on one file system. "
            "Make a reader for each place."
        )
    found: list[tuple[str, Mapping[str, str | None]]] = []
    for member, (_, path) in zip(members, opened, strict=True):
        with reading(without_credentials(member), _UNREACHABLE, remote=True):
            found += _expand(filesystem, path, without_credentials(member), select)
    paths = tuple(path for path, _ in found)
    local = isinstance(filesystem, LocalFileSystem)
    shown = without_credentials(members[0])
    return ResolvedSource(
        given=shown if len(members) == 1 else f"{shown} and {len(members) - 1} more",
        paths=paths,
        urls=paths if local else tuple(_url(filesystem, path) for path in paths),
        filesystem=None if local else filesystem,
        partitions=tuple(values for _, values in found),
    )


def _members(source: Any) -> Iterable[Any]:
    return source if isinstance(source, list | tuple) else [source]


def _text(member: Any) -> str:
    try:
        text = os.fspath(member)
    except TypeError:
        text = None
    if not isinstance(text, str) or not text:
        raise InvalidArgumentError(
            f"{member!r} is not a source: pass a path, a glob, a folder, a URL, or a list of them."
        )
    return text


def _filesystem(member: str, storage_options: Mapping[str, Any]) -> tuple[Any, str]:
    if "://" not in member and "::" not in member:
        path = os.path.abspath(os.path.expanduser(member))
        return fsspec.filesystem("file"), path
    if member.startswith("file://"):
        return fsspec.filesystem("file"), unquote(urlsplit(member).path) or "/"
    shown = without_credentials(member)
    try:
        filesystem, path = fsspec.core.url_to_fs(member, **storage_options)
    except ImportError as error:
        raise InvalidArgumentError(
            f"{shown} needs a package that is not installed: {error}."
        ) from error
    except ValueError as error:
        raise InvalidArgumentError(
            f"{shown} is not a URL that fsspec can open: {error}."
        ) from error
    # A listing remembered from before would hide files that were written since.
    filesystem.invalidate_cache()
    return filesystem, path


def _expand(
    filesystem: Any, path: str, shown: str, select: Select
) -> list[tuple[str, Mapping[str, str | None]]]:
    if filesystem.isfile(path):
        return [(path, {})]
    if filesystem.isdir(path):
        return _folder(filesystem, path, shown, select, path)
    if not _MAGIC.search(path):
        raise SourceNotFoundError(_missing(filesystem, path, shown))
    base = dirname(path[: cast("re.Match[str]", _MAGIC.search(path)).start()] + "x")
    found: list[tuple[str, Mapping[str, str | None]]] = []
    for match in sorted(filesystem.glob(path)):
        if filesystem.isdir(match):
            found += _folder(filesystem, match, match, select, base)
        else:
            found.append((match, partition_values(match, base)))
    if not found:
        raise SourceNotFoundError(
            f"The pattern {shown} matches no file. Check it against the folder {base or '/'}."
        )
    return found


def _folder(
    filesystem: Any, folder: str, shown: str, select: Select, base: str
) -> list[tuple[str, Mapping[str, str | None]]]:
    start = len(folder.rstrip("/")) + 1
    visible = [
        path for path in sorted(filesystem.find(folder)) if not _hidden(path[start:].split("/"))
    ]
    chosen = select(visible)
    if not chosen:
        raise SourceError(
            f"The folder {shown} holds no data file ({len(visible)} other files). "
            "Pass format=… when the files have no usual suffix."
        )
    return [(path, partition_values(path, base)) for path in chosen]


def _hidden(parts: Sequence[str]) -> bool:
    # Spark and its kin write _SUCCESS and .crc files; a hive key may still begin with "_".
    return any(p.startswith(".") or (p.startswith("_") and "=" not in p) for p in parts)


def _missing(filesystem: Any, path: str, shown: str) -> str:
    folder = dirname(path.rstrip("/"))
    if not filesystem.isdir(folder):
        return f"There is nothing at {shown}: the folder {folder or '/'} does not exist either."
    names = [basename(found.rstrip("/")) for found in filesystem.ls(folder, detail=False)]
    if not names:
        return f"There is nothing at {shown}: the folder {folder or '/'} is empty."
    hint = did_you_mean(basename(path.rstrip("/")), names, noun="files in that folder")
    return f"There is nothing at {shown}. {hint}"


def _url(filesystem: Any, path: str) -> str:
    return without_credentials(filesystem.unstrip_protocol(path))
