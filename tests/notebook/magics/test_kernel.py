"""The magics in real kernels: what the frames of one start are in the next."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FIRST = [
    "%load_ext toolkit",
    "import polars as pl",
    "trips = pl.DataFrame({'carrier': ['AA', 'UA', 'AA'], 'delay': [12, -3, 48]})",
    "least = 0",
    "%%sql late <<\nselect * from trips where delay > $least",
    "%%sql\nselect carrier, count(*) as n from late group by 1",
    "lazy = late.lazy().filter(pl.col('delay') > 20)",
    "gone = trips.head(1)",
    "del gone",
]

SECOND = [
    "%load_ext toolkit",
    "trips = 'mine'",
    "%restore",
    "print(trips, late.collect().rows())",
    "%sql select sum(delay)::int as total from late",
    "%restore --eager --force trips",
    "print(trips.shape)",
    "%lineage late",
]

FAILING = ["%load_ext toolkit", "%%sql\nselect nothing\nfrom nowhere"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs cells in a kernel of their own, and returns the outputs of each cell."""
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "book.ipynb"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")

    def start(cells, **options):
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        client = NotebookClient(
            book, timeout=120, resources={"metadata": {"path": tmp_path}}, **options
        )
        client.execute()
        return [cell.outputs for cell in book.cells]

    return start


def printed(outputs):
    return "".join(output.text for output in outputs if output.output_type == "stream")


def test_frames_are_there_again_after_the_kernel_was_started_again(run):
    first = run(FIRST)
    assert "late" in printed(first[4])
    assert "n" in first[5][0].data["text/plain"]

    second = run(SECOND)
    assert printed(second[2]) == (
        "toolkit: restored late as a lazy frame (%restore --eager reads them)\n"
        "toolkit: kept trips, which exists (%restore --force overwrites)\n"
        "toolkit: not restored: lazy (lazy frame from book.late@1: run its cell again)\n"
    )
    assert printed(second[3]) == "mine [('AA', 12), ('AA', 48)]\n"
    assert "60" in second[4][0].data["text/plain"]
    assert printed(second[5]).startswith("toolkit: restored trips as a polars frame\n")
    assert printed(second[6]) == "(3, 2)\n"
    assert second[7][0].data["text/plain"] == "book.late@1\n└─ book.trips@1"
    assert "text/vnd.mermaid" in second[7][0].data


def test_an_error_in_a_kernel_is_one_line(run):
    outputs = run(FAILING, allow_errors=True)[1]
    text = "".join(output.get("text", "") for output in outputs)
    assert text.startswith('UsageError: line 2, column 6: no table or dataset "nowhere".')
    assert text.count("\n") == 1
    assert not any(output.get("traceback") for output in outputs)
