"""What the notebook slice is handed: a workspace, and the part of it that captures."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

from toolkit.core.hold import Hold
from toolkit.core.types import Artifact, Binding, NewRun, RunId

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    import pyarrow as pa


class ICaptures(Protocol):
    """Records runs of cells and what they bound, and lets old captured versions go."""

    def begin(self, run: NewRun) -> RunId:
        """Record a cell that was run."""

    def capture(
        self, run_id: RunId, variable: str, frame: Any, name: str, inputs: Sequence[Any]
    ) -> Artifact:
        """Save what a variable is bound to. Raises as ``save`` does."""

    def note(self, run_id: RunId, variable: str, text: str) -> None:
        """Record what is known of a variable that is not saved."""

    def inputs_of(self, frame: Any) -> tuple[str, ...]:
        """What a lazy frame or a relation of SQL shows by itself that it reads."""

    def last_session(self, notebook: str, besides: str) -> tuple[Binding, ...]:
        """What the variables of a notebook were at the end of its last session but ``besides``."""

    def engine_of(self, ref: str) -> str:
        """``pandas`` for a version that was a pandas frame, else ``polars``."""

    def expire(self, *, keep: int, budget: int | None) -> tuple[str, ...]:
        """Drop old captured versions; returns their references."""


class INotebookWorkspace(Protocol):
    """The verbs of a workspace that the notebook uses; ``toolkit.Workspace`` documents them."""

    home: Path

    @property
    def captures(self) -> ICaptures: ...

    def save(
        self, frame: Any, name: str, *, inputs: Sequence[Any] | None = None, how: str = ""
    ) -> Artifact: ...

    @overload
    def load(self, ref: str | Artifact, engine: Literal["polars"] = ...) -> pl.LazyFrame: ...
    @overload
    def load(self, ref: str | Artifact, engine: Literal["arrow"]) -> pa.Table: ...
    @overload
    def load(self, ref: str | Artifact, engine: Literal["pandas"]) -> Any: ...

    def sql(
        self,
        query: str,
        params: Mapping[str, object] | None = None,
        frames: Mapping[str, Any] | None = None,
        /,
        **named: object,
    ) -> duckdb.DuckDBPyRelation: ...

    def interrupt(self) -> None: ...

    def datasets(self) -> pl.DataFrame: ...

    def history(self, name: str) -> pl.DataFrame: ...

    def diff(self, before: str | Artifact, after: str | Artifact) -> pl.DataFrame: ...

    def lineage(self, ref: str | Artifact) -> pl.DataFrame: ...

    def stats(self) -> pl.DataFrame: ...

    def du(self) -> pl.DataFrame: ...

    def tag(self, ref: str | Artifact, tag: str, *, move: bool = False) -> None: ...

    def untag(self, name: str, tag: str) -> bool: ...

    def hold(self, ref: str | Artifact, reason: str) -> Hold: ...

    def release(self, hold_id: int) -> bool: ...

    def drop(self, ref: str | Artifact) -> str: ...

    def profile(
        self, ref: str | Artifact, *, name: str | None = None, bins: int = 20, top: int = 10
    ) -> Any: ...

    def export(
        self, ref: str | Artifact, path: str | os.PathLike[str], *, overwrite: bool = True
    ) -> Path: ...

    def path(self, ref: str | Artifact) -> Path: ...


OpenWorkspace = Callable[..., INotebookWorkspace]
"""Opens the workspace of a path; without one, that of the current folder."""
