"""Inputs that a person names: everything that can be meant, and nothing silently dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import toolkit as tk
from toolkit.core.errors import DatasetNotFoundError, InvalidArgumentError, InvalidNameError

FRAME = pl.DataFrame({"n": [1, 2]})


@pytest.fixture
def saved(ws: tk.Workspace) -> tk.Workspace:
    ws.save(FRAME, "a")
    ws.save(FRAME.reverse(), "a")
    ws.tag("a@1", "paper")
    return ws


def inputs(ws: tk.Workspace, *named: Any) -> tuple[str, ...]:
    return ws.save(pl.DataFrame({"m": [1]}), "result", inputs=list(named)).inputs


def test_references_are_kept_as_the_versions_they_meant(saved: tk.Workspace) -> None:
    assert inputs(saved, "a", "a@1") == ("a@2", "a@1")
    saved.save(FRAME, "a")
    assert saved.lineage("result")["input"].to_list() == ["a@2", "a@1"]


def test_tag_is_kept_as_its_version(saved: tk.Workspace) -> None:
    assert inputs(saved, "a@paper") == ("a@1",)


def test_artifacts_paths_lazy_frames_and_readers_are_inputs(
    saved: tk.Workspace, tmp_path: Path
) -> None:
    FRAME.write_csv(tmp_path / "f.csv")
    artifact = saved.save(FRAME, "b")
    found = inputs(
        saved,
        artifact,
        tmp_path / "g.csv",
        saved.load("a@1").head(1),
        saved.reader(tmp_path / "f.csv"),
        "https://example.org/data.csv",
    )
    assert found == (
        "b@1",
        str(tmp_path / "g.csv"),
        "a@1",
        str(tmp_path / "f.csv"),
        "https://example.org/data.csv",
    )


@pytest.mark.parametrize("wrap", [lambda item: item, lambda item: [item], lambda item: (item,)])
def test_single_input_needs_no_list(saved: tk.Workspace, wrap: Any) -> None:
    artifact = saved.save(FRAME, "b")
    assert saved.save(pl.DataFrame({"m": [1]}), "c", inputs=wrap(artifact)).inputs == ("b@1",)
    assert saved.save(pl.DataFrame({"m": [2]}), "c", inputs=wrap("b")).inputs == ("b@1",)


def test_input_named_twice_is_one_edge(saved: tk.Workspace) -> None:
    assert inputs(saved, "a", "a@2", "a") == ("a@2",)


def test_named_inputs_come_before_those_that_the_plan_shows(saved: tk.Workspace) -> None:
    saved.save(FRAME.with_columns(z=1), "b")
    artifact = saved.save(saved.load("a@1").with_columns(q=2), "c", inputs=["b"])
    assert artifact.inputs == ("b@1", "a@1")


def test_how_is_kept_with_every_edge(saved: tk.Workspace) -> None:
    saved.save(pl.DataFrame({"m": [1]}), "c", inputs=["a@1", "a@2"], how="m was counted")
    assert saved.lineage("c")["how"].to_list() == ["m was counted"] * 2


def test_inputs_named_at_a_later_save_complete_the_lineage(saved: tk.Workspace) -> None:
    frame = pl.DataFrame({"m": [1]})
    first = saved.save(frame, "result")
    again = saved.save(frame, "result", inputs=["a@1"])
    assert (again.id, again.deduplicated, again.inputs) == (first.id, True, ("a@1",))
    third = saved.save(frame, "result", inputs=["a@2", "a@1"], how="counted")
    assert third.inputs == ("a@1", "a@2")
    rows = saved.lineage("result").select("input", "kind", "how").rows()
    assert rows == [("a@1", "version", "counted"), ("a@2", "version", "counted")]
    saved.save(frame, "result", inputs=["a@1"], how="another word for it")
    assert saved.lineage("result").select("input", "kind", "how").rows() == rows


def test_stream_that_is_known_completes_the_lineage_too(saved: tk.Workspace) -> None:
    saved.save(FRAME.with_columns(z=1), "result")
    again = saved.save(saved.load("a@1").with_columns(z=pl.lit(1, pl.Int32)), "result")
    assert again.inputs == ("a@1",)
    assert again.deduplicated


def test_healed_version_completes_its_lineage_too(saved: tk.Workspace, stored: Any) -> None:
    frame = pl.DataFrame({"m": [1]})
    (file,) = saved.save(frame, "result").files
    Path(file.uri).unlink()
    assert saved.save(frame, "result", inputs=["a@1"]).inputs == ("a@1",)


def test_no_version_becomes_its_own_ancestor(saved: tk.Workspace) -> None:
    assert saved.save(saved.load("a@2"), "a").inputs == ()
    copy = saved.save(saved.load("a@2"), "copy")
    further = saved.save(saved.load(copy), "further")
    assert (copy.inputs, further.inputs) == (("a@2",), ("copy@1",))
    again = saved.save(saved.load(further), "a", inputs=["a@1"])
    assert (again.ref, again.inputs) == ("a@2", ("a@1",))
    assert saved.lineage("further")["input"].to_list() == ["copy@1", "a@2", "a@1"]


def test_how_without_inputs_is_in_the_history(saved: tk.Workspace) -> None:
    frame = pl.DataFrame({"m": [1]})
    saved.save(frame, "hw", how="cleaned by hand")
    saved.save(frame.clear(), "hw")
    saved.save(frame.head(0).with_columns(z=1), "hw", inputs=["hw@1"], how="emptied")
    assert saved.history("hw")["how"].to_list() == ["cleaned by hand", "", "emptied"]
    assert saved.lineage("hw@1").is_empty()
    assert saved.save(frame.clear(), "other", how="cleared").inputs == ()
    assert saved.history("other")["how"].to_list() == ["cleared"]


def test_how_told_at_a_later_save_is_kept_when_there_was_none(saved: tk.Workspace) -> None:
    saved.save(FRAME.reverse(), "a", how="reversed")
    assert saved.history("a")["how"].to_list() == ["", "reversed"]
    saved.save(FRAME.reverse(), "a", how="another word for it")
    assert saved.history("a")["how"].to_list() == ["", "reversed"]


def test_append_of_nothing_is_not_what_made_the_version(saved: tk.Workspace) -> None:
    assert saved.append("a", FRAME.clear()).inputs == ()
    assert saved.history("a")["how"].to_list() == ["", ""]


def test_unknown_reference_is_refused_before_anything_is_saved(
    saved: tk.Workspace, stored: Any
) -> None:
    before = stored()
    with pytest.raises(DatasetNotFoundError, match="b"):
        inputs(saved, "b")
    with pytest.raises(DatasetNotFoundError):
        inputs(saved, "a@9")
    with pytest.raises(InvalidNameError):
        inputs(saved, "not a name")
    assert stored() == before
    assert saved.datasets()["name"].to_list() == ["a"]


def test_path_that_exists_is_a_source_although_it_looks_like_a_name(
    saved: tk.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw").write_text("x")
    assert inputs(saved, "raw") == (str(tmp_path / "raw"),)


@pytest.mark.parametrize("wrap", [str, Path])
@pytest.mark.parametrize("name", ["rel.csv", "sub/rel.csv", "./rel.csv", "~/rel.csv"])
def test_relative_path_is_recorded_as_the_place_that_it_meant(
    saved: tk.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, wrap: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "rel.csv").write_text("x")
    expected = tmp_path / ("sub/rel.csv" if "sub" in name else "rel.csv")
    assert inputs(saved, wrap(name)) == (str(expected),)


SECRETS = {
    "s3://AK:SECRET@b/x?token=T": "s3://b/x",
    "https://SECRET@host/x.csv?page=2": "https://host/x.csv?page=2",
    "https://host/x.csv?X-Amz-Signature=SECRET#a": "https://host/x.csv",
    "zip://a.csv::https://u:SECRET@host/x.zip?api%5Fkey=T": "zip://a.csv::https://host/x.zip",
    "abfss://container@account.dfs.core.windows.net/x": (
        "abfss://container@account.dfs.core.windows.net/x"
    ),
    "s3://b/user@SECRET/x": "s3://b/user@SECRET/x",
}


@pytest.mark.parametrize(("url", "recorded"), SECRETS.items(), ids=list(SECRETS.values()))
def test_credentials_of_a_url_do_not_reach_the_catalog(
    saved: tk.Workspace, url: str, recorded: str
) -> None:
    assert inputs(saved, url) == (recorded,)
    assert saved.lineage("result").select("input", "kind").rows() == [(recorded, "source")]


@pytest.mark.parametrize("thing", [5, 2.5, True, object(), b"a@1"])
def test_what_is_no_list_of_inputs_is_refused(saved: tk.Workspace, thing: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="An input cannot be"):
        saved.save(FRAME, "result", inputs=thing)


@pytest.mark.parametrize(
    "make",
    [lambda ws, path: path, lambda ws, path: ws.read(path), lambda ws, path: ws.reader(path)],
    ids=["path", "lazy frame", "reader"],
)
def test_single_path_frame_or_reader_needs_no_list_either(
    saved: tk.Workspace, tmp_path: Path, make: Any
) -> None:
    FRAME.write_csv(tmp_path / "f.csv")
    named = make(saved, tmp_path / "f.csv")
    assert saved.save(FRAME, "c", inputs=named).inputs == (str(tmp_path / "f.csv"),)


@pytest.mark.parametrize("thing", [5, None, FRAME, {"a": 1}])
def test_what_cannot_be_an_input_is_refused_with_what_can(saved: tk.Workspace, thing: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="An input cannot be"):
        inputs(saved, thing)


def test_inputs_of_an_append_and_of_a_raw_file_are_kept(saved: tk.Workspace) -> None:
    saved.save(FRAME.with_columns(n=pl.col("n") + 7), "more")
    assert saved.append("a", saved.load("more")).inputs == ("a@2", "more@1")
    assert saved.add(b"raw", "raw", inputs=["a@1"]).inputs == ("a@1",)
