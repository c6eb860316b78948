"""Real workspaces, the fingerprint of any frame without one, frames drawn by hypothesis, and files
in fsspec's memory with a count of what is read of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractBufferedFile
from hypothesis import strategies as st

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


@pytest.fixture
def memory() -> Iterator[Callable[[str, bytes], str]]:
    """Writes bytes under a path and returns the memory:// URL; empty again afterwards."""
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()

    def put(path: str, data: bytes) -> str:
        filesystem.pipe_file(f"/{path}", data)
        return f"memory://{path}"

    yield put
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]


@dataclass
class Traffic:
    """What was read through fsspec."""

    opened: list[str] = field(default_factory=list)
    read: int = 0


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> Traffic:
    """Counts opened files and fetched bytes of the memory filesystem."""
    seen = Traffic()
    plain = MemoryFileSystem._open

    class Counted(AbstractBufferedFile):
        def _fetch_range(self, start: int, end: int) -> bytes:
            data = self.fs.store[self.path].getvalue()[start:end]
            seen.read += len(data)
            return data

    def counted(self, path, mode="rb", **options):
        if mode != "rb":
            return plain(self, path, mode, **options)
        seen.opened.append(path)
        size = len(self.store[path].getvalue())
        return Counted(self, path, mode, cache_type="none", size=size)

    monkeypatch.setattr(MemoryFileSystem, "_open", counted)
    return seen


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
INSTANT = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1))

PORTABLE: list[tuple[pl.DataType, st.SearchStrategy]] = [
    (pl.Int8(), st.integers(-128, 127)),
    (pl.Int64(), st.integers(-(2**63), 2**63 - 1)),
    (pl.UInt16(), st.integers(0, 2**16 - 1)),
    (pl.UInt64(), st.integers(0, 2**64 - 1)),
    (pl.Float32(), st.floats(width=32)),
    (pl.Float64(), st.floats()),
    (pl.Boolean(), st.booleans()),
    (pl.String(), TEXT),
    (pl.Binary(), st.binary(max_size=5)),
    (pl.Date(), st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1))),
    (pl.Datetime("us"), INSTANT),
    (pl.Decimal(12, 2), st.decimals(Decimal(-999), Decimal(999), places=2)),
    (pl.List(pl.Int32), st.lists(st.none() | st.integers(-9, 9), max_size=3)),
    (
        pl.Struct({"a": pl.Int64, "b": pl.String}),
        st.fixed_dictionaries({"a": st.none() | st.integers(0, 9), "b": st.none() | TEXT}),
    ),
]
"""Types that polars, pyarrow, DuckDB and Parquet all have."""

MORE: list[tuple[pl.DataType, st.SearchStrategy]] = [
    (pl.Int128(), st.integers(-(2**127), 2**127 - 1)),
    (pl.UInt128(), st.integers(0, 2**128 - 1)),
    (pl.Float16(), st.floats(width=16)),
    (pl.Null(), st.none()),
    (pl.Time(), st.times()),
    (pl.Datetime("ns"), INSTANT),
    (pl.Datetime("ms", "Europe/Zurich"), INSTANT.map(lambda t: t.replace(tzinfo=dt.UTC))),
    (pl.Duration("us"), st.timedeltas(dt.timedelta(-9), dt.timedelta(9))),
    (pl.Categorical(), st.sampled_from(["a", "b", "c"])),
    (pl.Enum(["c", "b", "a"]), st.sampled_from(["a", "b", "c"])),
    (pl.Array(pl.Int16, 2), st.lists(st.integers(-9, 9), min_size=2, max_size=2)),
    (pl.List(pl.List(pl.String)), st.lists(st.lists(TEXT, max_size=2), max_size=2)),
    (pl.List(pl.Categorical()), st.lists(st.sampled_from(["a", "b"]), max_size=2)),
]


def _frames(types: list[tuple[pl.DataType, st.SearchStrategy]]) -> st.SearchStrategy:
    @st.composite
    def draw_frame(draw: st.DrawFn) -> pl.DataFrame:
        rows = draw(st.integers(0, 8))
        columns = {}
        for index in range(draw(st.integers(1, 3))):
            dtype, values = draw(st.sampled_from(types))
            drawn = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
            columns[f"c{index}"] = pl.Series(drawn, dtype=dtype)
        return pl.DataFrame(columns)

    return draw_frame()


@pytest.fixture(scope="session")
def portable_frames() -> st.SearchStrategy:
    """Frames of the types that every engine has."""
    return _frames(PORTABLE)


@pytest.fixture(scope="session")
def any_frames() -> st.SearchStrategy:
    """Frames of every type of polars."""
    return _frames(PORTABLE + MORE)
