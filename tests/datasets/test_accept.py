"""What can be saved, and what each thing that cannot be saved gets."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pytest

import toolkit as tk
from toolkit.core.errors import FrameError, SourceError, UnsupportedTypeError
from toolkit.datasets import saving
from toolkit.datasets.frames.accept import accept

TABLE = pa.table({"a": [1, 2], "b": ["x", None]})


class Stream:
    """Somebody else's frame: it only exports the Arrow C stream."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "make",
    [
        lambda: pl.from_arrow(TABLE),
        lambda: pl.from_arrow(TABLE).lazy(),
        TABLE.to_pandas,
        lambda: TABLE,
        lambda: TABLE.to_batches()[0],
        TABLE.to_reader,
        lambda: pads.dataset(TABLE),
        lambda: duckdb.from_arrow(TABLE),
        lambda: Stream(TABLE),
    ],
    ids=[
        *("polars", "lazy", "pandas", "table", "batch", "reader", "dataset", "relation", "stream"),
    ],
)
def test_every_kind_of_frame_is_accepted_as_the_same_frame(fingerprint: Any, make: Any) -> None:
    assert fingerprint(make()) == fingerprint(TABLE)


def test_datasets_of_any_format_are_accepted(fingerprint: Any, tmp_path: Any) -> None:
    found = []
    for kind in ("parquet", "feather"):
        pads.write_dataset(TABLE, tmp_path / kind, format=kind)
        found.append(pads.dataset(tmp_path / kind, format=kind))
    both = pa.concat_tables([TABLE, TABLE])
    assert {fingerprint(dataset) for dataset in found} == {fingerprint(TABLE)}
    assert fingerprint(pads.dataset(found)) == fingerprint(both)
    assert fingerprint(pads.dataset(found[:1] * 2)) == fingerprint(both)
    filtered = found[0].filter(pads.field("a") == 2)
    assert fingerprint(filtered) == fingerprint(TABLE.slice(1))


def test_subclass_of_a_frame_is_accepted(fingerprint: Any) -> None:
    class Mine(pd.DataFrame):
        pass

    assert fingerprint(Mine({"a": [1]})) == fingerprint(pl.DataFrame({"a": [1]}))


def test_reader_of_a_source_is_accepted(ws: tk.Workspace, tmp_path: Any, fingerprint: Any) -> None:
    pl.from_arrow(TABLE).write_parquet(tmp_path / "t.parquet")
    assert fingerprint(ws.reader(tmp_path / "t.parquet")) == fingerprint(TABLE)


def test_nothing_of_a_lazy_frame_is_computed_when_it_is_accepted() -> None:
    def fail(frame: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError("computed")

    accept(pl.LazyFrame({"a": [1]}).map_batches(fail, schema={"a": pl.Int64}))


@pytest.mark.parametrize("thing", [None, 5, "name", [1], {"a": [1]}, pa.array([1]), b"bytes"])
def test_what_is_no_frame_is_refused_with_the_list_of_what_is(thing: Any) -> None:
    with pytest.raises(FrameError, match=r"is not a frame.*polars DataFrame.*ws\.add"):
        accept(thing)


@pytest.mark.parametrize("path", ["a.csv", Path("a.csv")])
def test_a_path_is_refused_with_the_way_to_read_its_file(path: Any) -> None:
    with pytest.raises(FrameError, match=r"^A (str|pathlib\.\w+) is not a.*ws\.read\(path\) gives"):
        accept(path)


def test_polars_series_is_refused_with_the_way_out() -> None:
    with pytest.raises(FrameError, match=r"'delay'.*to_frame\(\)"):
        accept(pl.Series("delay", [1]))


@pytest.mark.parametrize("column", [pd.Series([1, 2]), pa.chunked_array([[1, 2]])])
def test_single_column_that_streams_is_refused_with_the_way_out(column: Any) -> None:
    with pytest.raises(FrameError, match=r"single column"):
        accept(column)


class Thing:
    """Something that no column type holds."""


UNSUPPORTED = {
    "polars Object": (
        lambda: pl.DataFrame({"good": [1], "bad": pl.Series([Thing()], dtype=pl.Object)}),
        "bad",
    ),
    "lazy Object": (
        lambda: pl.LazyFrame({"good": [1], "bad": pl.Series([Thing()], dtype=pl.Object)}),
        "bad",
    ),
    "pandas objects": (lambda: pd.DataFrame({"good": [1], "bad": [Thing()]}), "bad"),
    "pandas mixed": (lambda: pd.DataFrame({"bad": [1, "x"]}), "bad"),
    "pandas complex": (lambda: pd.DataFrame({"bad": [1j]}), "bad"),
    "pandas mixed index": (lambda: pd.DataFrame({"a": [1, 2]}, index=["x", 1]), "index"),
    "pandas intervals as categories": (lambda: pd.DataFrame({"bad": pd.cut([1, 2], 2)}), "bad"),
    "ordered numbers": (
        lambda: pd.DataFrame({"bad": pd.Categorical([1, 2], [2, 1], ordered=True)}),
        "bad",
    ),
    "union": (
        lambda: pa.table(
            {
                "bad": pa.UnionArray.from_sparse(
                    pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]
                )
            }
        ),
        "bad",
    ),
    "interval": (lambda: pa.table({"bad": pa.array([pa.MonthDayNano([1, 2, 3])])}), "bad"),
    "interval in a struct": (
        lambda: pa.table({"bad": pa.nulls(1, pa.struct({"in": pa.month_day_nano_interval()}))}),
        "bad",
    ),
    "interval of DuckDB": (lambda: duckdb.sql("select interval 1 month as bad"), "bad"),
    "wide integer of DuckDB": (lambda: duckdb.sql("select 1::uhugeint as bad"), "bad.*UHUGEINT"),
    "offset of DuckDB": (lambda: duckdb.sql("select '12:00:00+02'::timetz as bad"), "bad.*TIME"),
    "bits of DuckDB": (lambda: duckdb.sql("select '1010'::bit as bad"), "bad.*VARCHAR"),
    "bignum of DuckDB": (lambda: duckdb.sql("select 1::bignum as bad"), "bad.*VARCHAR"),
    "variant of DuckDB": (lambda: duckdb.sql("select 1::variant as bad"), "bad.*VARIANT"),
    "union of DuckDB": (lambda: duckdb.sql("select union_value(a := 1) as bad"), "bad.*VARCHAR"),
    "in a list of DuckDB": (
        lambda: duckdb.sql("select {'a': [map {1: 1::uhugeint}]} as bad"),
        "bad.*UHUGEINT",
    ),
    "struct without fields": (lambda: pl.DataFrame({"bad": [{}]}), "bad"),
    "int128 in a list": (
        lambda: pl.DataFrame({"bad": pl.Series([[1]], dtype=pl.List(pl.Int128))}),
        "bad",
    ),
    "categories without a type": (
        lambda: pa.table({"bad": pa.nulls(2).dictionary_encode()}),
        "bad",
    ),
    "run ends": (lambda: pa.table({"bad": pc.run_end_encode(pa.array([1, 1]))}), "bad"),
    "list view": (lambda: pa.table({"bad": pa.array([[1]], pa.list_view(pa.int8()))}), "bad"),
}


@pytest.mark.parametrize(("make", "column"), UNSUPPORTED.values(), ids=list(UNSUPPORTED))
def test_type_that_parquet_cannot_hold_is_refused_by_column_and_leaves_nothing(
    ws: tk.Workspace, stored: Any, make: Any, column: str
) -> None:
    with pytest.raises(UnsupportedTypeError, match=rf"{column}.*Nothing was written"):
        ws.save(make(), "x")
    assert stored() == []
    assert ws.datasets().is_empty()


def test_every_column_of_objects_is_named() -> None:
    with pytest.raises(UnsupportedTypeError, match=r"'one'.*'two'"):
        accept(pd.DataFrame({"one": [Thing()], "good": [1], "two": [Thing()]}))


@pytest.mark.parametrize(
    "make",
    [
        lambda: pa.table([[1], [2]], names=["twice", "twice"]),
        lambda: pa.table([[1], [2]], names=["twice", "twice"]).to_reader(),
        lambda: pd.DataFrame([[1, 2]], columns=["twice", "twice"]),
        lambda: duckdb.sql("select 1 as twice, 2 as twice"),
    ],
    ids=["table", "reader", "pandas", "relation"],
)
def test_duplicate_column_names_are_refused_or_made_distinct_by_the_engine(make: Any) -> None:
    frame = make()
    if isinstance(frame, duckdb.DuckDBPyRelation) and len(set(frame.columns)) == 2:
        accept(frame)
        return
    with pytest.raises(FrameError, match="same name: 'twice'"):
        accept(frame)


def test_integers_of_128_bits_in_a_stream_are_refused() -> None:
    frame = pl.DataFrame({"x": pl.Series([1], dtype=pl.Int128)})
    with pytest.raises(UnsupportedTypeError, match=r"type that Arrow lacks.*128 bits"):
        accept(Stream(frame))


def test_categories_in_lists_are_accepted_from_a_stream(fingerprint: Any) -> None:
    frame = pl.DataFrame({"x": pl.Series([["a"], None], dtype=pl.List(pl.Categorical))})
    assert fingerprint(Stream(frame)) == fingerprint(frame)


EXTREMES = [2**127 - 1, -(2**127), 0, None]


def test_huge_integers_of_duckdb_come_back_as_they_were(ws: tk.Workspace) -> None:
    values = ", ".join("(null)" if n is None else f"('{n}'::hugeint)" for n in EXTREMES)
    artifact = ws.save(duckdb.sql(f"select * from (values {values}) t(n)"), "x")
    assert [n if n is None else int(n) for n in ws.load(artifact, "arrow")["n"].to_pylist()] == (
        EXTREMES
    )


@pytest.mark.parametrize("zone", ["Etc/UTC", "Zulu", "UTC"])
def test_utc_of_a_duckdb_session_has_one_name(fingerprint: Any, zone: str) -> None:
    connection = duckdb.connect()
    connection.execute(f"set timezone = '{zone}'")
    instants = "select timestamptz '2020-01-01 12:00:00+00' as t, [t] as l, {'t': t} as s"
    noon = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)
    frame = pl.DataFrame({"t": [noon], "l": [[noon]], "s": [{"t": noon}]})
    assert frame.schema["t"] == pl.Datetime("us", "UTC")
    assert fingerprint(connection.sql(instants)) == fingerprint(frame)


def test_zone_of_a_duckdb_session_is_kept(fingerprint: Any) -> None:
    connection = duckdb.connect()
    connection.execute("set timezone = 'Europe/Zurich'")
    noon = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)
    frame = pl.DataFrame({"t": [noon]}).cast(pl.Datetime("us", "Europe/Zurich"))
    relation = connection.sql("select timestamptz '2020-01-01 12:00:00+00' as t")
    assert fingerprint(relation) == fingerprint(frame)


ROWS = 300_000


def damaged(folder: Any) -> Any:
    """A Parquet file whose footer is whole and whose last rows are not."""
    path = folder / "damaged.parquet"
    pl.DataFrame({"n": pl.int_range(ROWS, eager=True).hash(1)}).write_parquet(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) * 3 // 4] = bytes(len(data) * 3 // 4 - len(data) // 2)
    path.write_bytes(data)
    return path


def late(folder: Any) -> Any:
    """A CSV file with a value, far from the beginning, that is not of its column's type."""
    path = folder / "late.csv"
    path.write_text("n\n" + "1\n" * ROWS + "one\n")
    return path


def cut(folder: Any) -> Any:
    """A Parquet file without its end."""
    path = folder / "cut.parquet"
    data = damaged(folder).read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


BROKEN = {
    "scan damaged": (lambda ws, tmp: pl.scan_parquet(damaged(tmp)), FrameError, "LazyFrame"),
    "dataset": (lambda ws, tmp: pads.dataset(damaged(tmp)), SourceError, "damaged.parquet"),
    "relation": (
        lambda ws, tmp: duckdb.read_parquet(str(damaged(tmp))),
        FrameError,
        "DuckDB relation",
    ),
    "relation of a query": (
        lambda ws, tmp: duckdb.sql("select error('mine') from range(10)"),
        FrameError,
        "DuckDB relation",
    ),
    "stream": (
        lambda ws, tmp: Stream(pads.dataset(damaged(tmp)).scanner().to_reader()),
        FrameError,
        "Stream",
    ),
}


@pytest.mark.parametrize(("make", "error", "what"), BROKEN.values(), ids=list(BROKEN))
@pytest.mark.parametrize("buffer", [1, 64 << 20], ids=["stream", "memory"])
def test_what_an_engine_cannot_compute_is_told_and_leaves_nothing(
    ws: tk.Workspace,
    stored: Any,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    make: Any,
    error: type[Exception],
    what: str,
    buffer: int,
) -> None:
    monkeypatch.setattr(saving, "STREAM_BUFFER", buffer)
    with pytest.raises(error, match=rf"(?s){what}.*could not be computed.*Nothing was saved"):
        ws.save(make(ws, tmp_path), "x")
    assert stored() == []
    assert ws.check().ok


@pytest.mark.parametrize("read", ["read", "reader"])
@pytest.mark.parametrize(
    ("make", "options", "what"),
    [(damaged, {}, "damaged.parquet could"), (late, {"infer_rows": 10}, "late.csv, line .*`one`")],
    ids=["damaged", "late"],
)
def test_what_a_reader_cannot_read_is_told_and_leaves_nothing(
    ws: tk.Workspace, stored: Any, tmp_path: Any, read: str, make: Any, options: Any, what: str
) -> None:
    with pytest.raises(SourceError, match=what):
        ws.save(getattr(ws, read)(make(tmp_path), **options), "x")
    assert stored() == []
    assert ws.check().ok


@pytest.mark.parametrize(
    "make",
    [lambda tmp: pl.scan_parquet(cut(tmp)), lambda tmp: pl.LazyFrame({"a": [1]}).select("b")],
    ids=["cut", "no such column"],
)
def test_lazy_frame_without_a_schema_is_told(tmp_path: Any, make: Any) -> None:
    with pytest.raises(FrameError, match=r"LazyFrame could not be computed.*Nothing was saved"):
        accept(make(tmp_path))


@pytest.mark.parametrize("mine", [ValueError("mine"), KeyboardInterrupt()], ids=repr)
def test_what_a_persons_own_code_raises_passes(ws: tk.Workspace, mine: BaseException) -> None:
    def fail(frame: pl.DataFrame) -> pl.DataFrame:
        raise mine

    def batches() -> Any:
        yield TABLE.to_batches()[0]
        raise mine

    lazy = pl.LazyFrame({"a": [1]}).map_batches(fail, schema={"a": pl.Int64})
    reader = pa.RecordBatchReader.from_batches(TABLE.schema, batches())
    for frame in (lazy, reader):
        with pytest.raises(type(mine)):
            ws.save(frame, "x")


def test_pandas_names_that_become_equal_as_text_are_refused() -> None:
    with pytest.raises(FrameError, match="same name: '1'"):
        accept(pd.DataFrame([[1, 2]], columns=[1, "1"]))


@pytest.mark.parametrize(
    "make",
    [
        lambda: pl.DataFrame({"a\0b": [1]}),
        lambda: pl.LazyFrame({"a\0b": [1]}),
        lambda: pd.DataFrame({"a\0b": [1]}),
        lambda: pa.table({"a\0b": [1]}),
        lambda: pl.DataFrame({"s": [{"a\0b": 1}]}),
        lambda: pl.DataFrame({"s": [[{"a\0b": 1}]]}),
    ],
)
def test_nul_in_a_name_is_refused(make: Any) -> None:
    with pytest.raises(FrameError, match="NUL"):
        accept(make())


def test_column_names_of_any_other_text_are_kept(ws: tk.Workspace) -> None:
    frame = pl.DataFrame({"": [1], "ключ 🎉": [2], 'a"b\n': [3], " ": [4]})
    assert ws.load(ws.save(frame, "x")).collect().equals(frame)


def test_day_is_not_an_instant(fingerprint: Any) -> None:
    day = pl.DataFrame({"d": [dt.date(2020, 1, 1)]})
    assert fingerprint(day) != fingerprint(day.cast(pl.Datetime("us")))
