"""A contract keeps what one file was found to be, and says how the next one drifted."""

from __future__ import annotations

import json

import polars as pl
import pytest

from toolkit.core.errors import InvalidArgumentError, SourceDriftError, SourceNotFoundError
from toolkit.datasets.readers.csv.contract import Contract
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
