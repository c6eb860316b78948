"""What the display asks of a workspace and of the notebook's session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from toolkit.core.types import HoldRecord


class IViewedWorkspace(Protocol):
    """The verbs of a ``Workspace`` that looking at it takes."""

    def datasets(self) -> pl.DataFrame: ...

    def history(self, name: str) -> pl.DataFrame: ...

    def diff(self, before: str, after: str) -> pl.DataFrame: ...

    def lineage(self, ref: str) -> pl.DataFrame: ...

    def stats(self) -> pl.DataFrame: ...

    def load(self, ref: str) -> pl.LazyFrame: ...

    def sql(self, query: str) -> Any: ...

    def tag(self, ref: str, tag: str, *, move: bool = ...) -> None: ...

    def untag(self, name: str, tag: str) -> bool: ...

    def hold(self, ref: str, reason: str) -> Any: ...

    def holds(self) -> Sequence[HoldRecord]: ...

    def release(self, hold_id: int) -> bool: ...

    def drop(self, ref: str) -> str: ...


class IViewingSession(Protocol):
    """The part of the notebook's session that the display is handed."""

    @property
    def workspace(self) -> Any: ...
