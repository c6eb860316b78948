import pytest

from toolkit.core.errors import (
    DatasetNotFoundError,
    FileMissingError,
    HeldError,
    InvalidArgumentError,
)
from toolkit.core.names import parse_ref
from toolkit.core.types import ColumnRecord, InputRecord, NewFragment, NewFragmentFile, StoredColumn


@pytest.fixture
def transaction(catalog):
    with catalog.transaction() as transaction:
        yield transaction


@pytest.fixture
def versions(transaction):
    return transaction.versions


@pytest.fixture
def counts(transaction):
    """Reference counts by content; every one is compared with its recount."""

    def read():
        files = transaction.files.all()
        assert {file.id: file.ref_count for file in files} == transaction.files.recount()
        return {file.content_hash.removeprefix("blake3:"): file.ref_count for file in files}

    return read


def test_a_version_comes_back_as_it_was(versions, transaction, save):
    columns = (
        ColumnRecord("x", "int64", b"d" * 32, 1, b"b" * 64),
        ColumnRecord('odd "name"\n', "string", b"e" * 32, 0),
    )
    inputs = (InputRecord("s3://bucket/x.csv", None, "read"), InputRecord("other@3", 5, ""))
    created = save(
        transaction,
        contents=("a", "b", "a"),
        columns=columns,
        inputs=inputs,
        metadata={"index": ["x", None, 1.5, {"é": True}]},
        note="a note",
    )
    assert (created.ref, created.byte_size, created.rows) == ("delays@1", 200, 30)
    assert created.metadata == {"index": ["x", None, 1.5, {"é": True}]}
    assert versions.by_id(created.id) == created
    assert versions.newest("delays") == created
    assert versions.by_fingerprint(created.fingerprint) == created
    assert versions.columns(created.id) == columns
    assert versions.inputs(created.id) == inputs
    manifest = versions.manifest(created.id)
    assert [(part.rows, [f.file.key for f in part.files]) for part in manifest] == [
        (10, ["objects/a"]),
        (10, ["objects/b"]),
        (10, ["objects/a"]),
    ]
    assert all(f.columns is None for part in manifest for f in part.files)
    assert transaction.query("SELECT note FROM versions") == [("a note",)]


def test_a_version_may_have_no_columns_and_no_files(versions, transaction, save):
    empty = save(transaction, contents=(), columns=())
    assert (versions.columns(empty.id), versions.manifest(empty.id)) == ((), ())
    assert empty.byte_size == 0


def test_a_manifest_of_many_fragments_keeps_its_order(versions, transaction, save):
    contents = tuple(f"{(7 * i) % 50:02d}" for i in range(50))
    many = save(transaction, contents=contents)
    assert many.byte_size == 5000
    manifest = versions.manifest(many.id)
    assert [part.files[0].file.content_hash for part in manifest] == [
        f"blake3:{content}" for content in contents
    ]


def test_a_file_that_holds_some_columns_says_which(versions, transaction, save):
    version = save(transaction, contents=("a",))
    file_id = versions.manifest(version.id)[0].files[0].file.id
    held = NewFragmentFile(file_id, ("c", None, 'a "b"'), offset=7)
    versions.replace_manifest(version.id, (NewFragment(10, (held,)),))
    ((part,),) = [fragment.files for fragment in versions.manifest(version.id)]
    assert (part.columns, part.offset) == (("c", None, 'a "b"'), 7)


def test_replacing_a_manifest_moves_the_references_and_those_of_holds(
    versions, transaction, save, new_file
):
    version = save(transaction, contents=("a", "b"))
    a, b = (part.files[0].file for part in versions.manifest(version.id))
    versions.hold(version_id=version.id, file_id=None, reason="a paper")
    c, _ = transaction.files.reference(new_file("c"))
    before = {f.id: f.ref_count for f in transaction.files.all()}
    versions.replace_manifest(
        version.id, (NewFragment.whole(10, a.id), NewFragment.whole(10, c.id))
    )
    transaction.files.add_references({c.id: -1})
    after = {f.id: f.ref_count for f in transaction.files.all()}
    assert (after[a.id], after[b.id], after[c.id]) == (before[a.id], before[b.id] - 2, 2)
    assert transaction.files.recount()[c.id] == 2


def test_replacing_the_manifest_of_an_unknown_version_is_refused(versions):
    with pytest.raises(DatasetNotFoundError, match="no version with the id 9"):
        versions.replace_manifest(9, ())


def test_columns_with_a_digest_are_found_newest_first(versions, transaction, save):
    def column(name, digest, size):
        return ColumnRecord(name, "int64", digest * 32, 0, b"", size)

    first = save(transaction, "a", ("a",), columns=(column("x", b"x", 10), column("y", b"y", 20)))
    second = save(transaction, "b", ("b",), columns=(column("z", b"z", 30), column("y2", b"y", 21)))
    found = versions.with_digests([b"y" * 32, b"n" * 32, b"x" * 32, b"y" * 32], 5)
    assert found == (
        StoredColumn(b"y" * 32, 21, second.id, 1),
        StoredColumn(b"y" * 32, 20, first.id, 1),
        StoredColumn(b"x" * 32, 10, first.id, 0),
    )
    assert [c.version_id for c in versions.with_digests([b"y" * 32], 1)] == [second.id]
    versions.drop(second.id)
    assert [c.version_id for c in versions.with_digests([b"y" * 32], 5)] == [first.id]


def test_numbers_count_per_dataset_and_are_not_used_again(versions, transaction, save):
    assert [save(transaction, name).ref for name in ("a", "a", "b")] == ["a@1", "a@2", "b@1"]
    versions.drop(versions.newest("a").id)
    assert save(transaction, "a").ref == "a@3"
    for version in (parse_ref("a@1"), parse_ref("a@3")):
        versions.drop(versions.resolve(version).id)
    assert versions.newest("a") is None
    assert versions.datasets() == ["b"]
    assert save(transaction, "a").ref == "a@4"


def test_names_are_compared_without_case_and_the_first_spelling_stays(versions, transaction, save):
    save(transaction, "Delays")
    assert save(transaction, "DELAYS").ref == "Delays@2"
    assert versions.datasets() == ["Delays"]
    assert versions.resolve(parse_ref("delays@2")).dataset == "Delays"
    assert versions.newest("dElays").number == 2


def test_a_reference_is_resolved_by_newest_number_or_tag(versions, transaction, save):
    first, second = save(transaction), save(transaction)
    versions.tag(first, "paper", move=False)
    assert versions.resolve(parse_ref("delays")) == second
    assert versions.resolve(parse_ref("delays@1")) == first
    assert versions.resolve(parse_ref("delays@paper")) == first


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("delay", r'no dataset "delay"\. Did you mean "delays"\? Existing datasets: delays, x\.'),
        ("delays@3", r'"delays" has no version 3\. Existing versions: 1, 2\.'),
        ("delays@papr", r'"delays" has no tag "papr"\. Did you mean "paper"\?'),
        ("x@paper", r'"x" has no tag "paper"\. There are no tags yet\.'),
        ("nope@1", r'no dataset "nope"'),
        ("nope@tag", r'no dataset "nope"'),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(versions, transaction, save, ref, message):
    save(transaction)
    versions.tag(save(transaction), "paper", move=False)
    save(transaction, "x")
    with pytest.raises(DatasetNotFoundError, match=message):
        versions.resolve(parse_ref(ref))


def test_many_versions_are_not_all_listed(versions, transaction, save):
    for _ in range(12):
        save(transaction)
    with pytest.raises(DatasetNotFoundError, match=r"Existing versions: … 3, 4, .*, 12\."):
        versions.resolve(parse_ref("delays@99"))


def test_versions_are_found_by_the_object_they_use(versions, transaction, save):
    first = save(transaction, contents=("a", "b", "a"))
    second = save(transaction, "other", contents=("b",))
    assert versions.by_file_key("objects/b") == [second, first]
    assert versions.by_file_key("objects/a") == [first]
    assert versions.by_file_key("objects/none") == []


def test_a_dropped_version_releases_its_files_and_leaves_no_rows(
    versions, transaction, save, counts
):
    kept = save(transaction, "kept", contents=("a",))
    dropped = save(transaction, contents=("a", "b", "a"), inputs=(InputRecord("x.csv"),))
    derived = save(transaction, "derived", inputs=(InputRecord("delays@1", dropped.id, "how"),))
    assert counts() == {"a": 3, "b": 1}
    versions.drop(dropped.id)
    assert counts() == {"a": 2, "b": 0}
    assert versions.by_id(dropped.id) is None
    for table in ("columns", "version_files", "inputs"):
        rows = transaction.query(f"SELECT DISTINCT version_id FROM {table} ORDER BY 1")
        assert dropped.id not in [version for (version,) in rows]
    assert versions.inputs(derived.id) == (InputRecord("delays@1", None, "how"),)
    assert versions.by_id(kept.id) == kept
    with pytest.raises(DatasetNotFoundError, match="no version with the id"):
        versions.drop(dropped.id)


def test_what_is_tagged_or_held_is_not_dropped(versions, transaction, save, counts):
    version = save(transaction)
    versions.tag(version, "paper", move=False)
    hold = versions.hold(version_id=version.id, file_id=None, reason="audit")
    with pytest.raises(HeldError, match=rf'delays@1 .* the tag "paper", the hold {hold} \("audit'):
        versions.drop(version.id)
    versions.untag("DELAYS", "paper")
    with pytest.raises(HeldError, match="audit"):
        versions.drop(version.id)
    versions.release_hold(hold)
    versions.drop(version.id)
    assert counts() == {"a": 0}


def test_a_tag_stays_where_it_is_unless_it_is_moved(versions, transaction, save):
    first, second = save(transaction), save(transaction)
    versions.tag(first, "paper", move=False)
    versions.tag(first, "paper", move=False)
    versions.tag(first, "Alpha", move=False)
    assert versions.tags(first.id) == ("Alpha", "paper")
    with pytest.raises(HeldError, match=r'"paper" is on delays@1 already.*move=True'):
        versions.tag(second, "paper", move=False)
    versions.tag(second, "paper", move=True)
    assert (versions.tags(first.id), versions.tags(second.id)) == (("Alpha",), ("paper",))
    assert versions.untag("delays", "paper")
    assert not versions.untag("delays", "paper")
    assert not versions.untag("nothing", "paper")


def test_the_same_tag_on_two_datasets_is_two_tags(versions, transaction, save):
    one, two = save(transaction, "one"), save(transaction, "two")
    versions.tag(one, "paper", move=False)
    versions.tag(two, "paper", move=False)
    versions.untag("one", "paper")
    assert versions.resolve(parse_ref("two@paper")) == two


def test_a_hold_counts_each_distinct_file_once_more(versions, transaction, save, counts):
    version = save(transaction, contents=("a", "b", "a"))
    hold = versions.hold(version_id=version.id, file_id=None, reason="audit")
    assert counts() == {"a": 2, "b": 2}
    (record,) = versions.holds(version.id)
    assert (record.id, record.reason, record.ref) == (hold, "audit", "delays@1")
    assert versions.release_hold(hold)
    assert not versions.release_hold(hold)
    assert counts() == {"a": 1, "b": 1}
    assert versions.holds() == ()


def test_a_hold_on_a_file_keeps_it(versions, transaction, save, counts):
    version = save(transaction)
    file_id = versions.manifest(version.id)[0].files[0].file.id
    for reason in ("one", "two"):
        versions.hold(version_id=None, file_id=file_id, reason=reason)
    assert counts() == {"a": 3}
    assert [(hold.reason, hold.ref) for hold in versions.holds()] == [("one", ""), ("two", "")]
    assert versions.holds(version.id) == ()
    assert versions.release_file_hold(file_id)
    assert [hold.reason for hold in versions.holds()] == ["two"]
    assert versions.release_file_hold(file_id)
    assert not versions.release_file_hold(file_id)
    assert counts() == {"a": 1}


def test_a_hold_is_on_one_thing_that_exists(versions):
    for both in ({"version_id": None, "file_id": None}, {"version_id": 1, "file_id": 1}):
        with pytest.raises(InvalidArgumentError, match="one of both"):
            versions.hold(**both, reason="")
    with pytest.raises(DatasetNotFoundError):
        versions.hold(version_id=1, file_id=None, reason="")
    with pytest.raises(FileMissingError):
        versions.hold(version_id=None, file_id=1, reason="")
