"""Who waits is told for whom."""

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


def test_closing_waits_for_another_thread_and_can_be_interrupted(catalog, release, interrupted):
    interrupted(catalog.close, seconds=0.2)
    release()
    catalog.close()
