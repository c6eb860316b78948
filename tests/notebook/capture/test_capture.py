"""After each cell every new or changed frame is saved, and a line says so."""

from __future__ import annotations

import time

import pytest

from toolkit.core.errors import CatalogBusyError, CatalogError, StorageError
from toolkit.datasets.capturing import Capturer
from toolkit.notebook.capture import capturing
from toolkit.notebook.capture.recorder import Recorder
from toolkit.notebook.capture.report import one_line

DF = 'df = pl.DataFrame({"x": [1, 2, 3], "y": [1.0, 2.0, 3.0]})'


@pytest.mark.parametrize(
    "frame",
    ['pl.DataFrame({"x": [1, 2]})', 'pd.DataFrame({"x": [1, 2]})', 'pa.table({"x": [1, 2]})'],
    ids=["polars", "pandas", "arrow"],
)
def test_a_frame_of_every_engine_is_saved_after_its_cell(notebook, frame):
    assert notebook.told(f"df = {frame}") == ["saved df (2 × 1)"]
    assert notebook.load("session.df@1").rows() == [(1,), (2,)]


def test_what_is_no_frame_or_has_a_leading_underscore_is_not(notebook):
    assert notebook.run('_df = pl.DataFrame({"x": [1]}); n = 3; s = pl.Series([1])') == ""
    assert notebook.names() == []
    assert notebook.query("select count(*) from catalog.runs") == [(0,)]


def test_the_line_tells_rows_columns_and_origin_and_what_was_stored_before(notebook):
    notebook.run('flights = pl.DataFrame({"x": range(2_000), "y": 1.5})')
    assert notebook.told(
        'df = flights.filter(pl.col("x") < 1_000); late = df.with_columns(z=1); again = df.clone()'
    ) == [
        "saved df (1,000 × 2) from flights, late (1,000 × 3) from df; "
        "again (1,000 × 2) already stored"
    ]


def test_a_cell_is_recorded_with_its_source_time_and_success(notebook):
    notebook.run(DF)
    notebook.run(f"{DF.replace('df', 'other')}\n1 / 0")
    rows = notebook.query(
        "select notebook, source, succeeded, seconds between 0 and 10 from catalog.runs order by id"
    )
    assert rows == [
        ("session", DF, True, True),
        ("session", f"{DF.replace('df', 'other')}\n1 / 0", False, True),
    ]


def test_a_failing_cell_captures_what_it_bound_and_says_so(notebook):
    notebook.run(DF)
    notebook.run('other = pl.DataFrame({"o": [1]})')
    told = notebook.told("head = df.head(2)\nraise ValueError\nhead = other.head()")
    assert told == ["saved head (2 × 2) from df (the cell failed)"]
    assert notebook.inputs("session.head") == ["session.df@1"]


def test_a_cell_that_does_not_compile_captures_nothing(notebook):
    notebook.run(DF)
    assert notebook.told("df = df.head(1)\n)") == []


@pytest.mark.parametrize(
    ("frame", "change", "rows"),
    [
        ("pl.DataFrame", 'df[0, "x"] = 7', [(7,), (2,)]),
        ("pl.DataFrame", 'df.insert_column(1, pl.Series("z", [0, 0]))', [(1, 0), (2, 0)]),
        ("pl.DataFrame", 'df.extend(pl.DataFrame({"x": [3]}))', [(1,), (2,), (3,)]),
        ("pl.DataFrame", 'df.columns = ["renamed"]', [(1,), (2,)]),
        ("pd.DataFrame", 'df.loc[0, "x"] = 7', [(7,), (2,)]),
        ("pd.DataFrame", 'df["z"] = 0', [(1, 0), (2, 0)]),
        ("pd.DataFrame", 'df.drop(index=0, inplace=True)', [(2,)]),
        ("pd.DataFrame", 'df.sort_values("x", ascending=False, inplace=True)', [(2,), (1,)]),
        ("pd.DataFrame", "df += 1", [(2,), (3,)]),
        ("pd.DataFrame", 'del df["x"]; df["q"] = 1', [(1,), (1,)]),
        ("pd.DataFrame", 'df.index.name = "i"', [(1,), (2,)]),
        ("pl.DataFrame", 'for d in [df]:\n    d[0, "x"] = 7', [(7,), (2,)]),
        ("pl.DataFrame", 'alias = df\nalias[0, "x"] = 7', [(7,), (2,)]),
        ("pl.DataFrame", '%time df[0, "x"] = 7', [(7,), (2,)]),
        ("pl.DataFrame", '%%time\ndf[0, "x"] = 7', [(7,), (2,)]),
        ("pl.DataFrame", '%%timeit -n 1 -r 1\ndf[0, "x"] = 7', [(7,), (2,)]),
        ("pl.DataFrame", '%%capture\ndf[0, "x"] = 7', [(7,), (2,)]),
        ("pl.DataFrame", 'for _ in "a":\n    %time df[0, "x"] = 7', [(7,), (2,)]),
        ("pl.DataFrame", 'alias = df\nalias[0, "x"] = 7\nalias = 3', [(7,), (2,)]),
        ("pl.DataFrame", 'change(df)', [(7,), (2,)]),
        ("pl.DataFrame", 'change_it()', [(7,), (2,)]),
        ("pl.DataFrame", 'Changer().go(df)', [(7,), (2,)]),
        ("pl.DataFrame", 'list(map(change, [df]))', [(7,), (2,)]),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_a_change_in_place_is_noticed(notebook, frame, change, rows):
    notebook.run(
        'def change(d):\n    d[0, "x"] = 7\n'
        "def change_it():\n    change(df)\n"
        "class Changer:\n    def go(self, d):\n        change(d)"
    )
    notebook.run(f'df = {frame}({{"x": [1, 2]}})')
    notebook.run(change)
    assert notebook.workspace.history("session.df").height == 2
    assert [row[: len(rows[0])] for row in notebook.load("session.df").rows()] == rows
    assert notebook.inputs("session.df@2") == ["session.df@1"]


@pytest.mark.parametrize(
    "mention",
    [
        "df",
        "df.head()",
        "print(df)",
        "len(df)",
        'df["x"].sum()',
        'other.join(df, on="x")',
        "pl.concat([df, df])",
        "ws.save(df, 'mine')",
        "f'{df}'",
        "read(df)",
        "%time df.head()",
    ],
)
def test_reading_a_frame_does_not_even_hash_it(notebook, mention):
    notebook.run(
        f"{DF}\nother = df.clone()\ndef read(d):\n    return d.filter(pl.col('x') > 1).height"
    )
    before = notebook.query("select count(*) from catalog.runs")
    assert notebook.told(mention) == []
    assert notebook.query("select count(*) from catalog.runs") == before


HOSTILE = """
class Hostile:
    {slots}
    def __getattr__(self, name):
        raise RuntimeError(name)
    def __eq__(self, other):
        raise RuntimeError("eq")
one = Hostile(); many = [one]; many.append(many)
"""


@pytest.mark.parametrize("slots", ["", "__slots__ = ('one',)"])
def test_objects_that_answer_with_errors_are_not_asked(notebook, slots):
    assert notebook.run(HOSTILE.format(slots=slots)) == ""
    assert (
        notebook.run("many[0].one = 1; many[1][0].one = 2; del one.one; print(len(many))") == "2\n"
    )


def test_a_frame_that_may_have_changed_and_did_not_is_not_told(notebook):
    notebook.run(f"{DF}\ndef mystery(d):\n    return exec('d')")
    assert notebook.told("mystery(df)") == []
    assert notebook.told("frames = [df]") == []
    assert notebook.workspace.history("session.df").height == 1


IN_CONTAINERS = """
class Box:
    def __init__(self, frame):
        self.frame = frame
    def change(self):
        self.frame[0, "x"] = 7
def change(frames):
    for frame in frames:
        frame[0, "x"] = 7
first = pl.DataFrame({"x": [1, 2]}); _second = pl.DataFrame({"x": [3]})
parts = [first, _second]; named = {"a": {"first": first}}; box = Box(first)
"""


@pytest.mark.parametrize(
    "change",
    [
        'parts[0][0, "x"] = 7',
        'named["a"]["first"][0, "x"] = 7',
        'parts[0].insert_column(1, pl.Series("z", [0, 0]))',
        "for part in parts:\n    part[0, 'x'] = 7",
        "for i, part in enumerate(parts):\n    part[0, 'x'] = i",
        "for inner in named.values():\n    for _f in inner.values():\n        _f[0, 'x'] = 8",
        "_part = parts[0]\n_part[0, 'x'] = 7",
        "change(parts)",
        "change(named['a'].values())",
        'box.frame[0, "x"] = 7',
        "box.change()",
        "%time parts[0][0, 'x'] = 7",
        "def f():\n    change(parts)\nf()",
    ],
)  # fmt: skip
def test_a_change_through_a_container_is_noticed(notebook, change):
    notebook.run(IN_CONTAINERS)
    assert "first (2 × " in "".join(notebook.told(change))
    assert notebook.inputs("session.first@2") == ["session.first@1"]


def test_what_changes_a_container_alone_does_not_even_hash_what_is_in_it(notebook, monkeypatch):
    notebook.run(IN_CONTAINERS)
    looked = []
    monkeypatch.setattr(Recorder, "look", lambda _self, variable, *_: looked.append(variable))
    notebook.run("parts.append(3); parts[1] = _second; named['b'] = parts; box.other = 3")
    notebook.run("for part in parts[:2]:\n    print(part.height)")
    assert looked == []


def test_both_names_of_an_object_that_changed_are_saved(notebook):
    notebook.run(f"{DF}; alias = df")
    assert notebook.told('alias[0, "x"] = 7') == [
        "saved alias (3 × 2) changed in place; df (3 × 2) already stored"
    ]


def test_a_change_by_a_name_that_is_not_captured_is_noticed(notebook):
    notebook.run(f"{DF}; _alias = df")
    assert notebook.told('_alias[0, "x"] = 7') == ["saved df (3 × 2) changed in place"]


def test_what_a_changed_frame_took_from_others_is_told(notebook):
    notebook.run("df = pd.DataFrame({'x': [1]}); price = pd.DataFrame({'p': [2]})")
    assert notebook.told("df['p'] = price.p; price = price * 2") == [
        "saved df (1 × 2) changed in place from price, price (1 × 1) from price"
    ]
    assert notebook.inputs("session.df@2") == ["session.df@1", "session.price@1"]


def test_the_same_object_under_two_names_is_stored_once(notebook):
    assert notebook.told(f"{DF}; alias = df") == ["saved df (3 × 2); alias (3 × 2) already stored"]
    assert notebook.workspace.stats()["files"].item() == 1


def test_a_cell_that_is_run_again_stores_nothing(notebook):
    notebook.run(DF)
    assert notebook.told(DF) == ["df (3 × 2) already stored"]
    assert notebook.workspace.history("session.df").height == 1


def test_a_lazy_frame_is_noted_and_not_run(notebook, csv):
    notebook.run(DF)
    assert (
        notebook.told(
            'lazy = ws.load("session.df").filter(pl.col("x") > 1)\n'
            'file = ws.read("flights.csv")\n'
            "memory = df.lazy()\n"
            "def fail(_): raise ValueError\n"
            "never = df.lazy().map_batches(fail)"
        )
        == []
    )
    notes = notebook.query(
        "select variable, note from catalog.bindings where version_id is null order by variable"
    )
    assert notes == [
        ("file", f"lazy frame from {csv}"),
        ("lazy", "lazy frame from session.df@1"),
        ("memory", "lazy frame from session.df@1"),
        ("never", "lazy frame from session.df@1"),
    ]
    assert notebook.names() == ["session.df"]


def test_a_variable_that_is_a_frame_no_more_is_noted(notebook):
    notebook.run(f"{DF}; other = df.clone()")
    notebook.run("del df; other = 3")
    last = notebook.workspace.captures.last_session("session", "")
    assert [(b.variable, b.ref, b.saved, b.note) for b in last] == [
        ("df", "", False, ""),
        ("other", "", False, ""),
    ]


def test_frames_that_were_there_before_the_extension_are_saved_when_it_is_loaded(notebook):
    notebook.run("%unload_ext toolkit")
    assert notebook.told(DF) == []
    assert notebook.told("%load_ext toolkit\nhead = df.head(1)") == [
        "saved df (3 × 2), head (1 × 2) from df"
    ]
    assert notebook.names() == ["session.df", "session.head"]


def test_cells_within_cells_are_captured_once_at_their_end(notebook):
    assert notebook.told(f"%%capture out\n{DF}") == ["saved df (3 × 2)"]
    cell = "get_ipython().run_cell('a = df.head(1)'); get_ipython().run_cell(''); b = a.head()"
    assert notebook.told(cell) == ["saved a (1 × 2); b (1 × 2) already stored"]
    assert notebook.inputs("session.b") == ["session.a@1"]
    assert notebook.query("select count(*) from catalog.runs") == [(2,)]


def test_a_frame_over_the_limit_is_left_out_and_said_once(notebook):
    notebook.run("%toolkit limit 1kB")
    big = 'big = pl.DataFrame({"x": range(1_000)})'
    why = "big not saved: 8 kB are over the limit of 1 kB (%toolkit limit)."
    assert notebook.told(big) == [why]
    assert notebook.told('big[0, "x"] = 1') == []
    assert notebook.told("small = big.head(1)") == ["saved small (1 × 1)"]


def test_what_cannot_be_stored_is_left_out_and_said_once(notebook):
    told = notebook.told('bad = pd.DataFrame({"x": [1, "a", {}]}); good = pl.DataFrame({"x": [1]})')
    assert told[0] == "saved good (1 × 1)"
    assert told[1].startswith("bad not saved: Column 'x' ")
    assert notebook.told("bad.loc[0, 'x'] = {}") == []
    assert notebook.told("bad['x'] = 1") == ["saved bad (3 × 1)"]


def test_frames_whose_names_are_no_dataset_names_are_saved_under_others(notebook):
    notebook.run(
        'größe = pl.DataFrame({"x": [1]}); DF = größe.head(); df = pl.DataFrame({"y": [2]})'
    )
    names = notebook.names()
    assert len(names) == 3
    assert any(name.startswith("session.groe_") for name in names)
    assert notebook.told("df = df.clone()") == ["df (1 × 1) already stored"]


def test_an_error_inside_of_capture_does_not_break_the_cell(notebook, folder):
    notebook.run(DF)
    session = notebook.shell.events.callbacks["post_run_cell"][-1].__self__._session
    broken = session.workspace
    try:
        session.workspace = None
        assert notebook.run("late = df.head(1)\nprint('fine')").splitlines() == [
            "fine",
            "toolkit: capture failed after this cell: AttributeError: 'NoneType' object has no "
            "attribute 'captures'.",
        ]
        assert notebook.told("1 + 1") == []
    finally:
        session.workspace = broken
    assert notebook.told("1 + 1") == ["saved late (1 × 2)"]


@pytest.fixture
def failing(monkeypatch):
    """Makes the saving of a variable fail, until the returned function is called."""

    def fail(variable, error):
        capture = Capturer.capture

        def failed(*args):
            if args[2] == variable:
                raise error
            return capture(*args)

        monkeypatch.setattr(Capturer, "capture", failed)
        return lambda: monkeypatch.setattr(Capturer, "capture", capture)

    return fail


def test_an_interrupt_is_told_and_what_is_missing_is_saved_later(notebook, failing):
    notebook.run(DF)
    end = failing("late", KeyboardInterrupt())
    assert notebook.told("late = df.head(1); early = df.head(2)") == [
        "interrupted; what is not saved yet is saved after the next cell."
    ]
    end()
    assert notebook.told("early.height") == ["saved early (2 × 2), late (1 × 2)"]


class PanicError(BaseException):
    """As the one of polars, which is no Exception."""


def test_a_panic_is_told_and_the_other_frames_are_saved(notebook, failing):
    failing("bad", PanicError("index out of bounds"))
    assert notebook.told(f"bad = pl.DataFrame({{'x': [0]}}); {DF}") == [
        "saved df (3 × 2)",
        "bad not saved: PanicError: index out of bounds.",
    ]
    assert notebook.told("1 + 1") == []


def test_what_a_full_disk_refused_is_saved_when_there_is_room_again(notebook, failing):
    end = failing("df", StorageError("No space left on /somewhere/secret. Make room."))
    assert notebook.told(DF) == ["df not saved: No space left on secret."]
    assert notebook.told("1 + 1") == []
    end()
    assert notebook.told("1 + 1") == ["saved df (3 × 2)"]


def test_a_change_that_could_not_be_saved_is_saved_after_the_next_cell(notebook, failing):
    notebook.run(f"{DF}; other = df.clone()")
    for error in (StorageError("No space left."), KeyboardInterrupt(), CatalogError("No.")):
        end = failing("df", error)
        assert "changed" not in "".join(notebook.told('df[0, "x"] += 1'))
        end()
        assert notebook.told("1 + 1") == ["saved df (3 × 2) changed in place"]


def test_while_another_process_keeps_the_catalog_cells_do_not_wait_for_it(
    notebook, failing, monkeypatch
):
    monkeypatch.setattr(capturing, "PAUSE", 1.0)
    end = failing("df", CatalogBusyError("The catalog is used by process 7. Wait."))
    why = "capture pauses for a minute: The catalog is used by process 7."
    assert notebook.told(DF) == [why]
    end()
    assert notebook.told("1 + 1") == []
    assert notebook.names() == []
    time.sleep(1.1)
    assert notebook.told("1 + 1") == ["saved df (3 × 2)"]


def test_a_frame_that_a_thread_bound_is_saved_after_the_next_cell_and_not_from_it(notebook):
    notebook.run(DF)
    notebook.shell.user_ns["other"] = notebook.load("session.df").head(2)
    assert notebook.told("late = df.head(1)") == ["saved other (2 × 2), late (1 × 2) from df"]
    assert notebook.inputs("session.other") == []


def test_where_there_can_be_no_workspace_loading_says_so_in_one_line(notebook, monkeypatch):
    notebook.run("%unload_ext toolkit")
    monkeypatch.setenv("TOOLKIT_HOME", "~nobody-of-this-name/x")
    shown = notebook.run("%load_ext toolkit")
    assert shown.startswith("UsageError: %load_ext toolkit: '~nobody-of-this-name/x' is not ")
    assert shown.count("\n") == 1
    assert notebook.run("df = pl.DataFrame()") == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Cannot open /a/b/lock: File exists. Remove it.", "Cannot open lock: File exists"),
        ("No file s3://bucket/key.parquet (404).", "No file key.parquet (404)"),
        ("", "ValueError"),
        ("two\nlines", "two lines"),
        ("a type<interval>. Cast it.", "a type<interval>"),
    ],
)  # fmt: skip
def test_an_error_is_told_as_one_sentence_without_paths(text, line):
    assert one_line(ValueError(text)) == line


def test_unloading_ends_it_and_leaves_the_shell_as_it_was(notebook):
    notebook.run("%unload_ext toolkit")
    assert notebook.told(DF) == []
    assert "not found" in notebook.run("%toolkit")
    assert notebook.names() == []
    notebook.run("%load_ext toolkit")
