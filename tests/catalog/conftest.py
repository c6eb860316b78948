import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from toolkit.catalog.catalog import Catalog
from toolkit.core.types import ColumnRecord, NewFile, NewFragment, NewVersion


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.duckdb"


@pytest.fixture
def catalog(path):
    catalog = Catalog(path, timeout=20)
    yield catalog
    catalog.close()


@pytest.fixture
def new_file():
    def make(content="a", key=None, size=100):
        return NewFile(f"blake3:{content}", key or f"objects/{content}", size, "text/plain", "s1")

    return make


@pytest.fixture
def save(new_file):
    """Records a version of a dataset whose fragments are files of the named contents."""

    def make(transaction, dataset="delays", contents=("a",), fingerprint=None, **fields):
        files = {}
        for content in dict.fromkeys(contents):
            files[content] = transaction.files.reference(new_file(content))[0].id
        return transaction.versions.create(
            NewVersion(
                dataset=dataset,
                kind=fields.pop("kind", "frame"),
                fingerprint=fingerprint or f"fp1:{'-'.join(contents)}",
                rows=10 * len(contents),
                columns=fields.pop("columns", (ColumnRecord("x", "int64", b"d" * 32, 1, b"b"),)),
                schema=b"schema",
                fragments=tuple(NewFragment.whole(10, files[content]) for content in contents),
                byte_size=100 * len(set(contents)),
                **fields,
            )
        )

    return make


@pytest.fixture
def counts_are_exact():
    def check(catalog):
        with catalog.transaction() as transaction:
            stored = {file.id: file.ref_count for file in transaction.files.all()}
            assert stored == dict(transaction.files.recount())
        return stored

    return check


@pytest.fixture
def start(path):
    """Starts a Python process on the same catalog; it has ``catalog``, ``path`` and ``say``."""
    started = []
    prelude = """
        import os, sys, time, threading
        from pathlib import Path
        from toolkit.catalog.catalog import Catalog
        from toolkit.core.errors import *
        from toolkit.core.types import *
        path = Path(sys.argv[1])
        catalog = Catalog(path, timeout=20)
        def say(*words): print(*words, flush=True)
    """

    def run(code, *arguments):
        process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "error",
                "-c",
                textwrap.dedent(prelude) + textwrap.dedent(code),
                str(path),
                *map(str, arguments),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def finish():
    """Waits for a process that has to end well and silently; returns what it said."""

    def wait(process):
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        return out

    return wait


@pytest.fixture
def interrupted():
    """Calls what waits, and sends Ctrl-C after ``seconds``; it has to end in KeyboardInterrupt."""

    def call(wait, seconds=0.1):
        main = threading.main_thread().ident
        timer = threading.Timer(seconds, signal.pthread_kill, (main, signal.SIGINT))

        def begin():
            # Within: on a busy machine the interrupt may come before the wait.
            timer.start()
            wait()

        with pytest.raises(KeyboardInterrupt):
            begin()
        timer.join()

    return call


@pytest.fixture
def release(catalog):
    """Another thread has a transaction open until this is called."""
    inside, done = threading.Event(), threading.Event()

    def hold():
        with catalog.transaction():
            inside.set()
            done.wait(10)

    def end():
        done.set()
        thread.join()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    yield end
    end()
