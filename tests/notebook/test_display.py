"""What a Workspace, an Artifact and %datasets show: in one output a browser, HTML and a text."""

from __future__ import annotations

import atexit
import subprocess
import sys
from types import SimpleNamespace

import polars as pl
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from toolkit import Workspace
from toolkit.core.errors import CatalogBusyError
from toolkit.core.types import NewRun
from toolkit.notebook import display
from toolkit.notebook.display.bundles import WIDGET, artifact_bundle, stand_in, workspace_bundle

TABLE = """\
3 datasets, 4 versions
name kind rows columns size versions tags
late frame 2 2 {late} 2 paper
notes.raw file 3 B 1
trips frame 3 1 {trips} 1"""


@pytest.fixture
def workspace(tmp_path):
    with Workspace(tmp_path / "ws") as ws:
        ws.save(pl.DataFrame({"delay": [12, -3, 48]}), "trips")
        late = ws.load("trips").filter(pl.col("delay") > 0)
        ws.save(late, "late")
        ws.save(late.with_columns(hours=pl.col("delay") / 60), "late")
        ws.tag("late@1", "paper")
        ws.add(b"any", "notes.raw")
        yield ws


@pytest.fixture
def shell(workspace):
    """A shell without a kernel, as in a terminal, with the display registered."""
    made = InteractiveShell()
    undo = display.register(made, SimpleNamespace(workspace=workspace))
    yield made
    undo()
    atexit.unregister(made.atexit_operations)


@pytest.fixture
def table(workspace):
    """The text that the workspace is in a terminal."""
    sizes = dict(workspace.datasets().select("name", "byte_size").iter_rows())
    shown = {name: f"{n} B" if n < 1_000 else f"{n / 1_000:.1f} kB" for name, n in sizes.items()}
    return TABLE.format(**{name: shown[name] for name in ("late", "trips")})


def run(shell, cell):
    with capture_output() as output:
        done = shell.run_cell(cell)
    return done, output


def squeezed(text):
    """Without the padding, which depends on how long sizes are."""
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


def expire(workspace, keep=1):
    """Capture three states of a variable and let the older ones go."""
    captures = workspace.captures
    at = workspace.datasets()["created_at"].max()
    made = captures.begin(NewRun("book", "session", "x = 1", at, 0.1, True))
    for i in range(3):
        captures.capture(made, "x", pl.DataFrame({"i": [i]}), "book.x", ())
    return captures.expire(keep=keep, budget=None)


def test_datasets_prints_a_table_without_times_paths_or_ids(shell, table):
    assert squeezed(run(shell, "%datasets")[1].stdout) == table


def test_datasets_with_words_shows_what_has_all_of_them(shell):
    lines = run(shell, "%datasets paper LAT")[1].stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "name", "late"]
    assert lines[0] == "1 of 3 datasets"


def test_datasets_that_match_nothing_leave_the_first_line(shell):
    assert run(shell, "%datasets nothing")[1].stdout.strip() == "0 of 3 datasets"


def test_a_workspace_as_the_last_expression_is_its_table(shell, workspace, table):
    shell.user_ns["ws"] = workspace
    assert squeezed(run(shell, "ws")[1].stdout).endswith(table)


def test_an_artifact_as_the_last_expression_is_one_line(shell, workspace):
    shell.user_ns["ws"] = workspace
    shown = run(shell, "ws.save(ws.load('late@2'), 'copy')")[1].stdout
    size = workspace.datasets().filter(pl.col("name") == "copy").item(0, "byte_size")
    text = f"{size} B" if size < 1_000 else f"{size / 1_000:.1f} kB"
    assert shown.strip().endswith(f"copy@1: 2 rows × 2 columns, {text}, already stored")


def test_an_empty_workspace_says_so(tmp_path):
    with Workspace(tmp_path / "new") as ws:
        bundle = workspace_bundle(ws, interactive=False)
    assert bundle["text/plain"] == "0 datasets, 0 versions"
    assert "<table>" not in bundle["text/html"]


def test_a_terminal_gets_no_widget_and_a_kernel_all_three_forms(shell, workspace):
    assert WIDGET not in shell.display_formatter.format(workspace)[0]
    bundle = workspace_bundle(workspace, interactive=True)
    assert set(bundle) == {"text/plain", "text/html", WIDGET}
    assert bundle[WIDGET]["model_id"]


def test_the_stand_in_of_a_browser_is_hidden_wherever_html_is_cleaned(workspace):
    assert stand_in(workspace_bundle(workspace, interactive=False)) is None
    before = stand_in(workspace_bundle(workspace, interactive=True))
    assert list(before) == ["text/html"]
    assert before["text/html"].startswith('<div class="toolkit-saved" hidden style="display:none">')


def test_html_is_a_table_with_everything_escaped(workspace):
    artifact = workspace.save(pl.DataFrame({"<script>": [1]}), "odd")
    html = artifact_bundle(artifact, workspace, interactive=False)["text/html"]
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    table = workspace_bundle(workspace, interactive=False)["text/html"]
    assert table.count("<tr>") == 1 + 4
    assert "<script" not in table
    assert "<style" not in table


def test_what_was_let_go_is_told_in_every_form(workspace):
    assert len(expire(workspace)) == 2
    told = "2 captured versions let go, oldest first: book.x (2)"
    bundle = workspace_bundle(workspace, interactive=False)
    assert bundle["text/plain"].splitlines()[-1] == told
    assert f"<p>{told}</p>" in bundle["text/html"]


def test_a_catalog_that_is_busy_is_one_line(shell, workspace, monkeypatch):
    def busy():
        raise CatalogBusyError("Process 7 has\nthe catalog: wait.")

    monkeypatch.setattr(workspace, "datasets", busy)
    done, output = run(shell, "%datasets")
    assert type(done.error_in_exec) is UsageError
    assert "Traceback" not in output.stdout + output.stderr
    assert "Process 7 has the catalog: wait." in output.stdout + output.stderr
    shell.user_ns["ws"] = workspace
    done, output = run(shell, "ws")
    assert done.success
    assert output.stdout.rstrip().endswith("It cannot be shown: Process 7 has the catalog: wait.")


def test_an_artifact_of_another_workspace_is_told_without_its_dataset(workspace, tmp_path):
    with Workspace(tmp_path / "other") as other:
        artifact = other.save(pl.DataFrame({"x": [1]}), "late")
    bundle = artifact_bundle(artifact, workspace, interactive=True)
    assert set(bundle) == {"text/plain", "text/html"}
    assert artifact_bundle(
        workspace.save(pl.DataFrame({"x": [1]}), "late"), workspace, interactive=True
    )[WIDGET]


def test_unregistering_leaves_the_shell_as_it_was(workspace):
    shell = InteractiveShell()
    formatter = shell.display_formatter.mimebundle_formatter
    before = dict(formatter.type_printers)
    undo = display.register(shell, SimpleNamespace(workspace=workspace))
    assert dict(formatter.type_printers) != before
    undo()
    assert dict(formatter.type_printers) == before
    assert "datasets" not in shell.magics_manager.magics["line"]
    atexit.unregister(shell.atexit_operations)


def test_without_ipywidgets_the_table_is_still_there(tmp_path):
    code = """
import sys
sys.modules["ipywidgets"] = None
from toolkit import Workspace
from toolkit.notebook.display.bundles import workspace_bundle
with Workspace(sys.argv[1]) as ws:
    ws.add(b"any", "notes")
    print(sorted(workspace_bundle(ws, interactive=True)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "ws")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['text/html', 'text/plain']"


def test_many_datasets_are_cut_with_a_line_that_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(display.bundles.static, "MOST_ROWS", 2)
    with Workspace(tmp_path / "ws") as ws:
        for name in ("a", "b", "c"):
            ws.add(name.encode(), name)
        bundle = workspace_bundle(ws, interactive=False)
    note = "… and 1 more: %datasets with a part of a name shows those"
    assert bundle["text/plain"].splitlines()[-1] == note
    assert note in bundle["text/html"]
