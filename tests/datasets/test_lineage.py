"""What a frame shows of its own inputs, through any plan; and that showing it costs nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import toolkit as tk
from toolkit.core.errors import FrameError
from toolkit.datasets.lineage import PlanInput, mark, plan_inputs

LEFT = pl.DataFrame({"k": [1, 2, 3], "v": [1.0, 2.0, 3.0]})
RIGHT = pl.DataFrame({"k": [1, 2], "w": ["a", "b"]})


@pytest.fixture
def saved(ws: tk.Workspace) -> tk.Workspace:
    ws.save(LEFT, "left")
    ws.save(RIGHT, "right")
    return ws


Plan = Callable[[pl.LazyFrame, pl.LazyFrame], pl.LazyFrame]

PLANS: dict[str, Plan] = {
    "join": lambda a, b: a.join(b, on="k"),
    "join on expressions": lambda a, b: a.join(b, left_on=pl.col("k") + 1, right_on="k"),
    "cross": lambda a, b: a.join(b, how="cross"),
    "semi": lambda a, b: a.join(b, on="k", how="semi"),
    "concat": lambda a, b: pl.concat([a.select("k"), b.select("k")]),
    "diagonal": lambda a, b: pl.concat([a, b], how="diagonal"),
    "horizontal": lambda a, b: pl.concat([a.head(2), b.rename({"k": "k2"})], how="horizontal"),
    "nested": lambda a, b: (
        a.filter(pl.col("v") > 0)
        .group_by("k")
        .agg(pl.col("v").sum())
        .sort("k")
        .join(b.with_columns(n=pl.len()).head(5), on="k", how="left")
        .select("k", "n")
        .unique()
        .with_row_index()
    ),
    "function": lambda a, b: a.join(b, on="k").map_batches(lambda frame: frame),
    "cache": lambda a, b: a.cache().join(b.cache(), on="k"),
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=list(PLANS))
def test_loaded_versions_are_found_through_any_plan(saved: tk.Workspace, plan: Plan) -> None:
    artifact = saved.save(plan(saved.load("left"), saved.load("right")), "result")
    assert set(artifact.inputs) == {"left@1", "right@1"}
    assert set(saved.lineage("result")["input"]) == {"left@1", "right@1"}


def test_the_version_that_was_read_is_told_not_the_newest(saved: tk.Workspace) -> None:
    lazy = saved.load("left").filter(pl.col("k") > 1)
    saved.save(LEFT.reverse(), "left")
    assert saved.save(lazy, "result").inputs == ("left@1",)
    assert saved.save(saved.load("left").head(1), "newer").inputs == ("left@2",)


def test_same_version_read_twice_is_one_input(saved: tk.Workspace) -> None:
    left = saved.load("left")
    assert saved.save(left.join(left, on="k"), "result").inputs == ("left@1",)


@pytest.mark.parametrize("name", ["f.csv", "f.parquet", "with space, and 'quote'.csv", "é%20.csv"])
def test_source_that_was_read_is_an_input(saved: tk.Workspace, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    RIGHT.write_csv(path) if name.endswith("csv") else RIGHT.write_parquet(path)
    lazy = saved.read(path).join(saved.load("left"), on="k")
    artifact = saved.save(lazy, "result")
    assert set(artifact.inputs) == {str(path), "left@1"}
    kinds = dict(saved.lineage("result").select("input", "kind").rows())
    assert kinds == {str(path): "source", "left@1": "version"}


def test_reader_tells_its_source(saved: tk.Workspace, tmp_path: Path) -> None:
    RIGHT.write_csv(tmp_path / "f.csv")
    artifact = saved.save(saved.reader(tmp_path / "f.csv"), "result")
    assert artifact.inputs == (str(tmp_path / "f.csv"),)


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson", "ipc"])
def test_frame_that_a_reader_gives_tells_its_source(
    saved: tk.Workspace, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / (f"f.{kind}" if kind != "ipc" else "f.arrow")
    getattr(RIGHT, f"write_{kind}")(path)
    lazy = saved.reader(path).polars().join(saved.load("left"), on="k")
    artifact = saved.save(lazy, "result")
    assert set(artifact.inputs) == {str(path), "left@1"}


@pytest.mark.parametrize("scan", [pl.scan_parquet, pl.scan_csv, pl.scan_ndjson, pl.scan_ipc])
def test_scan_of_polars_itself_is_an_input(
    ws: tk.Workspace, tmp_path: Path, scan: Callable[[Any], pl.LazyFrame]
) -> None:
    kind = scan.__name__.removeprefix("scan_")
    path = tmp_path / f"f.{kind}"
    getattr(RIGHT, f"write_{kind}")(path)
    assert ws.save(scan(path).filter(pl.col("k") > 0), "result").inputs == (str(path),)


def test_plain_scan_of_a_stored_file_is_its_version(saved: tk.Workspace, stored: Any) -> None:
    own = next(path for path in stored() if pl.read_parquet(path).columns == ["k", "v"])
    artifact = saved.save(pl.scan_parquet(own).head(1), "result")
    assert artifact.inputs == ("left@1",)
    assert saved.lineage("result")["kind"].to_list() == ["version"]


def test_plain_scan_of_a_shared_file_is_the_version_that_is_this_file(ws: tk.Workspace) -> None:
    random = pl.Series(range(200_000)).shuffle(1)
    whole = ws.save(pl.DataFrame({"k": random, "v": random.reverse()}), "x")
    more = ws.save(ws.load("x").with_columns(w=pl.col("k") * 3), "x")
    assert len(more.files) == 2
    scan = pl.scan_parquet(whole.files[0].uri)
    assert ws.save(scan.head(1), "result").inputs == ("x@1",)
    (new,) = (file for file in more.files if file.file_id != whole.files[0].file_id)
    assert ws.save(pl.scan_parquet(new.uri).head(1), "result").inputs == ("x@2",)


def test_relation_of_sql_tells_its_versions(saved: tk.Workspace) -> None:
    relation = saved.sql('select l.k, r.w from "left" l join "right" r using (k)')
    assert set(saved.save(relation, "result").inputs) == {"left@1", "right@1"}


def test_lineage_goes_on_to_the_inputs_of_inputs(saved: tk.Workspace, tmp_path: Path) -> None:
    LEFT.write_csv(tmp_path / "raw.csv")
    saved.save(saved.read(tmp_path / "raw.csv").with_columns(n=1), "one")
    saved.save(saved.load("one").with_columns(n=2), "two", how="n became 2")
    saved.save(saved.load("two").join(saved.load("one"), on="k"), "three")
    rows = saved.lineage("three").select("ref", "input", "kind", "how", "depth").rows()
    assert rows == [
        ("three@1", "two@1", "version", "", 1),
        ("three@1", "one@1", "version", "", 1),
        ("two@1", "one@1", "version", "n became 2", 2),
        ("one@1", str(tmp_path / "raw.csv"), "source", "", 2),
    ]


def test_dropped_input_stays_in_the_lineage_by_its_name(saved: tk.Workspace) -> None:
    lazy = saved.load("left")
    saved.save(lazy.head(1), "before")
    saved.drop("left@1")
    saved.save(pl.concat([saved.load("right").select("k"), lazy.select("k").head(1)]), "after")
    for name in ("before", "after"):
        rows = saved.lineage(name).select("input", "kind").rows()
        assert rows[-1] == ("left@1", "dropped")
    assert rows[0] == ("right@1", "version")


def test_frame_in_memory_tells_no_inputs(saved: tk.Workspace) -> None:
    artifact = saved.save(saved.load("left").head(1).collect(), "result")
    assert artifact.inputs == ()
    assert saved.lineage("result").is_empty()
    assert saved.lineage("result").schema == saved.lineage("left").schema


QUERIES: dict[str, Callable[[pl.LazyFrame], pl.LazyFrame]] = {
    "whole": lambda f: f,
    "projection": lambda f: f.select("v"),
    "predicate": lambda f: f.filter(pl.col("k") > 1),
    "slice": lambda f: f.slice(1, 1),
    "both": lambda f: f.filter(pl.col("k") > 1).select("v").head(2),
    "aggregate": lambda f: f.group_by("k").agg(pl.col("v").mean()),
    "count": lambda f: f.select(pl.len()),
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=list(QUERIES))
def test_loaded_frame_runs_as_the_plain_scan_of_the_file(
    ws: tk.Workspace, stored: Any, query: Callable[[pl.LazyFrame], pl.LazyFrame]
) -> None:
    ws.save(LEFT, "left")
    (path,) = stored()
    plain = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    assert query(ws.load("left")).explain() == query(plain).explain()


def test_marks_do_not_change_frame_or_schema() -> None:
    inputs = PlanInput("version", "x@1"), PlanInput("source", "a b.csv")
    marked = mark(LEFT.lazy(), *inputs, workspace="ab12")
    assert marked.collect_schema() == LEFT.schema
    assert marked.collect().equals(LEFT)
    assert plan_inputs(marked, "ab12") == inputs


@pytest.mark.parametrize(
    "name",
    [
        *("a b.csv", 'qu"ote.csv', "per%20cent.csv", "ünï.csv", "s3://bucket/a=1/*.parquet"),
        *("a, b.csv", "a&source=b.csv", "a+b.csv", "line\nbreak.csv", "undecodable\udcff.csv"),
    ],
)
def test_any_name_of_a_source_survives_the_plan(name: str) -> None:
    source = PlanInput("source", name)
    assert plan_inputs(mark(LEFT.lazy(), source, workspace="ab12"), "ab12") == (source,)


def test_one_mark_tells_all_sources_of_a_read() -> None:
    sources = [PlanInput("source", f"/data/part={n}/file.parquet") for n in range(20_000)]
    marked = mark(LEFT.lazy(), *sources, workspace="ab12")
    assert marked.explain(optimized=False).count("WITH_COLUMNS") == 1
    assert plan_inputs(marked, "ab12") == tuple(sources)


def test_nothing_below_a_mark_is_an_input_of_its_own(tmp_path: Path) -> None:
    parts = []
    for name in ("one", "two", "three"):
        LEFT.write_parquet(tmp_path / name)
        parts.append(pl.scan_parquet(tmp_path / name).select(pl.col("k").alias("z")).head(2))
    whole = PlanInput("version", "x@1")
    marked = mark(mark(pl.concat(parts)), whole, workspace="ab12").filter(pl.col("z") > 1)
    unmarked = pl.scan_parquet(tmp_path / "three").rename({"k": "z"})
    joined = marked.join(marked, on="z").join(unmarked, on="z")
    assert plan_inputs(joined, "ab12") == (whole, PlanInput("source", str(tmp_path / "three")))


def test_column_of_any_name_comes_back(ws: tk.Workspace) -> None:
    names = ["__toolkit_input__", "__toolkit_input_", "toolkit"]
    frame = pl.DataFrame({name: [1] for name in names})
    ws.save(frame, "odd")
    assert ws.load("odd").collect().equals(frame)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tk.Workspace]:
    with tk.Workspace(tmp_path / "elsewhere") as other:
        other.save(RIGHT, "left")
        yield other


def test_version_of_another_workspace_is_a_source(
    saved: tk.Workspace, elsewhere: tk.Workspace
) -> None:
    joined = elsewhere.load("left").join(saved.load("left"), on="k")
    saved.save(joined, "result")
    rows = saved.lineage("result").select("input", "kind").rows()
    assert rows[1] == ("left@1", "version")
    assert re.fullmatch("toolkit://[0-9a-f]{32}/left@1", rows[0][0])
    assert rows[0][1] == "source"


def test_source_that_another_workspace_read_is_the_same_source(
    saved: tk.Workspace, elsewhere: tk.Workspace, tmp_path: Path
) -> None:
    RIGHT.write_csv(tmp_path / "f.csv")
    lazy = elsewhere.read(tmp_path / "f.csv")
    assert saved.save(lazy, "result").inputs == (str(tmp_path / "f.csv"),)


def test_workspace_keeps_its_id(saved: tk.Workspace, tmp_path: Path) -> None:
    lazy = saved.load("left").head(1)
    saved.close()
    with tk.Workspace(saved.home) as again:
        assert again.save(lazy, "result").inputs == ("left@1",)


TEXTS = [
    '"toolkit+version:left@1"',
    "toolkit::version=left@1",
    "toolkit:ab12:version=left@1",
    '["toolkit::version=left@1".alias("__toolkit_input_")] ',
    '\n["toolkit::version=left@1".alias("__toolkit_input_")] \n',
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_that_looks_like_a_mark_is_no_input(saved: tk.Workspace, text: str) -> None:
    lazy = LEFT.lazy().with_columns(pl.lit(text).alias("note"), pl.lit(text).alias(text))
    lazy = lazy.filter(pl.col("note") == text)
    assert saved.save(lazy, "result").inputs == ()


def test_copied_mark_is_an_input_only_under_the_name_of_its_column(saved: tk.Workspace) -> None:
    copied = re.findall('"(toolkit:[^"]*)"', saved.load("left").explain(optimized=False))[0]
    lazy = RIGHT.lazy().with_columns(pl.lit(copied).alias("note"))
    assert saved.save(lazy, "result").inputs == ()


COMMAS = {
    "comma": ["a, b.parquet"],
    "comma, and what is before it": ["a, b.parquet", "a"],
    "comma in each": ["x, y, z.parquet", "1, 2.parquet"],
}


@pytest.mark.parametrize("names", COMMAS.values(), ids=list(COMMAS))
def test_comma_is_part_of_a_path(ws: tk.Workspace, tmp_path: Path, names: list[str]) -> None:
    paths = [tmp_path / name for name in names]
    for path in paths:
        LEFT.write_parquet(path)
    lazy = pl.scan_parquet(paths, glob=False)
    assert ws.save(lazy, "result").inputs == tuple(map(str, paths))


@pytest.mark.parametrize("many", [2, 3, 9])
def test_scan_of_many_files_tells_the_first_and_how_many_more(
    ws: tk.Workspace, tmp_path: Path, many: int
) -> None:
    paths = [str(tmp_path / f"{n}, of many.parquet") for n in range(many)]
    for path in paths:
        LEFT.write_parquet(path)
    more = f"{paths[0]} … and {many - 1} more files"
    assert ws.save(pl.scan_parquet(paths), "result").inputs == (
        tuple(paths) if many == 2 else (more,)
    )
    assert ws.lineage("result")["kind"].unique().to_list() == ["source"]


def test_urls_of_a_plan_are_told_apart_and_lose_their_credentials(ws: tk.Workspace) -> None:
    class Scan(pl.LazyFrame):
        def explain(self, **options: Any) -> str:
            return "Parquet SCAN [s3://K:SECRET@b/a, b.parquet?token=T, s3://b/c.parquet]"

    lazy = Scan(LEFT)
    assert ws.save(lazy, "result").inputs == ("s3://b/a, b.parquet", "s3://b/c.parquet")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_bytes_in_memory_are_no_source(ws: tk.Workspace, count: int) -> None:
    lazy = pl.scan_csv([io.BytesIO(b"k\n1\n") for _ in range(count)])
    assert ws.save(lazy, "result").inputs == ()


def test_path_of_a_scan_is_recorded_as_the_place_that_it_meant(
    ws: tk.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    LEFT.write_csv("f.csv")
    assert ws.save(pl.scan_csv("f.csv"), "result").inputs == (str(tmp_path / "f.csv"),)


def test_plain_scan_of_all_files_of_a_version_is_the_version(saved: tk.Workspace) -> None:
    saved.append("left", LEFT.head(1))
    artifact = saved.append("left", LEFT.head(2))
    assert len(artifact.files) == 3
    lazy = pl.scan_parquet([file.uri for file in artifact.files])
    assert saved.save(lazy.head(1), "result").inputs == ("left@3",)
    two = pl.scan_parquet([file.uri for file in artifact.files[:2]]).head(2)
    assert saved.save(two, "other").inputs[0].startswith(("left@", artifact.files[0].uri))


def test_plan_without_sources_has_no_inputs() -> None:
    assert plan_inputs(LEFT.lazy().filter(pl.col("k") > 1)) == ()


@pytest.mark.parametrize(
    "make",
    [lambda path: LEFT.lazy().select("nope"), lambda path: pl.scan_csv(path / "none.csv")],
    ids=["column", "file"],
)
def test_plan_that_names_what_is_not_there_is_refused(
    ws: tk.Workspace, tmp_path: Path, make: Callable[[Path], pl.LazyFrame]
) -> None:
    with pytest.raises(FrameError, match=r"could not be computed: .*no(p|n)e"):
        ws.save(make(tmp_path), "result")
    with pytest.raises(FrameError, match="could not be computed"):
        ws.save(LEFT, "result", inputs=[make(tmp_path)])


def test_inputs_are_found_without_running_the_plan(saved: tk.Workspace) -> None:
    def fail(frame: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError("computed")

    lazy = saved.load("left").map_batches(fail, schema=LEFT.schema)
    (found,) = plan_inputs(lazy)
    assert found.name.endswith("left@1")
