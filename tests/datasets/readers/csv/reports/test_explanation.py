"""What ``explain()`` says of files, in words."""

from __future__ import annotations

import polars as pl
import pytest

from toolkit.datasets.readers.factory import DatasetReaderFactory


def explained(data, **options):
    return str(DatasetReaderFactory().reader(data, "csv", **options).explain())


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (b"r\n\na;b\n1;2020-01-31\n2;2020-02-01\n", {}, "header: 1 row, from line 3"),
        (b"a;b\nc;d\n1;2\n3;4\n", {"header_rows": 2}, "header: 2 rows, from line 1"),
        (b"1,2\n3,4\n", {}, "no header; the rows begin at line 1"),
        (b"a\t1\nb\t2\n", {}, "delimiter tab,"),
        (b"a, 1\nb, 2\n", {"delimiter": ", "}, "delimiter comma and blank,"),
        (b"a,b\n1,2\n", {"quote": None}, "no quoting,"),
        (b"a,b\n1,2\n", {"quote": "'"}, "quote ' (doubled inside of quotes)"),
        (b"a,b\n1,2\n", {"escape": "\\"}, "(after a backslash inside of quotes)"),
        (b"a,b\n1,2\n", {"escape": None}, "(not escaped inside of quotes)"),
        (b"a,b\r1,2\r", {}, "records end in CR"),
        (b"a,b\n1,2\n", {"comment": "!"}, "comments after !"),
        (b"a,b\n1, 2\n3,4\n", {}, "b  integer; blanks around values left out"),
        (b"a,b\n1,\n", {}, "b  unknown, no value was seen; read as text"),
        ("a,b\n1,é\n".encode("utf-16"), {}, ": utf-16\n"),
        (b"a,b\n1,2\n", {"on_bad_rows": "skip"}, "Bad rows: skip"),
        (b"a,b\n1,2\n", {}, "delimiter comma, quote"),
        (b"a,b\nx\\,y,2\n", {"quote": None, "escape": "\\"}, "no quoting, escapes after a backsl"),
        (b"a\nx\ny\n", {"has_header": True}, "\n1 column:\n"),
        (b"a;b\n1,5;x\n", {"decimal": ","}, "a  float; decimal mark ','\n"),
        (
            "a;b\n1.234,5 €;3 %\n".encode(),
            {"decimal": ",", "thousands": ".", "affixes": "€% "},
            "b  integer; decimal mark ',', thousands mark '.', around numbers any of '€% '",
        ),
        (b"a;b\n1,5;x\n", {"decimal": ",", "schema": {"a": pl.Float32}}, "(given); decimal mark"),
        (b"a;b\n1,5;2020-01-01\n", {"decimal": ","}, "b  date (%Y-%m-%d)\n"),
    ],
)
def test_what_was_found_or_said_is_told(data, options, said):
    assert said in explained(data, **options)


def test_of_many_files_the_first_are_told_and_the_others_counted():
    text = explained([b"a,b\n1,2\n"] * 7)
    assert [line for line in text.splitlines() if line.startswith("<bytes")] == [
        f"<bytes #{number}>: utf-8" for number in range(1, 6)
    ]
    assert "\n… and 2 more files\n2 columns:\n" in text


def test_columns_that_paths_tell_are_among_the_columns(tmp_path):
    folder = tmp_path / "year=2024"
    folder.mkdir()
    (folder / "a.csv").write_bytes(b"v,w\n1,2\n")
    text = str(DatasetReaderFactory().reader(tmp_path).explain())
    assert "\n3 columns:\n" in text
    assert "  year  Int64, from the paths of the files\n" in text
