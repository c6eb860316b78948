from datetime import UTC, datetime, timedelta

import pytest

from toolkit.core.errors import (
    CatalogDamagedError,
    FileMissingError,
    InvalidArgumentError,
)

FUTURE = datetime.now(UTC) + timedelta(days=1)
PAST = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def transaction(catalog):
    with catalog.transaction() as transaction:
        yield transaction


@pytest.fixture
def files(transaction):
    return transaction.files


def test_a_new_file_has_one_reference(files, new_file):
    record, own = files.reference(new_file("a", size=7))
    assert own
    assert (record.key, record.byte_size, record.ref_count, record.state, record.stamp) == (
        "objects/a",
        7,
        1,
        "ready",
        "s1",
    )
    assert abs(datetime.now(UTC) - record.created_at) < timedelta(minutes=1)
    assert files.by_id(record.id) == files.by_hash("blake3:a") == record


def test_known_content_gains_a_reference_and_keeps_its_object(files, new_file):
    first, _ = files.reference(new_file("a", "objects/one"))
    again, own = files.reference(new_file("a", "objects/two"))
    assert not own
    assert (again.id, again.ref_count, again.key) == (first.id, 2, "objects/one")
    assert files.by_id(first.id) == again


def test_a_file_that_is_being_deleted_is_taken_over_with_the_new_object(files, new_file):
    first, _ = files.reference(new_file("a", "objects/one"))
    files.add_references({first.id: -1})
    (marked,) = files.mark_garbage(FUTURE, 10)
    again, own = files.reference(new_file("a", "objects/two"))
    assert own
    assert (again.id, again.key, again.state, again.ref_count, again.unreferenced_at) == (
        first.id,
        "objects/two",
        "ready",
        1,
        None,
    )
    assert files.remove([marked]) == []
    assert files.by_id(first.id) == again


def test_what_is_not_there_is_none(files):
    assert files.by_id(1) is None
    assert files.by_hash("blake3:none") is None


def test_counts_are_added_and_released_together(files, new_file):
    a, b = (files.reference(new_file(name))[0] for name in "ab")
    files.add_references({a.id: 3, b.id: -1})
    assert files.by_id(a.id).ref_count == 4
    released = files.by_id(b.id)
    assert (released.ref_count, released.unreferenced_at is None) == (0, False)
    assert [file.id for file in files.unreferenced()] == [b.id]
    files.add_references({b.id: 1})
    assert files.by_id(b.id).unreferenced_at is None
    files.add_references({})


def test_a_grace_period_is_not_restarted(files, new_file, transaction):
    a, _ = files.reference(new_file())
    files.add_references({a.id: -1})
    transaction.query("UPDATE files SET unreferenced_at = '2020-01-01'")
    files.add_references({a.id: 0})
    assert files.by_id(a.id).unreferenced_at == datetime(2020, 1, 1, tzinfo=UTC)


def test_releasing_more_than_is_counted_is_refused(files, new_file):
    a, _ = files.reference(new_file())
    with pytest.raises(CatalogDamagedError, match=rf"files {a.id} would be released.*check"):
        files.add_references({a.id: -2})


def test_a_reference_to_what_is_gone_or_going_is_refused(files, new_file):
    a, _ = files.reference(new_file())
    with pytest.raises(FileMissingError, match="files 77, 88 cannot be used"):
        files.add_references({77: 1, 88: 1})
    files.add_references({a.id: -1})
    files.mark_garbage(FUTURE, 10)
    with pytest.raises(FileMissingError, match=f"file {a.id} cannot be used"):
        files.add_references({a.id: 1})


def test_garbage_is_marked_past_its_grace_period_and_to_the_limit(files, new_file):
    records = [files.reference(new_file(name))[0] for name in "abcd"]
    files.add_references({record.id: -1 for record in records[:3]})
    assert files.mark_garbage(PAST, 10) == []
    first = files.mark_garbage(FUTURE, 2)
    assert [(file.id, file.state) for file in first] == [
        (record.id, "deleting") for record in records[:2]
    ]
    again = files.mark_garbage(FUTURE, 2)
    assert [file.id for file in again] == [record.id for record in records[:3]]


def test_only_files_that_are_being_deleted_are_removed(files, new_file):
    a, b = (files.reference(new_file(name))[0] for name in "ab")
    files.add_references({a.id: -1})
    (marked,) = files.mark_garbage(FUTURE, 10)
    assert files.remove([marked, b]) == [a.id]
    assert files.remove([]) == []
    assert files.known_keys() == {"objects/b"}
    assert [file.id for file in files.all()] == [b.id]


def test_a_row_that_names_another_object_by_now_is_not_removed(files, new_file):
    a, _ = files.reference(new_file("a", "objects/one"))
    files.add_references({a.id: -1})
    stale = files.mark_garbage(FUTURE, 10)
    files.reference(new_file("a", "objects/two"))
    files.add_references({a.id: -1})
    files.mark_garbage(FUTURE, 10)
    assert files.remove(stale) == []
    assert files.known_keys() == {"objects/two"}


def test_an_id_is_never_used_again(catalog, new_file):
    with catalog.transaction() as transaction:
        a, _ = transaction.files.reference(new_file())
        transaction.files.add_references({a.id: -1})
        transaction.files.remove(transaction.files.mark_garbage(FUTURE, 1))
    catalog.close()
    with catalog.transaction() as transaction:
        assert transaction.files.reference(new_file())[0].id > a.id


def test_relocate_points_at_another_object_with_the_same_bytes(files, new_file):
    a, _ = files.reference(new_file("a"))
    files.relocate(a.id, new_file("a", "objects/copy"))
    assert files.by_id(a.id).key == "objects/copy"
    with pytest.raises(InvalidArgumentError, match="cannot be replaced"):
        files.relocate(a.id, new_file("b"))
    with pytest.raises(FileMissingError):
        files.relocate(99, new_file("a"))


def test_restamp_remembers_the_change_token(files, new_file):
    a, _ = files.reference(new_file())
    files.restamp(a.id, "later")
    assert files.by_id(a.id).stamp == "later"


def test_recount_counts_versions_and_holds_once_per_distinct_file(
    files, new_file, save, transaction
):
    version = save(transaction, contents=("a", "b", "a"))
    save(transaction, contents=("a",))
    a, b = (files.by_hash(f"blake3:{name}").id for name in "ab")
    unused, _ = files.reference(new_file("c"))
    transaction.versions.hold(version_id=version.id, file_id=None, reason="both")
    transaction.versions.hold(version_id=None, file_id=b, reason="one")
    assert files.recount() == {a: 3, b: 3, unused.id: 0}
    assert {file.id: file.ref_count for file in files.all()} == {a: 3, b: 3, unused.id: 1}
