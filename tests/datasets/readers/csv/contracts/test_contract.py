"""A contract keeps what one file was found to be, and says how the next one drifted."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit.core.errors import (
    InvalidArgumentError,
    SourceDriftError,
    SourceError,
    SourceNotFoundError,
)
from toolkit.datasets.readers.csv.contracts.contract import Contract
from toolkit.datasets.readers.csv.contracts.dtypes import dtype_json, dtype_of
from toolkit.datasets.readers.csv.options import CSVOptions
from toolkit.datasets.readers.factory import DatasetReaderFactory

JANUARY = b"day;id;price;paid\n31.01.2026;007;NA;true\n01.01.2026;008;2.5;false\n"


@pytest.fixture
def write(tmp_path):
    def put(data: bytes, name: str = "next.csv") -> str:
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return put


@pytest.fixture
def january(write):
    return reader(write(JANUARY, "january.csv")).contract()


def reader(path, **options):
    return DatasetReaderFactory().reader(path, **options)


def test_a_contract_is_a_small_json_file_that_comes_back(january, tmp_path):
    january.write(tmp_path / "c.json")
    assert Contract.of(tmp_path / "c.json") == january
    document = json.loads(january.json)
    assert document["delimiter"] == ";"
    assert document["columns"][0] == {
        "name": "day", "type": "date", "format": "%d.%m.%Y", "fine": False, "nulls": ["NA"],
    }  # fmt: skip
    assert document["columns"][2] == {"name": "price", "type": "float", "nulls": ["NA"]}


def test_a_contract_shows_as_its_document(january):
    assert json.loads(repr(january)) == json.loads(january.json)


def test_a_contract_at_a_place_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SourceError, match=rf"The contract at {re.escape(str(tmp_path))} cannot"):
        reader(JANUARY, contract=tmp_path)


def test_a_file_that_keeps_it_is_read_with_its_types(january, write):
    # Alone these days could be months, and the prices are integers.
    path = write(b"day;id;price;paid\n02.03.2026;1;4;true\n05.06.2026;2;;true\n")
    frame = reader(path, contract=january).polars().collect()
    assert frame.schema == {
        "day": pl.Date,
        "id": pl.String,
        "price": pl.Float64,
        "paid": pl.Boolean,
    }
    assert frame["price"].to_list() == [4.0, None]


DRIFTS = {
    "a new column": (b"day;id;price;paid;note\n01.01.2026;1;2;true;x\n", "column 'note' is new"),
    "a missing column": (b"day;id;price\n01.01.2026;1;2\n", "column 'paid' is missing"),
    "another order": (b"id;day;price;paid\n1;01.01.2026;2;true\n", "another order: id, day"),
    "another delimiter": (
        b"day,id,price,paid\n01.01.2026,1,2,true\n02.01.2026,1,2,true\n",
        "delimiter is ',', not ';'",
    ),
    "another type": (
        b"day;id;price;paid\n01.01.2026;1;cheap;true\n02.01.2026;1;2;true\n",
        "column 'price' has values of the type text, not float",
    ),
    "another format of dates": (
        b"day;id;price;paid\n2026-01-01;1;2;true\n2026-01-02;1;2;true\n",
        r"column 'day' has values of the type date \(%Y-%m-%d\), not date \(%d.%m.%Y\)",
    ),
    "no header": (b"01.01.2026;1;2;true\n02.01.2026;1;3;true\n", "it has no header"),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_file_that_drifted_is_refused_with_what_changed(january, write, drift):
    data, message = DRIFTS[drift]
    with pytest.raises(
        SourceDriftError, match=rf"next\.csv does not keep its contract: .*{message}"
    ):
        reader(write(data), contract=january).polars()


def test_every_difference_is_listed_at_once(january, write):
    path = write(b"day,id,price,note\n2026-01-01,1,x,n\n2026-01-02,1,y,n\n")
    with pytest.raises(SourceDriftError) as caught:
        reader(path, contract=january).polars()
    for part in ("delimiter", "'paid' is missing", "'note' is new", "'day'", "'price'"):
        assert part in str(caught.value)


def test_types_that_were_asked_for_are_kept(write, tmp_path):
    asked = {"price": pl.Decimal(10, 2), "day": pl.String}
    reader(write(JANUARY), schema=asked).contract().write(tmp_path / "c.json")
    frame = reader(write(JANUARY), contract=tmp_path / "c.json").polars().collect()
    assert frame.schema["price"] == pl.Decimal(10, 2)
    assert frame["price"].to_list()[0] is None
    assert frame.schema["day"] == pl.String


def test_a_contract_that_is_none_is_refused(write):
    path = write(JANUARY)
    with pytest.raises(SourceNotFoundError, match=r"no contract at .*missing\.json.*write\(path\)"):
        reader(path, contract="missing.json")
    for text in (b"{}", b"[", b'{"format": "other", "version": 1}'):
        with pytest.raises(InvalidArgumentError, match=r"c\.json is not a contract"):
            reader(path, contract=write(text, "c.json"))


def test_a_new_text_for_null_is_called_that(write):
    whole = reader(write(b"n,m\n1,2\n3,4\n")).contract()
    with pytest.raises(SourceDriftError, match="column 'n' has NA for null, which was not there"):
        reader(write(b"n,m\n1,2\nNA,4\n"), contract=whole).polars()


@pytest.mark.parametrize("said", [{"schema": {"day": pl.String}}, {"infer_types": False}])
def test_a_contract_and_types_of_ones_own_are_not_mixed(january, write, said):
    with pytest.raises(InvalidArgumentError, match="contract= says what the columns are"):
        reader(write(JANUARY), contract=january, **said)


SAID = [
    (b"d;x\na;1,5\nb;2,5\n", {"decimal": ","}),
    (b"d;x\na; 1\nb;2 \n", {}),
    (b"d;x\na;1.000\nb;2\n", {"thousands": ".", "decimal": ","}),
    (b"d;x\na;5 %\nb;2 %\n", {"affixes": "% "}),
    (b"d;x\na;1\nb;missing\n", {"null_values": "missing"}),
    (b"d;x\na;1\nb;missing\n", {"null_values": {"x": ("missing", "gone")}}),
    (b"d;x\na;1\nb;-\n", {"null_values": ["missing"]}),
    (b"d;x\n01.02.24;1\n02.03.24;2\n", {"dates": "%d.%m.%y"}),
    (b"d;x\n20240101;1\n20240102;2\n", {"dates": {"d": "%Y%m%d"}}),
    (b"d;x\n2024-01-01;1\n2024-01-02;2\n", {"dates": False}),
    (b"d;x\na;007\nb;1\n", {"schema": {"x": pl.Int64}}),
    (b"d;x\na;1\nb;foo\n", {"schema": {"d": pl.String, "x": pl.Int64}, "on_bad_rows": "skip"}),
    (b"d;x\na;1\nb;foo\n", {"schema": {"x": pl.Enum(["foo", "1"]), "d": pl.Categorical}}),
    (b"d;x\na;7.25\nb;1\n", {"schema": {"x": pl.Decimal(10, 2)}}),
    (b"d;x\n2024-01-01 10:00:00Z;7\n", {"schema": {"d": pl.Datetime("ms", "Europe/Berlin")}}),
    (b"d;x\n2024-01-31;1\n2024-01-02;2\n", {"schema": {"d": pl.Date, "x": pl.UInt8}}),
    (b"d;x\na;true\nb;false\n", {"schema": {"x": pl.Boolean}}),
    (b"a;1\nb;2\n", {"schema": {"n": pl.String, "v": pl.Float32}}),
    (b"d;x\na;1\nb;2\n", {"infer_types": False}),
    (b"d;x\na;1\nb;2\n", {"infer_rows": None}),
    (b"d;x\na;1\nb;x\n", {"infer_rows": 1, "on_bad_rows": "repair"}),
    (b"d;x\na;1\nb\n", {"on_bad_rows": "repair"}),
    (b"a;1\nb;2\n", {"has_header": True}),
    (b"a;b\nb;2\n", {"has_header": False}),
    (b"a;b\nc;d\n1;2\n3;4\n", {"header_rows": 2}),
    (b"a;b\nc;d\n1;2\n3;4\n", {"skip_lines": 1}),
    (b"a,b;1\nb,c;2\n", {"delimiter": ","}),
    (b'a;"b"\nb;"2"\n', {"quote": None}),
    (b'a;b\n1;"x\\"y"\n', {"escape": "\\"}),
    (b"a;b\n#b;2\n1;2\n", {"comment": None}),
    (b"a;b\n!b;2\n1;2\n", {"comment": "!"}),
    ("a;b\n1;ł\n".encode("cp1250"), {"encoding": "cp1250"}),
    (b"a;b\n1;\n2;\n", {}),
    (b"a;b\n1;NA\n2;NA\n", {}),
    (b"a;b\n", {}),
]
"""Files, and what must be said of them."""


def test_every_option_is_among_those_that_a_contract_is_tried_with():
    assert {name for _, said in SAID for name in said} == {each.name for each in fields(CSVOptions)}


@pytest.mark.parametrize(
    ("data", "said"), SAID, ids=[f"{n}-{'-'.join(SAID[n][1])}" for n in range(len(SAID))]
)
def test_a_file_keeps_its_own_contract_whatever_was_said_of_it(data, said, tmp_path):
    first = reader(data, **said)
    first.contract().write(tmp_path / "c.json")
    wanted = {name: said[name] for name in said if name == "on_bad_rows"}
    again = reader(data, contract=tmp_path / "c.json", **wanted)
    assert_frame_equal(again.polars().collect(), first.polars().collect())
    assert again.contract() == first.contract() == Contract.of(tmp_path / "c.json")


@pytest.mark.parametrize(
    "dtype",
    [pl.Decimal(10, 2), pl.Datetime("ns", "Asia/Tokyo"), pl.Enum(["b", "a"]), pl.Int128()],
    ids=str,
)
def test_a_type_is_kept_with_all_its_parameters(dtype):
    assert dtype_of(json.loads(json.dumps(dtype_json(dtype)))) == dtype


@pytest.mark.parametrize("dtype", [pl.List(pl.Int8), pl.Struct({"a": pl.Int8})], ids=str)
def test_a_type_that_has_others_within_is_not_kept_without_them(dtype):
    with pytest.raises(InvalidArgumentError, match="cannot keep the type"):
        dtype_json(dtype)


def test_a_type_that_would_not_come_back_is_refused_when_the_contract_is_made():
    named = reader(b"d;x\na;1\n", schema={"d": pl.Categorical(pl.Categories("places"))})
    with pytest.raises(InvalidArgumentError, match=r"cannot keep the type Categorical\(.*places"):
        named.contract()


def test_what_is_said_of_the_next_file_is_stronger_than_what_the_contract_keeps():
    kept = reader(b"a;b\nc;d\n1;2\n3;4\n", skip_lines=1, has_header=True).contract()
    frame = reader(b"x\nx\nc;d\n5;6\n", contract=kept, skip_lines=2, header_rows=1).polars()
    assert frame.collect().to_dict(as_series=False) == {"c": [5], "d": [6]}
    bare = reader(b"a;1\nb;2\n", has_header=False).contract()
    with pytest.raises(SourceDriftError, match="it has a header"):
        reader(b"a;1\nb;2\n", contract=bare, header_rows=1).polars()


NUMBERS = {"decimal": ",", "thousands": "."}


@pytest.mark.parametrize(
    ("first", "said", "then", "drift"),
    [
        (b"d;x\na;1,5\nb;2,5\n", NUMBERS, b"d;x\na;cheap\n", "'x' has values of the type text"),
        (b"d;x\na;1,5\nb;2,5\n", NUMBERS, b"d;x\na;1.5\n", "'x' has values of the type text"),
        (
            b"d;x\na;7\nb;1\n",
            {"schema": {"x": pl.Int8}},
            b"d;x\na;700\n",
            "'x' has values that are no Int8, such as '700'",
        ),
        (
            b"d;x\n20240101;1\n20240102;1\n",
            {"dates": {"d": "%Y%m%d"}},
            b"d;x\n2024-01-01;1\n",
            r"'d' has values of the type date \(%Y-%m-%d\), not date \(%Y%m%d\)",
        ),
        (
            b"d;x\n20240101;1\n20240102;1\n",
            {"dates": {"d": "%Y%m%d"}},
            b"d;x\nNA;1\n20240102;1\n",
            "'d' has NA for null, which was not there",
        ),
    ],
)
def test_values_that_do_not_fit_what_was_said_are_a_drift(first, said, then, drift):
    kept = reader(first, **said).contract()
    with pytest.raises(SourceDriftError, match=f"contract: column {drift}"):
        reader(then, contract=kept).polars()


def test_a_mended_file_drifts_where_most_values_of_a_column_do_not_fit():
    kept = reader(b"d;x\na;1\nb;2\n").contract()
    some = reader(b"d;x\na;1\nb;?\nc;3\n", contract=kept, on_bad_rows="repair")
    assert some.polars().collect()["x"].to_list() == [1, None, 3]
    assert some.problems()["text"].to_list() == ["?"]
    with pytest.raises(SourceDriftError, match="column 'x' has values that are no integer, such"):
        reader(b"d;x\na;1\nb;?\nc;?\n", contract=kept, on_bad_rows="repair").polars()
    with pytest.raises(SourceDriftError, match="column 'x' has values of the type text"):
        reader(b"d;x\na;1\nb;?\nc;3\n", contract=kept).polars()


@pytest.mark.parametrize("rows", ["a;NA", "a;NA\nb;NA", "a;1\nb;NA", "a;NaN\nb;1"])
@pytest.mark.parametrize("policy", ["error", "repair"])
def test_a_new_text_for_null_is_a_drift_also_where_it_is_all(rows, policy):
    kept = reader(b"d;x\na;1\nb;2\n").contract()
    if policy == "repair" and "1" in rows:
        frame = reader(f"d;x\n{rows}\n".encode(), contract=kept, on_bad_rows=policy).polars()
        assert sorted(frame.collect()["x"].to_list(), key=str) == [1, None]
        return
    with pytest.raises(SourceDriftError, match=r"'x' has (NA|NaN) for null, which was not there"):
        reader(f"d;x\n{rows}\n".encode(), contract=kept, on_bad_rows=policy).polars()


@pytest.mark.parametrize(
    "data",
    [
        b"Report\n\nname;n;m\n",
        b"name;n;m\n",
        b"Report, of May\nby me, or you\nname;n;m\n",
        b'Report\n\n"name";"n";"m"\r\n',
    ],
)
def test_a_file_without_rows_is_read_by_what_the_contract_knows(data):
    kept = reader(b"Report\n\nname;n;m\nx;1;2\ny;3;4\n").contract()
    frame = reader(data, contract=kept).polars().collect()
    assert frame.schema == {"name": pl.String, "n": pl.Int64, "m": pl.Int64}
    assert frame.height == 0


@pytest.mark.parametrize("rows", ["", "z;1;2\n", "z;1;2\ny;4;5\n"])
def test_a_preamble_that_looks_like_a_header_is_none_where_the_contract_knows_the_header(rows):
    kept = reader(b"name;n;m\nx;1;2\ny;3;4\n").contract()
    said = f'Report;of;May\n\n"name";n; m\n{rows}'.encode()
    then = reader(said, contract=kept)
    frame = then.polars().collect()
    assert (frame.columns, frame.height) == (["name", "n", "m"], rows.count("\n"))
    assert then.problems()["text"].to_list()[0] == "Report;of;May"


def test_lines_that_are_said_to_be_skipped_are_those_also_where_the_contract_knows_better():
    kept = reader(b"name;n;m\nx;1;2\ny;3;4\n").contract()
    said = b'Report;of;May\n\n"name";"n";"m"\nz;1;2\n'
    assert reader(said, contract=kept).polars().collect().height == 1
    with pytest.raises(SourceDriftError, match="column 'name' is missing"):
        reader(said, contract=kept, skip_lines=0).polars()


def test_another_delimiter_between_two_columns_is_a_drift_and_is_none_beside_one():
    kept = reader(b"a;b\n1;2\n3;4\n").contract()
    with pytest.raises(SourceDriftError, match="the delimiter is ',', not ';'"):
        reader(b"a,b\n1,2\n3,4\n", contract=kept).polars()
    alone = reader(b"a\n1\n2\n", delimiter=";").contract()
    found = Contract(";", 1, alone.columns)
    assert reader(b"a\n3\n4\n", contract=found).polars().collect()["a"].to_list() == [3, 4]


def test_rows_before_the_header_are_never_taken_for_a_preamble():
    for rows in (b"name;n;m\nx;1;2\n", b"name;n;m\nx;y;z\n"):
        kept = reader(rows, has_header=True).contract()
        found = Contract(";", 1, kept.columns)
        with pytest.raises(SourceDriftError, match="column 'name' is missing"):
            reader(b"a;1;2\nb;3;4\nname;n;m\nx;5;6\n", contract=found).polars()


def test_two_header_rows_without_rows_below_are_read_by_what_the_contract_knows():
    said = reader(b"a;b\nc;d\n1;2\n3;4\n", header_rows=2).contract()
    found = Contract(said.delimiter, 2, said.columns)
    assert reader(b"a;b\nc;d\n", contract=found).polars().collect().shape == (0, 2)


def test_one_row_without_a_header_is_read_by_what_the_contract_knows():
    kept = reader(b"a,x;1,5\nb,y;2,5\nc,z;3,5\n", delimiter=";", decimal=",").contract()
    assert kept.header_rows == 0
    frame = reader(b"d,u;4,5\n", contract=kept).polars().collect()
    assert frame.rows() == [("d,u", 4.5)]


def test_a_header_where_there_was_none_is_a_drift():
    for rows in (b"Anna;1\nBob;2\n", b"Anna;Oslo\nBob;Rome\n"):
        kept = reader(rows, has_header=False).contract()
        # What was said holds: the contract without it shows what is found.
        found = Contract(kept.delimiter, 0, kept.columns)
        with pytest.raises(SourceDriftError, match="it has a header"):
            reader(b"name;n_1\nCarl;3\nDora;4\n", contract=found).polars()


def test_the_type_of_a_column_without_values_is_unknown_until_it_has_some(tmp_path):
    empty = reader(b"d;x;y\na;;NA\nb;;\n")
    assert "x  unknown, no value was seen" in repr(empty.explain())
    empty.contract().write(tmp_path / "c.json")
    types = [each["type"] for each in json.loads((tmp_path / "c.json").read_text())["columns"]]
    assert types == ["text", "unknown", "unknown"]
    then = reader(b"d;x;y\na;5;2024-01-31\n", contract=tmp_path / "c.json")
    assert then.polars().collect().schema == {"d": pl.String, "x": pl.Int64, "y": pl.Date}
    assert "unknown" not in repr(then.explain())
    assert then.contract().unknown == frozenset()


def test_an_unknown_column_is_inferred_with_what_was_said_of_numbers():
    kept = reader(b"d;x\na;\n", decimal=",").contract()
    assert reader(b"d;x\na;1,5\n", contract=kept).polars().collect()["x"].to_list() == [1.5]


def test_dates_that_are_asked_for_are_in_the_format_that_is_seen_first(tmp_path):
    empty = reader(b"d;x\na;\n", schema={"x": pl.Date})
    assert "x  Date (given)" in repr(empty.explain())
    empty.contract().write(tmp_path / "c.json")
    assert Contract.of(tmp_path / "c.json") == empty.contract()
    then = reader(b"d;x\na;31.01.2024\n", contract=tmp_path / "c.json")
    assert then.polars().collect()["x"].to_list() == [date(2024, 1, 31)]
    with pytest.raises(SourceDriftError, match=r"'x' has values that are no Date, such as '2024"):
        reader(b"d;x\na;2024-01-31\n", contract=then.contract()).polars()
    assert reader(b"d;x\nb;\n", contract=empty.contract()).schema().field("x").type == "date32"


def test_a_column_whose_type_was_asked_for_is_never_unknown():
    for said in ({"schema": {"x": pl.String}}, {"infer_types": False}, {"dates": {"x": "%Y"}}):
        assert "x" not in reader(b"d;x\na;\n", **said).contract().unknown


@pytest.mark.parametrize(
    "change",
    [
        {"version": 9},
        {"options": {"on_bad_rows": "skip"}},
        {"options": {"colour": "red"}},
        {"options": {"decimal": "1"}},
        {"delimiter": 5},
        {"columns": [{"name": "d", "type": "colour"}]},
        {"columns": [{"name": "d", "type": "text", "dtype": {"name": "read_csv"}}]},
    ],
)
def test_a_contract_with_parts_that_are_none_is_refused(change, write):
    document = json.loads(reader(JANUARY).contract().json)
    path = write(json.dumps({**document, **change}).encode(), "c.json")
    with pytest.raises(InvalidArgumentError, match=r"c\.json is not a contract"):
        reader(JANUARY, contract=path)


def test_a_contract_of_version_1_is_still_read(january, write):
    document = json.loads(january.json)
    path = write(json.dumps({**document, "version": 1}).encode(), "c.json")
    assert Contract.of(path) == january


def test_files_that_differ_in_their_delimiter_keep_the_contract_of_all_of_them(write, tmp_path):
    paths = [write(b"a;b\n1;2\n", "1.csv"), write(b"a,b\n3,4.5\n", "2.csv")]
    reader(paths).contract().write(tmp_path / "c.json")
    frame = reader(paths, contract=tmp_path / "c.json").polars().collect()
    assert frame.rows() == [(1, 2.0), (3, 4.5)]
    assert reader(b"a\tb\n", contract=tmp_path / "c.json").count() == 0


def test_blanks_after_the_delimiter_are_no_drift():
    spaced, tight = b"a, b\n1, x\n2, y\n", b"a,b\n1,x\n2,y\n"
    for first, then in ((spaced, tight), (tight, spaced)):
        kept = reader(first).contract()
        assert reader(then, contract=kept).polars().collect().rows() == [(1, "x"), (2, "y")]


def test_a_drift_shows_the_value_and_the_way_to_read_around_it(factory, tmp_path):
    good = [f"{n},{n}.5" for n in range(300)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["id,amount", *good, ""]))
    contract = factory.reader(path).contract()
    path.write_text("\n".join(["id,amount", *good[:77], "77,seven", *good[78:], ""]))
    advice = "amount.*not float, such as 'seven'.*on_bad_rows=\"repair\""
    with pytest.raises(SourceDriftError, match=advice):
        factory.reader(path, contract=contract).polars()
    repaired = factory.reader(path, contract=contract, on_bad_rows="repair").polars().collect()
    assert repaired["amount"].null_count() == 1
    with pytest.raises(InvalidArgumentError, match="not a dict"):
        factory.reader(path, contract={"columns": []})
