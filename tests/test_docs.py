"""The documents, held against the project: sessions run, commands and paths exist."""

from __future__ import annotations

import doctest
import os
import re
from pathlib import Path

import pytest

import toolkit as tk

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)


def blocks(document: Path, language: str) -> list[str]:
    return [body for found, body in BLOCK.findall(document.read_text()) if found == language]


@pytest.mark.parametrize(
    ("document", "examples"),
    [("README.md", 20), ("docs/fingerprint.md", 10), ("docs/readers.md", 20)],
)
def test_the_sessions_of_a_document_print_what_it_shows(document, examples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOOLKIT_HOME", raising=False)
    text = "\n".join(blocks(ROOT / document, "python"))
    session = doctest.DocTestParser().get_doctest(text, {}, document, None, 0)
    told: list[str] = []
    found = doctest.DocTestRunner().run(session, out=told.append)
    assert "".join(told) == ""
    assert found.attempted >= examples


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_of_a_document_exist(document):
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    commands = set(re.findall(r"(?:`|^)make ([a-z]+)", document.read_text(), re.MULTILINE))
    assert commands <= targets


def test_the_readme_has_the_two_commands():
    commands = "".join(blocks(ROOT / "README.md", "sh"))
    assert "make demo" in commands
    assert "make test" in commands


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_links_of_a_document_lead_somewhere(document):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_paths_that_a_document_names_exist(document):
    roots = "toolkit|tests|docs|examples|notebooks|benchmarks"
    paths = re.findall(rf"`((?:{roots})/[\w./-]*)`", document.read_text())
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_layout_tree_names_every_slice_and_nothing_else():
    (tree,) = [text for text in blocks(ROOT / "CONTRIBUTING.md", "text") if "workspace.py" in text]
    inside = tree.partition("toolkit/\n")[2].partition("\ntests/")[0]
    named = set(re.findall(r"^  (\w+)/", inside, re.MULTILINE))
    real = {path.parent.name for path in (ROOT / "toolkit").glob("*/__init__.py")}
    assert named == real


def test_the_catalog_tables_of_the_data_model_are_those_of_a_catalog(tmp_path):
    text = (ROOT / "docs" / "data_model.md").read_text()
    described = {
        name: set(re.findall(r"^\| `(\w+)`", body, re.MULTILINE))
        for name, body in re.findall(r"^### `(\w+)`\n(.*?)(?=^#|\Z)", text, re.M | re.S)
    }
    with tk.Workspace(tmp_path / "ws") as ws:
        ws.datasets()
        real = catalog_columns(tmp_path / "ws")
    assert described == real


def catalog_columns(home: Path) -> dict[str, set[str]]:
    from toolkit.core.dependencies import get_catalog

    with get_catalog(home).transaction() as tx:
        rows = tx.query(
            "SELECT table_name, column_name FROM duckdb_columns() "
            "WHERE database_name = current_database() AND NOT internal"
        )
    tables: dict[str, set[str]] = {}
    for table, column in rows:
        tables.setdefault(table, set()).add(column)
    return tables


def test_no_document_names_a_path_of_one_machine():
    home = os.path.expanduser("~")
    for document in DOCUMENTS:
        assert not re.search(rf"/tmp/|{re.escape(home)}/", document.read_text()), document
