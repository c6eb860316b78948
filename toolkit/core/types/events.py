"""What is told to listeners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened and is committed."""

    kind: Literal[
        "file_produced",
        "file_deduplicated",
        "file_deleted",
        "version_created",
        "version_dropped",
        "version_expired",
    ]
    subject: str
    """The content hash of a file, or ``name@version``."""
    detail: Mapping[str, Any] = field(default_factory=dict)
