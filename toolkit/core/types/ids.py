"""Keys of the catalog's rows."""

from __future__ import annotations

from typing import TypeAlias

FileId: TypeAlias = int
"""Primary key of a row of the catalog's ``files`` table."""

VersionId: TypeAlias = int
"""Primary key of a row of the catalog's ``versions`` table."""

RunId: TypeAlias = int
"""Primary key of a row of the catalog's ``runs`` table."""
