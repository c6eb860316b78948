import os
import signal
import threading
import time

import pytest

from toolkit.catalog.lease import Lease
from toolkit.core.errors import CatalogBusyError, CatalogError

HOLD = """
with catalog.transaction():
    say("held")
    sys.stdin.readline()
"""


@pytest.fixture
def lease(tmp_path):
    def make():
        made.append(Lease(tmp_path / "c.lock", tmp_path / "c.turnstile"))
        return made[-1]

    made = []
    yield make
    for lease in made:
        lease.release()


def soon(seconds=0.05):
    return time.monotonic() + seconds


def test_only_one_holds_it_at_a_time(lease):
    first, second = lease(), lease()
    first.acquire(soon())
    with pytest.raises(CatalogBusyError):
        second.acquire(soon())
    assert first.held
    assert not second.held
    first.release()
    second.acquire(soon())
    assert second.held


def test_release_is_idempotent(lease):
    one = lease()
    one.release()
    one.acquire(soon())
    one.release()
    one.release()
    assert not one.held


def test_the_deadline_error_names_the_holder_and_what_to_do(lease):
    first, second = lease(), lease()
    first.acquire(soon())
    with pytest.raises(CatalogBusyError, match=rf"process {os.getpid()}\b.*waited 0\.\d s.*Wait"):
        second.acquire(soon())


def test_contended_says_whether_someone_waits(lease):
    holder, waiter = lease(), lease()
    assert not holder.contended()
    holder.acquire(soon())
    assert not holder.contended()
    thread = threading.Thread(target=waiter.acquire, args=(soon(10),))
    thread.start()
    end = time.monotonic() + 5
    while not holder.contended():
        assert time.monotonic() < end
    holder.release()
    thread.join()
    assert waiter.held
    assert not waiter.contended()


def test_one_that_gives_it_back_queues_behind_the_one_that_waits(lease):
    first, second = lease(), lease()
    first.acquire(soon())
    thread = threading.Thread(target=second.acquire, args=(soon(10),))
    thread.start()
    while not first.contended():
        time.sleep(0.001)
    first.release()
    with pytest.raises(CatalogBusyError):
        first.acquire(soon(0.1))
    thread.join()
    assert second.held


def test_an_interrupt_while_waiting_leaves_nothing_locked(lease, interrupted):
    holder, waiter = lease(), lease()
    holder.acquire(soon())
    interrupted(lambda: waiter.acquire(soon(10)))
    assert not waiter.held
    assert not holder.contended()
    holder.release()
    waiter.acquire(soon())


def test_a_lock_file_that_was_removed_while_waiting_is_not_trusted(lease, tmp_path):
    holder, waiter, third = lease(), lease(), lease()
    holder.acquire(soon())
    thread = threading.Thread(target=waiter.acquire, args=(soon(10),))
    thread.start()
    while not holder.contended():
        time.sleep(0.001)
    (tmp_path / "c.lock").unlink()
    holder.release()
    thread.join()
    with pytest.raises(CatalogBusyError):
        third.acquire(soon())


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CatalogError, match=r"lock file .*has to be writable"):
        Lease(tmp_path / "file" / "l", tmp_path / "file" / "t").acquire(soon())


def test_a_killed_holder_frees_it_at_once(start, catalog):
    holder = start(HOLD)
    assert holder.stdout.readline() == "held\n"
    threading.Timer(0.3, holder.kill).start()
    with catalog.transaction():
        pass
    killed = time.monotonic()
    assert holder.wait() == -signal.SIGKILL
    assert time.monotonic() - killed < 1


def test_a_catalog_error_at_the_deadline_names_the_other_process(start, path):
    from toolkit.catalog.catalog import Catalog

    holder = start(HOLD)
    assert holder.stdout.readline() == "held\n"
    started = time.monotonic()
    with (
        pytest.raises(CatalogBusyError, match=rf"process {holder.pid}\b"),
        Catalog(path, timeout=0.2).transaction(),
    ):
        pass
    assert 0.2 <= time.monotonic() - started < 2
