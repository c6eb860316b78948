"""Manifests made by hand: any split of a frame's rows and columns over real Parquet files."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from toolkit.core.types import FileLocation, LocatedFile, LocatedFragment, VersionRecord
from toolkit.datasets.frames.blocks import arrow_fields
from toolkit.datasets.manifests.reader import scan_manifest

numbers = itertools.count()


@dataclass(frozen=True)
class Held:
    """A file of a fragment."""

    content: int
    """Its position in ``Split.contents``."""
    columns: tuple[str | None, ...] | None
    offset: int | None


@dataclass
class Split:
    """What each file contains, and a manifest: row counts, each with the files of these rows."""

    contents: list[pl.DataFrame] = field(default_factory=list)
    fragments: list[tuple[int, tuple[Held, ...]]] = field(default_factory=list)


def whole(frame: pl.DataFrame, sizes: Sequence[int]) -> Split:
    """The columns in groups of these sizes, a file each, all rows in one fragment."""
    split = Split()
    ends = list(itertools.accumulate(sizes))
    held = []
    for size, end in zip(sizes, ends, strict=True):
        names = frame.columns[end - size : end]
        split.contents.append(frame.select(names))
        columns = tuple(name if name in names else None for name in frame.columns)
        held.append(Held(len(held), columns, None))
    split.fragments.append((frame.height, tuple(held)))
    return split


@st.composite
def any_split(draw: st.DrawFn, frame: pl.DataFrame) -> Split:
    """Fragments, files, renames, further rows and columns in the files: all by chance."""
    split = Split()
    cuts = sorted(draw(st.lists(st.integers(0, frame.height), max_size=3)))
    edges = [0, *cuts, frame.height]
    long = _long_file(draw, split, frame) if draw(st.booleans()) else None
    for start, end in itertools.pairwise(edges):
        rows = frame.slice(start, end - start)
        left = list(range(frame.width))
        held = []
        if long is not None:
            content, columns, before = long
            held.append(Held(content, columns, before + start))
            left = [i for i in left if columns[i] is None]
        groups = draw(st.lists(st.integers(0, 2), min_size=len(left), max_size=len(left)))
        for group in sorted(set(groups)):
            mine = [i for i, other in zip(left, groups, strict=True) if other == group]
            held.append(_file(draw, split, rows, mine))
        split.fragments.append((rows.height, tuple(held)))
    return split


def _long_file(
    draw: st.DrawFn, split: Split, frame: pl.DataFrame
) -> tuple[int, tuple[str | None, ...], int]:
    """A file of all rows, for some columns, that every fragment uses."""
    mine = draw(st.lists(st.integers(0, frame.width - 1), min_size=1, unique=True))
    held = _file(draw, split, frame, mine, cut=True)
    assert held.columns is not None
    return held.content, held.columns, held.offset or 0


def _file(
    draw: st.DrawFn, split: Split, rows: pl.DataFrame, mine: Sequence[int], *, cut: bool = False
) -> Held:
    if len(mine) == rows.width and not cut and draw(st.booleans()):
        split.contents.append(rows)
        return Held(len(split.contents) - 1, None, None)
    order = draw(st.permutations(list(mine)))
    names = {i: draw(st.sampled_from([rows.columns[i], f"x{i}", f"x{i}.y"])) for i in order}
    part = rows.select(pl.nth(i).alias(names[i]) for i in order)
    if draw(st.booleans()):
        part = part.with_columns(pl.lit(7).alias("further"))
    offset = None
    if cut or draw(st.booleans()):
        before, after = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        part = pl.concat([part.clear(before), part, part.clear(after)])
        offset = before
    split.contents.append(part)
    held = tuple(names.get(i) for i in range(rows.width))
    return Held(len(split.contents) - 1, held, offset)


def write(split: Split, folder: Path, group_rows: int = 3) -> list[Path]:
    """The files of a split, in small row groups."""
    paths = []
    for content in split.contents:
        path = folder / f"{next(numbers)}.parquet"
        content.write_parquet(path, row_group_size=group_rows, statistics=True)
        paths.append(path)
    return paths


def scan(frame: pl.DataFrame, split: Split, locations: Sequence[FileLocation]) -> pl.LazyFrame:
    """The lazy frame of the manifest."""
    schema = pa.schema(arrow_fields(frame.schema))
    now = dt.datetime(2026, 1, 1)
    serialized = schema.serialize().to_pybytes()
    version = VersionRecord(1, "x", 1, "frame", "", frame.height, 0, serialized, {}, now)
    fragments = tuple(
        LocatedFragment(
            rows,
            tuple(LocatedFile(locations[h.content], h.columns, h.offset) for h in held),
        )
        for rows, held in split.fragments
    )
    return scan_manifest(version, fragments)


def local(paths: Sequence[Path]) -> list[FileLocation]:
    return [FileLocation(str(path), path) for path in paths]


@pytest.fixture(scope="session")
def splits() -> Callable[[pl.DataFrame], st.SearchStrategy[Split]]:
    """Any manifest of a frame."""
    return any_split


@pytest.fixture(scope="session")
def in_groups() -> Callable[[pl.DataFrame, Sequence[int]], Split]:
    """The manifest of a frame whose columns lie in files by groups of these sizes."""
    return whole


@pytest.fixture(scope="session")
def files_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[Path]]:
    """Writes the files of a split."""
    folder = tmp_path_factory.mktemp("split")

    def made(split: Split, group_rows: int = 3) -> list[Path]:
        return write(split, folder, group_rows)

    return made


@pytest.fixture(scope="session")
def scan_of(files_of: Callable[..., list[Path]]) -> Callable[..., pl.LazyFrame]:
    """The lazy frame of a split, whose files are written, or lie at ``locations``."""

    def made(frame: pl.DataFrame, split: Split, locations: Any = None, group_rows: int = 3) -> Any:
        return scan(frame, split, locations or local(files_of(split, group_rows)))

    return made
