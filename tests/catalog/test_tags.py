import pytest

from toolkit.core.errors import InvalidNameError
from toolkit.core.names import parse_ref


@pytest.mark.parametrize("tag", ["paper", "_x", "v1.0", "rc-2", "a" * 63])
def test_a_tag_within_the_rule_finds_its_version(catalog, save, tag):
    with catalog.transaction() as transaction:
        version = save(transaction)
        transaction.versions.tag(version, tag, move=False)
        assert transaction.versions.resolve(parse_ref(f"delays@{tag}")).id == version.id


@pytest.mark.parametrize("tag", ["3", "", "a b;'", "é", "x@y", "-x", "a" * 64, "x\n", None, 3])
def test_what_no_reference_can_name_is_no_tag(catalog, save, tag):
    with catalog.transaction() as transaction:
        version = save(transaction)
        with pytest.raises(InvalidNameError, match="is not a tag"):
            transaction.versions.tag(version, tag, move=False)
        assert transaction.versions.tags(version.id) == ()
