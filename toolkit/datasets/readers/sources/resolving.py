"""Turns what a person passes into files to read: a path, glob, folder, URL, bytes, an open file, or
a list of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from posixpath import dirname
from typing import Any, TypeAlias

from fsspec.archive import AbstractArchiveFileSystem
from fsspec.implementations.local import LocalFileSystem

from toolkit.core.errors import InvalidArgumentError, SourceError, SourceNotFoundError
from toolkit.core.redaction import without_credentials
from toolkit.datasets.readers.failures import reading
from toolkit.datasets.readers.packing.limits import UnpackLimits
from toolkit.datasets.readers.partitions import partition_values
from toolkit.datasets.readers.sources.archives import member_filesystem
from toolkit.datasets.readers.sources.missing import nothing_at
from toolkit.datasets.readers.sources.objects import ObjectFileSystem, is_object
from toolkit.datasets.readers.sources.places import Place, StorageOptions, place_of
from toolkit.datasets.readers.sources.resolved import ResolvedSource, Select
from toolkit.datasets.readers.sources.web import WebFileSystem

_Found: TypeAlias = list[tuple[str, Mapping[str, str | None]]]

_ANSWERING = (WebFileSystem, LocalFileSystem, AbstractArchiveFileSystem)
"""They raise what is wrong with a place themselves."""

_MAGIC = re.compile(r"[*?\[]")
_WEB_MAGIC = re.compile(r"[*]")
_UNREACHABLE = "Check the URL, storage_options and your permissions."


def resolve(
    source: Any,
    storage_options: StorageOptions | None = None,
    *,
    select: Select,
    limits: UnpackLimits | None = None,
) -> ResolvedSource:
    """Find the files of ``source``; lists folders and asks whether files exist, opens none.

    Globs and folders give their files sorted by path, hidden ones (``.x``, ``_x``) left out of
    folders, and pipes and devices of both; a list keeps its order. A path that exists is never
    taken for a glob.

    Raises SourceNotFoundError with the nearest match, SourceError for a folder without data files
    or a place that cannot be reached, InvalidArgumentError for anything that is not a source or
    a protocol that fsspec does not know.
    """
    members = list(source) if isinstance(source, list | tuple) else [source]
    if not members:
        raise InvalidArgumentError("The list of sources is empty: pass at least one path or URL.")
    limits = limits or UnpackLimits()
    objects = [is_object(member) for member in members]
    if all(objects):
        return _objects(members, select, limits)
    if any(objects):
        raise _several_places()
    places = _places(members, storage_options or StorageOptions())
    found: list[tuple[str, str, Mapping[str, str | None]]] = []
    local = isinstance(places[0].filesystem, LocalFileSystem)
    for place in places:
        with reading(place.shown, _UNREACHABLE, remote=True):
            for path, values in _expand(place, select):
                found.append((path, path if local else place.url(path), values))
    paths, urls, partitions = zip(*found, strict=True)
    return ResolvedSource(
        given=_given([place.shown for place in places]),
        paths=paths,
        urls=urls,
        filesystem=None if local else _readable(places[0].filesystem, limits),
        partitions=partitions,
        select=select,
        limits=limits,
    )


def _given(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _objects(members: Sequence[Any], select: Select, limits: UnpackLimits) -> ResolvedSource:
    filesystem = ObjectFileSystem(members)
    names = filesystem.names
    return ResolvedSource(
        given=_given(names),
        paths=filesystem.paths,
        urls=names,
        filesystem=filesystem,
        partitions=tuple({} for _ in names),
        select=select,
        limits=limits,
    )


def _places(members: Sequence[Any], options: StorageOptions) -> list[Place]:
    known: dict[str, Any] = {}
    places = []
    for member in members:
        shown = without_credentials(member) if isinstance(member, str) else repr(member)
        try:
            with reading(shown, _UNREACHABLE, remote=True):
                places.append(place_of(member, options, known))
        except SourceNotFoundError as error:
            raise SourceNotFoundError(
                f"There is nothing at {shown}: the archive in it is not there."
            ) from error
    if any(place.filesystem is not places[0].filesystem for place in places):
        raise _several_places()
    return places


def _several_places() -> InvalidArgumentError:
    return InvalidArgumentError(
        "The sources of one list must lie in one place: all local, all on one file system, or all "
        "in memory. Make a reader for each place."
    )


def _readable(filesystem: Any, limits: UnpackLimits) -> Any:
    if isinstance(filesystem, AbstractArchiveFileSystem):
        return member_filesystem(filesystem, limits)
    return filesystem


def _expand(place: Place, select: Select) -> _Found:
    filesystem, path = place.filesystem, place.path
    if filesystem.isfile(path):
        return [(path, {})]
    if filesystem.isdir(path):
        return _folder(filesystem, path, place.shown, select, path)
    magic = (_WEB_MAGIC if isinstance(filesystem, WebFileSystem) else _MAGIC).search(path)
    if magic is None:
        _require_answer(filesystem, path)
        raise nothing_at(filesystem, path, place.shown)
    base = dirname(path[: magic.start()] + "x")
    found: _Found = []
    dots = _dotted(path, base)
    for match in sorted(filesystem.glob(path)):
        # As in a shell: a name with a dot in front is meant only by a pattern that has it.
        if _dotted(match, base) and not dots:
            continue
        if filesystem.isdir(match):
            found += _folder(filesystem, match, match, select, base)
        elif _may_be_read(filesystem, match):
            found.append((match, partition_values(match, base)))
    if not found:
        _require_answer(filesystem, base)
        raise SourceNotFoundError(
            f"The pattern {place.shown} matches no file. Check it against the folder {base or '/'}."
        )
    return found


def _require_answer(filesystem: Any, path: str) -> None:
    """Raise what keeps a store from answering: fsspec takes one that cannot be reached, or lets
    nobody in, for one that has no such file."""
    if not isinstance(filesystem, _ANSWERING):
        with suppress(FileNotFoundError, NotADirectoryError):
            filesystem.info(path)


def _folder(filesystem: Any, folder: str, shown: str, select: Select, base: str) -> _Found:
    # The root of an archive has no name.
    start = len(folder.rstrip("/")) + 1 if folder else 0
    visible = [
        path for path in sorted(filesystem.find(folder)) if not _hidden(path[start:].split("/"))
    ]
    if not visible and isinstance(filesystem, LocalFileSystem):
        # The walk passes over a folder that may not be read.
        os.listdir(folder)
    chosen = [path for path in select(visible) if _may_be_read(filesystem, path)]
    if not chosen:
        raise SourceError(
            f"The folder {shown} holds no data file ({len(visible)} other files). "
            "Pass format=… when the files have no usual suffix."
        )
    return [(path, partition_values(path, base)) for path in chosen]


def _may_be_read(filesystem: Any, path: str) -> bool:
    """Whether it is no pipe, socket or device, which reading would wait for. A link to nothing
    stays: rows may be missing."""
    if not isinstance(filesystem, LocalFileSystem):
        return True
    return os.path.isfile(path) or not os.path.exists(path)


def _dotted(path: str, base: str) -> bool:
    return any(part.startswith(".") for part in path[len(base) :].split("/"))


def _hidden(parts: Sequence[str]) -> bool:
    # Spark and its kin write _SUCCESS and .crc files; a hive key may still begin with "_".
    return any(p.startswith(".") or (p.startswith("_") and "=" not in p) for p in parts)
