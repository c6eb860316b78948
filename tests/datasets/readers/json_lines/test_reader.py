"""JSON lines: columns of all rows, nothing lost without a word, and the line of what is wrong."""

from __future__ import annotations

import gzip
import json

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.datasets.readers.factory import DatasetReaderFactory
from toolkit.datasets.readers.json_lines import looks_like_json_lines
from toolkit.datasets.readers.json_lines import reader as json_lines
from toolkit.datasets.readers.json_lines.blocks import blocks

FRAME = pl.DataFrame(
    {
        "i": [1, None, 3],
        "f": [0.5, 2.0, None],
        "s": ['a "q"\n', "", "é"],
        "b": [True, False, None],
        "list": [[1, None], [], None],
        "object": [{"x": 1, "y": ["z"]}, {"x": None, "y": None}, None],
        "nothing": [None, None, None],
    },
    schema_overrides={"nothing": pl.Null},
)


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture
def read(factory):
    return lambda data, **options: factory.reader(data, "jsonl", **options)


@pytest.fixture
def short(monkeypatch):
    """Blocks of some lines, so that what is told of blocks is seen."""
    for name in ("FIRST_BYTES", "BLOCK_BYTES"):
        monkeypatch.setattr(f"toolkit.datasets.readers.json_lines.blocks.{name}", 64)
    monkeypatch.setattr("toolkit.datasets.readers.packing.unpacking.CHUNK", 16)


@pytest.mark.parametrize("place", ["local", "memory"])
@pytest.mark.parametrize("name", ["t.jsonl", "t.ndjson", "t.json", "t.jsonl.gz", "t"])
def test_faces_agree(place, name, tmp_path, memory, factory, assert_faces_agree):
    data = FRAME.write_ndjson().encode()
    data = gzip.compress(data) if name.endswith("gz") else data
    (tmp_path / name).write_bytes(data)
    source = tmp_path / name if place == "local" else memory(name, data)
    assert_faces_agree(factory.reader(source), FRAME)


@settings(max_examples=40, deadline=None)
@given(
    columns=st.lists(
        st.sampled_from([st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=5)]),
        min_size=1,
        max_size=3,
    ),
    data=st.data(),
    cut=st.integers(1, 40),
)
def test_what_python_writes_comes_back_however_it_is_cut(columns, data, cut):
    rows = data.draw(
        st.lists(
            st.fixed_dictionaries(
                {f"k{i}": st.none() | values for i, values in enumerate(columns)}
            ),
            min_size=1,
            max_size=20,
        )
    )
    written = lines(*rows)
    pieces = [written[start : start + cut] for start in range(0, len(written), cut)]
    assert b"\n".join(block.data for block in blocks(pieces)) == written[:-1]
    frame = DatasetReaderFactory().reader(written, "jsonl").polars().collect()
    assert frame.rows(named=True) == rows


def test_blank_lines_byte_order_marks_and_crlf_are_no_rows(read):
    data = b'\xef\xbb\xbf{"a":1}\r\n\r\n  \n{"a":2}\r\n\n{"a":3}'
    assert read(data).polars().collect()["a"].to_list() == [1, 2, 3]
    assert read(data).count() == 3


def test_rows_without_keys_are_rows(read):
    assert read(b"{}\n{}\n").count() == 2


def test_keys_and_types_of_all_rows_make_the_columns(read):
    frame = read(lines({"a": 1}, {"b": {"x": 1}}, {"a": 1.5, "b": {"y": "z"}})).polars().collect()
    assert frame.rows() == [
        (1.0, None),
        (None, {"x": 1, "y": None}),
        (1.5, {"x": None, "y": "z"}),
    ]


def test_files_with_other_keys_are_joined(read):
    reader = read([lines({"a": 1}), lines({"b": "x", "a": 2.5})])
    assert reader.polars().collect().rows() == [(1.0, None), (2.5, "x")]


def test_an_integer_beyond_64_bits_keeps_its_digits(read):
    frame = read(lines({"n": 1}, {"n": 2**80})).polars().collect()
    assert frame["n"].to_list() == ["1", str(2**80)]


ROW = {"a": 1, "b": {"x": 1}}


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("late", "message"),
    [
        ({"a": 1.5}, r"line 21: cannot parse '1\.5'"),
        ({"a": "x"}, r"line 21: cannot parse 'x'"),
        ({"c": 1}, r"line 21: the key 'c' is new"),
        ({"b": {"y": 1}}, r"line 21: the key 'b\.y' is new"),
    ],
)
def test_what_does_not_fit_later_is_told_and_never_null(read, late, message):
    data = lines(*[ROW] * 20, late, *[ROW] * 5)
    reader = read(data, infer_rows=10)
    for face in (lambda: reader.polars().collect(), lambda: list(reader.batches(5))):
        with pytest.raises(SourceError, match=message) as caught:
            face()
        assert "infer_rows=None" in str(caught.value)
    assert read(data, infer_rows=None).count() == 26
    assert read(data, infer_rows=None).polars().collect().height == 26
    assert reader.head(3).height == 3


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"a":1', "line 31: Expecting ',' delimiter at character 7"),
        (b"[1,2]", "line 31: a list, not an object"),
        (b"null", "line 31: a NoneType, not an object"),
        (b'{"a":"\xff"}', "line 31: byte 7 of the line is not UTF-8"),
        (b'{"a":1} {"a":2}', "line 31: Extra data"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "line 31: "),
        (b"\0\0\0", "line 31: "),
    ],
)
@pytest.mark.parametrize("infer_rows", [10, None])
def test_a_malformed_line_is_named(read, line, message, infer_rows):
    data = lines(*[{"a": 1}] * 30) + line + b"\n" + lines(*[{"a": 1}] * 30)
    with pytest.raises(SourceError, match=f"<bytes> could not be read: {message}"):
        read(data, infer_rows=infer_rows).polars().collect()
    with pytest.raises(SourceError, match=message):
        read(data, infer_rows=infer_rows).count()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b"\n \n", "it is empty"),
        (b'[{"a":1},\n{"a":2}]', "it is a JSON array.* pl.read_json"),
        (b'{\n "a": 1\n}', "line 1: Expecting property name"),
    ],
)
def test_what_is_no_json_lines_says_so(read, data, message):
    with pytest.raises(SourceError, match=message) as caught:
        read(data).schema()
    assert "one object on each line" in str(caught.value)


@pytest.mark.usefixtures("short")
def test_what_python_writes_of_floats_comes_back_wherever_it_is(read, assert_faces_agree):
    special = [float("nan"), float("inf"), float("-inf"), None, 1.5, 1e308]
    rows = [
        {"f": value, "l": [value, 1], "o": {"x": value}, "s": 'NaN "Infinity"', "n": i}
        for i, value in enumerate(special * 4)
    ]
    expected = pl.DataFrame(rows)
    assert_faces_agree(read(lines(*rows)), expected)
    asked = read(lines(*rows), schema={"f": pl.String}).polars().select("f", "s").collect()
    assert asked["f"][:4].to_list() == ["NaN", "Infinity", "-Infinity", None]
    assert asked["s"].unique().to_list() == ['NaN "Infinity"']


def test_a_special_float_that_does_not_fit_is_named_as_it_is_written(read):
    reader = read(lines({"a": 1}, {"a": float("nan")}), infer_rows=1)
    with pytest.raises(SourceError, match="line 2: cannot parse 'NaN'"):
        reader.polars().collect()


@pytest.mark.parametrize(
    ("row", "path", "value"),
    [
        ({"a": 2**53 + 1}, "a", 2**53 + 1),
        ({"a": -(2**53) - 1}, "a", -(2**53) - 1),
        ({"l": [0.5, 2**60 + 1]}, "l", 2**60 + 1),
        ({"o": {"x": 2**63 + 1}}, "o.x", 2**63 + 1),
    ],
)
def test_an_integer_that_a_float_would_round_is_told(read, row, path, value):
    fine = {"a": 0.5, "l": [0.5, 2**60], "o": {"x": 1e22}}
    data = lines(fine, fine, row)
    with pytest.raises(SourceError, match=rf"line 3: {value} in '{path}' .*rounded"):
        read(data).polars().collect()
    assert read(data).polars().select(pl.exclude(path[0])).collect().height == 3
    types = {"a": pl.Float64, "l": pl.List(pl.Float64), "o": pl.Struct({"x": pl.Float64})}
    assert read(data, schema=types).polars().collect().height == 3
    kept = read(data, schema={"a": pl.String}).polars().select("a").collect()["a"]
    assert kept[2] == (str(value) if path == "a" else None)


@pytest.mark.parametrize(
    ("text", "half"),
    [
        (rb"\ud800", r"\ud800"),
        (rb"x\uDC00y", r"\uDC00"),
        (rb"\ud83d\ud83d\ude00", r"\ud83d"),
        (rb"\\\udbff.", r"\udbff"),
        (rb"\ud83d\ude00", None),
        (rb"\\ud800", None),
        (rb"\u00e9\\\ud83d\ude00", None),
    ],
)
def test_half_of_a_pair_is_told_and_never_read_as_another_character(read, text, half):
    line = b'{"a":"' + text + b'"}\n'
    reader = read(b'{"a":"x"}\n' + line)
    if half is None:
        assert reader.polars().collect()["a"][1] == json.loads(line)["a"]
        return
    with pytest.raises(SourceError) as told:
        reader.polars().collect()
    assert f"line 2: {half} is half of a pair" in str(told.value)
    assert "infer_rows" not in str(told.value)


def test_advice_is_to_say_the_type_where_all_rows_were_looked_at(read):
    data = lines({"a": True}, {"a": 1})
    with pytest.raises(SourceError, match=r"schema=\{column: type\}") as told:
        read(data).polars().collect()
    assert "infer_rows" not in str(told.value)
    assert read(data, schema={"a": pl.String}).polars().collect()["a"].to_list() == ["true", "1"]


def test_a_line_without_end_is_refused_in_bounded_memory(monkeypatch):
    monkeypatch.setattr("toolkit.datasets.readers.json_lines.blocks.LONGEST_LINE", 1 << 23)
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"[" * (1 << 20)

    with pytest.raises(OSError, match="line 1 has more than"):
        list(blocks(endless()))
    assert len(taken) < 20


def test_a_schema_overrules_what_was_found(read):
    data = lines({"i": 3, "d": "2020-01-02", "t": 5}, {"i": 4, "d": None, "t": "x"})
    frame = read(data, schema={"i": pl.Int8, "d": pl.Date, "t": pl.String}).polars().collect()
    assert frame.dtypes == [pl.Int8, pl.Date, pl.String]
    assert str(frame["d"][0]) == "2020-01-02"
    assert frame["t"].to_list() == ["5", "x"]
    arrow = read(data, schema=pa.schema([("i", pa.float32())])).schema()
    assert arrow.field("i").type == pa.float32()
    with pytest.raises(SourceError, match=r"line 2: .*300"):
        read(lines({"i": 1}, {"i": 300}), schema={"i": pl.Int8}).polars().collect()
    with pytest.raises(InvalidArgumentError, match=r"no column 'z'.*Its columns: i, d, t"):
        read(data, schema={"z": pl.Int8}).schema()
    for times in ({"d": pl.Time}, pa.schema([("d", pa.time64("us"))])):
        with pytest.raises(InvalidArgumentError, match="JSON has no such values"):
            read(data, schema=times)
    for schema, wrong in (
        (["i"], "schema="),
        ("i", "schema="),
        ({"i": "int"}, "'int', which is no"),
    ):
        with pytest.raises(InvalidArgumentError, match=wrong):
            read(data, schema=schema)
    for rows in (0, "auto", 1.5, True):
        with pytest.raises(InvalidArgumentError, match=f"infer_rows={rows!r}: pass"):
            read(data, infer_rows=rows)


def test_hive_partitions_are_columns(tmp_path, factory):
    for year in (2020, 2021):
        (tmp_path / f"year={year}").mkdir()
        (tmp_path / f"year={year}" / "t.jsonl").write_bytes(lines({"a": year}))
    frame = factory.reader(tmp_path).polars().filter(pl.col("year") == 2021).collect()
    assert frame.rows() == [(2021, 2021)]


def test_the_first_rows_fetch_the_beginning_only(memory, factory, traffic, monkeypatch):
    monkeypatch.setattr(json_lines, "INFER_BYTES", 1 << 20)
    data = lines({"a": 1, "text": "x" * 1000}) * 8_000
    reader = factory.reader(memory("t.jsonl", data))
    assert traffic.opened == []
    assert reader.head(3).height == 3
    assert 0 < traffic.read < len(data) * 0.6


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b'{"a": 1}\n', True),
        (b'\xef\xbb\xbf \n{"a', False),
        (b'{"a" : {"b', True),
        (b"{}\n", True),
        (b"{a,b}\n1,2\n", False),
        (b'{"a",b\n', False),
        (b"[1]\n", False),
        (b"a,b\n", False),
    ],
)
def test_json_is_told_from_text(head, told):
    assert looks_like_json_lines(head) is told
