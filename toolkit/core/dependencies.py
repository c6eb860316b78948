"""The composition root: the only module that knows every slice.

Each function builds one part with what it stands on; ``assemble`` builds a whole workspace. Slices
are imported here when they are needed, so that ``import toolkit`` stays light."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from toolkit.core.places import workspace_folder

if TYPE_CHECKING:
    from toolkit.analysis.profile import ProfileService
    from toolkit.catalog.catalog import Catalog
    from toolkit.core.interfaces import IArtifactProducer, IChecker, IGarbageCollector
    from toolkit.datasets.interfaces import IDatasetReaderFactory
    from toolkit.datasets.service import DatasetService
    from toolkit.datasets.upkeep.reads import ReadCounter
    from toolkit.datasets.versions import VersionService
    from toolkit.query.service import QueryService
    from toolkit.sampling.service import SamplingService
    from toolkit.storage.interfaces import IStorageBackend

CATALOG_FILE = "catalog.duckdb"
STAGING = "staging"
"""Where files for a store that is not a folder are written first."""

CACHE = "cache"
"""Plain copies of versions for foreign tools."""

Folder: TypeAlias = "str | os.PathLike[str]"

DEFAULT_TIMEOUT = 30.0
"""Seconds to wait for a catalog that another process uses."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one workspace."""

    catalog: Catalog
    backend: IStorageBackend
    reads: ReadCounter
    datasets: DatasetService
    versions: VersionService
    query: QueryService
    sampling: SamplingService
    profiles: ProfileService
    collector: IGarbageCollector
    checker: IChecker


def get_catalog(home: Folder, *, timeout: float = DEFAULT_TIMEOUT) -> Catalog:
    """The catalog of the workspace in folder ``home``."""
    from toolkit.catalog.catalog import Catalog

    return Catalog(workspace_folder(home) / CATALOG_FILE, timeout=timeout)


def get_storage_backend(
    home: Folder,
    *,
    catalog: Catalog | None = None,
    storage: Folder | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> IStorageBackend:
    """The store of the workspace in folder ``home``.

    ``storage`` is a folder or URL; it is remembered (see ``toolkit/storage/root.py``), and naming
    another one later, when there are files, raises InvalidArgumentError."""
    from toolkit.storage.backends.factory import StorageFactory
    from toolkit.storage.root import open_store

    return open_store(
        workspace_folder(home),
        catalog or get_catalog(home),
        StorageFactory(),
        storage=storage,
        storage_options=storage_options,
    )


def get_artifact_producer(
    home: Folder,
    *,
    catalog: Catalog | None = None,
    backend: IStorageBackend | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> IArtifactProducer:
    """The one door of the workspace in folder ``home``."""
    from toolkit.storage.services.artifact_producer import ArtifactProducer

    catalog = catalog or get_catalog(home)
    backend = backend or get_storage_backend(home, catalog=catalog, storage_options=storage_options)
    return ArtifactProducer(backend, catalog, workspace_folder(home) / STAGING)


def get_readers(storage_options: Mapping[str, Any] | None = None) -> IDatasetReaderFactory:
    """What makes readers of sources; ``storage_options`` are those of the URLs that they open."""
    from toolkit.datasets.readers.factory import DatasetReaderFactory

    return DatasetReaderFactory(storage_options)


def get_dataset_service(
    home: Folder,
    *,
    catalog: Catalog | None = None,
    backend: IStorageBackend | None = None,
    producer: IArtifactProducer | None = None,
    readers: IDatasetReaderFactory | None = None,
    storage_options: Mapping[str, Any] | None = None,
    relation_inputs: Any = None,
    reads: ReadCounter | None = None,
) -> DatasetService:
    """Datasets of the workspace in folder ``home``; without a producer they can only be read.

    ``storage_options`` are those of the store, and of the URLs that new ``readers`` open."""
    from toolkit.datasets.service import DatasetService
    from toolkit.storage.services.stored_files import StoredFiles

    catalog = catalog or get_catalog(home)
    backend = backend or get_storage_backend(home, catalog=catalog, storage_options=storage_options)
    return DatasetService(
        catalog,
        StoredFiles(backend, catalog),
        readers or get_readers(storage_options),
        producer,
        relation_inputs=relation_inputs,
        reads=reads,
        cache=workspace_folder(home) / CACHE,
    )


def assemble(
    home: Folder,
    *,
    storage: Folder | None = None,
    storage_options: Mapping[str, Any] | None = None,
    readers: IDatasetReaderFactory | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> Services:
    """Every part of the workspace in folder ``home``, each made once; ``readers`` lives longer."""
    from toolkit.analysis.profile import ProfileService
    from toolkit.datasets.upkeep.reads import ReadCounter
    from toolkit.datasets.versions import VersionService
    from toolkit.query.service import QueryService
    from toolkit.sampling.service import SamplingService
    from toolkit.storage.services.checker import Checker
    from toolkit.storage.services.garbage_collector import GarbageCollector
    from toolkit.storage.services.publication import OBJECTS
    from toolkit.storage.services.stored_files import StoredFiles

    catalog = get_catalog(home, timeout=timeout)
    backend = get_storage_backend(
        home, catalog=catalog, storage=storage, storage_options=storage_options
    )
    producer = get_artifact_producer(home, catalog=catalog, backend=backend)
    reads = ReadCounter(catalog)
    reading = get_dataset_service(home, catalog=catalog, backend=backend, reads=reads)
    query = QueryService(reading, allowed_root=backend.locate(OBJECTS.rstrip("/")).uri)
    datasets = get_dataset_service(
        home,
        catalog=catalog,
        backend=backend,
        producer=producer,
        readers=readers,
        storage_options=storage_options,
        relation_inputs=query.inputs_of,
        reads=reads,
    )
    return Services(
        catalog=catalog,
        backend=backend,
        reads=reads,
        datasets=datasets,
        versions=VersionService(catalog),
        query=query,
        sampling=SamplingService(datasets),
        profiles=ProfileService(datasets),
        collector=GarbageCollector(backend, catalog, workspace_folder(home) / STAGING),
        checker=Checker(backend, catalog, StoredFiles(backend, catalog)),
    )
