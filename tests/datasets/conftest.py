"""Real workspaces, and the fingerprint of any frame without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import toolkit as tk
from toolkit.core.types import ColumnRecord
from toolkit.datasets.fingerprint.tree import frame_fingerprint
from toolkit.datasets.frames.accept import accept
from toolkit.datasets.frames.sources import StreamFrame

ENOUGH = 1 << 40


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[tk.Workspace]:
    with tk.Workspace(tmp_path / "workspace") as workspace:
        yield workspace


@pytest.fixture(scope="module")
def shared_ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tk.Workspace]:
    """One workspace for all examples of a property, each under a name of its own."""
    with tk.Workspace(tmp_path_factory.mktemp("workspace")) as workspace:
        yield workspace


@pytest.fixture(scope="session")
def records() -> Callable[[Any], tuple[ColumnRecord, ...]]:
    """The records of a frame's columns, hashed in memory."""

    def of(frame: Any) -> tuple[ColumnRecord, ...]:
        source = accept(frame)
        if isinstance(source, StreamFrame):
            source = source.settle(ENOUGH)
        return source.hash()

    return of


@pytest.fixture(scope="session")
def fingerprint() -> Callable[[Any], str]:
    """The fingerprint of a frame of any engine, hashed in memory."""

    def of(frame: Any) -> str:
        source = accept(frame)
        if isinstance(source, StreamFrame):
            source = source.settle(ENOUGH)
        return frame_fingerprint(source.hash(), source.rows, source.extras.identity)

    return of


@pytest.fixture
def stored(ws: tk.Workspace) -> Callable[[], list[Path]]:
    """Every file below the storage root, and whatever still lies in staging."""

    def files() -> list[Path]:
        roots = (ws.home / "files", ws.home / "staging")
        return sorted(path for root in roots for path in root.rglob("*") if path.is_file())

    return files
