"""%lineage."""

from __future__ import annotations

import re

import polars as pl
import pytest

from toolkit.notebook.magics.graph import Graph

TREE = """\
late@1
├─ trips@1
│  └─ trips.csv
└─ air.carriers@1"""

MERMAID = """\
flowchart LR
    n0["late@1"]
    n1["trips@1"]
    n2["air.carriers@1"]
    n3[("trips.csv")]
    n1 --> n0
    n2 --> n0
    n3 --> n1"""


@pytest.fixture
def late(notebook, workspace, tmp_path):
    pl.DataFrame({"carrier": ["AA"], "delay": [1]}).write_csv(tmp_path / "trips.csv")
    workspace.save(workspace.read(tmp_path / "trips.csv"), "trips")
    workspace.save(pl.DataFrame({"carrier": ["AA"]}), "air.carriers")
    joined = workspace.load("trips").join(workspace.load("air.carriers"), on="carrier")
    workspace.save(joined, "late")
    return notebook


@pytest.mark.parametrize("asked", ["late", "late@1", '"late"'])
def test_a_dataset_is_drawn_with_all_that_it_came_from(late, asked):
    graph = late.run(f"%lineage {asked}").value
    assert repr(graph) == TREE
    data, _ = late.shell.display_formatter.format(graph)
    assert data["text/vnd.mermaid"] == MERMAID
    assert data["text/plain"] == TREE
    assert data["text/html"].startswith("<svg")
    for name in ("late@1", "trips@1", "trips.csv", "air.carriers@1"):
        assert name in data["text/html"]


def test_no_path_of_the_machine_is_in_any_form(late, tmp_path):
    data, _ = late.shell.display_formatter.format(late.run("%lineage late").value)
    assert str(tmp_path) not in "".join(data.values())


def test_jupyterlab_is_not_given_html_which_it_would_prefer_to_mermaid(late, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/somewhere/book.ipynb")
    data, _ = late.shell.display_formatter.format(late.run("%lineage late").value)
    assert set(data) == {"text/plain", "text/vnd.mermaid", "image/svg+xml"}
    assert data["image/svg+xml"].startswith('<svg xmlns="http://www.w3.org/2000/svg"')


def test_a_tag_and_an_older_version_can_be_asked_for(late, workspace):
    workspace.save(pl.DataFrame({"x": [1]}), "late", inputs=["trips@1"])
    workspace.tag("late@1", "paper")
    assert repr(late.run("%lineage late@paper").value) == TREE
    assert repr(late.run("%lineage late@1").value) == TREE
    assert repr(late.run("%lineage late").value).startswith("late@2\n└─ trips@1")


def test_a_variable_is_what_it_was_captured_or_loaded_as(late, workspace):
    late["df"] = workspace.load("late").collect()
    late.session.remember(late["df"], "late@1")
    assert repr(late.run("%lineage df").value) == TREE
    workspace.save(pl.DataFrame({"x": [1]}), "session.gone", inputs=["trips"])
    assert repr(late.run("%lineage gone").value).startswith("session.gone@1\n└─ trips@1")


def test_a_lazy_frame_is_drawn_from_its_plan(late, workspace):
    late["lazy"] = workspace.load("late").filter(pl.col("delay") > 0)
    assert repr(late.run("%lineage lazy").value).splitlines()[:3] == [
        "lazy",
        "└─ late@1",
        "   ├─ trips@1",
    ]


def test_a_version_that_was_dropped_is_drawn_as_such(late, workspace):
    workspace.drop("trips@1")
    graph = late.run("%lineage late").value
    assert "├─ trips@1 (dropped)" in repr(graph)
    assert '(["trips@1 #40;dropped#41;"])' in graph.mermaid()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%lineage", "Name a variable, a dataset or a version"),
        ("%lineage lat", 'There is no dataset "lat". Did you mean "late"?'),
        ("%lineage late@9", "late"),
        ("%lineage no name; drop", "is not a"),
    ],
)
def test_an_error_is_one_line(late, cell, message):
    assert message in late.error(cell)


def test_names_of_sources_are_data_in_every_form():
    evil = '/x/"]; click n0 call alert(1)\n<script>alert(1)</script>#quot;.csv'
    other = "/y/plain.csv"
    same = "/z/plain.csv"
    graph = Graph.of(
        "a@1", [("a@1", evil, "source"), ("a@1", other, "source"), ("a@1", same, "source")]
    )
    inside = [line for line in graph.mermaid().splitlines() if '"' in line]
    assert all(re.fullmatch(r'    n\d\[\(?"[\w.@ #;-]*"\)?\]', line) for line in inside)
    assert len(graph.mermaid().splitlines()) == 1 + 4 + 3
    assert "<script" not in graph.html()
    assert "plain.csv (2)" in repr(graph)
    assert len(repr(graph).splitlines()) == 4


def test_a_diamond_is_followed_once_and_a_large_graph_is_cut():
    edges = [("d@1", "b@1"), ("d@1", "c@1"), ("b@1", "a@1"), ("c@1", "a@1"), ("a@1", "z@1")]
    graph = Graph.of("d@1", [(*edge, "version") for edge in edges])
    assert repr(graph).count("z@1") == 1
    assert repr(graph).count("a@1 …") == 1
    deep = Graph.of("v@0", [(f"v@{i}", f"v@{i + 1}", "version") for i in range(5000)])
    assert repr(deep).splitlines()[-1] == "… and 4800 more inputs"
    assert "text/vnd.mermaid" not in deep._repr_mimebundle_()
    assert "<table" in deep._repr_mimebundle_()["text/html"]
