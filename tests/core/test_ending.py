"""Code that the engine runs is stopped, and waited for, before the interpreter is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from toolkit.core.ending import ProcessEndsError, stop_all, stoppable

LEFT = """
import polars as pl
from toolkit.core.batches import batches_of
from toolkit.core.io_sources import lazy_frame

def read(request):
    for start in range(0, 2_000_000, 10_000):
        sum(range(1_000_000))
        yield request.answer(pl.DataFrame({"n": range(start, start + 10_000)}))

frame = lazy_frame(read, pl.Schema({"n": pl.Int64}), name="numbers")
left = batches_of(frame, 100)
next(left)
next(iter(frame.collect_batches(chunk_size=100)))
"""


def test_a_process_that_ends_while_a_source_is_read_ends_in_peace():
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", LEFT], capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")


def test_parts_that_nobody_stops_are_the_same():
    assert list(stoppable(iter([1, 2, 3]))) == [1, 2, 3]


def test_what_is_stopped_is_an_error_and_not_an_end():
    closed = []

    def parts():
        try:
            yield from range(10)
        finally:
            closed.append(True)

    begun = stoppable(parts())
    assert next(begun) == 0
    stop_all()
    with pytest.raises(ProcessEndsError):
        next(begun)
    assert closed == [True]


def test_work_that_begins_later_is_not_stopped():
    stop_all()
    assert list(stoppable(iter([1]))) == [1]


def test_a_part_that_is_being_made_is_waited_for():
    made, go_on, done = threading.Event(), threading.Event(), []

    def parts():
        made.set()
        go_on.wait(10)
        done.append(True)
        yield 1

    thread = threading.Thread(target=lambda: next(stoppable(parts())))
    thread.start()
    made.wait(10)
    threading.Timer(0.1, go_on.set).start()
    stop_all()
    assert done == [True]
    thread.join()


FORKED = """
import os, threading
from toolkit.core import ending

def parts():
    made.set()
    threading.Event().wait()
    yield 1

made = threading.Event()
threading.Thread(target=lambda: next(ending.stoppable(parts())), daemon=True).start()
made.wait()
child = os.fork()
if not child:
    os._exit(len(ending._all))
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_forked_child_has_nobody_to_wait_for():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], timeout=60, check=False)
    assert done.returncode == 0
