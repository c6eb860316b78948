"""Settings: stored once, and found again in a catalog that was made anew."""

import shutil
import time

import pytest

from toolkit.catalog.catalog import Catalog
from toolkit.core.errors import CatalogError


def test_a_kept_setting_is_stored_once(catalog, path):
    assert catalog.keep("storage", "one") == "one"
    assert catalog.keep("storage", "two") == "one"
    assert Catalog(path).setting("storage", "three") == "one"


def test_it_is_replaced_only_while_there_are_no_files(catalog, new_file):
    catalog.keep("storage", "one")
    assert catalog.keep("storage", "two", replace=True) == "two"
    with catalog.transaction() as transaction:
        transaction.files.reference(new_file())
    assert catalog.keep("storage", "three", replace=True) == "two"


def test_it_is_written_to_a_catalog_that_was_made_anew(catalog, path):
    catalog.keep("storage", "one")
    catalog.close()
    shutil.rmtree(path.parent)
    catalog.listing("stats")
    catalog.close()
    assert Catalog(path).setting("storage", "two") == "one"


def test_also_when_the_first_use_of_the_new_one_fails(catalog, path):
    catalog.keep("storage", "one")
    catalog.close()
    shutil.rmtree(path.parent)
    with pytest.raises(ValueError, match="mine"), catalog.transaction():
        raise ValueError("mine")
    catalog.listing("stats")
    assert Catalog(path).setting("storage", "two") == "one"


@pytest.mark.parametrize("elsewhere", ["this process", "another process"])
def test_a_catalog_that_says_something_else_is_refused(catalog, path, start, finish, elsewhere):
    catalog.keep("storage", "one")
    if elsewhere == "this process":
        Catalog(path).keep("storage", "two", replace=True)
    else:
        catalog.close()
        finish(start("catalog.keep('storage', 'two', replace=True); catalog.close()"))
    with pytest.raises(CatalogError, match="storage 'one', and says 'two'"):
        catalog.listing("stats")


def test_a_look_costs_one_statement_an_attachment(catalog, monkeypatch):
    catalog.keep("storage", "one")
    catalog.listing("stats")
    asked = []
    real = catalog._kept.require
    monkeypatch.setattr(
        catalog._kept,
        "require",
        lambda query, attachment: real(lambda *a: asked.append(a) or query(*a), attachment),
    )
    for _ in range(3):
        catalog.listing("stats")
    seen = len(asked)
    assert seen <= 1
    time.sleep(0.3)
    catalog.listing("stats")
    assert len(asked) == seen + 1
