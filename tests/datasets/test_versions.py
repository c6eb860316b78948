"""Tags, holds and drops."""

from __future__ import annotations

import pytest

from toolkit.catalog.catalog import Catalog
from toolkit.core.errors import (
    DatasetNotFoundError,
    HeldError,
    InvalidArgumentError,
    InvalidNameError,
)
from toolkit.core.types import NewVersion
from toolkit.datasets.versions import VersionService


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.duckdb")
    with catalog.transaction() as tx:
        for number in (1, 2):
            tx.versions.create(NewVersion("delays", "frame", f"fp{number}", 7, (), b"", (), 0))
    yield catalog
    catalog.close()


@pytest.fixture
def versions(catalog):
    return VersionService(catalog)


def test_a_tag_is_given_moved_and_taken_away(versions):
    versions.tag("delays@1", "paper", move=False)
    with pytest.raises(HeldError, match="move=True"):
        versions.tag("delays@2", "paper", move=False)
    versions.tag("delays", "paper", move=True)
    assert versions.untag("delays", "paper")
    assert not versions.untag("delays", "paper")
    assert not versions.untag("nothing", "paper")


def test_a_tag_is_taken_from_a_dataset_not_from_a_version(versions):
    versions.tag("delays@1", "paper", move=False)
    with pytest.raises(InvalidNameError, match="not a dataset name"):
        versions.untag("delays@1", "paper")


def test_a_hold_protects_until_it_is_released(versions):
    with versions.hold("delays@1", "a reader") as hold:
        assert [(held.ref, held.reason) for held in versions.holds()] == [("delays@1", "a reader")]
        with pytest.raises(HeldError, match="a reader"):
            versions.drop("delays@1")
    assert versions.holds() == ()
    assert not hold.release()
    assert not versions.release(hold.id)
    assert versions.drop("delays@1") == "delays@1"


@pytest.mark.parametrize("reason", [None, "", " ", 5])
def test_a_hold_without_a_reason_is_refused(versions, reason):
    with pytest.raises(InvalidArgumentError, match="reason"):
        versions.hold("delays", reason)
    assert versions.holds() == ()


@pytest.mark.parametrize("number", ["1", None, 1.0])
def test_what_is_no_number_of_a_hold_is_refused(versions, number):
    with pytest.raises(InvalidArgumentError, match="number of a hold"):
        versions.release(number)


def test_a_drop_is_told_once_it_is_committed(versions, catalog):
    events = []
    catalog.events.subscribe(events.append)
    versions.tag("delays@1", "paper", move=False)
    with pytest.raises(HeldError):
        versions.drop("delays@1")
    assert events == []
    assert versions.drop("delays") == "delays@2"
    assert [(event.kind, event.subject) for event in events] == [("version_dropped", "delays@2")]
    assert events[0].detail == {"rows": 7}


@pytest.mark.parametrize(
    "verb",
    [
        lambda versions, ref: versions.tag(ref, "paper", move=False),
        lambda versions, ref: versions.hold(ref, "reason"),
        lambda versions, ref: versions.drop(ref),
    ],
    ids=["tag", "hold", "drop"],
)
def test_every_verb_names_what_is_not_there(versions, verb):
    with pytest.raises(DatasetNotFoundError, match="Did you mean"):
        verb(versions, "delay")
    with pytest.raises(InvalidNameError):
        verb(versions, "delays@0")
