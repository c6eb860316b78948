"""Checking: every finding, and nothing that is none."""

from __future__ import annotations

import pytest

from toolkit.core.errors import StorageError
from toolkit.core.types import NewFragment, NewVersion

DATA = b"some bytes that are worth keeping"


@pytest.fixture
def row(shop):
    """A file that a version uses."""

    def record(transaction, produced):
        transaction.versions.create(
            NewVersion(
                "delays", "file", "fp", 0, (), b"", (NewFragment.whole(0, produced.file_id),), 0
            )
        )

    with shop.producer.stage("x") as staged:
        staged.write([DATA])
        staged.commit(record)
    return shop.rows()[0]


@pytest.mark.parametrize("rehash", [True, False])
def test_a_sound_store_has_no_problems(shop, row, rehash):
    shop.producer.produce([b"other"], "x")
    report = shop.check(rehash=rehash)
    assert report.ok
    assert (report.files, report.bytes) == (2, len(DATA) + 5)
    assert (report.versions, report.orphans) == (1, 0)


def test_an_empty_store_has_no_problems(shop):
    report = shop.check()
    assert (report.ok, report.files, report.versions, report.orphans) == (True, 0, 0, 0)


@pytest.mark.parametrize("rehash", [True, False])
@pytest.mark.parametrize(
    ("data", "kind"),
    [(None, "missing"), (b"short", "changed"), (DATA[::-1], "changed")],
    ids=["gone", "size", "content"],
)
def test_lost_and_changed_bytes_are_found_with_their_users(shop, row, rehash, data, kind):
    shop.damage(row.key, data)
    (problem,) = shop.check(rehash=rehash).problems
    assert (problem.kind, problem.subject) == (kind, row.key)
    assert "Used by delays@1." in problem.detail


def test_a_silent_change_is_found_by_rehashing_only(local_shop):
    local_shop.producer.produce([DATA], "x")
    (row,) = local_shop.rows()
    local_shop.damage(row.key, DATA[::-1], touch=False)
    assert local_shop.check(rehash=False).ok
    assert [problem.kind for problem in local_shop.check().problems] == ["changed"]


def test_bytes_that_cannot_be_read_are_found(shop, row):
    def fail():
        raise StorageError("device error")

    shop.backend.before["read_stream"] = fail
    (problem,) = shop.check().problems
    assert (problem.kind, problem.subject) == ("unreadable", row.key)
    assert "device error" in problem.detail


@pytest.mark.parametrize("count", [0, 2])
def test_a_wrong_count_is_found(shop, row, count):
    with shop.catalog.transaction() as transaction:
        transaction.query("UPDATE files SET ref_count = ?", (count,))
    (problem,) = shop.check().problems
    assert (problem.kind, problem.subject) == ("count", row.key)
    assert f"count {count}, and 1 versions" in problem.detail


def test_a_manifest_that_names_no_row_is_found(shop, row):
    with shop.catalog.transaction() as transaction:
        transaction.query("UPDATE version_files SET file_id = 99")
        transaction.query("UPDATE files SET ref_count = 0")
    (problem,) = shop.check().problems
    assert (problem.kind, problem.subject) == ("missing", "delays@1")
    assert "the file 99" in problem.detail


def test_orphans_are_counted_and_no_problem(shop, row):
    shop.backend.write_stream("objects/ab/orphan", [b"x"])
    shop.backend.write_stream("theirs/data", [b"x"])
    report = shop.check()
    assert (report.ok, report.orphans) == (True, 1)


def test_a_file_that_is_being_deleted_may_lack_its_bytes(shop):
    produced = shop.producer.produce([DATA], "x")
    shop.producer.release(produced.file_id)
    shop.set_state(produced.file_id, "deleting")
    shop.damage(shop.rows()[0].key, None)
    report = shop.check()
    assert (report.ok, report.files) == (True, 0)


def test_a_file_whose_bytes_are_being_deleted_meanwhile_is_no_problem(shop):
    produced = shop.producer.produce([DATA], "x")
    shop.producer.release(produced.file_id)

    def collect_half():
        shop.backend.before.clear()
        shop.set_state(produced.file_id, "deleting")
        shop.backend.delete(shop.rows()[0].key)

    shop.backend.before["stat"] = collect_half
    assert shop.check().ok
    assert [row.state for row in shop.rows()] == ["deleting"]


def test_a_file_that_is_collected_meanwhile_is_no_problem(shop):
    produced = shop.producer.produce([DATA], "x")
    shop.producer.release(produced.file_id)

    def collect():
        shop.backend.before.clear()
        shop.gc()

    shop.backend.before["stat"] = collect
    assert shop.check().ok
    assert shop.rows() == []


@pytest.mark.parametrize("healed_with_damage", [False, True])
def test_a_file_that_is_healed_meanwhile_is_looked_at_again(shop, healed_with_damage):
    shop.producer.produce([DATA], "x")
    (row,) = shop.rows()
    shop.damage(row.key, None)

    def heal():
        shop.backend.before.clear()
        shop.producer.produce([DATA], "x")
        if healed_with_damage:
            shop.damage(shop.rows()[0].key, None)

    shop.backend.before["stat"] = heal
    problems = shop.check().problems
    assert [problem.kind for problem in problems] == ["missing"] * healed_with_damage
    if problems:
        assert problems[0].subject == shop.rows()[0].key != row.key


def test_a_manifest_without_its_rows_is_found(shop, row):
    with shop.catalog.transaction() as transaction:
        transaction.query("UPDATE versions SET kind = 'frame', rows = 7")
    (problem,) = shop.check().problems
    assert (problem.kind, problem.subject) == ("manifest", "delays@1")
