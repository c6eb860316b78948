"""What a query opens of a version in several files: no more than it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit.core.errors import SourceNotFoundError
from toolkit.core.types import FileLocation

ROWS = 40_000
FRAME = pl.DataFrame(
    {
        "id": range(ROWS),
        "k": [i % 7 for i in range(ROWS)],
        "text": [f"{i:060d}" for i in range(ROWS)],
    }
)
ENGINES = pytest.mark.parametrize("engine", ["in-memory", "streaming"])


@pytest.fixture
def files(in_groups: Any, files_of: Any) -> list[Path]:
    """``id`` and ``k`` in one file, ``text`` in another, in row groups of 5,000."""
    return list(files_of(in_groups(FRAME, [2, 1]), 5000))


@pytest.fixture
def lazy(in_groups: Any, scan_of: Any, files: list[Path]) -> pl.LazyFrame:
    locations = [FileLocation(str(path), path) for path in files]
    frame: pl.LazyFrame = scan_of(FRAME, in_groups(FRAME, [2, 1]), locations)
    return frame


@ENGINES
def test_a_query_of_one_file_works_without_the_other(
    lazy: pl.LazyFrame, files: list[Path], engine: Any
) -> None:
    files[1].unlink()
    assert lazy.select("k").collect(engine=engine).equals(FRAME.select("k"))
    found = lazy.filter(pl.col("id") < 9).group_by("k").len().collect(engine=engine)
    assert found["len"].sum() == 9
    assert lazy.select(pl.col("id").filter(pl.col("k") == 3).sum()).collect(
        engine=engine
    ).item() == sum(range(3, ROWS, 7))


@ENGINES
def test_counting_rows_opens_nothing(lazy: pl.LazyFrame, files: list[Path], engine: Any) -> None:
    for path in files:
        path.unlink()
    assert lazy.select(pl.len()).collect(engine=engine).item() == ROWS
    assert lazy.collect_schema() == FRAME.schema


@ENGINES
def test_a_predicate_that_nothing_matches_leaves_the_other_file_alone(
    lazy: pl.LazyFrame, files: list[Path], engine: Any
) -> None:
    files[1].unlink()
    found = lazy.filter(pl.col("id") == -1).collect(engine=engine)
    assert found.equals(FRAME.clear())


@ENGINES
def test_matching_rows_are_looked_up_in_their_row_groups_only(
    lazy: pl.LazyFrame, files: list[Path], engine: Any
) -> None:
    data = bytearray(files[1].read_bytes())
    assert len(data) > 8000
    data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
    files[1].write_bytes(data)
    found = lazy.filter(pl.col("id") == 39_999).collect(engine=engine)
    assert found.rows() == [FRAME.row(39_999)]
    with pytest.raises(pl.exceptions.ComputeError):
        lazy.filter(pl.col("id") == 1).collect(engine=engine)


@ENGINES
def test_the_first_rows_read_no_later_row_group(
    lazy: pl.LazyFrame, files: list[Path], engine: Any
) -> None:
    for path in files:
        data = bytearray(path.read_bytes())
        half, end = len(data) // 2, len(data) - 4000
        data[half:end] = bytes(end - half)
        path.write_bytes(data)
    assert lazy.head(5).collect(engine=engine).equals(FRAME.head(5))


def test_a_rename_and_a_row_range_of_one_file_stay_in_the_plan(
    splits: Any, in_groups: Any, scan_of: Any, files_of: Any
) -> None:
    held = in_groups(FRAME, [3])
    content, rows = held.contents[0], 10_000
    held.contents[0] = content.rename({"id": "no"}).with_columns(further=1)
    (_, (file,)) = held.fragments[0]
    part = type(file)(0, ("no", "k", "text"), 20_000)
    held.fragments[0] = (rows, (part,))
    expected = FRAME.slice(20_000, rows)
    lazy = scan_of(expected, held, group_rows=5000)
    assert lazy.collect().equals(expected)
    query = lazy.filter(pl.col("id") < 20_003).select("k")
    plan = query.explain()
    assert "Parquet SCAN" in plan
    assert "PYTHON" not in plan
    assert "PROJECT 2/4 COLUMNS" in plan
    assert 'col("no") < 20003' in plan
    assert "FILTER" not in plan
    assert query.collect()["k"].to_list() == [i % 7 for i in range(20_000, 20_003)]


def test_files_of_whole_rows_are_one_scan(in_groups: Any, scan_of: Any) -> None:
    split = in_groups(FRAME.head(10), [3])
    (_, (file,)) = split.fragments[0]
    plain = type(file)(0, None, None)
    split.contents.append(FRAME.head(5))
    split.fragments[:] = [(10, (plain,)), (5, (type(file)(1, None, None),))]
    lazy = scan_of(FRAME.head(15), split)
    assert lazy.explain().count("SCAN") == 1
    assert lazy.collect().equals(pl.concat([FRAME.head(10), FRAME.head(5)]))


@ENGINES
def test_a_predicate_that_fails_fails_as_on_one_file(lazy: pl.LazyFrame, engine: Any) -> None:
    # Each can fail, and one fails for rows alone that the other takes out, in either file.
    number, text = pl.col("id").cast(pl.String), pl.col("text")
    for good, bad in ((number, text), (text, number)):
        terms = [good.cast(pl.Int64) < 3, bad.cast(pl.Int8) == 1]
        for ordered in (terms, terms[::-1]):
            with pytest.raises(pl.exceptions.InvalidOperationError, match="conversion"):
                lazy.filter(*ordered).collect(engine=engine)


@ENGINES
@pytest.mark.filterwarnings("ignore::polars.exceptions.PolarsInefficientMapWarning")
def test_a_python_function_can_be_a_predicate(lazy: pl.LazyFrame, engine: Any) -> None:
    term = pl.col("id").map_elements(lambda n: n > 1, return_dtype=pl.Boolean)
    found = lazy.filter(term & (pl.col("text") < f"{3:060d}")).collect(engine=engine)
    assert_frame_equal(found, FRAME.slice(2, 1))


@pytest.fixture
def remote(in_groups: Any, scan_of: Any, files: list[Path], memory: Any) -> pl.LazyFrame:
    filesystem = fsspec.filesystem("memory")
    locations = []
    for path in files:
        url = memory(path.name, path.read_bytes())
        locations.append(FileLocation(url, None, filesystem, f"/{path.name}"))
    frame: pl.LazyFrame = scan_of(FRAME, in_groups(FRAME, [2, 1]), locations)
    return frame


@pytest.mark.parametrize(
    "terms",
    [
        [],
        [pl.col("id") == 12_345],
        [pl.col("k") == 3, pl.col("text") < f"{100:060d}"],
        [pl.col("text") == f"{12_345:060d}"],
        [pl.col("id").cast(pl.String).str.zfill(60) == pl.col("text"), pl.col("k") == 2],
    ],
)
def test_a_remote_version_reads_as_a_local_one(
    remote: pl.LazyFrame, lazy: pl.LazyFrame, terms: list[pl.Expr]
) -> None:
    for chosen in (["text", "k"], ["id"], FRAME.columns):
        query = remote.filter(*terms) if terms else remote
        expected = FRAME.filter(*terms) if terms else FRAME
        assert query.select(chosen).collect().equals(expected.select(chosen))
        assert query.select(chosen).head(7).collect().equals(expected.select(chosen).head(7))
        assert query.select(pl.len()).collect().item() == expected.height


def test_a_remote_query_fetches_what_it_needs(
    remote: pl.LazyFrame, files: list[Path], traffic: Any
) -> None:
    sizes = [path.stat().st_size for path in files]
    assert remote.select(pl.len()).collect().item() == ROWS
    assert traffic.opened == []
    assert remote.select("id").sum().collect().item() == sum(range(ROWS))
    assert {path.rpartition("/")[2] for path in traffic.opened} == {files[0].name}
    ahead = 70_000
    assert traffic.read < sizes[0] + ahead
    traffic.opened.clear()
    traffic.read = 0
    assert remote.filter(pl.col("id") == 12_345).collect().rows() == [FRAME.row(12_345)]
    # One of eight row groups, and what is read ahead of the footers.
    assert traffic.read < sizes[0] + sizes[1] / 8 + 2 * ahead


def test_a_lost_remote_file_is_named(remote: pl.LazyFrame, files: list[Path]) -> None:
    fsspec.filesystem("memory").rm(f"/{files[1].name}")
    with pytest.raises(SourceNotFoundError, match=files[1].name):
        remote.collect()
    assert remote.select("k").collect().equals(FRAME.select("k"))
