"""Parquet: native scans, hive partitions, one schema, and damage that is told."""

from __future__ import annotations

import datetime as dt
import io
import random

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from toolkit.core.errors import SourceError, SourceNotFoundError
from toolkit.datasets.readers.failures import reading


def parquet_bytes(frame, **options):
    buffer = io.BytesIO()
    frame.write_parquet(buffer, **options)
    return buffer.getvalue()


def folder(source, levels):
    return source.rsplit("/", levels)[0]


@pytest.fixture
def all_large(monkeypatch):
    """Lets polars read local files of any size that it reads right."""
    monkeypatch.setattr("toolkit.datasets.readers.parquet.reader.SMALL", 0)


def test_polars_reads_a_local_file_with_pushdown(tmp_path, factory, all_large):
    pl.DataFrame({"a": [1, 2], "b": [3, 4]}).write_parquet(tmp_path / "t.parquet")
    frame = factory.reader(tmp_path / "t.parquet").polars().filter(pl.col("a") > 1).select("b")
    plan = frame.explain()
    assert "Parquet" in plan
    assert "by polars" in plan
    assert 'SELECTION: col("a") > 1' in plan
    assert "FILTER" not in plan
    assert frame.collect().rows() == [(4,)]
    whole = factory.reader(tmp_path / "t.parquet").polars()
    assert "PROJECT 1/2 COLUMNS" in whole.select("b").explain()
    for last in (whole.tail(1), whole.slice(-1, 1), whole.slice(1, 5)):
        assert last.collect().rows() == [(2, 4)]


def test_making_a_reader_opens_no_file(tmp_path, factory):
    path = tmp_path / "t.parquet"
    path.write_bytes(b"not Parquet at all")
    reader = factory.reader(path)
    with pytest.raises(SourceError):
        reader.schema()


def test_a_file_that_is_gone_by_then_is_told(put, factory, tmp_path, memory):
    source = put("t.parquet", parquet_bytes(pl.DataFrame({"a": [1]})))
    reader = factory.reader(source)
    (tmp_path / "t.parquet").unlink(missing_ok=True)
    if source.startswith("memory"):
        fsspec.filesystem("memory").rm("/t.parquet")
    with pytest.raises(SourceNotFoundError, match="no longer there"):
        reader.count()


def test_files_of_a_glob_follow_each_other_sorted(put, factory):
    for name, value in (("b", 2), ("a", 1), ("c", 3)):
        source = put(f"d/{name}.parquet", parquet_bytes(pl.DataFrame({"v": [value]})))
    reader = factory.reader(folder(source, 1) + "/*.parquet")
    assert reader.polars().collect()["v"].to_list() == [1, 2, 3]


@pytest.fixture
def hive(put):
    """A partitioned folder below a folder that looks like a partition and is none."""
    for year, k, value in (("2021", "b%20c", 3), ("2020", "a", 1), ("2020", "z", 2)):
        source = put(
            f"run=7/h/year={year}/k={k}/part.parquet", parquet_bytes(pl.DataFrame({"v": [value]}))
        )
    return folder(source, 3)


def test_hive_keys_become_columns(hive, factory):
    reader = factory.reader(hive)
    expected = pl.DataFrame({"v": [1, 2, 3], "year": [2020, 2020, 2021], "k": ["a", "z", "b c"]})
    assert reader.polars().collect().equals(expected)
    assert reader.arrow().to_table().to_pylist() == expected.to_dicts()
    assert reader.schema().names == ["v", "year", "k"]


def test_hive_keys_of_a_glob_count_from_its_first_wildcard(hive, factory):
    assert factory.reader(f"{hive}/year=*/k=a/*.parquet").schema().names == ["v", "year", "k"]
    assert factory.reader(f"{hive}/year=2020/*/*.parquet").schema().names == ["v", "k"]
    assert factory.reader(f"{hive}/year=2020").schema().names == ["v", "k"]


def test_hive_predicates_prune_files(put, hive, factory, traffic):
    reader = factory.reader(hive)
    reader.schema()
    traffic.opened.clear()
    frame = reader.polars().filter(pl.col("year") == 2021)
    assert frame.collect()["v"].to_list() == [3]
    if reader.sources[0].startswith("memory"):
        assert [path.split("/h/")[1] for path in traffic.opened] == [
            "year=2021/k=b%20c/part.parquet"
        ]
    else:
        assert "year=2020" not in frame.explain()


FIRST_ROWS = {
    "a filter of the head": lambda frame: frame.head(9).filter(pl.col("v") % 4 == 3),
    "a filter of the head by files": lambda frame: frame.head(9).filter(pl.col("day") == 1),
    "a filter of the head that nothing passes": lambda frame: frame.head(6).filter(pl.col("v") > 6),
    "the head of a filter": lambda frame: frame.filter(pl.col("v") % 4 == 3).head(3),
    "the head of a filter by files": lambda frame: frame.filter(pl.col("day") > 0).head(3),
    "the number of first rows": lambda frame: frame.head(7).select(pl.len()),
}


@pytest.mark.parametrize("name", FIRST_ROWS)
def test_first_rows_are_counted_where_they_are_asked_for(name, put, factory):
    days = []
    for day in range(3):
        frame = pl.DataFrame({"v": range(6 * day, 6 * day + 6)})
        source = put(f"d/day={day}/t.parquet", parquet_bytes(frame, row_group_size=2))
        days.append(frame.with_columns(day=pl.lit(day, dtype=pl.Int64)))
    query = FIRST_ROWS[name]
    found = query(factory.reader(folder(source, 2)).polars()).collect()
    assert found.equals(query(pl.concat(days).lazy()).collect())


def test_only_hive_columns_can_be_asked_for(hive, factory):
    frame = factory.reader(hive).polars()
    assert frame.select("year").collect()["year"].to_list() == [2020, 2020, 2021]
    assert frame.select(pl.len()).collect().item() == 3


def test_hive_types_are_the_narrowest_that_hold_every_value(put, factory):
    for day, code in (("2020-01-31", "01"), ("__HIVE_DEFAULT_PARTITION__", "x")):
        source = put(f"h/d={day}/c={code}/t.parquet", parquet_bytes(pl.DataFrame({"v": [1]})))
    frame = factory.reader(folder(source, 3)).polars().collect()
    assert frame.schema == {"v": pl.Int64, "d": pl.Date, "c": pl.String}
    assert frame["d"].to_list() == [dt.date(2020, 1, 31), None]
    assert frame["c"].to_list() == ["01", "x"]


def test_hive_folders_with_other_keys_are_refused(put, factory):
    put("h/a=1/t.parquet", parquet_bytes(pl.DataFrame({"v": [1]})))
    source = put("h/b=1/t.parquet", parquet_bytes(pl.DataFrame({"v": [1]})))
    with pytest.raises(SourceError, match="Hive partitions differ"):
        factory.reader(folder(source, 2)).polars()


def test_other_columns_in_one_glob_are_listed(put, factory):
    put("d/a.parquet", parquet_bytes(pl.DataFrame({"x": [1], "y": [1], "same": [1]})))
    source = put("d/b.parquet", parquet_bytes(pl.DataFrame({"x": [1.5], "z": [1], "same": [1]})))
    reader = factory.reader(folder(source, 1))
    with pytest.raises(SourceError, match="do not have one schema") as error:
        reader.polars()
    lines = str(error.value).splitlines()
    assert [line.split() for line in lines[1:5]] == [
        ["column", "|", "a.parquet", "|", "b.parquet"],
        ["'x'", "|", "Int64", "|", "Float64"],
        ["'y'", "|", "Int64", "|", "–"],
        ["'z'", "|", "–", "|", "Int64"],
    ]
    assert "schema='union'" in lines[-1]
    assert "same" not in str(error.value)


def test_the_order_of_columns_may_differ_between_files(put, factory):
    put("d/a.parquet", parquet_bytes(pl.DataFrame({"x": [1], "y": [2]})))
    source = put("d/b.parquet", parquet_bytes(pl.DataFrame({"y": [4], "x": [3]})))
    reader = factory.reader(folder(source, 1))
    assert reader.polars().collect().rows() == [(1, 2), (3, 4)]
    assert reader.arrow().to_table().to_pylist() == [{"x": 1, "y": 2}, {"x": 3, "y": 4}]


WHOLE = parquet_bytes(pl.DataFrame({"a": range(1000)}))


@pytest.mark.parametrize(
    "data", [b"", b"PAR1", b"a,b\n1,2\n", WHOLE[:-100], WHOLE[:200], WHOLE[:-8] + b"\xff" * 8]
)
@pytest.mark.parametrize("method", ["polars", "schema", "count", "head", "arrow"])
def test_what_is_no_parquet_is_named_at_the_call(put, factory, data, method):
    reader = factory.reader(put("bad.parquet", data))
    with pytest.raises(SourceError, match=r"bad\.parquet could not be read"):
        getattr(reader, method)()


def test_repeated_column_names_are_refused(put, factory):
    buffer = io.BytesIO()
    pq.write_table(pa.table([[1], [2]], names=["a", "a"]), buffer)
    with pytest.raises(SourceError, match=r"'?a'? has more than one occurrence.*distinct names"):
        factory.reader(put("t.parquet", buffer.getvalue())).polars()


def test_damage_inside_is_a_source_error_never_a_panic(put, factory):
    frame = pl.DataFrame({"a": range(3000), "s": [f"text {i}" for i in range(3000)]})
    whole = parquet_bytes(frame, compression="uncompressed")
    choose = random.Random(7)
    refused = 0
    for _ in range(40):
        damaged = bytearray(whole)
        for _ in range(20):
            damaged[choose.randrange(4, len(damaged))] ^= 1 << choose.randrange(8)
        reader = factory.reader(put("t.parquet", bytes(damaged)))
        try:
            list(reader.batches(1000))
        except SourceError as error:
            refused += "t.parquet" in str(error)
    assert refused > 5


def test_a_panic_of_the_engine_is_a_source_error_and_an_interrupt_passes():
    told = pytest.raises(SourceError, match=r"x\.parquet could not be read: boom\. Hint")
    with told, reading("x.parquet", "Hint."):
        raise pl.exceptions.PanicException("boom\n\nadvice")
    for interrupt in (KeyboardInterrupt, SystemExit, MemoryError):
        with pytest.raises(interrupt), reading("x.parquet", "Hint.", remote=True):
            raise interrupt


def test_an_interrupt_ends_a_read_as_itself(memory, factory, monkeypatch):
    url = memory("t.parquet", parquet_bytes(pl.DataFrame({"a": [1]})))
    reader = factory.reader(url)
    frame = reader.polars()

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(MemoryFileSystem, "_open", interrupted)
    for read in (frame.collect, reader.head, lambda: list(reader.batches(9))):
        with pytest.raises(KeyboardInterrupt):
            read()


def test_a_type_without_arrow_is_named_and_still_read_by_polars(tmp_path, factory):
    frame = pl.DataFrame({"ok": [1], "wide": pl.Series([2**100], dtype=pl.Int128)})
    frame.write_parquet(tmp_path / "t.parquet")
    reader = factory.reader(tmp_path / "t.parquet")
    assert reader.polars().collect().equals(frame)
    with pytest.raises(SourceError, match=r"columns 'wide' \(Int128\)"):
        reader.schema()


def test_a_dotted_name_is_not_a_field_of_a_struct(put, factory):
    frame = pl.DataFrame({"a.b": [1], "a": [{"b": 2}], "c": [3]})
    scan = factory.reader(put("t.parquet", parquet_bytes(frame))).polars()
    assert scan.select("a.b", "c").collect().rows() == [(1, 3)]
    assert scan.select("a").collect().rows() == [({"b": 2},)]


def test_null_and_nan_compare_as_in_polars_wherever_the_file_is(put, factory):
    frame = pl.DataFrame({"x": [1.0, float("nan"), None, 5.0], "n": [0, 1, 2, 3]})
    scan = factory.reader(put("t.parquet", parquet_bytes(frame))).polars()
    for predicate in (
        pl.col("x") > 2,
        pl.col("x") != 5,
        pl.col("x").is_null(),
        pl.col("x").is_in([1.0, None]),
        ~(pl.col("x") > 2),
        pl.col("x").is_nan(),
    ):
        expected = frame.filter(predicate)["n"].to_list()
        assert scan.filter(predicate).select("n").collect()["n"].to_list() == expected


def test_a_dataset_pushes_down_into_the_file(put, factory, traffic):
    frame = pl.DataFrame({"a": range(20_000), "wide": ["x" * 50 + str(i) for i in range(20_000)]})
    data = parquet_bytes(frame, compression="uncompressed", row_group_size=5000)
    dataset = factory.reader(put("t.parquet", data)).arrow()
    assert isinstance(dataset, pads.Dataset)
    traffic.read = 0
    table = dataset.to_table(columns=["a"], filter=pads.field("a") < 10)
    assert table["a"].to_pylist() == list(range(10))
    assert traffic.read < len(data) / 5
