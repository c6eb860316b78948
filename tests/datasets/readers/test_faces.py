"""Every face of a reader gives the same columns, types and rows."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import pickle
from decimal import Decimal

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing.parametric import dataframes

from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.datasets.readers.factory import DatasetReaderFactory

TYPES = {
    "int8": pl.Series([1, None, -128], dtype=pl.Int8),
    "uint64": pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64),
    "float": pl.Series([1.5, float("nan"), None], dtype=pl.Float32),
    "bool": pl.Series([True, None, False]),
    "text": pl.Series(["é", "", None]),
    "binary": pl.Series([b"\0", b"", None]),
    "enum": pl.Series(["b", "a", None], dtype=pl.Enum(["b", "a", "unused"])),
    "categorical": pl.Series(["x", "y", "x"], dtype=pl.Categorical),
    "decimal": pl.Series([Decimal("1.20"), None, Decimal("-3.45")], dtype=pl.Decimal(12, 2)),
    "date": pl.Series([dt.date(2020, 1, 1), None, dt.date(1960, 2, 29)]),
    "time": pl.Series([dt.time(1, 2, 3), None, dt.time(0)]),
    "duration": pl.Series([dt.timedelta(seconds=1), None, dt.timedelta(days=-1)]),
    "nanoseconds": pl.Series([1, None, 3], dtype=pl.Datetime("ns")),
    "zone": pl.Series([1, None, 3], dtype=pl.Datetime("ms", "Europe/Rome")),
    "list": pl.Series([[1, None], [], None], dtype=pl.List(pl.Int64)),
    "array": pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int64, 2)),
    "struct": pl.Series([{"a": 1, "b": ["x"]}, {"a": None, "b": None}, None]),
    "null": pl.Series([None, None, None], dtype=pl.Null),
}


def write(place: str, frame: pl.DataFrame, tmp_path, memory, name: str, how: str) -> str:
    buffer = io.BytesIO()
    getattr(frame, how)(buffer)
    if place == "memory":
        return memory(name, buffer.getvalue())
    (tmp_path / name).write_bytes(buffer.getvalue())
    return str(tmp_path / name)


@pytest.mark.parametrize("place", ["local", "memory"])
@pytest.mark.parametrize("name", TYPES)
def test_parquet_types_survive_on_every_face(
    place, name, tmp_path, memory, factory, assert_faces_agree
):
    frame = pl.DataFrame({"column": TYPES[name], "n": [1, 2, 3]})
    source = write(place, frame, tmp_path, memory, "t.parquet", "write_parquet")
    assert_faces_agree(factory.reader(source), frame)


@pytest.mark.parametrize("place", ["local", "memory"])
@pytest.mark.parametrize("frame", [pl.DataFrame(), pl.DataFrame(schema={"a": pl.Int64})])
def test_empty_parquet_frames_are_fine(place, frame, tmp_path, memory, factory, assert_faces_agree):
    source = write(place, frame, tmp_path, memory, "t.parquet", "write_parquet")
    assert_faces_agree(factory.reader(source), frame)


@pytest.mark.parametrize("place", ["local", "memory"])
def test_csv_faces_agree(place, tmp_path, memory, factory, assert_faces_agree):
    frame = pl.DataFrame(
        {"i": [1, None, 3], "f": [0.5, 2.0, None], "s": ['a "q"', "x,y\nz", "é"], "b": [True] * 3}
    )
    source = write(place, frame, tmp_path, memory, "t.csv", "write_csv")
    assert_faces_agree(factory.reader(source), frame)


@pytest.mark.parametrize("place", ["local", "memory"])
def test_a_csv_with_a_header_only_has_no_rows(place, tmp_path, memory, factory, assert_faces_agree):
    frame = pl.DataFrame(schema={"a": pl.String, "b": pl.String})
    source = write(place, frame, tmp_path, memory, "t.csv", "write_csv")
    assert_faces_agree(factory.reader(source), frame)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    frame=dataframes(
        min_cols=1, max_cols=4, max_size=20, excluded_dtypes=[pl.Int128, pl.UInt128, pl.Object]
    ),
    place=st.sampled_from(["local", "memory"]),
)
def test_any_parquet_frame_agrees_on_every_face(frame, place, tmp_path, memory, assert_faces_agree):
    source = write(place, frame, tmp_path, memory, "t.parquet", "write_parquet")
    # What polars itself reads back is the truth: it does not keep every type it writes.
    expected = pl.read_parquet(io.BytesIO(_bytes(frame)))
    assert_faces_agree(DatasetReaderFactory().reader(source), expected)


def _bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("how", ["write_parquet", "write_csv"])
def test_rows_keep_the_order_of_the_file(how, tmp_path, memory, factory):
    frame = pl.DataFrame({"i": range(400_000)})
    source = write("local", frame, tmp_path, memory, f"t.{how[6:]}", how)
    rows = [batch["i"] for batch in factory.reader(source).batches(1000)]
    assert pa.chunked_array(rows).equals(pa.chunked_array([frame["i"].to_arrow()]))


def test_duckdb_takes_a_reader_as_it_is(tmp_path, factory):
    (tmp_path / "t.csv").write_text("a\n1\n2\n")
    reader = factory.reader(tmp_path / "t.csv")
    with duckdb.connect() as connection:
        connection.register("frame", reader)
        assert connection.sql("SELECT sum(a) FROM frame").fetchall() == [(3,)]


def test_a_requested_schema_is_honoured(tmp_path, factory):
    (tmp_path / "t.csv").write_text("a\n1\n2\n")
    wanted = pa.schema([("a", pa.float64())])
    stream = pa.RecordBatchReader.from_stream(factory.reader(tmp_path / "t.csv"), schema=wanted)
    assert stream.schema == wanted
    assert stream.read_all()["a"].to_pylist() == [1.0, 2.0]


def test_sizes_that_cannot_be_are_refused_at_once(tmp_path, factory):
    (tmp_path / "t.csv").write_text("a\n1\n")
    reader = factory.reader(tmp_path / "t.csv")
    with pytest.raises(InvalidArgumentError, match="size from 1"):
        reader.batches(0)
    with pytest.raises(InvalidArgumentError, match="number from 0"):
        reader.head(-1)
    assert reader.head(0).shape == (0, 1)


def test_a_reader_can_be_read_twice(tmp_path, factory):
    (tmp_path / "t.csv").write_text("a\n1\n")
    reader = factory.reader(tmp_path / "t.csv")
    assert list(reader.batches(5)) == list(reader.batches(5))
    assert "CSVDatasetReader" in repr(reader)
    assert "1 file" in repr(reader)


@pytest.mark.parametrize("name", ["t[1]", "t*", "t?", "[ab]"])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
@pytest.mark.parametrize("folder", ["plain", "d[1]", "d[1]/key=[x]"])
def test_a_path_that_exists_is_no_glob(tmp_path, factory, name, suffix, folder):
    path = tmp_path / folder / f"{name}{suffix}"
    path.parent.mkdir(parents=True)
    frame = pl.DataFrame({"n": [1, 2], "s": ["a", "b"]})
    text = frame.write_csv().encode()
    if suffix == ".parquet":
        frame.write_parquet(path)
    else:
        path.write_bytes(gzip.compress(text) if suffix == ".csv.gz" else text)
    # What the name would match, were it a pattern.
    for other in ("t1", "tx", "a"):
        (path.parent / f"{other}{suffix}").write_bytes(b"something else")
    reader = factory.reader(path)
    assert reader.sources == (str(path),)
    assert reader.polars().collect().equals(frame)
    assert reader.count() == 2
    assert reader.head(1).rows() == [(1, "a")]
    assert pl.from_arrow(pa.table(reader)).equals(frame)
    assert factory.reader([path, path]).count() == 4
    for other in ("t1", "tx", "a"):
        (path.parent / f"{other}{suffix}").unlink()
    whole = factory.reader(tmp_path / folder.partition("/")[0]).polars().collect()
    assert whole.select("n", "s").equals(frame)


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet", "arrow"])
def test_what_cannot_be_sent_to_another_process_says_so(format_, factory):
    buffer = io.BytesIO()
    write = {"csv": "csv", "jsonl": "ndjson", "parquet": "parquet", "arrow": "ipc"}[format_]
    getattr(pl.DataFrame({"a": [1]}), f"write_{write}")(buffer)
    reader = factory.reader(buffer.getvalue(), format_)
    with pytest.raises(InvalidArgumentError, match=r"<bytes>.* cannot be pickled .*in the process"):
        pickle.dumps(reader)
    with pytest.raises(pl.exceptions.ComputeError, match="in the process that reads"):
        pickle.dumps(reader.polars())


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (b"a,b\0\n1,2\n3,4\n" + b"5,6\n" * 100, "csv"),
        (b'{"a": 1, "b\\u0000": 2}\n', "jsonl"),
        (b'{"a": [{"b\\u0000": 2}]}\n', "jsonl"),
    ],
    ids=["csv", "jsonl", "within"],
)
def test_a_name_with_a_zero_byte_is_an_error_of_the_arrow_faces(data, format, factory, capfd):
    reader = factory.reader(data, format)
    assert reader.head().height >= 1
    for face in (reader.schema, reader.arrow, lambda: next(reader.batches(1))):
        with pytest.raises(SourceError, match=r"'b\\x00'.*Rename"):
            face()
    assert capfd.readouterr().err == ""
