import duckdb
import pytest

from toolkit.catalog import migrations
from toolkit.catalog.catalog import Catalog
from toolkit.core.errors import CatalogDamagedError, CatalogVersionError
from toolkit.core.types import ColumnRecord


def use(path):
    catalog = Catalog(path)
    try:
        with catalog.transaction():
            pass
    finally:
        catalog.close()


@pytest.fixture
def add(catalog, new_file):
    def run(*contents):
        for content in contents:
            with catalog.transaction() as transaction:
                transaction.files.reference(new_file(content))

    return run


def test_every_migration_is_recorded(catalog):
    rows = catalog.snapshot(["schema_migrations"])["schema_migrations"].to_pylist()
    assert [row["number"] for row in rows] == list(range(1, len(migrations.MIGRATIONS) + 1))


def test_a_newer_catalog_is_refused_and_left_alone(path):
    use(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (99, now())")
    before = path.read_bytes()
    with pytest.raises(CatalogVersionError, match=r"schema 99.*Upgrade the toolkit"):
        use(path)
    assert path.read_bytes() == before


def test_an_older_catalog_is_upgraded(path, monkeypatch):
    use(path)
    monkeypatch.setattr(
        migrations, "MIGRATIONS", (*migrations.MIGRATIONS, ("CREATE TABLE extra (a INTEGER)",))
    )
    use(path)
    use(path)
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("FROM extra").fetchall() == []
        assert connection.execute("SELECT max(number) FROM schema_migrations").fetchone() == (
            len(migrations.MIGRATIONS),
        )


def test_versions_saved_before_columns_were_shared_stay_as_they_are(path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        use(path)
    with duckdb.connect(str(path)) as connection:
        for statement in (
            "INSERT INTO files "
            "VALUES (7, 'blake3:a', 'objects/a', 5, 'x', 1, 'ready', '', now(), NULL)",
            "INSERT INTO datasets VALUES (1, 'd', 'd', 1, now())",
            "INSERT INTO versions VALUES (3, 1, 1, 'frame', 'f', 9, 5, 'schema', '{}', '', now())",
            "INSERT INTO version_files VALUES (3, 0, 9, 7, NULL)",
            "INSERT INTO columns VALUES (3, 0, 'x', 'int64', 'digest', 1, '')",
        ):
            connection.execute(statement)
    catalog = Catalog(path)
    try:
        with catalog.transaction() as transaction:
            versions = transaction.versions
            assert versions.by_fingerprint("f").byte_size == 5
            assert versions.columns(3) == (ColumnRecord("x", "int64", b"digest", 1, b"", 0),)
            ((part,),) = [fragment.files for fragment in versions.manifest(3)]
            assert (part.file.id, part.columns, part.offset) == (7, None, None)
            assert transaction.query("SELECT new_bytes FROM versions") == [(5,)]
    finally:
        catalog.close()


def test_a_migration_that_fails_leaves_nothing_of_it(path, monkeypatch):
    use(path)
    broken = ("CREATE TABLE extra (a INTEGER)", "SELECT nothing")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, broken))
        with pytest.raises(duckdb.Error):
            use(path)
    use(path)
    with duckdb.connect(str(path)) as connection:
        assert "extra" not in str(connection.execute("SHOW TABLES").fetchall())


@pytest.mark.parametrize("content", [b"", b"hi", b"no database at all" * 1000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(CatalogDamagedError, match=r"not a valid DuckDB.*Restore"):
        use(path)
    assert path.read_bytes() == content


def test_a_database_that_is_no_catalog_is_refused(path):
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE mine (a INTEGER)")
    with pytest.raises(CatalogDamagedError, match="not a catalog of this toolkit"):
        use(path)


def test_a_crash_while_it_is_made_leaves_a_catalog_that_opens(path):
    path.with_name("catalog.duckdb.new").write_bytes(b"half")
    path.with_name("catalog.duckdb.new.wal").write_bytes(b"half")
    use(path)
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "catalog.duckdb",
        "catalog.lock",
        "catalog.turnstile",
    ]


def wal(path):
    return path.with_name(path.name + ".wal")


@pytest.mark.parametrize("keep", [0.0, 0.6])
def test_a_log_that_was_cut_short_is_noticed(catalog, add, path, keep):
    add("a", "b", "c")
    catalog.close()
    content = wal(path).read_bytes()
    wal(path).write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(
        CatalogDamagedError, match=r"\d acknowledged commits? (are|is) missing.*backup.*mark"
    ):
        use(path)
    wal(path).write_bytes(content)
    assert catalog.listing("stats")["files"].item() == 3


def test_a_log_that_was_deleted_is_noticed_and_the_loss_can_be_accepted(catalog, add, path):
    add("a", "b")
    catalog.close()
    wal(path).unlink()
    with pytest.raises(CatalogDamagedError, match="2 acknowledged commits are missing"):
        use(path)
    path.with_suffix(".mark").unlink()
    assert catalog.listing("stats")["files"].item() == 0


def test_a_log_with_a_flipped_bit_is_noticed(catalog, add, path):
    add("a", "b")
    catalog.close()
    content = bytearray(wal(path).read_bytes())
    content[len(content) // 2] ^= 1
    wal(path).write_bytes(content)
    with pytest.raises(CatalogDamagedError, match="Restore"):
        use(path)


def test_a_catalog_that_was_deleted_is_not_made_anew_silently(catalog, add, path):
    add("a")
    catalog.close()
    wal(path).unlink()
    path.unlink()
    with pytest.raises(CatalogDamagedError, match="1 acknowledged commit is missing"):
        use(path)
    assert not path.exists()


def test_a_log_without_its_catalog_is_not_overwritten(catalog, add, path):
    add("a")
    catalog.close()
    path.unlink()
    path.with_suffix(".mark").unlink()
    with pytest.raises(CatalogDamagedError, match="write-ahead log"):
        use(path)
    assert wal(path).exists()


def test_reading_does_not_count_as_a_commit(catalog, add, path):
    add("a")
    mark = path.with_suffix(".mark")
    before = int(mark.read_text())
    catalog.listing("datasets")
    with catalog.transaction() as transaction:
        transaction.files.all()
    assert int(mark.read_text()) == before
    add("b")
    assert int(mark.read_text()) == before + 1


def test_the_log_is_folded_into_the_file_when_it_grew(catalog, add, path):
    add(*map(str, range(60)))
    assert wal(path).stat().st_size > 8192
    catalog.close()
    assert not wal(path).exists()
