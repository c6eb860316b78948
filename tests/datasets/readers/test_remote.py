"""fsspec places: what is fetched, and that S3 behaves as a folder does."""

from __future__ import annotations

import gzip
import io
import tempfile
import time
import zipfile
from pathlib import Path

import fsspec
import numpy as np
import polars as pl
import pytest

from toolkit.core.errors import SourceError, SourceNotFoundError
from toolkit.datasets.readers.factory import DatasetReaderFactory

ROWS = 40_000
FRAME = pl.DataFrame({"id": range(ROWS), "text": [f"{i:060d}" for i in range(ROWS)]})


def parquet_bytes(frame, **options):
    buffer = io.BytesIO()
    frame.write_parquet(buffer, **options)
    return buffer.getvalue()


DATA = parquet_bytes(FRAME, compression="uncompressed", row_group_size=5000)


@pytest.fixture
def reader(memory, factory, traffic):
    return factory.reader(memory("t.parquet", DATA))


def test_making_a_reader_fetches_nothing(reader, traffic):
    assert traffic.opened == []


def test_making_a_lazy_frame_fetches_the_footer_only(reader, traffic):
    reader.polars().filter(pl.col("id") > 5)
    assert 0 < traffic.read <= 70_000


def test_the_footer_is_fetched_once(reader, traffic):
    for _ in range(3):
        reader.polars()
        reader.schema()
    assert len(traffic.opened) == 1


def test_a_projection_fetches_its_columns_only(reader, traffic):
    assert reader.polars().select("id").sum().collect().item() == FRAME["id"].sum()
    assert traffic.read < len(DATA) / 4


def test_a_predicate_fetches_other_columns_of_matching_row_groups_only(reader, traffic):
    found = reader.polars().filter(pl.col("id") == 12_345).collect()
    assert found.rows() == [FRAME.row(12_345)]
    one_group = len(DATA) / 8
    assert traffic.read < len(DATA) / 4 + 2 * one_group


def test_the_first_rows_fetch_no_later_row_group(reader, traffic):
    assert reader.head(3).equals(FRAME.head(3))
    assert traffic.read < len(DATA) / 4


def test_head_goes_on_over_row_groups_and_files(memory, factory):
    for name in ("a", "b"):
        memory(f"d/{name}.parquet", parquet_bytes(pl.DataFrame({"v": range(5)}), row_group_size=2))
    assert factory.reader("memory://d").head(7)["v"].to_list() == [0, 1, 2, 3, 4, 0, 1]


def test_a_predicate_after_head_sees_the_first_rows_only(memory, factory):
    memory("t.parquet", parquet_bytes(pl.DataFrame({"v": [1, 5, 9]})))
    memory("t.csv", b"v\n1\n5\n9\n")
    for url in ("memory://t.parquet", "memory://t.csv"):
        frame = factory.reader(url).polars()
        assert frame.head(2).filter(pl.col("v") > 1).collect()["v"].to_list() == [5]
        assert frame.filter(pl.col("v") > 1).head(1).collect()["v"].to_list() == [5]


def test_a_remote_failure_after_planning_is_a_source_error(memory, factory):
    frame = factory.reader(memory("t.parquet", DATA)).polars()
    memory("t.parquet", DATA[:1000])
    with pytest.raises(SourceError, match=r"memory:///t\.parquet could not be read"):
        frame.collect()
    fsspec.filesystem("memory").rm("/t.parquet")
    with pytest.raises(SourceNotFoundError, match="no longer there"):
        frame.collect()


@pytest.fixture
def spools(tmp_path, monkeypatch):
    """The folder that temporary files go to."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


CSV = FRAME.write_csv().encode()


def test_a_remote_csv_is_fetched_when_collected_and_leaves_nothing(
    memory, factory, traffic, spools
):
    reader = factory.reader(memory("t.csv", CSV))
    assert traffic.opened == []
    frame = reader.polars().filter(pl.col("id") == 7).select("id")
    assert frame.collect().rows() == [(7,)]
    assert reader.count() == ROWS
    assert list(spools.iterdir()) == []


def test_a_remote_csv_that_fails_or_is_given_up_leaves_nothing(memory, factory, spools):
    bad = memory("bad.csv", b"a\n" + b"1\n" * 20_000 + b"x\n")
    frame = factory.reader(bad, schema={"a": pl.Int64}).polars()
    with pytest.raises(SourceError, match=r"memory:///bad\.csv, line 20,002: `x` .*Int64"):
        frame.collect()
    batches = factory.reader(memory("t.csv", CSV)).batches(10)
    next(batches)
    batches.close()
    del batches
    # The engine gives the source up in a thread of its own, soon after.
    end = time.monotonic() + 10
    while list(Path(spools).iterdir()) and time.monotonic() < end:
        time.sleep(0.01)
    assert list(Path(spools).iterdir()) == []


def test_the_first_rows_of_a_remote_csv_fetch_a_part_only(memory, factory, traffic):
    rows = CSV.partition(b"\n")[2]
    reader = factory.reader(memory("big.csv", CSV + rows * 9))
    expected = reader.head(5)
    assert expected["id"].to_list() == list(range(5))
    assert 0 < traffic.read < len(CSV) * 7
    traffic.read = 0
    assert reader.head(5).equals(expected)
    assert traffic.read < len(CSV) * 4
    assert reader.head(ROWS + 1)["id"][-1] == 0


def test_a_long_first_row_is_not_taken_for_all(memory, factory):
    long = "x" * (5 << 20)
    url = memory("t.csv", f'a,b\n1,"{long}"\n2,y\n'.encode())
    assert factory.reader(url, delimiter=",", has_header=True).head(1)["b"][0] == long


@pytest.fixture
def lake(s3_options):
    filesystem = fsspec.filesystem("s3", **s3_options)
    yield filesystem
    filesystem.rm("lake", recursive=True)
    filesystem.mkdir("lake")


def test_s3_reads_as_a_folder_does(lake, s3_options, tmp_path):
    for year in (2020, 2021):
        frame = pl.DataFrame({"v": [year, 1], "s": ["é", None]})
        lake.pipe_file(f"lake/p/year={year}/x.parquet", parquet_bytes(frame))
        lake.pipe_file(f"lake/c/year={year}/x.csv", frame.write_csv().encode())
        for path, data in (("p", parquet_bytes(frame)), ("c", frame.write_csv().encode())):
            local = tmp_path / path / f"year={year}" / ("x.parquet" if path == "p" else "x.csv")
            local.parent.mkdir(parents=True)
            local.write_bytes(data)
    factory = DatasetReaderFactory(s3_options)
    for path in ("p", "c"):
        remote, local = factory.reader(f"s3://lake/{path}"), factory.reader(tmp_path / path)
        assert remote.polars().collect().equals(local.polars().collect())
        assert remote.schema().equals(local.schema())
        assert remote.count() == 4
        assert remote.sources[0].startswith(f"s3://lake/{path}/year=2020/x.")
    globbed = factory.reader("s3://lake/p/*/x.parquet")
    assert globbed.polars().filter(pl.col("year") == 2021).collect()["v"].to_list() == [2021, 1]
    assert globbed.arrow().to_table().num_rows == 4


def test_s3_names_what_is_missing(lake, s3_options):
    lake.pipe_file("lake/d/flights.csv", b"a\n1\n")
    factory = DatasetReaderFactory(s3_options)
    with pytest.raises(SourceNotFoundError, match=r"s3://lake/d/flight\.csv.*flights\.csv"):
        factory.reader("s3://lake/d/flight.csv")
    with pytest.raises(SourceNotFoundError, match="matches no file"):
        factory.reader("s3://lake/d/*.parquet")


def test_s3_sees_what_was_written_since(lake, s3_options):
    factory = DatasetReaderFactory(s3_options)
    other = fsspec.filesystem("s3", skip_instance_cache=True, **s3_options)
    other.pipe_file("lake/d/a.csv", b"a\n1\n")
    assert factory.reader("s3://lake/d").count() == 1
    other.pipe_file("lake/d/b.csv", b"a\n2\n")
    assert factory.reader("s3://lake/d").count() == 2


def test_an_unreachable_store_is_a_source_error():
    options = {
        "key": "k",
        "secret": "s",
        "client_kwargs": {"endpoint_url": "http://127.0.0.1:1"},
        "config_kwargs": {"retries": {"max_attempts": 0}, "connect_timeout": 1},
    }
    with pytest.raises(SourceError, match=r"s3://lake/x\.csv could not be read"):
        DatasetReaderFactory(options).reader("s3://lake/x.csv")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.csv.gz"])
def test_s3_gives_the_beginning_to_whoever_asks_for_that_only(lake, s3_options, fetched, name):
    # Digits that pack badly, so that the packed file is large too.
    digits = np.random.default_rng(1).integers(10**17, 10**18, (160_000, 4))
    frame = pl.DataFrame({f"c{index}": column for index, column in enumerate(digits.T)})
    text = frame.write_ndjson() if "jsonl" in name else frame.write_csv()
    data = gzip.compress(text.encode(), 1) if name.endswith("gz") else text.encode()
    lake.pipe_file(f"lake/{name}", data)
    reader = DatasetReaderFactory(s3_options).reader(f"s3://lake/{name}", infer_rows=100)
    assert fetched == []
    frame = reader.polars()
    assert reader.head(2).shape == (2, 4)
    assert 0 < sum(fetched) < len(data) * 0.75
    # Of what was fetched for the first rows the first MB are kept. CSV looks at the end too.
    assert frame.select("c1").max().collect().item() == digits[:, 1].max()
    assert len(data) <= sum(fetched) < len(data) + 20_000
    assert len(fetched) < 12


def test_storage_options_of_a_read_are_those_of_its_store(lake, s3_options, ws):
    lake.pipe_file("lake/d/t.csv", b"a,b\n1,x\n")
    frame = ws.read("s3://lake/d/t.csv", storage_options=s3_options)
    assert ws.save(frame, "t").inputs == ("s3://lake/d/t.csv",)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("t.csv", "a,b\n1,x\n2,y\n")
    lake.pipe_file("lake/d/t.zip", buffer.getvalue())
    # In a chain they are those of the store, whether it is named or not.
    for options in (s3_options, {"s3": s3_options}):
        reader = ws.reader("zip://t.csv::s3://lake/d/t.zip", storage_options=options)
        assert reader.count() == 2
    assert ws.reader("s3://lake/d/t.zip", storage_options=s3_options).count() == 2


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("t.csv", b"a\n1\n2\n", b"a\n3\n4\n"),
        ("t.jsonl", b'{"a":1}\n', b'{"a":3}\n'),
        ("longer.csv", b"a\n1\n", b"a\n3\n4\n"),
    ],
    ids=["csv", "jsonl", "longer"],
)
def test_what_is_written_anew_is_read_anew(lake, s3_options, memory, fetched, name, before, after):
    other = fsspec.filesystem("s3", skip_instance_cache=True, **s3_options)
    for folder in ("lake/one", "lake/many"):
        other.pipe_file(f"{folder}/{name}", before)
    factory = DatasetReaderFactory(s3_options)
    sources = ["s3://lake/one/" + name, "s3://lake/many", memory(name, before)]
    readers = [factory.reader(source) for source in sources]
    assert [reader.head(1).item() for reader in readers] == [1, 1, 1]
    assert len({reader.count() for reader in readers}) == 1
    fetched.clear()
    assert [reader.head(1).item() for reader in readers] == [1, 1, 1]
    assert sum(fetched) == 0
    for folder in ("lake/one", "lake/many"):
        other.pipe_file(f"{folder}/{name}", after)
    memory(name, after)
    assert [reader.head(1).item() for reader in readers] == [3, 3, 3]
    frames = [reader.polars().collect() for reader in readers]
    assert [frame["a"][0] for frame in frames] == [3, 3, 3]
    assert [reader.count() for reader in readers] == [frame.height for frame in frames]
