"""The error tree. Everything the toolkit raises on purpose is a ToolkitError.

    ToolkitError
    ├── InvalidNameError (ValueError)          a dataset name, tag or reference outside the rule
    ├── InvalidArgumentError (ValueError)      any other argument that cannot be meant
    ├── FrameError (TypeError)                 what cannot be saved as a frame
    │   ├── UnsupportedTypeError               a column type that Parquet cannot hold
    │   └── SchemaMismatchError                an append whose columns differ
    ├── NotFoundError (LookupError)
    │   ├── DatasetNotFoundError               no such dataset, version or tag
    │   └── SourceNotFoundError (FileNotFoundError)   nothing to read at this path
    ├── SourceError (ValueError)               a source that is there and cannot be read
    │   └── SourceDriftError                   a source that does not keep its contract
    ├── QueryError (ValueError)                SQL that DuckDB refused
    ├── HeldError                              a version that a hold or tag protects
    ├── ReadOnlyError                          saving was asked of a service without a producer
    ├── StorageError (OSError)
    │   ├── ObjectNotFoundError (FileNotFoundError)   no object under this key
    │   ├── FileMissingError (FileNotFoundError)      a stored file is gone
    │   └── FileChangedError                          a stored file is not what was stored
    └── CatalogError
        ├── CatalogBusyError (TimeoutError)    another process held it past the deadline
        ├── CatalogVersionError                written by a newer toolkit
        ├── CatalogDamagedError                commits are missing, or it is not a catalog
        ├── ConflictError                      another process changed what a change was based on
        └── TransactionError                   a transaction was nested or used after its end

Each message says what happened, to which thing, and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ToolkitError(Exception):
    """Base of all errors that the toolkit raises on purpose."""


class InvalidNameError(ToolkitError, ValueError):
    """A dataset name, tag or reference is outside the naming rule."""


class InvalidArgumentError(ToolkitError, ValueError):
    """An argument has a value that cannot be meant."""


class FrameError(ToolkitError, TypeError):
    """An object cannot be saved as a frame."""


class UnsupportedTypeError(FrameError):
    """A column has a type that Parquet cannot hold; nothing was written."""


class SchemaMismatchError(FrameError):
    """The rows to append do not have the dataset's columns; nothing was written."""


class NotFoundError(ToolkitError, LookupError):
    """Something that was asked for by name does not exist."""


class DatasetNotFoundError(NotFoundError):
    """No dataset, version or tag answers to a reference."""


class SourceNotFoundError(NotFoundError, FileNotFoundError):
    """Nothing to read at a path or URL."""


class SourceError(ToolkitError, ValueError):
    """A source is there and cannot be read as what it claims to be."""


class SourceDriftError(SourceError):
    """A source is not what an earlier one was found to be; see ``contract`` of the CSV reader."""


class QueryError(ToolkitError, ValueError):
    """A SQL query was refused by DuckDB, or is not a query."""


class HeldError(ToolkitError):
    """A version cannot be dropped because a hold or a tag protects it."""


class ReadOnlyError(ToolkitError):
    """Saving was asked of a service that was built without an artifact producer."""


class StorageError(ToolkitError, OSError):
    """The store refused or failed; what was being written is not visible."""


class ObjectNotFoundError(StorageError, FileNotFoundError):
    """There is no object under a key."""


class FileMissingError(StorageError, FileNotFoundError):
    """A file that the catalog names is gone from the store."""


class FileChangedError(StorageError):
    """A file in the store is not the one that was stored."""


class CatalogError(ToolkitError):
    """The catalog could not be used."""


class CatalogBusyError(CatalogError, TimeoutError):
    """Another process held the catalog past the deadline."""


class CatalogVersionError(CatalogError):
    """The catalog was written by a newer release of the toolkit."""


class CatalogDamagedError(CatalogError):
    """The catalog file is not one, or commits that were acknowledged are missing from it."""


class ConflictError(CatalogError):
    """A dataset got a new version while rows were appended to the one before; nothing was saved."""


class TransactionError(CatalogError):
    """A transaction was nested in another one, or used after it had ended."""


def did_you_mean(wanted: str, existing: Iterable[str], *, noun: str) -> str:
    """The end of a "not found" message: the nearest match, else what exists.

    >>> did_you_mean("delay", ["delays", "flights"], noun="datasets")
    'Did you mean "delays"? Existing datasets: delays, flights.'
    """
    names = sorted(existing)
    if not names:
        return f"There are no {noun} yet."
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    hint = f'Did you mean "{near[0]}"? ' if near else ""
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return f"{hint}Existing {noun}: {shown}."
