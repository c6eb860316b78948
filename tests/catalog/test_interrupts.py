"""Ctrl-C at every step of a transaction, twice at the commit, and without a pause."""

import random
import signal
import sys
import textwrap
import threading
import time

import pytest

import toolkit as tk
from toolkit.catalog import interrupts
from toolkit.catalog import transaction as transactions
from toolkit.catalog.catalog import Catalog
from toolkit.catalog.database import Database


def interrupted_at(number, work):
    """Interrupt at the call or return of that number; None when there are not so many."""
    seen = 0

    def profile(frame, event, argument):
        nonlocal seen
        seen += argument is not sys.setprofile
        if seen == number and argument is not sys.setprofile:
            sys.setprofile(None)
            signal.raise_signal(signal.SIGINT)

    sys.setprofile(profile)
    try:
        work()
    except KeyboardInterrupt as error:
        return error
    finally:
        sys.setprofile(None)
    return None


def free_for_others(path):
    """Whether another thread gets the catalog."""
    errors = []

    def use():
        try:
            with Catalog(path, timeout=1).transaction() as transaction:
                transaction.query("SELECT 1")
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    return errors == []


@pytest.mark.parametrize(("opened", "stride"), [(True, 1), (False, 7)], ids=["open", "closed"])
def test_an_interrupt_at_any_step_leaves_all_or_nothing_and_the_catalog_free(
    catalog, path, new_file, opened, stride
):
    acknowledged = 0
    number = 0
    kept = []

    def add():
        with catalog.transaction() as transaction:
            transaction.files.reference(new_file(str(number)))

    catalog.setting("a", "b")
    while True:
        number += stride
        if not opened:
            catalog.close()
        error = interrupted_at(number, add)
        if error is None:
            break
        # A notebook keeps the last traceback, and with it every frame that was left.
        kept.append(error)
        assert free_for_others(path), number
        with catalog.transaction() as transaction:
            stored = len(transaction.files.all())
        assert stored in (acknowledged, acknowledged + 1), number
        acknowledged = stored
    assert number > 50


def test_an_interrupt_while_the_catalog_opens_is_a_keyboard_interrupt(catalog):
    catalog.setting("a", "b")
    main = threading.main_thread().ident
    raised = set()

    def interrupt(pause, done):
        time.sleep(pause)
        signal.pthread_kill(main, signal.SIGINT)
        done.set()

    for step in range(60):
        catalog.close()
        done = threading.Event()
        thread = threading.Thread(target=interrupt, args=(step * 0.0005, done))
        try:
            thread.start()
            catalog.setting("a", "b")
            done.wait()
            time.sleep(0.01)
        except BaseException as error:
            raised.add(type(error))
        thread.join()
    assert raised == {KeyboardInterrupt}


def test_a_commit_whose_outcome_is_unknown_does_not_count_as_undone(catalog, new_file, monkeypatch):
    made = []
    run = Database.run

    def interrupted(database, sql, parameters=()):
        rows = run(database, sql, parameters)
        if sql in ("COMMIT", transactions._COUNTER):
            raise KeyboardInterrupt
        return rows

    def add():
        with catalog.transaction() as transaction:
            made.append(transaction)
            monkeypatch.setattr(Database, "run", interrupted)
            transaction.files.reference(new_file())

    with pytest.raises(KeyboardInterrupt):
        add()
    monkeypatch.undo()
    assert made[0].committed
    assert catalog.listing("stats")["files"].item() == 1


def test_a_waiting_transaction_can_be_interrupted(start, catalog, interrupted):
    holder = start("with catalog.transaction():\n    say('held')\n    sys.stdin.readline()")
    assert holder.stdout.readline() == "held\n"
    started = time.monotonic()
    interrupted(lambda: catalog.setting("a", "b"), seconds=0.2)
    assert time.monotonic() - started < 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_handler_decides_what_an_interrupt_is(catalog):
    seen = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with catalog.transaction() as transaction:
            signal.raise_signal(signal.SIGINT)
            assert seen == []
            transaction.query("INSERT INTO settings VALUES ('a', 'b')")
        assert seen == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)
    assert catalog.setting("a", "c") == "b"


def test_a_transaction_that_does_not_end_can_be_interrupted_all_the_same(catalog, monkeypatch):
    monkeypatch.setattr(interrupts, "_PATIENCE_SECONDS", 0.0)

    def never_end():
        with catalog.transaction():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            pytest.fail("went on")

    with pytest.raises(KeyboardInterrupt):
        never_end()
    assert catalog.setting("a", "b") == "b"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_child_that_another_thread_forks_in_a_transaction_can_be_interrupted(start, finish):
    out = finish(
        start(
            """
            import signal
            def fork():
                child = os.fork()
                if child == 0:
                    say(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
                    os._exit(0)
                os.waitpid(child, 0)
            catalog.setting("a", "b")
            from toolkit.catalog import connection
            connection._FORK_SECONDS = 0.1
            with catalog.transaction():
                thread = threading.Thread(target=fork)
                thread.start()
                thread.join()
            say(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
            """
        )
    )
    assert out == "True\nTrue\n"


STORM = """
import signal
import polars as pl
import toolkit as tk

workspace = tk.Workspace(path.parent / "workspace", timeout=20)
kept = None
number = 0
workspace.save(pl.DataFrame({"a": [number]}), "d0")
say("go")
end = time.monotonic() + 5
def save_on():
    global kept, number
    while time.monotonic() < end:
        try:
            while time.monotonic() < end:
                number += 1
                ref = workspace.save(pl.DataFrame({"a": [number]}), f"d{number % 7}").ref
                os.write(1, f"{ref} {number}\\n".encode())
        except KeyboardInterrupt as error:
            kept = error
while time.monotonic() < end:
    try:
        save_on()
    except KeyboardInterrupt:
        pass
while True:
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        break
    except KeyboardInterrupt:
        pass
os.write(1, b"end\\n")
sys.stdin.readline()
"""


def test_interrupts_without_a_pause_lose_nothing_that_was_acknowledged(start, path):
    saving = start(textwrap.dedent(STORM))
    assert saving.stdout.readline() == "go\n"
    pauses = random.Random(1)
    lines = []

    def read():
        for line in saving.stdout:
            if line == "end\n":
                return
            lines.append(line.split())

    reader = threading.Thread(target=read)
    reader.start()
    while reader.is_alive() and saving.poll() is None:
        time.sleep(pauses.choice((0.001, 0.005, 0.01, 0.02, 0.1)))
        saving.send_signal(signal.SIGINT)
    reader.join()
    # The process lives on, as a notebook's kernel does: what it holds, others wait for.
    assert saving.poll() is None, saving.stderr.read()
    with tk.Workspace(path.parent / "workspace", timeout=5) as workspace:
        assert len(lines) > 5
        for ref, number in lines:
            assert workspace.load(ref).collect().item() == int(number)
        assert workspace.check().problems == ()
