"""A process is copied while threads of it are anywhere in the catalog."""

import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")

CHILD = """
import signal
def in_child(work):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            say("child:", work())
        except CatalogError as error:
            say("child:", type(error).__name__, error)
        os._exit(0)
    return os.waitpid(child, 0)[1]
"""


def test_listings_take_no_other_library_into_the_transaction(catalog, monkeypatch):
    import polars as pl

    held = []
    convert = pl.from_arrow

    def noted(table):
        held.append(catalog._connection._owner)
        return convert(table)

    # polars hangs in a forked child: there it must not keep everybody out.
    monkeypatch.setattr(pl, "from_arrow", noted)
    assert catalog.listing("stats")["files"].item() == 0
    assert held == [None]


def test_a_fork_in_a_long_transaction_of_another_thread_is_said_in_the_child(start, finish):
    out = finish(
        start(
            CHILD
            + """
from toolkit.catalog import connection
connection._FORK_SECONDS = 0.2
catalog.setting("a", "b")
inside, done = threading.Event(), threading.Event()
def hold():
    with catalog.transaction() as t:
        t.query("INSERT INTO settings VALUES ('x', 'y')")
        inside.set()
        done.wait(30)
thread = threading.Thread(target=hold)
thread.start()
inside.wait()
def use():
    try:
        return catalog.setting("a", "?")
    except CatalogError as error:
        say("child:", type(error).__name__, error)
        return in_child(lambda: catalog.setting("a", "?"))
say(in_child(use))
done.set()
thread.join()
say("parent:", catalog.setting("x", "?"))
"""
        )
    )
    first, second, status, end, parent = out.splitlines()
    for line in (first, second):
        assert line.startswith("child: CatalogError The catalog ")
        assert "was forked" in line
        assert "spawn" in line
    assert (status, end, parent) == ("child: 0", "0", "parent: y")


def test_a_fork_while_another_thread_waits_for_the_catalog_leaves_it_usable(start, finish, path):
    holder = start("with catalog.transaction():\n    say('held')\n    sys.stdin.readline()")
    holder.stdout.readline()
    forking = start(
        CHILD
        + """
from toolkit.catalog import connection
connection._FORK_SECONDS = 0.2
thread = threading.Thread(target=catalog.setting, args=("a", "b"))
thread.start()
time.sleep(0.3)
child = os.fork()
if child == 0:
    say("forked")
    say("child:", Catalog(path, timeout=20).setting("c", "d"))
    os._exit(0)
say(os.waitpid(child, 0)[1])
thread.join()
"""
    )
    assert forking.stdout.readline() == "forked\n"
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert finish(forking) == "child: d\n0\n"


def test_a_workspace_that_a_thread_is_opening_at_a_fork_works_in_the_child(start, finish, path):
    holder = start(
        """
        from toolkit.core.dependencies import get_catalog
        with get_catalog(path.parent / "w").transaction():
            say("held")
            sys.stdin.readline()
        """
    )
    holder.stdout.readline()
    forking = start(
        CHILD
        + """
import toolkit as tk
from toolkit.catalog import connection
connection._FORK_SECONDS = 0.2
tk.Workspace(path.parent / "imports everything").holds()
workspace = tk.Workspace(path.parent / "w")
thread = threading.Thread(target=workspace.holds)
thread.start()
time.sleep(0.3)
def use():
    say("forked")
    return workspace.holds()
say(in_child(use))
thread.join()
"""
    )
    assert forking.stdout.readline() == "forked\n"
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert finish(forking) == "child: ()\n0\n"
