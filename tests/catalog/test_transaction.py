import threading
from contextlib import suppress

import duckdb
import pytest

from toolkit.catalog.catalog import Catalog
from toolkit.catalog.database import Database
from toolkit.core.errors import CatalogBusyError, TransactionError
from toolkit.core.types import Event

DROPPED = Event("version_dropped", "delays@1", {"rows": 3})


def files(catalog):
    return catalog.listing("stats")["files"].item()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_any_exception_rolls_back_and_is_raised_again(catalog, new_file, error):
    def fail():
        with catalog.transaction() as transaction:
            transaction.files.reference(new_file())
            raise error

    with pytest.raises(error):
        fail()
    assert files(catalog) == 0


def test_success_commits(catalog, new_file, path):
    with catalog.transaction() as transaction:
        transaction.files.reference(new_file())
    assert transaction.committed
    catalog.close()
    assert files(Catalog(path)) == 1


def test_a_swallowed_failure_refuses_to_commit(catalog, new_file):
    def swallow():
        with catalog.transaction() as transaction:
            transaction.files.reference(new_file())
            with pytest.raises(duckdb.Error):
                transaction.query("SELECT nothing FROM nowhere")

    with pytest.raises(TransactionError, match=r"(?s)A statement .* failed.*begin a new one"):
        swallow()
    assert files(catalog) == 0


def test_after_a_failed_statement_nothing_more_runs(catalog):
    def go_on():
        with catalog.transaction() as transaction:
            with suppress(duckdb.CatalogException):
                transaction.query("FROM nowhere")
            with pytest.raises(TransactionError, match="nowhere"):
                transaction.query("SELECT 1")
            raise LookupError("the end")

    with pytest.raises(LookupError, match="the end"):
        go_on()


def test_nesting_in_one_thread_is_refused_at_once_and_harms_nothing(catalog, new_file, path):
    with catalog.transaction() as transaction:
        transaction.files.reference(new_file())
        for other in (catalog, Catalog(path)):
            with pytest.raises(TransactionError, match="nested"), other.transaction():
                pass
            with pytest.raises(TransactionError):
                other.close()
    assert files(catalog) == 1


def test_use_after_the_end_is_refused(catalog):
    with catalog.transaction() as transaction:
        pass
    for use in (
        lambda: transaction.query("SELECT 1"),
        lambda: transaction.emit(DROPPED),
        transaction.files.all,
        transaction.commit,
    ):
        with pytest.raises(TransactionError, match="has ended"):
            use()


def test_threads_take_turns(catalog, new_file, counts_are_exact):
    def work():
        for i in range(20):
            with catalog.transaction() as transaction:
                transaction.files.reference(new_file(str(i)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.transaction() as transaction:
        assert [file.ref_count for file in transaction.files.all()] == [4] * 20


def test_a_thread_that_waits_past_the_deadline_is_told(catalog, path):
    errors = []

    def wait():
        try:
            with Catalog(path, timeout=0.1).transaction():
                pass
        except CatalogBusyError as error:
            errors.append(str(error))

    with catalog.transaction():
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
    assert len(errors) == 1
    assert "another thread of this process" in errors[0]


def test_an_interrupt_while_waiting_for_a_thread_leaves_the_catalog_usable(
    catalog, release, interrupted
):
    interrupted(lambda: files(catalog))
    release()
    assert files(catalog) == 0


def test_events_are_published_after_the_commit_and_in_order(catalog, new_file):
    seen = []
    catalog.events.subscribe(lambda event: seen.append((event.subject, files(catalog))))
    with catalog.transaction() as transaction:
        transaction.files.reference(new_file())
        transaction.emit(Event("file_produced", "first"))
        transaction.emit(Event("version_created", "second"))
        assert seen == []
    assert seen == [("first", 1), ("second", 1)]


def test_events_of_a_rolled_back_transaction_are_dropped(catalog):
    seen = []
    catalog.events.subscribe(seen.append)

    def fail():
        with catalog.transaction() as transaction:
            transaction.emit(DROPPED)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert seen == []
    assert catalog.snapshot(["events"])["events"].num_rows == 0


def test_only_what_cannot_be_derived_is_recorded(catalog):
    with catalog.transaction() as transaction:
        transaction.emit(DROPPED)
        transaction.emit(Event("version_created", "delays@2"))
    (row,) = catalog.snapshot(["events"])["events"].drop_columns("at").to_pylist()
    assert row == {"kind": "version_dropped", "subject": "delays@1", "detail": '{"rows": 3}'}


def test_a_setting_is_stored_once(catalog, path):
    assert catalog.setting("storage", "one") == "one"
    catalog.close()
    assert Catalog(path).setting("storage", "two") == "one"


def test_close_is_idempotent_and_a_later_use_opens_anew(catalog):
    catalog.close()
    assert files(catalog) == 0
    catalog.close()
    catalog.close()
    assert files(catalog) == 0


def test_it_is_made_at_the_first_use_with_its_folder(tmp_path):
    path = tmp_path / "it's" / "deep" / "catalog.duckdb"
    catalog = Catalog(path)
    assert not path.parent.exists()
    assert files(catalog) == 0
    assert path.exists()
    catalog.close()


def test_a_commit_that_was_interrupted_says_on_which_side(catalog, new_file, monkeypatch):
    made = []
    run = Database.run

    def interrupted(database, sql, parameters=()):
        rows = run(database, sql, parameters)
        if sql == "COMMIT":
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
    assert files(catalog) == 1
