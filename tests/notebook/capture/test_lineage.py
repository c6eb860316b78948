"""What a captured frame was derived from, as the cell's text and the frames tell."""

from __future__ import annotations

import pytest

from toolkit.notebook.capture.recorder import Recorder

FRAMES = """
a = pl.DataFrame({"k": [1, 2], "a": [1, 2]})
b = pl.DataFrame({"k": [1, 2], "b": [3, 4]})
c = pl.DataFrame({"k": [1, 2], "c": [5, 6]})
DATA = __import__("pathlib").Path(".")
ws.save(pl.DataFrame({"carrier": ["AA"], "n": [9]}), "carriers")
"""


@pytest.mark.parametrize(
    ("cell", "inputs"),
    [
        ('out = a.join(b, on="k")', ["a", "b"]),
        ("a = a.with_columns(z=1)\nout = a", ["a@2"]),
        ("out = a.with_columns(z=1)\na = b", ["a"]),
        ("%time out = a.with_columns(z=1)", ["a"]),
        ("%%time\nout = a.with_columns(z=1)", ["a"]),
        ("%%capture\n%time out = a.with_columns(z=1)", ["a"]),
        ("x = a.with_columns(z=1)\nout = x.join(b, on='k')", ["x@1", "b"]),
        ("x = a.with_columns(z=1)\nout = x.with_columns(y=2)\nx = b", ["a"]),
        ("n = a['a'].sum()\nout = b.with_columns(n=n)", ["b", "a"]),
        ("parts = [a[['k']]]\nparts.append(b[['k']])\nout = pl.concat(parts * 2)", ["a", "b"]),
        ("out = pl.concat([d.select('k') for d in (a, b)])", ["a", "b"]),
        ("for d in (a, b):\n    out = d.with_columns(z=9)", ["a", "b"]),
        ("out = a.with_columns(z=1) if len(b) else c", ["a", "b", "c"]),
        ("with pl.Config():\n    x = a.with_columns(z=1)\n    out = x.with_columns(y=1)", ["x@1"]),
        ("def f():\n    return a.with_columns(z=1)\nout = f()", ["a"]),
        ("def f(d):\n    def g(): return b\n    return d.join(g(), 'k')\nout = f(a)", ["a", "b"]),
        ("def f(a):\n    return a.with_columns(z=1)\nout = f(b)", ["b"]),
        ("f = lambda d: d.join(c, on='k')\nout = f(a)", ["a", "c"]),
        ("def f(): return a\ndef g(): return f().with_columns(z=1)\nout = g()", ["a"]),
        ("class F:\n    def go(self):\n        return a.with_columns(z=1)\nout = F().go()", ["a"]),
        ("def f():\n    global out\n    out = a.with_columns(z=1)\nf()", ["a"]),
        ("exec('out = a.with_columns(z=1)'); a", ["a"]),
        ("out, other = a.with_columns(z=1), b", ["a"]),
        ("a, out = b.with_columns(z=1), a.with_columns(z=1)", ["a", "b"]),
        ("a, *out = [a, b]\nout = out[0].with_columns(z=2)", ["a", "b"]),
        ("out = a.to_pandas().merge(b.to_pandas())", ["a", "b"]),
        ("lazy = a.lazy().join(b.lazy(), on='k')\nout = lazy.collect()", ["a", "b"]),
        ("import duckdb as d\nout = d.sql('from a join b using (k)').pl()", ["a", "b"]),
        ('out = ws.load("carriers").collect()', ["carriers@1"]),
        ('out = ws.load("carriers@1", engine="pandas")', ["carriers@1"]),
        ('lazy = ws.load("carriers")\nout = lazy.collect()', ["carriers@1"]),
        ('out = ws.sql("with x as (from carriers) select * from x").pl()', ["carriers@1"]),
        ('q = "select carrier from carriers"\nout = ws.sql(q).pl()', ["carriers@1"]),
        ('out = ws.read("flights.csv").collect()', ["flights.csv"]),
        ('out = ws.reader("flights.csv").polars().collect()', ["flights.csv"]),
        ('reader = ws.reader("flights.csv")\nout = reader.head(1)', ["flights.csv"]),
        ('out = pl.read_csv("flights.csv")', ["flights.csv"]),
        ('out = pd.read_csv(DATA / "flights.csv")', ["flights.csv"]),
        ('name = "flights"\nout = pl.scan_csv(f"{name}.csv").collect()', ["flights.csv"]),
        ('def f(n):\n    return pl.read_csv(DATA / n)\nout = f("flights.csv")', ["flights.csv"]),
        ('import json\nout = pl.DataFrame({"z": [json.loads("3")]})', []),
        ('out = pl.DataFrame({"load": [1]}).rename({"load": "carriers"})', []),
        ("out = pl.DataFrame({'k': [a.shape[0] for a in [b]]})", ["b"]),
    ],
)  # fmt: skip
def test_what_the_cell_read_is_recorded(notebook, csv, cell, inputs):
    notebook.run(FRAMES)
    told = notebook.run(cell)
    assert "out (" in told
    names = [name if "@" in name or "." in name else f"{name}@1" for name in inputs]
    whole = [n if n.startswith(("carriers", "flights")) else f"session.{n}" for n in names]
    assert sorted(notebook.inputs("session.out")) == sorted(whole)


def test_what_a_cell_before_put_into_a_list_is_followed(notebook, csv):
    notebook.run(FRAMES)
    notebook.run("parts = {'a': a.select('k')}\nparts['b'] = b.select('k')")
    notebook.run("more = list(parts.values())")
    assert notebook.told("out = pl.concat(more)") == ["saved out (4 × 1) from a and b"]
    notebook.run("more = [c.select('k')]")
    notebook.run("out = pl.concat([*more, *more, *more])")
    assert notebook.inputs("session.out@2") == ["session.c@1"]


def test_a_workspace_or_module_carries_nothing_from_one_cell_to_the_next(notebook):
    notebook.run(FRAMES)
    notebook.run("ws.save(a, 'mine'); pl.concat([a, b])")
    notebook.run("out = ws.sql('select 1 as one').pl(); other = pl.DataFrame({'q': [1]})")
    assert notebook.inputs("session.out") == []
    assert notebook.inputs("session.other") == []


def test_a_function_of_a_timed_cell_is_followed_although_its_source_is_kept_nowhere(notebook):
    notebook.run(FRAMES)
    notebook.run("%%time\ndef f(d):\n    return d.join(b, on='k')")
    notebook.run("out = f(a)")
    assert notebook.inputs("session.out") == ["session.a@1", "session.b@1"]


def test_what_another_part_knows_of_a_frame_is_recorded_instead_of_the_text(notebook):
    notebook.run(FRAMES)
    session = notebook.shell.events.callbacks["post_run_cell"][-1].__self__._session
    made = notebook.load("session.a").with_columns(z=8)
    session.remember_inputs(made, ["session.a@1", "carriers@1"])
    notebook.shell.user_ns["_made"] = made
    notebook.run("out = _made; b")
    assert notebook.inputs("session.out") == ["session.a@1", "carriers@1"]


def test_of_an_object_with_several_names_the_one_that_was_written_is_told(notebook):
    notebook.run(f"{FRAMES}\nsame = a")
    assert notebook.told("%sql out << select a + 1 as n from a") == ["saved out (2 × 1) from a"]
    notebook.run("%sql other << select a + 2 as n from same")
    assert notebook.inputs("session.other") == ["session.same@1"]
    for name in ("a", "same"):
        assert f"session.{name}@1" in notebook.run(f"%lineage {name}")


def test_a_version_that_is_gone_is_no_reason_not_to_save(notebook):
    notebook.run(FRAMES)
    notebook.run("ws.drop('session.a@1')")
    assert notebook.told("out = a.join(b, on='k')") == ["saved out (2 × 3) from b"]
    assert notebook.told('out = json.load("no_such_name") if False else b.head(1)') == [
        "saved out (1 × 2) from b"
    ]


def test_a_frame_that_the_cell_changed_first_is_an_input_as_it_was_then(notebook):
    notebook.run("df = pd.DataFrame({'x': [1, 2]})")
    notebook.run("df['p'] = df.x * 3; a = df.set_index('p').sum().to_frame()")
    assert notebook.inputs("session.a") == ["session.df@2"]
    notebook.run("df['q'] = df.x * 4; b = df[['q']]; c = df if len(b) else None")
    assert notebook.inputs("session.b") == ["session.df@3"]


def test_what_reading_a_frame_made_is_used_without_looking_at_the_frame_again(
    notebook, monkeypatch
):
    notebook.run(FRAMES)
    looked = []
    look = Recorder.look

    def looking(self, variable, frame, inputs):
        looked.append(variable)
        look(self, variable, frame, inputs)

    monkeypatch.setattr(Recorder, "look", looking)
    notebook.run("a.group_by('k').len(); a.select('k').to_series().to_numpy()")
    notebook.run("a.head(1).hstack([pl.Series('h', [1])], in_place=False)")
    assert looked == []
    assert notebook.told("a.hstack([pl.Series('h', [1, 2])], in_place=True)") == [
        "saved a (2 × 3) changed in place"
    ]
    assert looked == ["a"]
