"""CSV: dialects found, types inferred without losing a value, and errors that name the option."""

from __future__ import annotations

import bz2
import gzip

import polars as pl
import pyarrow as pa
import pytest

from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.datasets.readers.csv.planning import HEAD_BYTES


def rows(factory, source, **options):
    return factory.reader(source, **options).polars().collect().rows()


def test_projection_and_predicate_reach_the_scan(put, factory):
    frame = factory.reader(put("t.csv", b"a,b,c\n1,2,x\n3,4,y\n")).polars()
    query = frame.filter(pl.col("a") > 1).select("b")
    plan = query.explain()
    # Those of the predicate are read as well.
    assert "PROJECT 2/3 COLUMNS" in plan
    assert 'SELECTION: col("a") > 1' in plan
    assert query.collect().rows() == [(4,)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(put, factory, delimiter):
    data = "name,price\nx,1\ny,2\n".replace(",", delimiter)
    assert rows(factory, put("t.csv", data.encode())) == [("x", 1), ("y", 2)]


def test_a_decimal_comma_is_not_the_delimiter(put, factory):
    assert rows(factory, put("t.csv", b"n;p\nx;1,5\ny;2,5\n")) == [("x", "1,5"), ("y", "2,5")]


@pytest.mark.parametrize("data", [b"a\n1\n2\n", b"a\n1\n2"])
def test_one_column_needs_no_delimiter(put, factory, data):
    assert rows(factory, put("t.csv", data)) == [(1,), (2,)]


def test_a_file_without_header_gets_numbered_columns(put, factory):
    frame = factory.reader(put("t.csv", b"1,2\n3,4\n")).polars().collect()
    assert frame.columns == ["column_1", "column_2"]
    assert frame.rows() == [(1, 2), (3, 4)]


def test_given_options_overrule_detection(put, factory):
    source = put("t.csv", b"1;2|x\n3;4|y\n")
    assert rows(factory, source, delimiter="|", has_header=False) == [("1;2", "x"), ("3;4", "y")]
    assert rows(factory, source, delimiter=";", has_header=True) == [(3, "4|y")]


def test_quotes_hold_delimiters_newlines_and_quotes(put, factory):
    source = put("t.csv", b'a,b\n1,"x,\n""y"""\n2,z\n')
    assert rows(factory, source) == [(1, 'x,\n"y"'), (2, "z")]


def test_fields_may_be_quoted_otherwise_or_not_at_all(put, factory):
    source = put("t.csv", b"a,b\n1,'x,y'\n2,'z'\n")
    assert rows(factory, source, quote="'") == [(1, "x,y"), (2, "z")]
    plain = put("u.csv", b'a,b\n1,5" pipe\n2,z\n')
    assert rows(factory, plain, quote=None) == [(1, '5" pipe'), (2, "z")]


def test_a_quoted_empty_text_is_not_null(put, factory):
    assert rows(factory, put("t.csv", b'a,b\n1,""\n2,\n3,x\n')) == [(1, ""), (2, None), (3, "x")]


@pytest.mark.parametrize("values", ["NA", ["NA", "-"], {"a": "NA", "b": "-"}])
def test_null_values_are_null(put, factory, values):
    source = put("t.csv", b"a,b\nNA,1\n2,-\n" if values != "NA" else b"a,b\nNA,1\n2,NA\n")
    assert rows(factory, source, null_values=values) == [(None, 1), (2, None)]


def test_a_byte_order_mark_is_not_part_of_the_first_name(put, factory):
    frame = factory.reader(put("t.csv", b"\xef\xbb\xbfa,b\n1,2\n")).polars().collect()
    assert frame.columns == ["a", "b"]


def test_windows_line_ends_are_not_part_of_values(put, factory):
    assert rows(factory, put("t.csv", b"a,b\r\n1,x\r\n2,y\r\n")) == [(1, "x"), (2, "y")]


ENCODED = "näme,b\né,1\nü,2\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32"]
)
def test_a_given_encoding_is_read(put, factory, encoding):
    reader = factory.reader(put("t.csv", ENCODED.encode(encoding)), encoding=encoding)
    assert reader.polars().collect().rows() == [("é", 1), ("ü", 2)]
    assert reader.schema().names == ["näme", "b"]
    assert reader.count() == 2


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, bz2.compress, lambda data: pa.compress(data, codec="zstd", asbytes=True)],
    ids=["gzip", "bz2", "zstd"],
)
def test_compressed_files_are_unpacked(put, factory, pack):
    source = put("t.csv.packed", pack(b"a;b\n" + b"1;x\n" * 5000))
    reader = factory.reader(source, "csv")
    assert reader.count() == 5000
    assert reader.head(1).rows() == [(1, "x")]


def test_a_compressed_file_that_was_cut_is_an_error(put, factory):
    data = gzip.compress(b"".join(b"%d,x\n" % (i * 7919 % 10007) for i in range(60_000)))
    with pytest.raises(SourceError, match=r"t\.csv\.gz could not be read"):
        list(factory.reader(put("t.csv.gz", data[: len(data) // 2])).batches(1000))


LATE = {
    "text": (b"a\n" + b"1\n" * 50 + b"abc\n", "abc"),
    "float": (b"a\n" + b"1\n" * 50 + b"1.5\n", "1.5"),
    "overflow": (b"a\n" + b"1\n" * 50 + b"99999999999999999999\n", "99999999999999999999"),
    "bool": (b"a\n" + b"true\n" * 50 + b"maybe\n", "maybe"),
}


@pytest.mark.parametrize("name", LATE)
def test_a_later_value_of_another_type_is_an_error_never_null(put, factory, name):
    data, value = LATE[name]
    reader = factory.reader(put("t.csv", data), infer_rows=10)
    for read in (lambda: list(reader.batches(100)), lambda: reader.head(100)):
        with pytest.raises(SourceError) as caught:
            read()
        text = str(caught.value)
        for part in ("t.csv", f"`{value}`", "column 'a'", "schema=", "infer_rows"):
            assert part in text


@pytest.mark.parametrize("name", LATE)
def test_inference_over_all_rows_keeps_every_value(put, factory, name):
    data, value = LATE[name]
    frame = factory.reader(put("t.csv", data), infer_rows=None).polars().collect()
    assert str(frame["a"][-1]) == value
    assert frame["a"].null_count() == 0


def test_the_failing_file_of_several_is_named(tmp_path, factory):
    for name, last in (("a", "1"), ("b", "x"), ("c", "2")):
        (tmp_path / f"{name}.csv").write_text("v\n" + "1\n" * 50 + last + "\n")
    with pytest.raises(SourceError, match=r"/b\.csv, line 52: `x`"):
        factory.reader(tmp_path, infer_rows=10).head(1000)


def test_an_integer_beyond_64_bits_stays_text(put, factory):
    source = put("t.csv", b"a,b\n99999999999999999999,1\n5,2\n")
    assert rows(factory, source) == [("99999999999999999999", 1), ("5", 2)]


def test_a_schema_overrules_inference_for_its_columns(put, factory):
    source = put("t.csv", b"zip,n\n00123,1\n00456,2\n")
    assert rows(factory, source, schema={"zip": pl.String}) == [("00123", 1), ("00456", 2)]
    arrow = pa.schema([("zip", pa.string()), ("n", pa.float64())])
    assert rows(factory, source, schema=arrow) == [("00123", 1.0), ("00456", 2.0)]


def test_a_schema_names_the_columns_of_a_file_without_header(put, factory):
    source = put("t.csv", b"1,2\n3,4\n")
    reader = factory.reader(source, has_header=False, schema={"x": pl.Int64, "y": pl.String})
    assert reader.polars().collect().to_dicts() == [{"x": 1, "y": "2"}, {"x": 3, "y": "4"}]


def test_a_schema_with_an_unknown_column_is_refused(put, factory):
    reader = factory.reader(put("t.csv", b"a,b\n1,2\n"), schema={"c": pl.Int64})
    with pytest.raises(InvalidArgumentError, match=r"no column 'c'.*a, b"):
        reader.polars()


def test_types_of_several_files_are_joined(put, factory):
    put("d/a.csv", b"i,s\n1,1\n")
    put("d/b.csv", b"i,s\n1.5,x\n")
    source = put("d/c.csv", b"i,s\n,\n")
    frame = factory.reader(source.rsplit("/", 1)[0] + "/[ab].csv").polars().collect()
    assert frame.schema == {"i": pl.Float64, "s": pl.String}
    assert frame.rows() == [(1.0, "1"), (1.5, "x")]


@pytest.mark.parametrize(
    ("second", "difference"),
    [
        (b"a,c\n1,2\n", "'b' is only in the first; 'c' is only in the second"),
        (b"b,a\n1,2\n", "order"),
    ],
)
def test_other_headers_in_one_glob_are_listed(put, factory, second, difference):
    put("d/1.csv", b"a,b\n1,2\n")
    source = put("d/2.csv", second)
    with pytest.raises(SourceError, match=difference):
        factory.reader(source.rsplit("/", 1)[0]).polars()


def test_hive_keys_become_columns(put, factory):
    put("h/year=2020/t.csv", b"v\n1\n")
    source = put("h/year=2021/t.csv", b"v\n2\n3\n")
    reader = factory.reader(source.rsplit("/", 2)[0])
    assert reader.polars().collect().rows() == [(1, 2020), (2, 2021), (3, 2021)]
    assert reader.polars().filter(pl.col("year") == 2021).select("v").sum().collect().item() == 5
    assert reader.head(2).rows() == [(1, 2020), (2, 2021)]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_said_to_be_empty(put, factory, data):
    reader = factory.reader(put("t.csv", data))
    with pytest.raises(SourceError, match=r"t\.csv: The file is empty"):
        reader.polars()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bytes(range(256)) * 20, "binary data"),
        (b"PAR1" + bytes(100) + b"PAR1", "a Parquet file"),
    ],
    ids=["binary", "parquet"],
)
def test_what_is_no_text_is_told_at_the_call(put, factory, data, message):
    reader = factory.reader(put("t.csv", data), "csv")
    with pytest.raises(SourceError, match=rf"t\.csv: This is not text: it looks like {message}"):
        reader.polars()


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "cp1252", "utf-8-sig"])
def test_an_encoding_is_found(put, factory, encoding):
    reader = factory.reader(put("t.csv", ENCODED.encode(encoding)))
    assert reader.polars().collect().to_dicts() == [{"näme": "é", "b": 1}, {"näme": "ü", "b": 2}]


@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        (b"a\n" + b"x\n" * 10 + b"\xe9\n", "ascii", "line 12: 0xe9 is no character in ascii"),
        (b"a\n" + b"x\n" * 600_000 + b"\x81\n", "cp1252", "line 600,002: 0x81 is no character in"),
        ("a\nx\n".encode("utf-16-le"), "utf-16", "it is not utf-16: .* BOM"),
        ("a\nx\n".encode("utf-16-le")[:-1], "utf-16-le", "line 2: 0x0a is no character in"),
    ],
    ids=["ascii", "further down", "no mark", "half a character"],
)
def test_bytes_that_the_given_encoding_lacks_are_an_error(put, factory, data, encoding, message):
    reader = factory.reader(put("t.csv", data), encoding=encoding)
    with pytest.raises(SourceError, match=rf"t\.csv could not be read: {message}") as raised:
        reader.polars().collect()
    assert str(raised.value).endswith(
        "Pass encoding=… as what it is, or leave it out to have it found out."
    )


def test_a_late_byte_that_is_no_utf8_is_an_error(put, factory):
    reader = factory.reader(put("t.csv", b"a,b\n" + b"x,1\n" * 100_000 + b"\xe9,1\n"))
    with pytest.raises(SourceError, match=r"line 100,002: not UTF-8: 'é,1'"):
        list(reader.batches(50_000))


@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_a_character_cut_by_the_prefix_is_no_error(put, factory, before):
    start = b"a\n" + b"x\n" * (HEAD_BYTES // 2 - 4)
    start += b"y" * (HEAD_BYTES - before - len(start))
    reader = factory.reader(put("t.csv", start + "€\n".encode()))
    assert reader.head(1_000_000)["a"][-1].endswith("€")


def test_repeated_column_names_are_made_unique(put, factory):
    frame = factory.reader(put("t.csv", b"a,b,a\n1,2,3\n")).polars().collect()
    assert frame.to_dicts() == [{"a": 1, "b": 2, "a_2": 3}]


@pytest.mark.parametrize(
    "options",
    [
        {"delimiter": ",,"},
        {"delimiter": "é"},
        {"quote": ""},
        {"infer_rows": 0},
        {"encoding": "klingon"},
    ],
)
def test_options_that_cannot_be_meant_are_refused_at_once(put, factory, options):
    source = put("t.csv", b"a\n1\n")
    with pytest.raises(InvalidArgumentError, match=next(iter(options))):
        factory.reader(source, **options)


def test_a_quote_that_is_never_closed_is_an_error_and_not_another_dialect(put, factory):
    reader = factory.reader(put("t.csv", b'a,b\n1,"x\ny\n2,z\n'))
    assert reader.schema().names == ["a", "b"]
    for read in (reader.head, reader.count, lambda: list(reader.batches(9))):
        with pytest.raises(SourceError, match=r"t\.csv, line 2: "):
            read()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"<!DOCTYPE html>\n<html><body>404, not found</body></html>", "an HTML page"),
        ("\ufeff\n <HTML lang='de'>x,y\n".encode(), "an HTML page"),
        (b'<?xml version="1.0"?>\n<rows><row/></rows>\n', "an XML document"),
    ],
)
def test_a_page_that_was_saved_as_csv_is_told_as_one(tmp_path, factory, text, what):
    path = tmp_path / "download.csv"
    path.write_bytes(text)
    with pytest.raises(SourceError, match=rf"download\.csv is {what}: "):
        factory.reader(str(path)).polars()


@pytest.mark.parametrize("text", [b"<header>,b\n1,2\n", b"<b>a</b>,b\n1,2\n", b"<5,>7\n1,2\n"])
def test_a_header_with_brackets_is_a_header(tmp_path, factory, text):
    path = tmp_path / "t.csv"
    path.write_bytes(text)
    assert factory.reader(str(path)).polars().collect().rows() == [(1, 2)]
