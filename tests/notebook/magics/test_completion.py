"""Completion of names of datasets."""

from __future__ import annotations

import polars as pl
import pytest
from IPython.core.completer import provisionalcompleter


@pytest.fixture
def typed(notebook, workspace):
    workspace.save(pl.DataFrame({"x": [1]}), "flights")
    workspace.save(pl.DataFrame({"x": [2]}), "flights")
    workspace.save(pl.DataFrame({"x": [1]}), "air.planes")
    workspace.tag("flights@1", "paper")
    notebook["ws"] = workspace
    notebook["flying"] = pl.DataFrame({"x": [1]})
    notebook["least"] = 3

    def complete(text: str) -> list[str]:
        """The whole texts that what was typed may become."""
        with provisionalcompleter():
            found = list(notebook.shell.Completer.completions(text, len(text)))
        return [text[: each.start] + each.text + text[each.end :] for each in found]

    return complete


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ('ws.load("fl', ["flights"]),
        ("x = ws.load('", ["air.planes", "flights"]),
        ('ws.load("air.', ["air.planes"]),
        ('ws.history("FL', ["flights"]),
        ('ws.load("flights@', ["flights@2", "flights@1", "flights@paper"]),
        ('ws.load("flights@p', ["flights@paper"]),
        ('ws.diff("flights@1", "flights@', ["flights@2", "flights@1", "flights@paper"]),
        ('ws.sample(ref="fl', ["flights"]),
        ('a = 1\nws.lineage("fl', ["flights"]),
        ("%lineage fl", ["flying", "flights"]),
        ("%lineage flights@1", ["flights@1"]),
        ("%sql select * from fl", ["flying", "flights"]),
        ("%%sql late <<\nselect *\nfrom air.", ["air.planes"]),
        ('%%sql\nfrom "flights@', ["flights@2", "flights@1", "flights@paper"]),
        ("%%sql\nselect * from flights where x > $lea", ["least"]),
        ("late = %sql from flig", ["flights"]),
    ],
)
def test_names_of_datasets_are_proposed_where_one_is_meant(typed, text, ends):
    head = text[: max(text.rfind(c) for c in " '\"$=(") + 1]
    assert typed(text) == [f"{head}{end}" for end in ends]


@pytest.mark.parametrize("text", ['print("fl', 'open("fl', "fl", "%time fl", 'least.load("fl'])
def test_names_of_datasets_are_proposed_nowhere_else(typed, text):
    assert not any("flights" in found for found in typed(text))


def test_a_name_that_cannot_be_looked_up_is_no_failure(typed, notebook, capsys):
    assert not any("nothing@1" in found for found in typed('ws.load("nothing@'))
    notebook.workspace.close()
    notebook["ws"] = type("Broken", (), {"datasets": lambda self: 1 / 0})()
    assert typed('ws.load("fl') == []
    assert capsys.readouterr().err == ""


def test_completion_ends_with_the_extension(typed, notebook):
    assert typed('ws.load("fl') == ['ws.load("flights']
    notebook.undo()
    assert typed('ws.load("fl') == []
    assert notebook.shell.Completer.custom_matchers == []
