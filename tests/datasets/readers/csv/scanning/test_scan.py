"""Both ways through a CSV file give the same rows, and neither hides what is wrong with it."""

from __future__ import annotations

import csv
import io
import os
import re

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from toolkit.core.errors import InvalidArgumentError, SourceError, SourceNotFoundError
from toolkit.datasets.readers.csv.scanning import native
from toolkit.datasets.readers.csv.scanning.native import is_native
from toolkit.datasets.readers.factory import DatasetReaderFactory

MANY = 136_000
"""Rows of a file that is read in several pieces."""

CELLS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False).map(repr),
    st.dates().map(str),
    st.sampled_from(["", "NA", "007", "true", " x", 'a "b" c', "x,y", "l1\nl2", "é", "-", "1.5"]),
    st.text("ab,\"' \n", max_size=6),
)
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=9)
)


def written(table: list[list[str]], quoting: int) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator="\n")
    writer.writerow([f"name {i}" for i in range(len(table[0]))])
    writer.writerows(table)
    return out.getvalue().encode()


@pytest.fixture(scope="module")
def put(tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "t.csv"

    def write(data: bytes) -> str:
        path.write_bytes(data)
        return str(path)

    return write


def reader(path, **options):
    return DatasetReaderFactory().reader(path, "csv", **options)


@settings(max_examples=100, deadline=None)
@given(TABLES, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.booleans())
def test_the_engines_scan_and_the_splitter_give_the_same_frame(put, table, quoting, typed):
    path = put(written(table, quoting))
    said = {"delimiter": ",", "quote": '"', "escape": '"', "header_rows": 1, "comment": None}
    native = reader(path, infer_types=typed, skip_lines=0, **said)
    assert is_native(native.explain().files[0])
    split = reader(path, infer_types=typed, skip_lines=0, on_bad_rows="repair", **said)
    frame = split.polars().collect()
    assert_frame_equal(native.polars().collect(), frame)
    assert native.count() == split.count() == frame.height
    if not typed:
        expected = [
            tuple(cell if cell or quoting == csv.QUOTE_ALL else None for cell in row)
            for row in table
            if any(row) or quoting == csv.QUOTE_ALL or len(row) > 1
        ]
        assert frame.rows() == expected


WAYS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|", " "]),
        "quotechar": st.sampled_from(['"', "'"]),
        "doublequote": st.booleans(),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
    }
)


@settings(max_examples=100, deadline=None)
@given(TABLES, WAYS, st.sampled_from(["error", "repair"]))
def test_whatever_the_csv_module_writes_comes_back(put, table, way, policy):
    # The module does not quote a line feed where records end in a carriage return.
    assume(way["lineterminator"] != "\r" or not any("\n" in c for row in table for c in row))
    out = io.StringIO()
    writer = csv.writer(out, escapechar=None if way["doublequote"] else "\\", **way)
    writer.writerow([f"name {i}" for i in range(len(table[0]))])
    writer.writerows(table)
    file = reader(
        put(out.getvalue().encode()),
        delimiter=way["delimiter"],
        quote=way["quotechar"],
        escape=way["quotechar"] if way["doublequote"] else "\\",
        comment=None,
        header_rows=1,
        skip_lines=0,
        infer_types=False,
        on_bad_rows=policy,
    )
    found = [tuple(cell or "" for cell in row) for row in file.polars().collect().rows()]
    assert found == [tuple(row) for row in table]
    assert not file.problems().height


def long_file(at: int, line: bytes) -> bytes:
    """Many good rows, and another line before one of them."""
    lines = [b"%d,%d,x" % (i, i % 7) for i in range(MANY)]
    lines.insert(at, line)
    return b"a,b,c\n" + b"\n".join(lines) + b"\n"


FAR = MANY - 100


@pytest.mark.parametrize("columns", [["a", "b", "c"], ["b"], ["b", "c"]])
def test_a_short_row_far_down_is_an_error_wherever_its_nulls_would_be_read(put, columns):
    path = put(long_file(FAR, b"5"))
    with pytest.raises(SourceError, match=rf"line {FAR + 2:,}: too few fields, 3 expected and 1"):
        reader(path).polars().select(columns).collect()


def test_what_a_short_row_does_have_is_read(put):
    path = put(long_file(FAR, b"5"))
    assert reader(path).polars().select("a").collect().height == MANY + 1


@pytest.mark.parametrize("line", [b"1,2,3,4", b'1,"x,y', b'1,"x"y,z', b"1,2"])
def test_a_bad_row_far_down_is_an_error_that_says_where(put, line):
    frame = reader(put(long_file(FAR, line))).polars()
    with pytest.raises(SourceError, match=rf"line {FAR + 2:,}: .*It is the only bad row"):
        frame.collect()


def test_the_error_says_how_many_bad_rows_there_are(put):
    data = long_file(FAR, b"1,2,3,4\n5\n6,7,8\n9")
    with pytest.raises(SourceError, match="3 rows of the file are bad"):
        reader(put(data)).count()


@pytest.mark.parametrize("at", [3, FAR, MANY])
def test_blank_lines_are_no_rows_wherever_they_stand(put, at):
    expected = list(range(MANY))
    found = reader(put(long_file(at, b"\n"))).polars()
    assert found.collect()["a"].to_list() == expected
    assert found.select("a").head(MANY).collect()["a"].to_list() == expected
    assert found.filter(pl.col("a") >= 0).select(pl.len()).collect().item() == MANY
    assert reader(put(long_file(at, b"\n"))).count() == MANY


def test_empty_fields_are_nulls_and_no_bad_rows(put):
    data = b"a,b\n" + b"1,\n" * MANY
    file = reader(put(data))
    assert file.polars().select(pl.col("b").null_count()).collect().item() == MANY
    assert file.count() == MANY


def test_the_first_rows_of_a_file_come_before_what_is_wrong_further_down(put):
    file = reader(put(long_file(FAR, b"1,2,3,4")))
    assert file.head(3)["a"].to_list() == [0, 1, 2]
    assert file.head(FAR).height == FAR
    with pytest.raises(SourceError, match=f"line {FAR + 2:,}"):
        file.head(FAR + 1)


@pytest.mark.parametrize("policy", ["repair", "skip"])
def test_problems_lists_every_line_that_is_not_simply_a_row(put, policy):
    good = b"10,11\n" * 9
    data = b"made by x\n\na,b\n1,2\n3\n4,5\n6,7,\n\n8,9\n" + good + b"Source: y\n"
    file = reader(put(data), on_bad_rows=policy)
    found = file.problems()
    assert dict(zip(found["line"], found["kind"], strict=True)) == {
        1: "preamble",
        2: "blank line",
        5: "too few fields",
        7: "too many fields",
        8: "blank line",
        19: "footer",
    }
    assert found["text"].to_list() == ["made by x", "", "3", "6,7,", "", "Source: y"]
    assert [data[offset : offset + 3] for offset in found["offset"]] == [
        b"mad", b"\na,", b"3\n4", b"6,7", b"\n8,", b"Sou",
    ]  # fmt: skip
    rows = file.polars().collect().rows()
    repaired = [(1, 2), (3, None), (4, 5), (6, 7), (8, 9)]
    kept = repaired if policy == "repair" else [(1, 2), (4, 5), (8, 9)]
    assert rows == kept + [(10, 11)] * 9


def test_problems_of_a_strict_reader_says_what_it_refuses(put):
    found = reader(put(b"a,b\n1,2\n3\n4,5\n")).problems()
    assert found.select("line", "kind", "action").rows() == [(3, "too few fields", "refused")]


def test_a_value_that_does_not_fit_is_named_with_its_row(put):
    data = b"a,b\n" + b"1,2\n" * MANY + b"x,2\n"
    with pytest.raises(SourceError, match=rf"line {MANY + 2:,}: `x` in column 'a' is no Int64"):
        reader(put(data), infer_rows=10).polars().collect()


# In no place of the file that is looked at to find the types.
ROWS, HOLE = 60_000, 26_000


def with_code(put, code: bytes) -> str:
    lines = [b"%d,%d,%d.5" % (i % 900 + 100, i % 7, i + 100_000) for i in range(ROWS)]
    lines[HOLE] = code + b",5,1.5"
    return put(b"zip,b,c\n" + b"\n".join(lines) + b"\n")


@pytest.mark.parametrize("code", [b"007", b"00", b"-012", b"+49301234"])
def test_a_code_far_down_among_integers_is_no_integer(put, code):
    frame = reader(with_code(put, code)).polars()
    assert frame.collect_schema()["zip"] == pl.Int64
    what = (
        rf"line {HOLE + 2:,}: `{re.escape(code.decode())}` in column 'zip' is no Int64.*would lose"
    )
    for part in (frame, frame.select("zip"), frame.filter(pl.col("b") == 5)):
        with pytest.raises(SourceError, match=what):
            part.collect()
    assert frame.select("b", "c").collect().height == ROWS


def test_a_code_among_integers_is_text_or_a_number_where_it_is_asked_for(put):
    path = with_code(put, b"007")
    assert reader(path, schema={"zip": pl.String}).polars().collect()["zip"][HOLE] == "007"
    assert reader(path, schema={"zip": pl.Int64}).polars().collect()["zip"][HOLE] == 7
    assert reader(path, infer_rows=None).polars().collect()["zip"][HOLE] == "007"
    mended = reader(path, on_bad_rows="repair")
    assert mended.polars().collect()["zip"].null_count() == 1
    assert mended.problems().select("line", "kind", "text").rows() == [(HOLE + 2, "misfit", "007")]


@pytest.mark.parametrize("number", [b"0", b"-5", b"-0", b'""', b""])
def test_what_is_no_code_far_down_is_an_integer_or_null(put, number):
    found = reader(with_code(put, number)).polars().collect()["zip"][HOLE]
    assert found == (int(number) if number.strip(b'"') else None)


def test_types_come_from_places_further_down_too(put):
    data = b"a,b\n" + b"1,2020-01-01\n" * 200_000 + b"1.5,2020-01-01\n" * 200_000
    file = reader(put(data))
    assert file.polars().collect_schema() == {"a": pl.Float64, "b": pl.Date}


def test_explain_says_what_was_found(put):
    text = repr(reader(put(b"r\n\na;b\n1;2020-01-31\nNA;2020-02-01\n")).explain())
    for part in ("utf-8", "delimiter ;", "header: 1 row, from line 3", "preamble left out", "date"):
        assert part in text
    assert "integer; null: 'NA'" in text


@pytest.mark.parametrize("line", [b"5", b"1,2,3,4", b"5,5"])
def test_a_bad_row_is_an_error_also_where_a_filter_would_leave_it_out(put, line):
    frame = reader(put(long_file(FAR, line))).polars()
    with pytest.raises(SourceError, match=rf"line {FAR + 2:,}: too (few|many) fields"):
        frame.filter(pl.col("b") == 6, pl.col("c") == "x").collect()


def test_a_filter_keeps_its_rows_also_where_the_engines_scan_was_left(put):
    data = long_file(FAR, b"").replace(b"%d,%d,x\n" % (FAR - 5, (FAR - 5) % 7), b"0,6,\n")
    path = put(data)
    kept = reader(path).polars().filter(pl.col("b") == 6).collect()
    every = [i for i in range(MANY) if i % 7 == 6 or i == FAR - 5]
    assert kept["a"].to_list() == [0 if i == FAR - 5 else i for i in every]


def test_what_one_scan_has_shown_is_not_looked_at_again(put, monkeypatch):
    seen = []
    whole = native.Wanted._suspicious
    monkeypatch.setattr(
        native.Wanted, "_suspicious", lambda self, frame: seen.append(1) or whole(self, frame)
    )
    frame = reader(put(long_file(5, b"1,2,x"))).polars()
    expected = frame.select("a", "b").collect()
    assert len(seen) > 1
    seen.clear()
    assert_frame_equal(frame.select("a", "b").collect(), expected)
    assert frame.filter(pl.col("b") == 3).select("a").collect().height
    assert not seen
    assert frame.collect().height == MANY + 1
    assert seen


@pytest.mark.parametrize("line", [b"5", b"1,2,3,4", b"x,1,x"])
def test_a_file_that_changed_is_looked_at_again(put, line):
    frame = reader(put(long_file(5, b"1,2,x"))).polars()
    frame.collect()
    put(long_file(FAR, line))
    with pytest.raises(SourceError, match=f"line {FAR + 2:,}"):
        frame.collect()


@pytest.mark.parametrize("rows", [3, 60_000])
@pytest.mark.parametrize(
    "changed",
    [b"b,a\n", b"a,b,c\n", b'"a",b\n', b"made by hand\n\na,b\n", b"a;b\n", b""],
)
@pytest.mark.parametrize("policy", ["error", "repair"])
def test_a_file_whose_header_changed_is_refused(put, changed, rows, policy):
    body = b"1,2\n" * rows
    file = reader(put(b"a,b\n" + body), on_bad_rows=policy)
    frame = file.polars()
    assert frame.collect().height == rows
    put(b"a,b\n" + body + body)
    assert frame.select("b").collect().height == 2 * rows
    put(changed + body)
    faces = [frame.collect, frame.select("a").collect, frame.head(1).collect, file.problems]
    for face in [*faces, file.count]:
        with pytest.raises(SourceError, match="has changed since the reader was made"):
            face()


@pytest.mark.parametrize("policy", ["error", "repair"])
def test_a_file_that_is_cut_while_it_is_read_is_an_error(put, policy):
    rows = b"".join(b"%d,%d\n" % (row, row * row) for row in range(700_000))
    path = put(b"a,b\n" + rows)
    file = reader(path, on_bad_rows=policy)
    batches = file.batches(1_000)
    next(batches)
    os.truncate(path, 3_000_000)
    with pytest.raises(SourceError, match="cut short"):
        for _ in batches:
            pass


def test_a_file_that_grows_while_it_is_read_is_read(put):
    path = put(b"a,b\n" + b"1,2\n" * 600_000)
    batches = reader(path).batches(1_000)
    next(batches)
    with open(path, "ab") as file:
        file.write(b"3,4\n")
    assert sum(batch.num_rows for batch in batches) >= 599_000


def test_a_file_that_lost_all_is_refused(put):
    frame = reader(put(b"a,b\n1,2\n")).polars()
    put(b"")
    with pytest.raises(SourceError, match="Make the reader anew"):
        frame.collect()


@pytest.mark.parametrize(
    "text",
    [
        b"a,b\r1,2\r3,4\r",
        b"# made\n# by hand\na,b\n1,2\n3,4\n",
        b'"a\nz",b\n1,2\n3,4\n',
        b"made by hand\n\na,b\n1,2\n3,4\n",
        b"\xef\xbb\xbfa,b\n1,2\n3,4\n",
        "a,b\n1,2\n3,4\n".encode("utf-16"),
        b"a,b\n\n1,2\n3,4",
    ],
)
def test_rows_may_change_below_any_header(put, text):
    frame = reader(put(text)).polars()
    assert frame.collect().rows() == [(1, 2), (3, 4)]
    put(text.replace(b"3", b"5"))
    assert frame.collect().rows() == [(1, 2), (5, 4)]


def test_columns_that_no_scan_read_are_not_taken_on_trust(put):
    frame = reader(with_code(put, b"007")).polars()
    assert frame.select("b", "c").collect().height == ROWS
    assert frame.filter(pl.col("c") > 9).select("zip").collect().height == ROWS - 1
    with pytest.raises(SourceError, match=f"line {HOLE + 2:,}: `007`"):
        frame.select("zip").collect()


def test_a_scan_of_the_first_column_proves_nothing_of_those_behind_it(put):
    frame = reader(put(long_file(FAR, b"5"))).polars()
    assert frame.select("a").collect().height == MANY + 1
    with pytest.raises(SourceError, match="too few fields"):
        frame.select("a", "c").collect()


@pytest.mark.parametrize("columns", [["a"], ["c"], ["a", "c"], ["b"]])
@pytest.mark.parametrize("line", [b"1,2,3,4", b"1,2,x,y,z"])
def test_a_field_too_many_is_an_error_whatever_columns_are_read(put, columns, line):
    frame = reader(put(long_file(FAR, line))).polars()
    with pytest.raises(SourceError, match=rf"line {FAR + 2:,}: too many fields"):
        frame.select(columns).collect()


MISFITS = b"a,b\n" + b"1,2020-01-01\n" * 9 + b"x,2020-01-01\n2,soon\n3,2020-01-02\n"


def test_a_value_that_does_not_fit_is_null_where_bad_rows_are_repaired_and_told(put):
    types = {"schema": {"a": pl.Int64}, "dates": {"b": "%Y-%m-%d"}}
    file = reader(put(MISFITS), on_bad_rows="repair", **types)
    frame = file.polars().collect()
    assert frame.tail(3)["a"].to_list() == [None, 2, 3]
    assert frame["b"].is_null().to_list() == [False] * 10 + [True, False]
    assert file.count() == frame.height == 12
    assert file.problems().drop("file").rows() == [
        (11, MISFITS.index(b"x,"), "misfit", "x", "null: row 10, column 'a'"),
        (12, MISFITS.index(b"2,soon"), "misfit", "soon", "null: row 11, column 'b'"),
    ]


def test_its_row_is_left_out_where_bad_rows_are_skipped_whatever_is_read(put):
    types = {"schema": {"a": pl.Int64}, "dates": {"b": "%Y-%m-%d"}}
    file = reader(put(MISFITS), on_bad_rows="skip", **types)
    assert file.polars().collect()["a"].to_list() == [1] * 9 + [3]
    assert file.polars().select("b").collect().height == file.count() == 10
    assert file.problems()["action"].to_list() == [
        "skipped: row 10, column 'a'",
        "skipped: row 11, column 'b'",
    ]


def test_a_text_for_null_of_one_column_is_one_further_down_in_another(put):
    data = b"a,b\n" + b"1,NA\n2,3\n" * MANY + b"NA,1\n"
    frame = reader(put(data)).polars().collect()
    assert frame.schema == {"a": pl.Int64, "b": pl.Int64}
    assert frame["a"][-1] is None


def test_a_header_that_comes_again_is_named(put):
    data = b"a,b\n1,2\n3,4\n5,6\na,b\n7,8\n9,10\n"
    with pytest.raises(SourceError, match=r"line 5: `a` in column 'a'.*the header again"):
        reader(put(data), schema={"a": pl.Int64}).polars().collect()
    assert reader(put(data), on_bad_rows="repair").polars().collect()["a"].to_list() == [
        1,
        3,
        5,
        7,
        9,
    ]


def test_blanks_around_a_late_number_are_no_part_of_it(put):
    data = b"a,b\n" + b"1,2.5\n" * 50 + b" 7 , 3.5\n"
    frame = reader(put(data), infer_rows=10).polars().collect()
    assert frame.row(-1) == (7, 3.5)


def test_a_header_that_is_a_row_is_not_listed_as_dropped(put):
    file = reader(put(b"name,city\nx,y\nname,city\nz,w\n"))
    assert file.polars().collect().height == file.count() == 3
    assert file.problems().is_empty()


def test_a_type_that_no_text_has_is_one_clear_error(put):
    path = put(b"id,t\n1,1\n2,0\n")
    with pytest.raises(SourceError, match="`1` in column 't' is no Boolean"):
        reader(path, schema={"t": pl.Boolean}).polars().collect()
    with pytest.raises(InvalidArgumentError, match=r"List.*pass pl\.String"):
        reader(path, schema={"t": pl.List(pl.Int64)}).polars()
    with pytest.raises(InvalidArgumentError, match="'string', which is no type"):
        reader(path, schema={"t": "string"}).polars()


def test_bytes_of_another_encoding_far_down_name_the_option(put):
    data = b"a,b\n" + b"1,x\n" * 100_000 + "2,café\n".encode("latin-1")
    with pytest.raises(SourceError, match=r"not UTF-8.*pass encoding, such as"):
        reader(put(data)).count()


@pytest.fixture
def small(tmp_path):
    """A folder of small files, which are parsed together."""
    texts = {
        "a": b"n,t\n1,x\n2,y\n",
        "b": b"n,t\n",
        "c": b"n;t\n3;x,y\n",
        "d": b"n,t\r\n4,z\r\n\r\n5,z\r\n",
        "e": b"n,t\n6,'\n",
        "y=1/f": b"n,t\n7,\n8,w\n",
    }
    for name, text in texts.items():
        path = tmp_path / (f"{name}.csv" if "=" in name else f"y=0/{name}.csv")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text)
    return tmp_path


ALL = [(1, "x"), (2, "y"), (3, "x,y"), (4, "z"), (5, "z"), (6, "'"), (7, None), (8, "w")]


@pytest.mark.parametrize("policy", ["error", "repair", "skip"])
def test_small_files_give_their_rows_in_order_up_to_any(small, policy):
    frame = reader(small, on_bad_rows=policy).polars().select("n", "t")
    assert frame.collect().rows() == ALL
    for rows in range(len(ALL) + 1):
        assert frame.head(rows).collect().rows() == ALL[:rows]
        assert frame.head(rows).filter(pl.col("n") > 3).collect().rows() == [
            row for row in ALL[:rows] if row[0] > 3
        ]
    assert frame.filter(pl.col("t") == "z").select("n").collect()["n"].to_list() == [4, 5]
    texts = reader(small, on_bad_rows=policy, infer_types=False).polars().select("n", "t")
    assert texts.collect().rows() == [(str(number), text) for number, text in ALL]
    years = reader(small, on_bad_rows=policy).polars().select("y").collect()["y"]
    assert years.to_list() == [0] * 6 + [1] * 2


@pytest.mark.parametrize("line", [b"9,z,1", b"one,z", b"9,\xff"])
def test_what_is_wrong_with_one_of_many_small_files_is_told_of_it(small, line):
    (small / "y=0/d.csv").write_bytes(b"n,t\n" + b"4,z\n" * 20 + line + b"\n")
    options = {"schema": {"n": pl.Int64}, "encoding": "utf-8"}
    with pytest.raises(SourceError, match=r"d\.csv, line 22"):
        reader(small, **options).polars().collect()
    skipped = reader(small, on_bad_rows="skip", **options).polars().collect()
    assert skipped["n"].to_list() == [1, 2, 3, *[4] * 20, 6, 7, 8]


def test_a_small_file_that_grew_is_read_whole(small):
    frame = reader(small).polars()
    with (small / "y=0/a.csv").open("ab") as file:
        file.write(b"0,x\n" * 100_000)
    assert frame.collect()["n"].to_list() == [1, 2, *[0] * 100_000, *range(3, 9)]


def test_a_small_file_that_was_removed_is_named(small):
    frame = reader(small).polars()
    (small / "y=0/d.csv").unlink()
    with pytest.raises(SourceNotFoundError, match=r"d\.csv is no longer there"):
        frame.collect()


@pytest.mark.parametrize("policy", ["error", "repair"])
@pytest.mark.parametrize("first", ["x^2", "x\x01", "xڼ", "\ufeffx"])
@pytest.mark.parametrize("infer", [True, False])
def test_a_text_that_begins_as_packed_bytes_do_is_a_text(put, first, policy, infer):
    data = "\n".join(["a,b", f"{first},1", *(f"{first}{row},2" for row in range(200_000))])
    frame = reader(put(data.encode()), on_bad_rows=policy, infer_types=infer).polars()
    found = frame.select("a").collect()["a"]
    assert found.head(3).to_list() == [first, f"{first}0", f"{first}1"]
    assert len(found) == 200_001
    assert found.str.starts_with(first).all()
