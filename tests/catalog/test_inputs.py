import pytest

from toolkit.core.types import InputRecord


@pytest.fixture
def chain(catalog, save):
    """Three versions, each derived from the one before."""
    with catalog.transaction() as transaction:
        first = save(transaction, "one", ("a",))
        second = save(transaction, "two", ("b",), inputs=(InputRecord("one@1", first.id, "how"),))
        third = save(transaction, "three", ("c",), inputs=(InputRecord("two@1", second.id),))
    return first, second, third


def test_missing_edges_come_behind_those_that_are_there(catalog, chain):
    first, second, _ = chain
    source = InputRecord("x.csv", None, "read")
    with catalog.transaction() as transaction:
        edges = (source, InputRecord("one@1", first.id, "other"))
        transaction.versions.add_inputs(second.id, edges, "")
        transaction.versions.add_inputs(second.id, edges, "")
        assert transaction.versions.inputs(second.id) == (
            InputRecord("one@1", first.id, "how"),
            source,
        )


def test_an_edge_that_said_nothing_is_explained(catalog, chain):
    _, second, third = chain
    with catalog.transaction() as transaction:
        explained = InputRecord("two@1", second.id, "joined")
        transaction.versions.add_inputs(third.id, (explained,), "")
        assert transaction.versions.inputs(third.id) == (explained,)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_edge_to_itself_or_a_descendant_is_left_out(catalog, chain, number):
    first, version = chain[0], chain[number]
    with catalog.transaction() as transaction:
        edge = InputRecord(version.ref, version.id)
        transaction.versions.add_inputs(first.id, (edge, InputRecord("x.csv")), "")
        assert transaction.versions.inputs(first.id) == (InputRecord("x.csv"),)


def test_a_note_is_kept_once(catalog, chain):
    first, *_ = chain
    with catalog.transaction() as transaction:
        transaction.versions.add_inputs(first.id, (), "by hand")
        transaction.versions.add_inputs(first.id, (), "with care")
    assert catalog.listing("history", ["one"])["how"].to_list() == ["by hand"]
