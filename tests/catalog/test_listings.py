from datetime import UTC, datetime

import polars as pl
import pytest

from toolkit.catalog.snapshot import TABLES
from toolkit.core.errors import QueryError
from toolkit.core.types import Event, InputRecord

TIME = pl.Datetime("us", "UTC")


@pytest.fixture
def filled(catalog, save):
    with catalog.transaction() as transaction:
        first = save(
            transaction, contents=("a", "b", "a"), inputs=(InputRecord("x.csv"),), note="by hand"
        )
        second = save(
            transaction,
            "Delays",
            contents=("b",),
            inputs=(InputRecord("z.csv"), InputRecord("delays@1", first.id, "joined")),
        )
        transaction.versions.tag(first, "paper", move=False)
        transaction.versions.tag(second, "final", move=False)
        transaction.versions.hold(version_id=first.id, file_id=None, reason="audit")
        raw = save(transaction, "a.model", contents=("m",), kind="file", columns=())
        gone = save(transaction, "gone", contents=("g",))
        transaction.versions.drop(gone.id)
        transaction.emit(Event("version_expired", "gone@1", {}))
    assert raw.kind == "file"
    return catalog


def test_datasets_has_a_row_for_each_that_has_versions(filled):
    frame = filled.listing("datasets")
    assert dict(frame.schema) == {
        "name": pl.String,
        "kind": pl.String,
        "versions": pl.Int64,
        "version": pl.Int64,
        "rows": pl.Int64,
        "columns": pl.Int64,
        "byte_size": pl.Int64,
        "created_at": TIME,
        "tags": pl.List(pl.String),
    }
    assert frame.drop("created_at").rows() == [
        ("a.model", "file", 1, 1, 10, 0, 100, []),
        ("delays", "frame", 2, 2, 10, 1, 100, ["final", "paper"]),
    ]
    age = datetime.now(UTC) - frame["created_at"][0]
    assert abs(age.total_seconds()) < 60


def test_history_has_a_row_for_each_version_oldest_first(filled):
    frame = filled.listing("history", ["DELAYS"])
    assert frame.schema["created_at"] == TIME
    assert frame.drop("created_at").to_dicts() == [
        {
            "version": 1,
            "kind": "frame",
            "rows": 30,
            "columns": 1,
            "byte_size": 200,
            "new_bytes": 0,
            "shared_bytes": 200,
            "fingerprint": "fp1:a-b-a",
            "inputs": ["x.csv"],
            "how": "by hand",
            "tags": ["paper"],
            "held": True,
        },
        {
            "version": 2,
            "kind": "frame",
            "rows": 10,
            "columns": 1,
            "byte_size": 100,
            "new_bytes": 0,
            "shared_bytes": 100,
            "fingerprint": "fp1:b",
            "inputs": ["z.csv", "delays@1"],
            "how": "joined",
            "tags": ["final"],
            "held": False,
        },
    ]
    assert filled.listing("history", ["a.model"])["how"].to_list() == [""]
    assert filled.listing("history", ["gone"]).schema == frame.schema
    assert filled.listing("history", ["gone"]).is_empty()


def test_stats_sums_up(filled):
    frame = filled.listing("stats")
    assert set(frame.dtypes) == {pl.Int64}
    assert frame.to_dicts() == [
        {
            "datasets": 2,
            "versions": 3,
            "files": 4,
            "references": 6,
            "stored_bytes": 400,
            "logical_bytes": 400,
            "garbage_files": 1,
            "garbage_bytes": 100,
            "shared_bytes": 100,
            "expired_versions": 1,
        }
    ]


def test_listings_of_an_empty_catalog(catalog):
    assert catalog.listing("datasets").is_empty()
    assert catalog.listing("datasets").schema["tags"] == pl.List(pl.String)
    assert set(catalog.listing("stats").row(0)) == {0}


def test_an_unknown_listing_is_refused(catalog):
    with pytest.raises(QueryError, match='Did you mean "history"'):
        catalog.listing("histori")


def test_a_snapshot_has_the_tables_that_were_asked_for(filled):
    tables = filled.snapshot(["files", "tags"])
    assert list(tables) == ["files", "tags"]
    assert sorted(tables["tags"]["tag"].to_pylist()) == ["final", "paper"]
    assert tables["files"].num_rows == 4
    assert str(tables["files"].schema.field("created_at").type) == "timestamp[us, tz=UTC]"


def test_every_table_can_be_copied(filled):
    tables = filled.snapshot(TABLES)
    with filled.transaction() as transaction:
        existing = transaction.query(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
        )
    assert set(tables) == {name for (name,) in existing}


def test_an_unknown_table_is_refused_with_what_exists(catalog):
    with pytest.raises(QueryError, match=r'no catalog table "file; --".*Existing catalog tables'):
        catalog.snapshot(["files", "file; --"])
