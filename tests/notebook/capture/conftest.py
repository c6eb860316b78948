"""A shell with the extension loaded as a person loads it, in a folder of its own."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

import toolkit as tk

IMPORTS = "import pandas as pd, polars as pl, pyarrow as pa, toolkit as tk"


class Notebook:
    """A notebook whose cells run in this process; its workspace can be looked into."""

    def __init__(self) -> None:
        config = Config()
        config.HistoryManager.enabled = False
        self.shell = InteractiveShell(config=config)
        self.workspace = tk.Workspace()
        self.run(f"%load_ext toolkit\n{IMPORTS}\nws = tk.Workspace()")

    def run(self, cell: str) -> str:
        """What a cell prints: its own output, and behind it that of the capture."""
        with capture_output(display=False) as output:
            self.shell.run_cell(cell, store_history=True)
        assert "Traceback" not in output.stderr, output.stderr
        return str(output.stdout + output.stderr)

    def told(self, cell: str) -> list[str]:
        """The lines of the capture after a cell."""
        lines = self.run(cell).splitlines()
        return [line.removeprefix("toolkit: ") for line in lines if line.startswith("toolkit: ")]

    def names(self) -> list[str]:
        """The datasets of the workspace."""
        return list(self.workspace.datasets()["name"])

    def load(self, ref: str) -> pl.DataFrame:
        return self.workspace.load(ref).collect()

    def inputs(self, ref: str) -> list[str]:
        """What a version was derived from at once; of paths the last part."""
        lineage = self.workspace.lineage(ref).filter(pl.col("depth") == 1)
        return [
            Path(name).name if kind == "source" else name
            for name, kind in lineage.select("input", "kind").iter_rows()
        ]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.workspace.sql(sql).fetchall()

    def close(self) -> None:
        self.run("%unload_ext toolkit")
        self.workspace.close()
        atexit.unregister(self.shell.atexit_operations)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, without a front end or a workspace above."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOOLKIT_HOME", str(tmp_path / "workspace"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    return tmp_path


@pytest.fixture
def open_notebook(folder: Path) -> Iterator[Callable[[], Notebook]]:
    """Opens notebooks on the one workspace."""
    opened: list[Notebook] = []

    def make() -> Notebook:
        opened.append(Notebook())
        return opened[-1]

    yield make
    for notebook in opened:
        assert notebook.workspace.check().ok
        notebook.close()


@pytest.fixture
def notebook(open_notebook: Callable[[], Notebook]) -> Notebook:
    return open_notebook()


@pytest.fixture
def csv(folder: Path) -> Path:
    path = folder / "flights.csv"
    path.write_text("carrier,delay\nAA,12\nUA,-3\nAA,48\n")
    return path
