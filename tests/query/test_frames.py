"""SQL over frames of the caller, beside datasets."""

from __future__ import annotations

import decimal
import gc
import threading

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from toolkit.core.errors import QueryError
from toolkit.query.service import QueryService

ROWS = {"carrier": ["AA", "BB", "CC"], "delay": [7, 8, None]}

FORMS = {
    "polars": pl.DataFrame(ROWS),
    "lazy": pl.LazyFrame(ROWS),
    "pandas": pd.DataFrame(ROWS, index=[5, 6, 7]),
    "arrow": pa.table(ROWS),
}


class Asked(dict):
    """Remembers the values that were taken."""

    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        self.taken = []

    def __getitem__(self, name):
        self.taken.append(name)
        return super().__getitem__(name)


@pytest.fixture(params=FORMS)
def frame(request):
    return FORMS[request.param]


def test_a_frame_of_any_engine_is_a_table(service, frame):
    found = service.sql("SELECT * FROM df ORDER BY carrier", frames={"df": frame})
    assert found.columns == ["carrier", "delay"]
    values = [(c, None if d is None or d != d else d) for c, d in found.fetchall()]
    assert values == [("AA", 7), ("BB", 8), ("CC", None)]


@pytest.mark.parametrize(
    ("index", "query", "found"),
    [
        (pd.Index([3, 1, 2], name="k"), "SELECT * FROM df ORDER BY k", [(8, 1), (9, 2), (7, 3)]),
        (pd.RangeIndex(1, 4, name="k"), "SELECT k FROM df WHERE n = 8", [(2,)]),
        (pd.RangeIndex(1, 4, name="k"), "SELECT count(*) FROM df", [(3,)]),
        (pd.RangeIndex(1, 4, name="n"), "SELECT n, n_1 FROM df LIMIT 1", [(7, 1)]),
        (pd.RangeIndex(1, 4), "SELECT * FROM df LIMIT 1", [(7,)]),
        (
            pd.MultiIndex.from_tuples([(1, "x"), (1, "y"), (2, "x")], names=["a", None]),
            "SELECT a, sum(n) FROM df GROUP BY a ORDER BY a",
            [(1, 15), (2, 9)],
        ),
        (
            pd.Index(pd.Categorical(["p", "q", "p"]), name="k"),
            "SELECT DISTINCT k FROM df ORDER BY 1",
            [("p",), ("q",)],
        ),
    ],
)
def test_levels_of_an_index_that_have_names_are_columns_as_they_are_when_it_is_saved(
    service, index, query, found
):
    frame = pd.DataFrame({"n": [7, 8, 9]}, index=index)
    assert service.sql(query, frames={"df": frame}).fetchall() == found


def test_a_frame_meets_a_dataset_and_a_parameter(service, frame):
    query = "SELECT title, f.delay FROM f JOIN carriers USING (carrier) WHERE f.delay < $most"
    relation = service.sql(query, {"most": 100}, {"f": frame})
    assert relation.fetchall() == [("Alpha", 7)]
    assert service.inputs_of(relation) == ("carriers@1",)


def test_a_frame_comes_before_a_dataset_of_its_name(service, frame):
    query = "SELECT count(carrier), min(delay) FROM delays"
    assert service.sql(query).fetchall() == [(3, 10)]
    relation = service.sql(query, frames={"delays": frame})
    assert relation.fetchall() == [(3, 7)]
    assert service.inputs_of(relation) == ()
    in_a_schema = service.sql("SELECT amount FROM sales.delays", frames={"delays": frame})
    assert in_a_schema.fetchall() == [(5,)]
    assert service.sql('SELECT max(delay) FROM "delays@1"', frames={"delays": frame}).fetchall()


def test_a_frame_can_be_read_again_and_again(service, frame):
    relation = service.sql(
        "SELECT count(*) AS n FROM df a JOIN df b USING (carrier)", {}, {"df": frame}
    )
    gc.collect()
    assert relation.fetchall() == [(3,)]
    assert relation.project("n * 2").fetchall() == [(6,)]
    assert relation.fetchall() == [(3,)]


def test_only_the_frames_that_are_named_are_taken(service):
    frames = Asked(a=FORMS["polars"], b=FORMS["lazy"], c=object())
    query = "WITH b AS (SELECT 1 AS x) SELECT x, count(*) FROM b, a GROUP BY 1 -- c"
    assert service.sql(query, frames=frames).fetchall() == [(1, 3)]
    assert frames.taken == ["a"]


def test_the_views_of_one_query_are_not_seen_by_another(service, frame):
    kept = service.sql("FROM df", frames={"df": frame})
    with pytest.raises(QueryError, match='no table or dataset "df"'):
        service.sql("FROM df")
    other = service.sql("SELECT x FROM df", frames={"df": pl.DataFrame({"x": [1]})})
    assert (len(kept.fetchall()), other.fetchall()) == (3, [(1,)])


def test_names_ignore_case_as_sql_does_unless_that_is_not_clear(service, frame):
    one = pl.DataFrame({"x": [1]})
    assert len(service.sql("FROM DF", frames={"Df": frame}).fetchall()) == 3
    assert service.sql("FROM df", frames={"df": one, "DF": frame}).fetchall() == [(1,)]
    with pytest.raises(QueryError, match="Df may be any of DF, df"):
        service.sql("FROM Df", frames={"df": one, "DF": frame})
    with pytest.raises(QueryError, match="df and DF differ only in case"):
        service.sql("FROM df, DF", frames={"df": one, "DF": frame})


def test_a_name_with_any_character_is_data(service, frame):
    name = 'x"; DROP TABLE delays; --'
    quoted = name.replace('"', '""')
    assert len(service.sql(f'FROM "{quoted}"', frames={name: frame}).fetchall()) == 3
    assert len(service.sql("FROM größe", frames={"größe": frame}).fetchall()) == 3


def test_values_of_frames_are_data(service):
    hostile = ["'; DROP TABLE x; --", '"', "\\", "$least", "{least}", "\0"]
    frame = pl.DataFrame({'a"b': hostile, "'; --": hostile})
    found = service.sql("FROM df", frames={"df": frame})
    assert found.columns == ['a"b', "'; --"]
    assert found.pl().to_dict(as_series=False) == {'a"b': hostile, "'; --": hostile}


@pytest.mark.parametrize(
    "query", ["COPY df TO 'x.csv'", "DROP VIEW df", "INSERT INTO df VALUES (1)"]
)
def test_frames_are_only_read(service, query, frame):
    with pytest.raises(QueryError, match="Only one query can run here"):
        service.sql(query, frames={"df": frame})


def test_an_unknown_table_is_compared_with_frames_too(service):
    with pytest.raises(QueryError, match='Did you mean "trips"'):
        service.sql("FROM trip, delays", frames={"trips": FORMS["polars"]})
    with pytest.raises(QueryError, match=r'line 1, column 10: no table or dataset "dfx"'):
        service.sql("FROM df, dfx", frames={"df": FORMS["polars"]})


def test_an_unknown_column_of_a_frame_is_told_with_its_place(service, frame):
    with pytest.raises(QueryError, match=r"line 1, column 8: .*dely.*delay"):
        service.sql("SELECT dely FROM df", frames={"df": frame})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ([1, 2], "df is a builtins.list, which SQL cannot read"),
        (pl.DataFrame(), "df has no columns"),
        (
            pl.DataFrame({"a": pl.Series([object()], dtype=pl.Object)}),
            "column 'a' has the type Obj",
        ),
        (pl.LazyFrame({"a": pl.Series([1], dtype=pl.Int128)}), "column 'a' has the type Int128"),
        (pd.DataFrame({"a": [1, "x"]}), "df cannot be read by SQL: .*column a"),
        (pa.table({"a": pa.array([1.0], pa.float16())}), "df cannot be read by SQL: .*Arrow"),
        (
            pa.table({"a": pa.array([decimal.Decimal(1)], pa.decimal256(50, 2))}),
            "df cannot be read by SQL: .*Decimal",
        ),
        (pl.LazyFrame({"a": [1]}).select("b"), 'df cannot be read by SQL: .*"b"'),
    ],
)
def test_a_frame_that_sql_cannot_read_is_named(service, frame, message):
    with pytest.raises(QueryError, match=message):
        service.sql("FROM df", frames={"df": frame})


def test_a_column_that_sql_cannot_read_is_no_matter_to_a_query_without_it(service):
    frame = pl.DataFrame({"a": [1, 2], "o": pl.Series([object()] * 2, dtype=pl.Object)})
    assert service.sql("SELECT sum(a) FROM df", frames={"df": frame}).fetchall() == [(3,)]


def test_a_lazy_frame_computes_only_the_columns_that_are_asked_for_and_not_before(service):
    ran = []

    def note(values):
        ran.append(len(values))
        return values

    frame = pl.LazyFrame({"a": [1, 2], "b": [3, 4]}).with_columns(
        c=pl.col("b").map_batches(note, return_dtype=pl.Int64)
    )
    relation = service.sql("SELECT sum(a) FROM df", frames={"df": frame})
    assert relation.fetchall() == [(3,)]
    relation = service.sql("SELECT sum(c) FROM df", frames={"df": frame})
    assert ran == []
    assert relation.fetchall() == [(7,)]
    assert ran


def test_rows_are_counted_without_any_column(service, frame):
    assert service.sql("SELECT count(*) FROM df", frames={"df": frame}).fetchall() == [(3,)]


def test_columns_that_differ_in_case_are_told_apart(service):
    for frame in (pl.DataFrame({"a": [1], "A": [2]}), pd.DataFrame([[1, 2]], columns=["a", "A"])):
        found = service.sql("SELECT a, A_1 FROM df", frames={"df": frame})
        assert found.fetchall() == [(1, 2)]


def test_a_frame_can_be_pivoted(service, frame):
    found = service.sql("PIVOT df ON carrier USING count(*)", frames={"df": frame})
    assert {"AA", "BB", "CC"} <= set(found.columns)


def test_a_lazy_frame_over_stored_files_streams_into_sql(service, store):
    names = [f"c{i}" for i in range(3)]
    lazy = pl.concat(
        [pl.LazyFrame({name: range(140_000) for name in names}) for _ in range(2)]
    ).filter(pl.col("c0") % 2 == 0)
    query = "SELECT count(*), sum(a.c1) FROM df a JOIN df b USING (c0) WHERE a.c2 < 10"
    assert service.sql(query, frames={"df": lazy}).fetchall() == [(20, 80)]
    assert service.sql("FROM df LIMIT 1", frames={"df": lazy}).fetchall() == [(0, 0, 0)]


def test_what_fails_in_a_lazy_frame_fails_when_it_is_read(service):
    frame = pl.LazyFrame({"a": ["1", "x"]}).with_columns(pl.col("a").cast(pl.Int64))
    relation = service.sql("FROM df", frames={"df": frame})
    with pytest.raises(Exception, match="conversion from `str` to `i64` failed"):
        relation.fetchall()


def test_databases_of_queries_over_frames_go(service: QueryService, frame):
    for _ in range(5):
        service.sql("FROM df", frames={"df": frame}).fetchall()
    gc.collect()
    service.sql("SELECT 1")
    gc.collect()
    assert service._instance.databases <= 2


def test_a_query_that_runs_can_be_stopped_from_another_thread(service, frame):
    relation = service.sql(
        "SELECT sum(hash(range) % 7) FROM range(100000000000), df", {}, {"df": frame}
    )
    timer = threading.Timer(0.5, service.interrupt)
    timer.start()
    with pytest.raises(duckdb.InterruptException):
        relation.fetchall()
    timer.join()
    assert service.sql("SELECT count(*) FROM df", {}, {"df": frame}).fetchall() == [(3,)]
