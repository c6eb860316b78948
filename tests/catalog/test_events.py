import warnings

import pytest

from toolkit.catalog.catalog import Catalog
from toolkit.catalog.events import EventBus
from toolkit.core.types import Event

EVENT = Event("file_produced", "blake3:aa")


def test_listeners_are_called_in_order_until_they_end():
    bus, seen = EventBus(), []
    end_first = bus.subscribe(lambda event: seen.append(("first", event)))
    bus.subscribe(lambda event: seen.append(("second", event)))
    bus.publish([EVENT])
    end_first()
    end_first()
    bus.publish([EVENT])
    assert seen == [("first", EVENT), ("second", EVENT), ("second", EVENT)]


def test_one_listener_twice_is_called_twice_and_ended_singly():
    bus, seen = EventBus(), []
    end = bus.subscribe(seen.append)
    bus.subscribe(seen.append)
    bus.publish([EVENT])
    end()
    bus.publish([EVENT])
    assert len(seen) == 3


def fail(event):
    raise ValueError("broken listener")


def test_a_listener_that_raises_is_reported_and_stops_nothing():
    bus, seen = EventBus(), []
    bus.subscribe(fail)
    bus.subscribe(seen.append)
    with pytest.warns(RuntimeWarning, match=r"file_produced of blake3:aa.*broken listener"):
        bus.publish([EVENT])
    assert seen == [EVENT]


def test_even_where_warnings_are_errors():
    bus, seen = EventBus(), []
    bus.subscribe(fail)
    bus.subscribe(seen.append)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bus.publish([EVENT])
    assert seen == [EVENT]


def test_all_catalogs_on_one_file_tell_the_same_listeners(catalog, path):
    seen = []
    end = catalog.events.subscribe(seen.append)
    with Catalog(path).transaction() as transaction:
        transaction.emit(EVENT)
    catalog.close()
    with Catalog(path.parent / "." / path.name).transaction() as transaction:
        transaction.emit(EVENT)
    assert seen == [EVENT, EVENT]
    end()
    with Catalog(path).transaction() as transaction:
        transaction.emit(EVENT)
    assert len(seen) == 2


def test_a_catalog_on_another_file_tells_others(catalog, path):
    seen = []
    catalog.events.subscribe(seen.append)
    with Catalog(path.with_name("other.duckdb")).transaction() as transaction:
        transaction.emit(EVENT)
    assert seen == []
