"""``%toolkit``, the defaults in pyproject.toml, and the names of notebooks and variables."""

from __future__ import annotations

import re

import pytest

from toolkit.core.errors import InvalidArgumentError
from toolkit.notebook.naming import NameGiver, front_end_name, notebook_part, valid_part
from toolkit.notebook.settings import Settings, defaults, parse_size, show_size

DEFAULTS = """\
capture  on
told     a line a cell (loud)
name     session
limit    2 GiB
keep     10
budget   20 GB
folder   workspace
"""


def usage_error(notebook, cell):
    shown = notebook.run(cell)
    assert shown.startswith("UsageError: %toolkit: ")
    assert shown.count("\n") == 1
    return shown


def test_alone_it_shows_the_settings(notebook):
    assert notebook.run("%toolkit") == DEFAULTS


def test_the_folder_is_shown_from_the_current_one_on(notebook, folder, monkeypatch):
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert f"folder   {folder / 'workspace'}\n" in notebook.run("%toolkit")


def test_every_setting_can_be_changed(notebook):
    for line in ("quiet", "off", "name Flights", "limit 500MB", "keep 3", "budget none"):
        assert notebook.run(f"%toolkit {line}") == ""
    assert notebook.run("%toolkit").splitlines() == [
        "capture  off",
        "told     not what is saved (quiet)",
        "name     Flights",
        "limit    500 MB",
        "keep     3",
        "budget   none",
        "folder   workspace",
    ]
    notebook.run("%toolkit on\n%toolkit loud\n%toolkit budget 5 GB")
    assert "budget   5 GB" in notebook.run("%toolkit")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("limt 3", "'limt 3' is not a setting"),
        ("limit", "'limit' is not a setting"),
        ("off now", "'off now' is not a setting"),
        ("limit 3XB", "'3XB' is not a size: write one such as 500MB or 2GiB"),
        ("limit -1", "'-1' is not a size"),
        ("keep 0", "'0' is not a number of versions"),
        ("keep many", "'many' is not a number of versions"),
        ("name main", "'main' cannot be the first part of a dataset's name in SQL: choose another"),
        ("name a b", "'a b' cannot be the first part .* such as a_b."),
        ("name a.b", "'a.b' cannot be .* such as a_b."),
        ("name select", "'select' cannot be .* such as select_."),
        ("name Left", "'Left' cannot be .* such as Left_."),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line_and_changes_nothing(notebook, line, why):
    assert re.search(why, usage_error(notebook, f"%toolkit {line}"))
    assert notebook.run("%toolkit") == DEFAULTS


def test_quiet_silences_what_was_saved_and_not_what_was_not(notebook):
    notebook.run("%toolkit quiet\n%toolkit limit 20B")
    told = notebook.told('df = pl.DataFrame({"x": [1]}); big = pl.DataFrame({"x": [1, 2, 3]})')
    assert told == ["big not saved: 24 bytes are over the limit of 20 bytes (%toolkit limit)."]
    assert notebook.names() == ["session.df"]


def test_what_is_bound_while_it_is_off_is_not_saved_later_either_and_is_told(notebook):
    notebook.run("%toolkit off")
    assert notebook.told('secret = pl.DataFrame({"x": [1]})') == []
    assert notebook.told("%toolkit on") == [
        "secret not saved: bound while capture was off (bind or change it to save it)."
    ]
    assert notebook.told("secret.head()") == []
    assert notebook.names() == []
    (last,) = notebook.workspace.captures.last_session("session", "")
    assert last.note == "not saved: bound while capture was off"
    assert notebook.told('secret[0, "x"] = 2') == ["saved secret (1 × 1)"]


def test_what_was_changed_or_deleted_while_it_was_off_is_noticed_when_it_is_on_again(notebook):
    notebook.run('df = pl.DataFrame({"x": [1]}); gone = df.head(0); same = df.clone()')
    notebook.run("%toolkit off")
    notebook.run('df[0, "x"] = 2; del gone')
    assert notebook.told("%toolkit on") == ["saved df (1 × 1) changed in place"]
    last = notebook.workspace.captures.last_session("session", "")
    assert [(each.variable, each.saved) for each in last] == [
        ("df", True),
        ("gone", False),
        ("same", True),
    ]


def test_a_frame_that_was_too_large_is_saved_when_the_limit_is_raised(notebook):
    notebook.run("%toolkit limit 1kB\nbig = pl.DataFrame({'x': range(1_000)}); huge = big * 2")
    assert notebook.told("%toolkit limit 8000B") == []
    assert notebook.told("%toolkit limit 9kB") == ["saved big (1,000 × 1), huge (1,000 × 1)"]
    assert notebook.told("%toolkit limit 10kB") == []


def test_the_name_is_the_first_part_of_what_is_saved_from_then_on(notebook):
    notebook.run('df = pl.DataFrame({"x": [1]})\n')
    notebook.run("%toolkit name book")
    assert notebook.told("late = df.head(0)") == ["saved late (0 × 1) from session.df"]
    assert notebook.names() == ["book.late", "session.df"]


def test_defaults_come_from_the_nearest_pyproject(folder, open_notebook):
    (folder / "pyproject.toml").write_text(
        '[tool.toolkit]\nname = "book"\nquiet = true\nlimit = "1MB"\nkeep = 4\nbudget = 1000000\n'
    )
    assert open_notebook().run("%toolkit").splitlines()[1:] == [
        "told     not what is saved (quiet)",
        "name     book",
        "limit    1 MB",
        "keep     4",
        "budget   1 MB",
        "folder   workspace",
    ]
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    assert defaults(below)[0].name == "book"
    (below / "pyproject.toml").write_text("[project]\n")
    assert defaults(below) == (Settings(), ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[tool.toolkit]\nkept = 3\nkeep = 3", "'kept' is not a setting: choose one of name"),
        ("[tool.toolkit]\nquiet = 1\nkeep = 3", "1 is neither true nor false"),
        ("[tool.toolkit]\nlimit = true\nkeep = 3", "'True' is not a size"),
        ("[tool.toolkit]\nname = 'ä'\nkeep = 3", "'ä' cannot be the first part"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_it_is_told_and_the_rest_counts(folder, text, why):
    (folder / "pyproject.toml").write_text(text)
    settings, problems = defaults(folder)
    assert settings == Settings(keep=3)
    assert len(problems) == 1
    assert why in problems[0]


@pytest.mark.parametrize("text", ["[tool", "[tool]\ntoolkit = 3", "tool = 3", b"\xff\xfe"])
def test_one_that_cannot_be_read_is_told_and_not_used(folder, text, open_notebook):
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "pyproject.toml").write_bytes(data)
    settings, problems = defaults(folder)
    assert settings == Settings()
    assert len(problems) == 1
    assert "\n" not in problems[0]


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("12", 12), ("500MB", 500 * 10**6), ("2 GiB", 2 << 30), ("1.5kb", 1_500)],
)
def test_sizes_are_read(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "1 2MB", "1e3", "-1", "1MB/s", "١MB", "nan"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(InvalidArgumentError):
        parse_size(text)


@pytest.mark.parametrize("size", [1, 999, 1_000, 2 << 30, 5 * 10**9, 1 << 40])
def test_a_size_is_shown_as_it_is_read(size):
    assert parse_size(show_size(size)) == size


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("/home/me/My analysis.ipynb", "My_analysis"),
        ("C:\\work\\2024-sales.ipynb", "_2024_sales"),
        ("flights.ipynb-jvsc-6bd1", "flights"),
        ("main.ipynb", "main_"),
        ("Order.ipynb", "Order_"),
        ("date.ipynb", "date"),
        ("a.b.ipynb", "a_b"),
        ("0a1b2c3d", "session"),
        ("", "session"),
        (".ipynb", "session"),
    ],
)
def test_the_front_end_tells_the_name_of_the_notebook(monkeypatch, told, name):
    monkeypatch.setenv("JPY_SESSION_NAME", told)
    assert front_end_name({}) == name
    monkeypatch.setenv("JPY_SESSION_NAME", "other.ipynb")
    assert front_end_name({"__vsc_ipynb_file__": told}) == (name if told else "other")


def test_names_are_valid_and_differ_where_the_notebooks_do():
    long = "a" * 70
    parts = [
        valid_part(name) for name in ("größe", "grosse", "groe", "日本", "日", long, long + "b")
    ]
    assert len(set(parts)) == len(parts)
    assert all(notebook_part(part) == part for part in parts)


def test_variables_that_differ_by_case_alone_have_names_that_differ():
    names = NameGiver()
    assert names.part_for("X") == "X"
    assert names.part_for("x").lower() != "x"
    assert names.part_for("X") == "X"
    assert names.part_for("x") == names.part_for("x")
