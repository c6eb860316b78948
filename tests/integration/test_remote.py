"""A whole workspace whose files are in an object store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import fsspec
import polars as pl
import pytest

import toolkit as tk
from toolkit.core.errors import FileChangedError, FileMissingError, StorageError


@pytest.fixture(params=["memory", "s3"])
def remote(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Where the files are: what a workspace is given."""
    if request.param == "memory":
        return {"storage": f"memory://{uuid4().hex}"}
    made: dict[str, Any] = request.getfixturevalue("s3_place")
    return made


@pytest.fixture
def filesystem(remote: dict[str, Any]) -> Any:
    """The store itself, around the code under test."""
    protocol = remote["storage"].partition("://")[0]
    options = remote.get("storage_options", {})
    return fsspec.filesystem(
        protocol, **options, use_listings_cache=False, skip_instance_cache=True
    )


@pytest.fixture
def ws(home, remote) -> Iterator[tk.Workspace]:
    with tk.Workspace(home, **remote) as workspace:
        yield workspace


@pytest.fixture
def keys(remote, filesystem):
    """Lists what is in the store."""

    def listed() -> list[str]:
        filesystem.invalidate_cache()
        return sorted(filesystem.find(remote["storage"]))

    return listed


def test_a_remote_store_serves_the_whole_public_face(ws, home, frame, keys, tmp_path):
    first = ws.save(frame, "delays")
    assert first.files[0].uri.startswith(("memory://", "s3://"))
    assert len(keys()) == 1
    assert list(home.rglob("*.parquet")) == []

    again = ws.save(frame.to_arrow(), "delays")
    assert (again.ref, again.deduplicated, again.new_bytes) == ("delays@1", True, 0)
    assert ws.save(frame.to_pandas(), "twin").deduplicated
    assert len(keys()) == 1

    assert ws.load("delays").collect().equals(frame)
    assert ws.load("delays").filter(pl.col("delay") > 0).select("delay").collect().height == 2
    assert ws.load("delays", "arrow").to_pylist() == frame.to_arrow().to_pylist()
    assert len(ws.load("delays", "pandas")) == 4
    sums = ws.sql(
        "SELECT carrier, sum(delay) AS total FROM delays WHERE delay > $least GROUP BY 1", least=0
    )
    assert ws.save(sums, "sums").inputs == ("delays@1",)
    assert ws.load("sums").collect().rows() == [("UA", 13.5)]

    more = ws.append("delays", frame.reverse())
    assert (more.ref, more.rows) == ("delays@2", 8)
    assert ws.load("delays").collect().equals(pl.concat([frame, frame.reverse()]))
    assert ws.sql("SELECT count(*) FROM delays").fetchall() == [(8,)]
    assert ws.diff("delays@1", "delays@2")["status"].to_list() == ["changed", "changed"]

    derived = ws.save(ws.load("delays@1").filter(pl.col("delay") > 0), "late")
    assert derived.inputs == ("delays@1",)
    assert ws.lineage("late")["input"].to_list() == ["delays@1"]
    assert ws.sample("delays", n=3, seed=1).rows == 3
    assert ws.profile("delays").frame.height == 2

    ws.add(b"\0model\xff", "models.lgbm")
    assert ws.export("models.lgbm", tmp_path / "model").read_bytes() == b"\0model\xff"
    for ref in ("delays@1", "delays@2"):
        exported = pl.read_parquet(ws.export(ref, tmp_path / "out.parquet"))
        assert exported.equals(ws.load(ref).collect())
    assert pl.read_csv(ws.export("delays@1", tmp_path / "out.csv")).equals(frame)
    assert ws.check().problems == ()


def test_a_remote_store_is_collected(ws, frame, keys):
    ws.save(frame, "delays")
    ws.save(frame.reverse(), "delays")
    ws.drop("delays@1")
    assert ws.gc().waiting == 1
    assert ws.gc(grace=timedelta(0), dry_run=True).files == 1
    assert len(keys()) == 2
    assert ws.gc(grace=timedelta(0)).files == 1
    assert len(keys()) == 1
    assert ws.load("delays").collect().equals(frame.reverse())
    assert ws.check().ok


def test_a_remote_store_is_remembered_without_its_secrets(ws, home, remote, frame, s3_access):
    ws.save(frame, "delays")
    ws.close()
    options = remote.get("storage_options", {})
    with tk.Workspace(home, storage_options=options) as again:
        assert again.load("delays").collect().equals(frame)
        assert again.save(frame, "twin").deduplicated
    secret = s3_access["secret"].encode()
    assert all(secret not in path.read_bytes() for path in home.iterdir() if path.is_file())


DAMAGES = {
    "changed": (FileChangedError, lambda fs, key: fs.pipe_file(key, b"x" * fs.size(key))),
    "cut short": (FileChangedError, lambda fs, key: fs.pipe_file(key, b"x")),
    "removed": (FileMissingError, lambda fs, key: fs.rm_file(key)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_remote_object_touched_behind_the_catalogs_back(damage, ws, frame, filesystem, keys):
    kind, apply = DAMAGES[damage]
    ws.save(frame, "delays")
    apply(filesystem, keys()[0])
    with pytest.raises(kind, match="save the same content again"):
        ws.load("delays")
    (problem,) = ws.check().problems
    assert problem.kind == ("missing" if damage == "removed" else "changed")
    ws.save(frame, "delays")
    assert ws.load("delays@1").collect().equals(frame)
    assert ws.check().problems == ()


def test_a_bucket_that_does_not_exist_can_be_corrected(home, frame, s3_place, s3_access):
    with tk.Workspace(home, storage="s3://no-such-bucket/p", storage_options=s3_access) as ws:
        with pytest.raises(StorageError, match="no-such-bucket") as caught:
            ws.save(frame, "delays")
        assert s3_access["secret"] not in str(caught.value)
        assert ws.datasets().height == 0
    with tk.Workspace(home, **s3_place) as ws:
        ws.save(frame, "delays")
    with tk.Workspace(home, storage_options=s3_access) as ws:
        assert ws.load("delays").collect().equals(frame)


def test_a_remote_version_shares_columns_and_is_read_without_those_it_does_not_need(
    ws, filesystem, keys, tmp_path
):
    rows = 200_000
    base = pl.DataFrame(
        {"id": range(rows), "text": [f"{i * 7919 % 100_003:020d}" for i in range(rows)]}
    )
    ws.save(base, "base")
    derived = base.with_columns(small=pl.col("id") % 100)
    saved = ws.save(derived, "derived")
    assert len(saved.files) == 2
    assert saved.new_bytes < saved.byte_size / 4

    lazy = ws.load("derived")
    assert lazy.filter(pl.col("id") > rows - 3).collect().equals(derived.tail(2))
    assert ws.sql("select sum(small), max(text) from derived").fetchall() == [
        (derived["small"].sum(), derived["text"].max())
    ]
    plain = ws.path("derived")
    assert pl.read_parquet(plain).equals(derived)

    # What a query does not need is not fetched: it may even be gone.
    (whole,) = (file for file in saved.files if file.deduplicated)
    (key,) = (key for key in keys() if key.endswith(whole.uri.rpartition("/")[2]))
    kept = filesystem.cat_file(key)
    filesystem.rm_file(key)
    assert lazy.select(pl.col("small").sum()).collect().item() == derived["small"].sum()
    filesystem.pipe_file(key, kept)

    assert ws.optimize("derived").versions == ("derived@1",)
    assert ws.load("derived").collect().equals(derived)
    assert ws.check().ok
