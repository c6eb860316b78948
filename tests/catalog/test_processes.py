import sys
import time

import duckdb
import pytest

from toolkit.catalog.catalog import Catalog
from toolkit.core.errors import CatalogBusyError

UPSERTS = """
longest = 0.0
for i in range(int(sys.argv[3])):
    started = time.monotonic()
    with catalog.transaction() as t:
        longest = max(longest, time.monotonic() - started)
        file, _ = t.files.reference(NewFile(f"blake3:{i % 10}", f"objects/{i}", 1, "x", ""))
        t.versions.create(NewVersion(
            f"d{i % 3}", "file", f"{sys.argv[2]}-{i}", 0, (), b"",
            (NewFragment.whole(0, file.id),), 0))
say(longest)
"""


def test_many_processes_lose_nothing_and_count_exactly(start, finish, catalog, counts_are_exact):
    processes = [start(UPSERTS, number, 40) for number in range(6)]
    waits = [float(finish(process)) for process in processes]
    stored = counts_are_exact(catalog)
    assert sum(stored.values()) == 6 * 40
    assert len(stored) == 10
    history = [catalog.listing("history", [f"d{i}"]) for i in range(3)]
    assert [frame["version"].to_list() for frame in history] == [
        list(range(1, 6 * n + 1)) for n in (14, 13, 13)
    ]
    assert max(waits) < 8


def test_a_waiting_process_is_served_while_another_never_pauses(start, catalog, path):
    busy = start(
        """
        say("go")
        while True:
            with catalog.transaction() as t:
                t.query("SELECT 1")
        """
    )
    busy.stdout.readline()
    longest = 0.0
    for _ in range(10):
        started = time.monotonic()
        with catalog.transaction():
            longest = max(longest, time.monotonic() - started)
        catalog.close()
    assert longest < 2


def test_a_killed_writer_leaves_all_or_nothing_of_each_transaction(
    start, catalog, counts_are_exact
):
    for pause in (0.05, 0.15, 0.25):
        writer = start(UPSERTS.replace("for i in", 'say("go")\nfor i in'), pause, 100_000)
        writer.stdout.readline()
        time.sleep(pause)
        writer.kill()
        writer.wait()
        counts_are_exact(catalog)


def test_idle_processes_give_the_file_back(catalog, path):
    with catalog.transaction():
        pass
    time.sleep(0.5)
    foreign = duckdb.connect(str(path))
    assert foreign.execute("SELECT count(*) FROM files").fetchall() == [(0,)]
    foreign.close()


def test_a_foreign_program_that_holds_the_file_is_waited_for_then_named(start, catalog, path):
    with catalog.transaction():
        pass
    catalog.close()
    foreign = start(
        """
        import duckdb
        connection = duckdb.connect(str(path))
        say("open")
        sys.stdin.readline()
        connection.close()
        say("closed")
        sys.stdin.readline()
        """
    )
    foreign.stdout.readline()
    with (
        pytest.raises(CatalogBusyError, match=rf"Another program.*PID {foreign.pid}"),
        Catalog(path, timeout=0.2).transaction(),
    ):
        pass
    foreign.stdin.write("\n")
    foreign.stdin.flush()
    with catalog.transaction() as transaction:
        assert transaction.query("SELECT 1") == [(1,)]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_child_uses_the_catalog_and_the_parent_goes_on(start, finish):
    out = finish(
        start(
            """
            def add(i):
                with catalog.transaction() as t:
                    t.files.reference(NewFile(f"blake3:{i}", f"objects/{i}", 1, "x", ""))
            add(1)
            child = os.fork()
            if child == 0:
                for i in (2, 3):
                    add(i)
                again = Catalog(path, timeout=20)
                say("child", again.listing("stats")["files"][0] >= 3)
                os._exit(0)
            for i in (4, 5):
                add(i)
            _, status = os.waitpid(child, 0)
            say("status", status)
            add(6)
            say("parent", catalog.listing("stats")["files"][0])
            """
        )
    )
    assert out.splitlines()[-2:] == ["status 0", "parent 6"]
    assert "child True" in out


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_transaction_open_at_a_fork_belongs_to_the_parent(start, finish):
    out = finish(
        start(
            """
            child = None
            try:
                with catalog.transaction() as t:
                    t.files.reference(NewFile("blake3:1", "objects/1", 1, "x", ""))
                    child = os.fork()
                    if child == 0:
                        try:
                            t.query("SELECT 1")
                        except TransactionError as error:
                            say("child query:", "fork" in str(error))
                    else:
                        _, status = os.waitpid(child, 0)
                        say("status", status)
            except TransactionError as error:
                say("child commit:", "fork" in str(error))
                os._exit(7)
            say("parent", catalog.listing("stats")["files"][0])
            """
        )
    )
    assert out.splitlines() == [
        "child query: True",
        "child commit: True",
        "status 1792",
        "parent 1",
    ]


@pytest.mark.parametrize(
    "end",
    [
        "",
        "catalog.close()",
        "catalog.listing('stats')",
        "generator = catalog.transaction(); generator.__enter__()",
        "thread = threading.Thread(target=catalog.setting, args=('a', 'b')); thread.start()",
        "sys.exit(0)",
    ],
)
def test_a_process_ends_without_a_word(start, finish, end):
    work = """
with catalog.transaction() as t:
    t.files.reference(NewFile("blake3:1", "objects/1", 1, "x", ""))
"""
    assert finish(start(work + end)) == ""


def test_an_open_transaction_at_the_end_of_the_process_is_rolled_back(start, finish, catalog):
    finish(
        start(
            """
            kept = catalog.transaction()
            t = kept.__enter__()
            t.files.reference(NewFile("blake3:1", "objects/1", 1, "x", ""))
            """
        )
    )
    assert catalog.listing("stats")["files"].to_list() == [0]


def test_a_full_disk_fails_the_transaction_and_the_next_one_works(start, finish, catalog):
    out = finish(
        start(
            """
            import resource, signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            def add(i):
                with catalog.transaction() as t:
                    t.files.reference(NewFile(f"blake3:{i}", "k" * 200_000, 1, "x", ""))
            add(1)
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
            try:
                add(2)
            except CatalogError as error:
                say("refused", "disk is full" in str(error))
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            add(3)
            """
        )
    )
    assert out == "refused True\n"
    with catalog.transaction() as transaction:
        assert [file.content_hash for file in transaction.files.all()] == ["blake3:1", "blake3:3"]
