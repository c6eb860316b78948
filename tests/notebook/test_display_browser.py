"""The browser of widgets without a front end: what a click does, says, and leaves as it was."""

from __future__ import annotations

import re
import time
from html import unescape

import ipywidgets as widgets
import polars as pl
import pytest

from toolkit import Workspace
from toolkit.core.errors import CatalogBusyError
from toolkit.notebook.display import panes, progress, table
from toolkit.notebook.display.browser import Browser
from toolkit.notebook.display.overview import look


@pytest.fixture
def workspace(tmp_path):
    with Workspace(tmp_path / "ws") as ws:
        ws.save(pl.DataFrame({"delay": [12, -3, 48]}), "trips")
        late = ws.load("trips").filter(pl.col("delay") > 0)
        ws.save(late, "late")
        ws.save(late.with_columns(hours=pl.col("delay") / 60), "late")
        yield ws


class Hand:
    """What a person does with a browser, and sees of it."""

    def __init__(self, workspace, **options):
        self.browser = Browser(workspace, look(workspace), **options)
        self.root = self.browser.widget

    def all(self, kind, within=None):
        """Every widget of a kind that is not hidden."""
        node = within or self.root
        if node.layout.display == "none":
            return []
        found = [node] if isinstance(node, kind) else []
        for child in getattr(node, "children", ()):
            found += self.all(kind, child)
        return found

    def click(self, text):
        (button,) = [b for b in self.all(widgets.Button) if text in (b.description, b.tooltip)]
        button.click()

    def write(self, placeholder, text):
        (box,) = [t for t in self.all(widgets.Text) if t.placeholder.startswith(placeholder)]
        box.value = text

    def tab(self, name):
        (tabs,) = self.all(widgets.Tab)
        tabs.selected_index = tabs.titles.index(name)
        return seen(
            *(html.value for html in self.all(widgets.HTML, tabs.children[tabs.selected_index]))
        )

    def choose(self, position, value):
        self.all(widgets.Dropdown)[position].value = value

    @property
    def names(self):
        rows = [b for b in self.all(widgets.HBox) if "toolkit-row" in b._dom_classes]
        return [row.children[0].description for row in rows]

    @property
    def text(self):
        return seen(*(html.value for html in self.all(widgets.HTML)))

    @property
    def status(self):
        told = [h.value for h in self.all(widgets.HTML) if 'role="status"' in h.value]
        return seen(*told)


def seen(*html):
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", " ".join(html), flags=re.S)
    return re.sub(r"\s+", " ", unescape(text)).strip()


def test_a_workspace_without_datasets_is_an_empty_table(tmp_path):
    with Workspace(tmp_path / "new") as ws:
        hand = Hand(ws)
    assert hand.names == []
    assert hand.text.startswith("0 datasets, 0 versions")


def test_rows_beyond_a_page_are_shown_on_request(workspace, monkeypatch):
    monkeypatch.setattr(table, "PAGE", 1)
    hand = Hand(workspace)
    hand.browser._table._limit = 1
    hand.browser._table.show(look(workspace))
    assert hand.names == ["late"]
    hand.click("Show more")
    assert hand.names == ["late", "trips"]
    assert not [b for b in hand.all(widgets.Button) if b.description == "Show more"]


def test_nothing_is_read_before_a_dataset_is_chosen_and_a_tab_opened(workspace, monkeypatch):
    asked = []
    for name in ("load", "history", "diff", "lineage"):
        verb = getattr(workspace, name)
        monkeypatch.setattr(
            workspace, name, lambda *a, verb=verb, name=name: asked.append(name) or verb(*a)
        )
    hand = Hand(workspace)
    assert asked == []
    hand.click("late")
    assert asked == ["history", "load"]
    hand.tab("Lineage")
    hand.tab("Preview")
    hand.tab("Lineage")
    assert asked == ["history", "load", "lineage"]


def test_the_newest_version_is_shown_first_and_another_on_request(workspace):
    hand = Hand(workspace)
    hand.click("late")
    assert "hours" in hand.tab("Preview")
    hand.choose(0, "1")
    assert "hours" not in hand.tab("Preview")
    assert "2 rows × 1 column," in hand.text


def test_changes_are_between_the_last_two_versions_until_others_are_chosen(workspace):
    hand = Hand(workspace)
    hand.click("late")
    assert "Columns: 1 same, 1 added." in hand.tab("Changes")
    hand.choose(1, "2")
    assert "Columns: 2 same." in hand.tab("Changes")
    hand.click("trips")
    assert "nothing to compare it with" in hand.tab("Changes")


def test_an_artifact_opens_at_its_version(workspace):
    hand = Hand(workspace, search="late", chosen="late", version=1)
    assert hand.names == ["late"]
    assert "2 rows × 1 column," in hand.text


def test_a_tag_is_moved_only_after_a_question(workspace):
    workspace.tag("late@1", "paper")
    hand = Hand(workspace, chosen="late")
    hand.tab("Actions")
    hand.write("A tag", "paper")
    hand.click("Tag")
    assert "late@1 is tagged paper: move the tag to late@2?" in hand.text
    assert workspace.load("late@paper").collect_schema().names() == ["delay"]
    hand.click("Move it")
    assert hand.status == "late@2 is tagged paper."
    assert workspace.load("late@paper").collect_schema().names() == ["delay", "hours"]


def test_a_hold_is_made_seen_and_released(workspace):
    hand = Hand(workspace, chosen="late")
    hand.tab("Actions")
    hand.write("Why", "for <b>the paper</b>")
    hand.click("Hold")
    assert hand.status == "late@2 is held."
    assert [hold.reason for hold in workspace.holds()] == ["for <b>the paper</b>"]
    hand.click("Release for <b>the paper</b>")
    assert "&lt;b&gt;" in "".join(html.value for html in hand.all(widgets.HTML))
    hand.click("Cancel")
    assert workspace.holds()
    hand.click("Release for <b>the paper</b>")
    hand.click("Release it")
    assert workspace.holds() == ()


def test_what_is_refused_is_said_in_one_line_and_changes_nothing(workspace):
    hand = Hand(workspace, chosen="late")
    hand.tab("Actions")
    hand.write("A tag", "not a tag")
    hand.click("Tag")
    assert hand.status.startswith("'not a tag' is not a tag: a letter or underscore")
    assert workspace.history("late")["tags"].to_list() == [[], []]


def test_a_dataset_whose_last_version_is_dropped_is_gone(workspace):
    hand = Hand(workspace, chosen="trips")
    hand.tab("Actions")
    hand.click("Drop trips@1")
    hand.click("Drop it")
    assert hand.status == "trips@1 is dropped."
    assert hand.names == ["late"]
    assert not hand.all(widgets.Tab)


def test_what_others_saved_is_there_after_a_refresh(workspace):
    hand = Hand(workspace, chosen="late")
    workspace.save(pl.DataFrame({"x": [1]}), "new")
    workspace.drop("late@1")
    hand.click("Refresh")
    assert hand.names == ["late", "new", "trips"]
    assert "one version" in hand.tab("Changes")


def test_a_dataset_that_others_dropped_is_a_line_and_a_catalog_that_is_busy_too(
    workspace, monkeypatch
):
    hand = Hand(workspace)
    workspace.drop("trips@1")
    hand.click("trips")
    assert "trips" in hand.status

    def busy():
        raise CatalogBusyError("Process 7 has the catalog:\nwait.")

    monkeypatch.setattr(workspace, "datasets", busy)
    hand.click("Refresh")
    assert hand.status == "Process 7 has the catalog: wait."


def test_a_tab_that_failed_is_tried_again(workspace, monkeypatch):
    hand = Hand(workspace, chosen="late")
    with monkeypatch.context() as patch:
        patch.setattr(workspace, "lineage", lambda ref: 1 / 0)
        hand.tab("Lineage")
        assert hand.status == "division by zero"
    hand.tab("Preview")
    hand.tab("Lineage")
    assert hand.status == ""
    assert "trips@1" in hand.tab("Lineage")


def test_values_that_polars_cannot_show_are_a_line(workspace, capfd):
    far = pl.DataFrame({"t": pl.Series([2**62], dtype=pl.Int64).cast(pl.Datetime("ms"))})
    workspace.save(far, "far")
    hand = Hand(workspace, chosen="far")
    capfd.readouterr()
    assert "out-of-range" in hand.status


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(progress, "AFTER", 0.02)


def shown_while(bar, steps):
    """Whether the bar was visible, waiting for it at most five seconds, and how far it was."""
    deadline = time.monotonic() + 5
    while bar.widget.layout.display == "none" and time.monotonic() < deadline:
        time.sleep(0.01)
    return bar.widget.layout.display, bar._bar.value, bar._bar.max


@pytest.mark.parametrize("steps", [0, 3])
def test_progress_is_seen_while_something_takes_long_and_not_afterwards(impatient, steps):
    bar = progress.Progress()
    with bar.running("Reading late@2", steps) as step:
        if steps:
            step()
        display, value, most = shown_while(bar, steps)
        assert display == "flex"
        assert "Reading late@2 …" in bar._label.value
        assert (value, most) == (1, 3) if steps else most == 10
    assert bar.widget.layout.display == "none"


def test_progress_ends_with_an_error_too(impatient):
    bar = progress.Progress()

    def interrupted():
        with bar.running("Reading"):
            assert shown_while(bar, 0)[0] == "flex"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert bar.widget.layout.display == "none"


def test_progress_is_not_seen_for_what_is_quick():
    bar, seen = progress.Progress(), []
    bar.widget.layout.observe(lambda change: seen.append(change["new"]), names="display")
    with bar.running("Reading"):
        pass
    assert "flex" not in seen


def test_describing_columns_tells_its_progress(workspace, impatient, monkeypatch):
    hand = Hand(workspace, chosen="late")
    bar = hand.browser._progress
    told = []

    def slow(ws, ref, version, step):
        step()
        told.append(shown_while(bar, 1))
        return "<p>done</p>"

    monkeypatch.setattr(panes, "columns", slow)
    assert hand.tab("Columns") == "done"
    assert [display for display, *_bar in told] == ["flex"]


def test_what_runs_within_something_else_is_what_is_shown(impatient):
    bar = progress.Progress()
    with bar.running("Asking"):
        with bar.running("Reading", 2) as step:
            step()
            assert shown_while(bar, 2) == ("flex", 1, 2)
            assert "Reading" in bar._label.value
        assert bar.widget.layout.display == "flex"
        deadline = time.monotonic() + 5
        while "Asking" not in bar._label.value and time.monotonic() < deadline:
            time.sleep(0.01)
        assert "Asking" in bar._label.value
    assert bar.widget.layout.display == "none"


def test_a_wait_for_the_catalog_is_seen(workspace, impatient, monkeypatch):
    hand = Hand(workspace)
    bar, datasets, told = hand.browser._progress, workspace.datasets, []

    def slow():
        told.append(shown_while(bar, 0)[0])
        return datasets()

    monkeypatch.setattr(workspace, "datasets", slow)
    hand.click("Refresh")
    assert told == ["flex"]
    assert bar.widget.layout.display == "none"
