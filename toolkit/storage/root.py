"""The store of a workspace: its root is parsed once, and remembered in the catalog."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.core.errors import InvalidArgumentError
from toolkit.core.interfaces import ICatalog
from toolkit.storage.interfaces import IStorageBackend, IStorageFactory

SETTING = "storage"
DEFAULT = "files"
"""The storage root of a workspace that names none: this folder inside of it."""


def open_store(
    home: Path,
    catalog: ICatalog,
    factory: IStorageFactory,
    *,
    storage: str | os.PathLike[str] | None,
    storage_options: Mapping[str, Any] | None,
) -> IStorageBackend:
    """The store that ``storage`` names, or else the one that the catalog remembers.

    What is remembered is the root that the factory understood, once it could be opened; relative
    for a folder within the workspace, so that this can be moved. Another one may follow while the
    catalog has no files.

    Raises InvalidArgumentError for a root that cannot be one, or that is not the remembered one.
    """
    if storage is None:
        return _remembered_store(home, catalog, factory, storage_options)
    backend = factory.create(storage, storage_options=storage_options)
    _refuse_to_open_the_catalog(home, backend)
    wanted = _to_remember(home, backend.root)
    stored = catalog.keep(SETTING, wanted, replace=True)
    if stored == wanted:
        return backend
    if not _same_folder(home, stored, wanted):
        raise InvalidArgumentError(
            f"The workspace {str(home)!r} keeps its files in {stored!r}, not in {wanted!r}. "
            "Leave storage= out, or make a workspace in another folder."
        )
    return _remembered_store(home, catalog, factory, storage_options)


def _remembered_store(
    home: Path, catalog: ICatalog, factory: IStorageFactory, options: Mapping[str, Any] | None
) -> IStorageBackend:
    stored = catalog.keep(SETTING, DEFAULT)
    backend = factory.create(_place(home, stored), storage_options=options)
    _refuse_to_open_the_catalog(home, backend)
    if stored != DEFAULT:
        catalog.keep(SETTING, stored)
    return backend


def _place(home: Path, remembered: str) -> str:
    return remembered if "://" in remembered else str(home / remembered)


def _to_remember(home: Path, root: str) -> str:
    if "://" in root:
        return root
    for base, path in ((home, Path(root)), (home.resolve(), Path(root).resolve())):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return root


def _same_folder(home: Path, stored: str, wanted: str) -> bool:
    places = [_place(home, remembered) for remembered in (stored, wanted)]
    if any("://" in place for place in places):
        return False
    return Path(places[0]).resolve() == Path(places[1]).resolve()


def _refuse_to_open_the_catalog(home: Path, backend: IStorageBackend) -> None:
    """SQL may read whatever is below the root: the catalog must not be."""
    root = backend.root
    if "://" not in root and home.resolve().is_relative_to(Path(root).resolve()):
        raise InvalidArgumentError(
            f"The storage root {root} contains the workspace's own folder {home}, so that SQL "
            f"could read the catalog. Choose a folder of its own, such as {home / DEFAULT}."
        )
