"""A shell without a kernel, with the magics over a workspace of its own."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

import toolkit as tk
from toolkit.notebook import magics
from toolkit.notebook.session import NotebookSession


@dataclass(frozen=True)
class Done:
    """What came of a cell."""

    value: Any
    out: str
    err: str
    succeeded: bool


class Notebook:
    """A shell and its session; ``run`` runs a cell."""

    def __init__(self, workspace: tk.Workspace) -> None:
        config = Config()
        config.HistoryManager.enabled = False
        self.workspace = workspace
        self.shell = InteractiveShell(config=config)
        self.session = NotebookSession(self.shell, lambda: workspace)
        self.undo = magics.register(self.shell, self.session)

    def run(self, cell: str) -> Done:
        with capture_output(display=False) as output:
            done = self.shell.run_cell(cell)
        return Done(done.result, output.stdout, output.stderr, done.success)

    def error(self, cell: str) -> str:
        """The one line that a failing cell shows."""
        done = self.run(cell)
        assert not done.succeeded
        shown = (done.out + done.err).strip()
        assert shown.startswith("UsageError: ")
        assert "\n" not in shown
        return shown.removeprefix("UsageError: ")

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.shell.user_ns[name] = value

    def close(self) -> None:
        self.undo()
        atexit.unregister(self.shell.atexit_operations)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[tk.Workspace]:
    with tk.Workspace(tmp_path / "ws") as ws:
        yield ws
        assert ws.check().ok


@pytest.fixture
def open_notebook(workspace: tk.Workspace) -> Iterator[Callable[[], Notebook]]:
    """Starts one more shell on the workspace."""
    made: list[Notebook] = []

    def start() -> Notebook:
        made.append(Notebook(workspace))
        return made[-1]

    yield start
    for notebook in made:
        notebook.close()


@pytest.fixture
def notebook(open_notebook: Callable[[], Notebook]) -> Notebook:
    return open_notebook()
