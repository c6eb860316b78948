"""The frozen value types that slices exchange: data, and no behaviour beyond their own text."""

from toolkit.core.types.events import Event
from toolkit.core.types.files import (
    PARQUET_MEDIA_TYPE,
    FileLocation,
    FileRecord,
    FileState,
    NewFile,
    ProducedFile,
)
from toolkit.core.types.ids import FileId, RunId, VersionId
from toolkit.core.types.manifests import (
    Fragment,
    FragmentFile,
    HeldColumns,
    LocatedFile,
    LocatedFragment,
    NewFragment,
    NewFragmentFile,
    PartlyUsedFile,
    SpreadVersion,
    StoredColumn,
)
from toolkit.core.types.reports import CheckReport, GcReport, OptimizeReport, Problem
from toolkit.core.types.runs import Binding, NewRun
from toolkit.core.types.versions import (
    Artifact,
    ColumnRecord,
    DataRef,
    HoldRecord,
    InputRecord,
    NewVersion,
    VersionKind,
    VersionRecord,
)

__all__ = [
    "PARQUET_MEDIA_TYPE",
    "Artifact",
    "Binding",
    "CheckReport",
    "ColumnRecord",
    "DataRef",
    "Event",
    "FileId",
    "FileLocation",
    "FileRecord",
    "FileState",
    "Fragment",
    "FragmentFile",
    "GcReport",
    "HeldColumns",
    "HoldRecord",
    "InputRecord",
    "LocatedFile",
    "LocatedFragment",
    "NewFile",
    "NewFragment",
    "NewFragmentFile",
    "NewRun",
    "NewVersion",
    "OptimizeReport",
    "PartlyUsedFile",
    "Problem",
    "ProducedFile",
    "RunId",
    "SpreadVersion",
    "StoredColumn",
    "VersionId",
    "VersionKind",
    "VersionRecord",
]
