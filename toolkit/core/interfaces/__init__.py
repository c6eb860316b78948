"""What the slices are to each other: small protocols without logic.

A slice is handed what it needs of another one, typed by a protocol from here; only
``core/dependencies.py`` knows which class stands behind it.
"""

from toolkit.core.interfaces.catalog import (
    ICatalog,
    IEventBus,
    IFileRepository,
    ITransaction,
    IVersionRepository,
)
from toolkit.core.interfaces.datasets import IDatasetService, ISqlSources
from toolkit.core.interfaces.storage import (
    IArtifactProducer,
    IChecker,
    IGarbageCollector,
    IStagedFile,
    IStoredFiles,
)

__all__ = [
    "IArtifactProducer",
    "ICatalog",
    "IChecker",
    "IDatasetService",
    "IEventBus",
    "IFileRepository",
    "IGarbageCollector",
    "ISqlSources",
    "IStagedFile",
    "IStoredFiles",
    "ITransaction",
    "IVersionRepository",
]
