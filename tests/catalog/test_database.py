"""The DuckDB instance: what it keeps, and when it is replaced."""

import pytest

from toolkit.core.errors import CatalogError


def variable(catalog):
    with catalog.transaction() as transaction:
        return transaction.query("SELECT getvariable('of this instance')")[0][0]


def test_an_instance_that_failed_to_read_is_replaced(catalog, tmp_path):
    def fail():
        with catalog.transaction() as transaction:
            transaction.query(f"SELECT * FROM read_csv('{tmp_path}/nothing')")

    with catalog.transaction() as transaction:
        transaction.query("SET VARIABLE \"of this instance\" = 'here'")
    assert variable(catalog) == "here"
    with pytest.raises(CatalogError, match="could not be read or written"):
        fail()
    assert variable(catalog) is None


def test_few_statements_are_kept(catalog):
    with catalog.transaction() as transaction:
        for number in range(1200):
            assert transaction.query(f"SELECT {number}") == [(number,)]
    assert len(catalog._connection._database._statements) <= 512
