"""Who uses which bytes, from manifests made by hand."""

import pytest

from toolkit.core.types import ColumnRecord, NewFragment, NewFragmentFile, NewVersion, SpreadVersion


@pytest.fixture
def transaction(catalog):
    with catalog.transaction() as transaction:
        yield transaction


@pytest.fixture
def versions(transaction):
    return transaction.versions


@pytest.fixture
def file_ids(transaction, new_file):
    """Files a and b of 1 MB."""
    return {
        name: transaction.files.reference(new_file(name, size=1_000_000))[0].id for name in "ab"
    }


@pytest.fixture
def record(transaction):
    """Records a version: columns as {name: bytes}, fragments as (rows, (file, held, offset)…)."""

    def make(dataset, columns, *fragments):
        transaction.files.add_references(
            {file: 1 for _, *files in fragments for file, _, _ in files}
        )
        return transaction.versions.create(
            NewVersion(
                dataset=dataset,
                kind="frame",
                fingerprint=f"fp:{dataset}",
                rows=sum(rows for rows, *_ in fragments),
                columns=tuple(
                    ColumnRecord(name, "int64", name.encode() * 32, 0, b"", size)
                    for name, size in columns.items()
                ),
                schema=b"",
                fragments=tuple(
                    NewFragment(rows, tuple(NewFragmentFile(*file) for file in files))
                    for rows, *files in fragments
                ),
                byte_size=sum(columns.values()),
            )
        )

    return make


def usage(transaction):
    from toolkit.catalog import listings

    frame = listings.frame(transaction.arrow(listings.statement("du")))
    return {row["name"]: (row["exclusive_bytes"], row["shared_bytes"]) for row in frame.to_dicts()}


def test_columns_are_exclusive_or_shared(transaction, file_ids, record):
    a, b = file_ids["a"], file_ids["b"]
    record("base", {"x": 600_000, "y": 400_000}, (10, (a, None, None)))
    record(
        "derived",
        {"x2": 600_000, "z": 900_000},
        (10, (a, ("x", None), None), (b, (None, "z"), None)),
    )
    assert usage(transaction) == {"base": (400_000, 600_000), "derived": (900_000, 600_000)}


def test_bytes_of_a_column_over_several_files_are_shared_out_by_rows(transaction, file_ids, record):
    a, b = file_ids["a"], file_ids["b"]
    record("log", {"x": 1_000_000}, (75, (a, ("x",), 0)), (25, (b, ("x",), None)))
    record("other", {"x": 250_000}, (25, (b, ("x",), None)))
    assert usage(transaction) == {"log": (750_000, 250_000), "other": (0, 250_000)}


def test_files_whose_columns_were_not_measured_count_as_a_whole(transaction, file_ids, record):
    a = file_ids["a"]
    record("one", {"x": 0, "y": 0}, (10, (a, None, None)))
    assert usage(transaction) == {"one": (1_000_000, 0)}
    record("two", {"x": 0, "y": 0}, (10, (a, None, None)))
    assert usage(transaction) == {"one": (0, 1_000_000), "two": (0, 1_000_000)}


def test_raw_files_are_counted_too(transaction, file_ids, record):
    record("raw", {}, (0, (file_ids["a"], None, None)))
    assert usage(transaction) == {"raw": (1_000_000, 0)}


def test_a_file_kept_for_one_of_its_columns_is_found(versions, transaction, file_ids, record):
    a, b = file_ids["a"], file_ids["b"]
    base = record("base", {"x": 600_000, "y": 400_000}, (10, (a, None, None)))
    record(
        "derived",
        {"y": 400_000, "z": 995_000},
        (10, (a, ("y", None), None), (b, (None, "z"), None)),
    )
    assert versions.partly_used() == []
    versions.drop(base.id)
    (found,) = versions.partly_used()
    assert (found.file.id, found.used_bytes, found.columns) == (a, 400_000, ("y",))
    assert versions.users(a) == [versions.newest("derived").id]


def test_spread_versions_come_by_their_reads(versions, transaction, file_ids, record):
    a, b = file_ids["a"], file_ids["b"]
    record("one", {"x": 1}, (10, (a, None, None)))
    rarely = record("rarely", {"x": 1}, (10, (a, None, None)), (10, (b, None, None)))
    often = record("often", {"x": 2}, (10, (a, None, None)), (10, (b, None, None)))
    versions.add_reads({often.id: 2, rarely.id: 1, 999: 7})
    versions.add_reads({often.id: 3})
    versions.add_reads({})
    assert versions.spread() == [
        SpreadVersion(often.id, 2, 5, 2),
        SpreadVersion(rarely.id, 1, 1, 2),
    ]
    versions.drop(often.id)
    assert transaction.query("SELECT version_id, number FROM reads") == [(rarely.id, 1)]


def test_versions_of_the_same_content_are_found(versions, file_ids, record):
    first = record("same", {"x": 1}, (10, (file_ids["a"], None, None)))
    second = record("same", {"x": 1}, (10, (file_ids["b"], None, None)))
    assert versions.same_content("fp:same") == [second, first]


def test_manifests_that_lack_or_repeat_something_are_found(versions, transaction, file_ids, record):
    a, b = file_ids["a"], file_ids["b"]
    record("whole", {"x": 1, "y": 1}, (10, (a, None, None)))
    record("split", {"x": 1, "y": 1}, (10, (a, ("x", None), None), (b, (None, "y"), 3)))
    record("empty", {"x": 1})
    assert versions.incomplete() == []
    lacking = record("lacking", {"x": 1, "y": 1}, (10, (a, ("x", None), None)))
    twice = record("twice", {"x": 1}, (10, (a, ("x",), None), (b, ("x",), None)))
    short = record("short", {"x": 1}, (10, (a, None, None)), (5, (b, None, None)))
    transaction.query(
        "UPDATE version_files SET rows = 4 WHERE version_id = ? AND rows = 5", (short.id,)
    )
    assert versions.incomplete() == [lacking.id, twice.id, short.id]
