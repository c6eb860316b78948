"""What upkeep did and found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class GcReport:
    """What a garbage collection deleted, or would delete with ``dry_run=True``."""

    files: int
    bytes: int
    orphans: int
    """Objects that no row of the catalog names: left by a crash or a lost race."""
    orphan_bytes: int
    waiting: int
    """Files at 0 references whose grace period is not over."""
    waiting_bytes: int
    dry_run: bool
    partly_used: int = 0
    """Files that stay for some of their columns only; ``optimize`` rewrites them when it pays.
    Told with ``dry_run=True``."""
    unused_bytes: int = 0
    """Bytes of their other columns."""


@dataclass(frozen=True, slots=True)
class OptimizeReport:
    """What ``optimize`` rewrote."""

    versions: tuple[str, ...]
    """The versions that lie in one file now, also others of the same content."""
    files: int
    """Files that were rewritten without columns that nothing uses."""
    written_bytes: int
    garbage_bytes: int
    """Bytes of files that nothing uses any more: ``gc`` deletes them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that ``check`` found wrong."""

    kind: Literal["missing", "changed", "count", "unreadable", "manifest"]
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result of comparing catalog, edges and bytes."""

    files: int
    bytes: int
    versions: int
    problems: tuple[Problem, ...]
    orphans: int
    """Objects without a row. They cost space and harm nothing; ``gc`` sweeps them."""

    @property
    def ok(self) -> bool:
        return not self.problems
