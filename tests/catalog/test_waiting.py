"""Who waits is told for whom."""

import signal
import threading

import pytest

from toolkit.catalog.catalog import Catalog
from toolkit.core.errors import CatalogBusyError


def test_threads_that_wait_behind_one_that_waits_are_told_of_the_other_process(start, path):
    holder = start("with catalog.transaction():\n    say('held')\n    sys.stdin.readline()")
    assert holder.stdout.readline() == "held\n"
    errors = []

    def wait(timeout):
        with (
            pytest.raises(CatalogBusyError) as caught,
            Catalog(path, timeout=timeout).transaction(),
        ):
            pass
        errors.append(str(caught.value))

    threads = [threading.Thread(target=wait, args=(timeout,)) for timeout in (1.0, 0.3, 0.4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 3
    assert all(f"by process {holder.pid};" in error for error in errors), errors


def test_closing_waits_for_another_thread_and_can_be_interrupted(catalog):
    inside, done = threading.Event(), threading.Event()

    def hold():
        with catalog.transaction():
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    timer = threading.Timer(
        0.2, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)
    )

    def wait():
        # Within: on a busy machine the interrupt may come before the wait.
        timer.start()
        catalog.close()

    with pytest.raises(KeyboardInterrupt):
        wait()
    assert not done.is_set()
    done.set()
    thread.join()
    catalog.close()
