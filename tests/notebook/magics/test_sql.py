"""%sql and %%sql."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from toolkit.notebook.magics import sql
from toolkit.notebook.magics.statement import parameter_names

START = datetime(2024, 1, 1)
DURATIONS = [timedelta(days=2, hours=1), None, timedelta(days=-3, microseconds=7)]
TRIPS = {"carrier": ["AA", "UA", "AA"], "delay": [12, -3, 48]}


@pytest.fixture
def trips(notebook):
    notebook["trips"] = pl.DataFrame(TRIPS)
    return notebook


@pytest.mark.parametrize("make", [pl.DataFrame, pl.LazyFrame, pd.DataFrame, pa.table])
def test_a_cell_is_a_query_over_the_frames_of_the_notebook(notebook, make):
    notebook["trips"] = make(TRIPS)
    done = notebook.run(
        "%%sql\nselect carrier, max(delay) as most\nfrom trips group by 1 order by 1"
    )
    assert isinstance(done.value, pl.DataFrame)
    assert done.value.to_dict(as_series=False) == {"carrier": ["AA", "UA"], "most": [48, -3]}
    assert (done.err, done.succeeded) == ("", True)


@pytest.mark.parametrize(
    ("cell", "is_shown"),
    [
        ("%%sql late <<\nselect * from trips where delay > 0", False),
        ("%%sql late<<\n\nselect * from trips\nwhere delay > 0;", False),
        ("%%sql late << select *\nfrom trips where delay > 0", False),
        ("%%sql late = <<\nselect * from trips where delay > 0", True),
        ("%%sql late= << select *\nfrom trips where delay > 0\n", True),
        ("%sql late << select * from trips where delay > 0", False),
        ("late = %sql select * from trips where delay > 0", False),
        ("for i in range(2):\n    late = %sql select * from trips where delay > 0", False),
    ],
)
def test_a_result_is_assigned(trips, cell, is_shown):
    done = trips.run(cell)
    assert trips["late"]["delay"].to_list() == [12, 48]
    assert (done.value is trips["late"]) == is_shown
    assert (done.value is not None) == is_shown
    assert done.err == ""


def test_a_line_is_a_query_too(trips):
    assert trips.run("%sql select count(*) as n from trips").value.item() == 3
    assert trips.run("%%sql select count(*)\nfrom trips").value.item() == 3


def test_a_function_gives_its_own_variables_and_frames(trips):
    trips["least"] = 1000
    trips.run(
        "def late(least):\n"
        "    own = pl.DataFrame({'more': [1]})\n"
        "    found = %sql select delay + more as d from trips, own where delay > $least\n"
        "    return found['d'].to_list()"
    )
    trips["pl"] = pl
    assert trips.run("late(0)").value == [13, 49]


def test_a_cell_may_be_timed_or_captured(trips):
    trips.run("%%time\n%%sql late <<\nselect * from trips where delay > 12")
    assert trips["late"].height == 1
    assert trips.run("%%capture out\n%%sql\nselect 1").value is None


def test_shifting_bits_is_no_assignment(trips):
    assert trips.run("%sql select 1 << 3").value.item() == 8


def test_frames_come_before_datasets_and_meet_them(trips, workspace):
    workspace.save(pl.DataFrame({"x": [1]}), "trips")
    workspace.save(pl.DataFrame({"carrier": ["AA"], "title": ["Alpha"]}), "air.carriers")
    query = "select title, count(*) as n from trips join air.carriers using (carrier) group by 1"
    assert trips.run(f"%sql {query}").value.rows() == [("Alpha", 2)]
    assert trips.run('%sql select x from "trips@1"').value.rows() == [(1,)]
    trips.run("del trips")
    assert trips.run("%sql select x from trips").value.rows() == [(1,)]


def test_variables_are_bound_to_names_with_a_dollar(trips):
    trips.run("least = 0; names = ['AA', 'UA']; größe = 40; Least = 1000")
    query = "select delay from trips where delay > $least and list_contains($names, carrier)"
    assert trips.run(f"%%sql\n{query} and delay < $größe").value.rows() == [(12,)]


@pytest.mark.parametrize(
    ("value", "query", "found"),
    [
        (np.int64(12), "select $value + 1", 13),
        (np.float32(0.5), "select $value", 0.5),
        (np.array([1, 2]), "select len($value)", 2),
        (pl.Series(["AA", "DL"]), "select len($value)", 2),
        (pd.Series([1, 2, 3]), "select len($value)", 3),
        (None, "select $value is null", True),
    ],
)
def test_values_of_other_libraries_are_bound(notebook, value, query, found):
    notebook["value"] = value
    assert notebook.run(f"%sql {query}").value.item() == found


@pytest.mark.parametrize(
    ("query", "dtype", "values"),
    [
        ("select sum(delay) from trips", pl.Int64, [57]),
        ("select sum(delay) from trips group by delay > 1000 having false", pl.Int64, []),
        ("select sum(a) from lots", pl.Decimal(38, 0), [3 * (2**63 - 1)]),
        ("select sum(delay * 0.5) from trips", pl.Decimal(38, 1), [Decimal("28.5")]),
        ("select ts - timestamp '2024-01-01' from times", pl.Duration("us"), DURATIONS),
        ("select ts - DATE '2024-01-01' from times offset 2", pl.Duration("us"), DURATIONS[2:]),
        ("select interval 1 day from trips where false", pl.Duration("us"), []),
        ("select count(*) from trips", pl.Int64, [3]),
    ],
)  # fmt: skip
def test_a_result_has_the_types_that_a_person_works_with(trips, query, dtype, values):
    trips["lots"] = pl.DataFrame({"a": [2**63 - 1] * 3})
    trips["times"] = pl.DataFrame({"ts": [START + each if each else None for each in DURATIONS]})
    found = trips.run(f"%sql {query}").value.to_series()
    assert found.dtype == dtype
    assert found.to_list() == values


HOSTILE = ["'; drop table trips; --", '"', "$least", "{least}", "%s", "\\", "a\nb", "); select 1"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_data(trips, text):
    trips["text"] = text
    trips["least"] = 1
    trips["carriers"] = pl.DataFrame({"carrier": [text], text: [1]})
    assert trips.run("%sql select $text").value.item() == text
    assert trips.run("%%sql\nselect count(*) from carriers where carrier = $text").value.item() == 1
    assert trips.run("%sql from carriers").value.columns == ["carrier", text]
    assert trips.run("%sql select count(*) from trips where carrier = $text").value.item() == 0


def test_nothing_is_pasted_by_the_shell_either(trips):
    trips["carrier"] = "UA"
    assert trips.run("%sql select '{carrier}' || '$carrier' || '$$'").value.item() == (
        "{carrier}$carrier$$"
    )
    assert "syntax error" in trips.error("%sql select {carrier}")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("select $a, $B1+$_x from t where d = $größe", ("a", "B1", "_x", "größe")),
        ("select $a + $a", ("a",)),
        ("select '$a', \"$b\", $$ $c $$, $t$ $d $t$ -- $e\n/* $f */", ()),
        ("select a$b, x[$i], -$n, $date, $from", ("i", "n", "date", "from")),
        ("select $1, ?", ()),
        ("select '$unfinished", ()),
        ("", ()),
    ],
)
def test_names_with_a_dollar_are_found_where_sql_sees_them(query, names):
    assert parameter_names(query) == names


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%sql\nselect carrier,\n  dely from trips", "line 2, column 3: .*dely.*delay"),
        ("%sql select * from trip", 'line 1, column 15: no table or dataset "trip".*"trips"'),
        ("%%sql\nselekt 1", "line 1, column 1: syntax error"),
        ("%sql select carrier::int from trips", "line 1: Could not convert string 'AA'"),
        ("%sql select $nope, $Nein", r"No variable for \$nope, \$Nein: bind nope, Nein first"),
        ("q = 'select 1'\n%sql $q", r"\$q is a value within a query"),
        ("%sql select $1", r"Parameters have names here: write \$name"),
        ("import os\n%sql select $os", "Unable to transform python value of type"),
        ("%sql", "Write a query"),
        ("%%sql late <<\n  ", "Write a query"),
        ("%%sql --save late\nselect 1", "--save is no option here"),
        ("%sql class << select 1", "cannot be assigned to class"),
        ("%sql 2x << select 1", "cannot be assigned to 2x"),
        ("%sql drop table trips", "Only one query can run here"),
        ("%sql select 1; select 2", "this text has 2 statements"),
        ("%sql copy trips to 'x.csv'", "Only one query can run here"),
        ("%sql from 'secret.csv'", "secret.csv"),
        ("%sql select interval 1 month as d", "Column 'd' has an INTERVAL with months"),
        ("%sql select interval 2000000000 day as d", "INTERVAL of more than 100,000,000 days"),
        ("%sql select [{'a': interval 1 day}] as d", "Column 'd' has an INTERVAL"),
        ("%sql select s::int from many", "line 1: Could not convert string 'x'"),
        (
            "%sql select n from lazy",
            "^frame lazy could not be computed: conversion .* failed[^/]*$",
        ),
        ("%sql select n from python", "^frame python could not be computed: division by zero$"),
        ("%sql select s from broken", "broken cannot be read by SQL: .*nothing"),
        ("%sql select 1 as a, 2 as a", "more than once.*a"),
    ],
)
def test_an_error_is_one_line_and_binds_nothing(trips, cell, message):
    many = pl.DataFrame({"s": ["1"] * 300_000 + ["x"]})
    trips["many"] = many
    trips["lazy"] = many.lazy().with_columns(n=pl.col("s").cast(pl.Int64))
    trips["python"] = many.lazy().with_columns(
        n=pl.col("s").map_batches(lambda values: 1 / 0, return_dtype=pl.Int64)
    )
    trips["broken"] = many.lazy().select("nothing")
    trips["late"] = "before"
    line = trips.error(cell)
    assert re.search(message, line), line
    assert trips["late"] == "before"


def test_inputs_of_a_result_are_what_the_query_reads(trips, workspace):
    workspace.save(pl.DataFrame({"carrier": ["AA"]}), "carriers")
    known = workspace.save(trips["trips"], "session.trips")
    trips.session.remember(trips["trips"], known.ref)
    trips["lazy"] = workspace.load("carriers").filter(pl.col("carrier") != "x")
    trips.run("%sql late << select t.* from trips t, carriers where delay > 0")
    assert trips.session.inputs_of(trips["late"]) == ("session.trips@1", "carriers@1")
    trips.run("%sql more << select * from late join lazy using (carrier)")
    assert trips.session.inputs_of(trips["more"]) == ("session.trips@1", "carriers@1")
    trips.run("%sql one << select 1")
    assert trips.session.inputs_of(trips["one"]) == ()


def test_inputs_are_left_to_the_capture_where_a_frame_is_not_known_yet(trips, workspace):
    workspace.save(pl.DataFrame({"carrier": ["AA"]}), "carriers")
    trips.run("%sql late << from trips join carriers using (carrier)")
    assert trips.session.inputs_of(trips["late"]) is None


def test_what_else_was_called_sql_is_there_again_after_unloading(notebook):
    table = notebook.shell.magics_manager.magics
    notebook.undo()
    assert "sql" not in table["line"]
    notebook.shell.register_magic_function(print, "line_cell", "sql")
    undo = sql.register(notebook.shell, notebook.session)
    assert table["cell"]["sql"] is not print
    undo()
    assert table["line"]["sql"] is table["cell"]["sql"] is print


@pytest.mark.parametrize(
    "query",
    [
        "select sum(hash(range) % 7) from range(100000000000)",
        "select range from range(100000000000) where range % 1000003 = 0",
        "select sum(b) from slow",
    ],
)
def test_a_person_can_stop_a_query(trips, query):

    def wait(values):
        time.sleep(0.2)
        return values

    numbers = pl.LazyFrame({"a": pl.int_range(20_000_000, eager=True)})
    trips["slow"] = numbers.select(
        b=pl.col("a").map_batches(wait, return_dtype=pl.Int64, is_elementwise=True)
    )
    handler = signal.getsignal(signal.SIGINT)
    ended = threading.Event()

    def press_stop():
        # On a machine that is busy the first may come before the query does.
        while not ended.wait(1 if time.monotonic() < started + 1 else 5):
            os.kill(os.getpid(), signal.SIGINT)

    started = time.monotonic()
    threading.Thread(target=press_stop).start()
    try:
        done = trips.run(f"%sql late << {query}")
    finally:
        ended.set()
    assert time.monotonic() - started < 30
    assert not done.succeeded
    assert "KeyboardInterrupt" in done.out + done.err
    assert "late" not in trips.shell.user_ns
    assert signal.getsignal(signal.SIGINT) is handler
    assert trips.run("%sql select count(*) from trips").value.item() == 3
