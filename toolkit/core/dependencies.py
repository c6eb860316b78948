"""The composition root: the only module that knows every slice.

Each function builds one part with what it stands on; ``assemble`` builds a whole workspace. Slices
are imported here when they are needed, so that ``import toolkit`` stays light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from toolkit.analysis.profile import ProfileService
    from toolkit.catalog.catalog import Catalog
    from toolkit.core.interfaces import IArtifactProducer, IChecker, IGarbageCollector
    from toolkit.datasets.service import DatasetService
    from toolkit.query.service import QueryService
    from toolkit.sampling.service import SamplingService
    from toolkit.storage.interfaces import IStorageBackend

CATALOG_FILE = "catalog.duckdb"
STORAGE_SETTING = "storage"
DEFAULT_STORAGE = "files"
"""The storage root of a workspace that names none: this folder inside of it."""

DEFAULT_TIMEOUT = 30.0
"""Seconds to wait for a catalog that another process uses."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one workspace."""

    catalog: Catalog
    backend: IStorageBackend
    datasets: DatasetService
    query: QueryService
    sampling: SamplingService
    profiles: ProfileService
    collector: IGarbageCollector
    checker: IChecker


def get_catalog(home: Path, *, timeout: float = DEFAULT_TIMEOUT) -> Catalog:
    """The catalog of the workspace in folder ``home``."""
    from toolkit.catalog.catalog import Catalog

    return Catalog(home / CATALOG_FILE, timeout=timeout)


def get_storage_backend(
    home: Path,
    *,
    catalog: Catalog | None = None,
    storage: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> IStorageBackend:
    """The store of the workspace in folder ``home``.

    ``storage`` is a folder or URL; the first one is remembered, and naming another one later raises
    InvalidArgumentError. A store inside the workspace is remembered relative to it, so that the
    folder can be moved."""
    from toolkit.storage.backends.factory import StorageFactory

    wanted = None if storage is None else _normalized(home, storage)
    stored = (catalog or get_catalog(home)).setting(STORAGE_SETTING, wanted or DEFAULT_STORAGE)
    if wanted is not None and wanted != stored:
        raise InvalidArgumentError(
            f"The workspace {str(home)!r} keeps its files in {stored!r}, not in {wanted!r}. "
            "Leave storage= out, or make a workspace in another folder."
        )
    root = stored if "://" in stored else str(home / stored)
    return StorageFactory().create(root, storage_options=storage_options)


def get_artifact_producer(
    home: Path, *, catalog: Catalog | None = None, backend: IStorageBackend | None = None
) -> IArtifactProducer:
    """The one door of the workspace in folder ``home``."""
    from toolkit.storage.services.artifact_producer import ArtifactProducer

    catalog = catalog or get_catalog(home)
    backend = backend or get_storage_backend(home, catalog=catalog)
    return ArtifactProducer(backend, catalog, home / "staging")


def get_dataset_service(
    home: Path,
    *,
    catalog: Catalog | None = None,
    backend: IStorageBackend | None = None,
    producer: IArtifactProducer | None = None,
    storage_options: Mapping[str, Any] | None = None,
    relation_inputs: Any = None,
) -> DatasetService:
    """Datasets of the workspace in folder ``home``; without a producer they can only be read."""
    from toolkit.datasets.readers.factory import DatasetReaderFactory
    from toolkit.datasets.service import DatasetService
    from toolkit.storage.services.stored_files import StoredFiles

    catalog = catalog or get_catalog(home)
    backend = backend or get_storage_backend(home, catalog=catalog)
    return DatasetService(
        catalog,
        StoredFiles(backend, catalog),
        DatasetReaderFactory(storage_options),
        producer,
        relation_inputs,
    )


def assemble(
    home: Path,
    *,
    storage: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> Services:
    """Every part of the workspace in folder ``home``, each made once."""
    from toolkit.analysis.profile import ProfileService
    from toolkit.query.service import QueryService
    from toolkit.sampling.service import SamplingService
    from toolkit.storage.services.checker import Checker
    from toolkit.storage.services.garbage_collector import GarbageCollector
    from toolkit.storage.services.stored_files import StoredFiles

    catalog = get_catalog(home, timeout=timeout)
    backend = get_storage_backend(
        home, catalog=catalog, storage=storage, storage_options=storage_options
    )
    producer = get_artifact_producer(home, catalog=catalog, backend=backend)
    reading = get_dataset_service(home, catalog=catalog, backend=backend)
    query = QueryService(reading, allowed_root=backend.root)
    datasets = get_dataset_service(
        home,
        catalog=catalog,
        backend=backend,
        producer=producer,
        storage_options=storage_options,
        relation_inputs=query.inputs_of,
    )
    return Services(
        catalog=catalog,
        backend=backend,
        datasets=datasets,
        query=query,
        sampling=SamplingService(datasets),
        profiles=ProfileService(datasets),
        collector=GarbageCollector(backend, catalog, home / "staging"),
        checker=Checker(backend, catalog, StoredFiles(backend, catalog)),
    )


def _normalized(home: Path, storage: str) -> str:
    """How a storage root is remembered: relative to the workspace, absolute, or a URL."""
    if "://" in storage and not storage.startswith("file://"):
        return storage.rstrip("/")
    path = Path(storage.removeprefix("file://")).expanduser().absolute()
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)
