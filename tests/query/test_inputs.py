"""Which versions a relation reads."""

from __future__ import annotations

import duckdb
import pytest

from toolkit.query.service import QueryService


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("FROM delays", ("delays@2",)),
        ('FROM "delays@paper", DELAYS', ("delays@1", "delays@2")),
        ("FROM sales.delays, carriers", ("sales.delays@1", "carriers@1")),
        ("FROM carriers JOIN delays USING (carrier)", ("carriers@1", "delays@2")),
        ("WITH delays AS (FROM carriers) FROM delays", ("carriers@1",)),
        ("WITH delays AS (FROM delays) FROM delays", ("delays@2",)),
        ("SELECT 'delays' AS delays -- carriers", ()),
        ("FROM catalog.files", ()),
        ("FROM query_table('delays')", ("delays@2",)),
        ("PIVOT delays ON carrier USING sum(delay)", ("delays@2",)),
        ("EXPLAIN FROM delays", ("delays@2",)),
    ],
)
def test_a_relation_has_the_versions_that_its_query_names(service, sql, expected):
    assert service.inputs_of(service.sql(sql)) == expected


def test_derived_relations_have_the_inputs_of_their_query(service):
    relation = service.sql("FROM delays JOIN carriers USING (carrier)")
    for derived in (
        relation.filter("delay > 10"),
        relation.project("delay"),
        relation.aggregate("sum(delay)"),
        relation.limit(1).materialize(),
        relation.set_alias("a").join(relation.set_alias("b"), "carrier"),
        relation.query("r", "SELECT delay FROM r"),
    ):
        assert service.inputs_of(derived) == ("delays@2", "carriers@1")


def test_inputs_stay_known_when_the_dataset_has_moved_on(service, store):
    relation = service.sql("FROM delays")
    store.add("delays", {"delay": [0]})
    service.sql("FROM delays")
    assert service.inputs_of(relation) == ("delays@2",)


def test_relations_of_others_have_no_inputs_here(service, store):
    service.sql("FROM delays")
    other = QueryService(store, allowed_root=store.root)
    foreign = other.sql("FROM delays")
    assert service.inputs_of(foreign) is None
    assert service.inputs_of(duckdb.connect().sql("SELECT 1")) is None
    assert service.inputs_of("delays") is None
    other.close()
    assert other.inputs_of(foreign) is None
