"""What a person sees of the package: names, docstrings, what an import costs, a silent end."""

from __future__ import annotations

import inspect
import json

import pytest

import toolkit as tk

HEAVY = ("pandas", "ipywidgets", "IPython", "s3fs", "dask", "pyarrow", "moto", "botocore")

EVERY_VERB = """
import sys
from datetime import timedelta
from pathlib import Path
import pandas as pd
import polars as pl
import toolkit as tk

folder = Path(sys.argv[1])
ws = tk.Workspace(folder / "work")
events = []
end = ws.subscribe(events.append)
pl.DataFrame({"g": ["a", "b"] * 50, "v": range(100)}).write_csv(folder / "data.csv")
lazy = ws.read(folder / "data.csv")
assert ws.reader(folder / "data.csv").count() == 100
art = ws.save(lazy.filter(pl.col("v") > 9), "big")
assert ws.save(ws.load("big", "pandas"), "big_again").deduplicated
ws.append("big", pl.DataFrame({"g": ["c"], "v": [1]}))
ws.add(b"bytes", "raw.bytes_")
ws.save(ws.sql("SELECT g, sum(v) AS total FROM big WHERE v > $least GROUP BY g", least=3), "sums")
assert ws.load(art).collect().height == 90 and ws.load(art, "arrow").num_rows == 90
ws.sample("big", n=10, seed=1)
ws.profile("big")._repr_html_()
ws.datasets(), ws.history("big"), ws.lineage("sums"), ws.stats(), ws.holds()
ws.diff("big@1", "big@2")
ws.export("big@1", folder / "out.parquet")
ws.export("big@1", folder / "out.csv")
ws.export_sql(folder / "views.duckdb")
ws.tag("big@1", "paper")
ws.untag("big", "paper")
with ws.hold("big@1", "reading"):
    pass
ws.drop("big@1")
ws.gc(grace=timedelta(0))
assert ws.check().ok and events
end()
"""

ENDINGS = {
    "closed": "ws.close()",
    "left open": "",
    "with a lazy frame alive": 'kept = ws.load("big@2")',
    "with a relation alive": 'kept = ws.sql("SELECT * FROM sums")',
    "in a thread": "import threading; threading.Thread(target=ws.stats).start()",
}


def public_methods(kind):
    return {
        name: member
        for name, member in inspect.getmembers(kind)
        if not name.startswith("_") and (callable(member) or isinstance(member, property))
    }


def test_all_is_sorted_and_complete():
    assert tk.__all__ == sorted(tk.__all__)
    modules = {
        "core",
        "workspace",
        *(name for name in vars(tk) if inspect.ismodule(vars(tk)[name])),
    }
    public = {name for name in vars(tk) if not name.startswith("_")} - modules
    assert public - {"load_ipython_extension", "unload_ipython_extension"} == {
        name for name in tk.__all__ if not name.endswith("_ipython_extension")
    }
    assert all(getattr(tk, name).__doc__ for name in tk.__all__)


@pytest.mark.parametrize("kind", [tk.Workspace, tk.Hold, tk.Artifact])
def test_every_public_method_has_a_docstring(kind):
    assert inspect.getdoc(kind)
    for name, method in public_methods(kind).items():
        assert inspect.getdoc(method), f"{kind.__name__}.{name}"


def test_every_public_method_of_the_workspace_is_annotated():
    for name, method in public_methods(tk.Workspace).items():
        signature = inspect.signature(method.fget if isinstance(method, property) else method)
        assert signature.return_annotation is not inspect.Signature.empty, name
        for parameter in list(signature.parameters.values())[1:]:
            assert parameter.annotation is not inspect.Parameter.empty, f"{name}({parameter})"


def test_an_import_brings_nothing_heavy(start, finish):
    loaded = json.loads(
        finish(start("import json, sys, toolkit; print(json.dumps(sorted(sys.modules)))"))
    )
    assert "toolkit.workspace" in loaded
    assert [name for name in loaded if name.partition(".")[0] in HEAVY] == []


def test_an_import_opens_no_connection_and_makes_no_file(start, finish, tmp_path):
    code = """
    import os, sys
    def audit(event, args):
        if event.startswith("socket.") or (event == "open" and isinstance(args[1], str)
                                           and set(args[1]) & set("wax+")):
            print(event, args)
    import sysconfig
    sys.dont_write_bytecode = True
    os.chdir(sys.argv[1])
    sys.addaudithook(audit)
    import toolkit
    """
    assert finish(start(code, tmp_path)) == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_process_that_used_everything_ends_without_a_word(start, finish, tmp_path, ending):
    assert finish(start(EVERY_VERB + ENDINGS[ending], tmp_path)) == ""


def test_finalizers_of_other_packages_do_not_open_the_catalog_again_at_the_end(
    start, finish, tmp_path
):
    code = """
    import sys, weakref
    thing = type("Thing", (), {})()
    weakref.finalize(thing, int)
    import polars as pl
    import toolkit as tk
    ws = tk.Workspace(sys.argv[1])
    ws.save(pl.DataFrame({"v": [1]}), "small")
    ws.load("small").collect()
    """
    assert finish(start(code, tmp_path / "work")) == ""
    with tk.Workspace(tmp_path / "work") as ws:
        assert ws.sql("SELECT count(*) FROM catalog.reads").fetchall() == [(1,)]


def test_the_error_tree_is_drawn_as_it_is():
    from toolkit.core import errors

    drawn = errors.__doc__ or ""
    classes = (kind for kind in vars(errors).values() if inspect.isclass(kind))
    kinds = [kind for kind in classes if kind.__module__ == errors.__name__]
    assert len(kinds) > 15
    assert [kind.__name__ for kind in kinds if kind.__name__ not in drawn] == []
    assert all(issubclass(kind, tk.ToolkitError) for kind in kinds)
