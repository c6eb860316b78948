"""Types are inferred from the values alone: what is not plainly a number or a date stays text."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate

import polars as pl
import pytest

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.factory import DatasetReaderFactory

Text, Int, Float, Bool, Date, Time = (
    pl.String,
    pl.Int64,
    pl.Float64,
    pl.Boolean,
    pl.Date,
    pl.Datetime,
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column as it is written in a file, its type, and its values (None: as they are written).

    ``explained`` is what ``reader.explain()`` must say of it.
    """

    name: str
    cells: tuple[str, ...]
    type: type[pl.DataType]
    values: tuple[object, ...] | None = None
    explained: str = ""


def text(name, *cells):
    return Column(name, cells, Text)


def day(text):
    return dt.date.fromisoformat(text)


COLUMNS = (
    Column("integers", ("1", "-20", "0"), Int, (1, -20, 0)),
    Column("the ends of 64 bits", ("9223372036854775807", "-9223372036854775808", "0"), Int,
           (9223372036854775807, -9223372036854775808, 0)),
    text("beyond 64 bits", "1", "123456789012345678901234567890", "-5"),
    text("far below 64 bits", "1", "-99999999999999999999", "-5"),
    Column("integers with an empty cell", ("1", "", "3"), Int, (1, None, 3)),
    Column("floats", ("1.5", "-0.25", "10.0"), Float, (1.5, -0.25, 10.0)),
    Column("integers and floats", ("1", "2.5", "3"), Float, (1.0, 2.5, 3.0)),
    Column("exponents", ("1e5", "2.5E-3", "-1e0"), Float, (1e5, 2.5e-3, -1.0)),
    Column("floats with an empty cell", ("", "2.5", "3.5"), Float, (None, 2.5, 3.5)),
    Column("below one", ("0.5", "0", "0.25"), Float, (0.5, 0.0, 0.25)),
    text("codes with leading zeros", "007", "042", "100"),
    text("one leading zero among numbers", "7", "42", "007"),
    text("zip codes", "01067", "10115", "20095"),
    text("a double zero", "00", "1", "2"),
    text("leading zeros before a point", "001.5", "002.5", "010.5"),
    text("leading zeros behind a sign", "-007", "-042", "5"),
    text("decimal commas", "3,14", "2,72", "1,41"),
    text("thousands with commas", "1,234", "12,345", "1,234,567"),
    text("thousands with points", "1.234.567", "12.345.678", "9.876.543"),
    text("thousands with blanks", "1 234", "12 345", "999 999"),
    text("thousands with apostrophes", "1'234", "12'345", "999'999"),
    text("percent", "12%", "7.5%", "100%"),
    text("dollars", "$5", "$7.50", "$100"),
    text("euros", "5 €", "7.50 €", "100 €"),
    text("underscores", "1_000", "2_000", "3_000"),
    text("hexadecimal", "0x1F", "0x2A", "0xFF"),
    text("versions", "1.2.3", "1.10.0", "2.0.0"),
    text("words", "alpha", "beta", "gamma"),
    text("numbers and a word", "1", "2", "three"),
    text("numbers in brackets", "(5)", "(7)", "(9)"),
    text("phone numbers", "030-1234", "040-5678", "089-4321"),
    Column("booleans", ("true", "false", "true"), Bool, (True, False, True)),
    Column("booleans in capitals", ("True", "False", "False"), Bool, (True, False, False)),
    Column("booleans with an empty cell", ("true", "", "false"), Bool, (True, None, False)),
    text("booleans and a word", "true", "false", "maybe"),
    Column("zeros and ones", ("0", "1", "1"), Int, (0, 1, 1)),
    Column("ISO dates", ("2024-01-31", "2024-02-01", "2023-12-24"), Date,
           (day("2024-01-31"), day("2024-02-01"), day("2023-12-24"))),
    Column("ISO dates with an empty cell", ("2024-01-31", "", "2023-12-24"), Date,
           (day("2024-01-31"), None, day("2023-12-24"))),
    Column("dd.mm.yyyy", ("31.01.2024", "01.02.2024", "24.12.2023"), Date,
           (day("2024-01-31"), day("2024-02-01"), day("2023-12-24"))),
    Column("mm/dd/yyyy, a day beyond 12", ("01/31/2024", "02/01/2024", "12/24/2023"), Date,
           (day("2024-01-31"), day("2024-02-01"), day("2023-12-24"))),
    Column("dd/mm/yyyy, a day beyond 12", ("31/01/2024", "01/02/2024", "24/12/2023"), Date,
           (day("2024-01-31"), day("2024-02-01"), day("2023-12-24"))),
    text("mm/dd/yyyy or dd/mm/yyyy", "01/02/2024", "03/04/2024", "05/06/2024"),
    text("both mm/dd/yyyy and dd/mm/yyyy", "01/31/2024", "31/01/2024", "05/06/2024"),
    text("two formats of dates", "2024-01-31", "01.02.2024", "2023-12-24"),
    text("days that are not in the calendar", "2024-01-31", "2024-02-30", "2023-12-24"),
    text("months that are not in the calendar", "2024-13-31", "2024-14-01", "2023-15-24"),
    text("dates and a word", "2024-01-31", "soon", "2023-12-24"),
    text("months only", "2024-01", "2024-02", "2023-12"),
    Column("timestamps", ("2024-01-02 03:04:05", "2024-01-03 23:59:59", "2023-12-24 00:00:00"),
           Time, (dt.datetime(2024, 1, 2, 3, 4, 5), dt.datetime(2024, 1, 3, 23, 59, 59),
                  dt.datetime(2023, 12, 24))),
    Column("timestamps with T", ("2024-01-02T03:04:05", "2024-01-03T23:59:59"), Time,
           (dt.datetime(2024, 1, 2, 3, 4, 5), dt.datetime(2024, 1, 3, 23, 59, 59))),
    Column("timestamps with an empty cell", ("2024-01-02 03:04:05", "", "2023-12-24 00:00:00"),
           Time, (dt.datetime(2024, 1, 2, 3, 4, 5), None, dt.datetime(2023, 12, 24))),
    text("timestamps and a word", "2024-01-02 03:04:05", "later", "2023-12-24 00:00:00"),
    text("hours that are not on the clock", "2024-01-02 25:04:05", "2024-01-03 26:59:59"),
    Column("numbers and NA", ("1", "NA", "3"), Int, (1, None, 3), "NA"),
    Column("numbers and N/A", ("1", "N/A", "3"), Int, (1, None, 3), "N/A"),
    Column("floats and null", ("1.5", "null", "3.5"), Float, (1.5, None, 3.5)),
    Column("floats and NULL", ("1.5", "NULL", "3.5"), Float, (1.5, None, 3.5), "NULL"),
    text("country codes, Namibia among them", "DE", "NA", "FR"),
    text("words and null", "alpha", "null", "gamma"),
    Column("an empty column", ("", "", ""), Text, (None, None, None)),
)  # fmt: skip


def written(column):
    """The column beside another, so that the file has a delimiter and a header that is plain."""
    quoted = ['"{}"'.format(c.replace('"', '""')) if "," in c else c for c in column.cells]
    rows = [f"r{n}x,{cell}\n" for n, cell in enumerate(quoted)]
    return "key,value\n" + "".join(rows)


def reader(path, data, **options):
    path.write_text(data, encoding="utf-8", newline="")
    return DatasetReaderFactory().reader(path, **options)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_a_column_has_the_type_that_all_its_values_have(column, tmp_path):
    read = reader(tmp_path / "types.csv", written(column))
    frame = read.polars().collect()
    wanted = column.values
    if wanted is None:
        wanted = tuple(cell or None for cell in column.cells)
    assert frame.schema["value"].base_type() == column.type
    assert tuple(frame["value"].to_list()) == wanted
    assert column.explained in str(read.explain())


MISFITS = [
    ("12", "twelve"),
    ("1.5", "1,5"),
    ("2024-01-31", "2024-02-30"),
    ("true", "perhaps"),
    ("7", "99999999999999999999999"),
    ("7", "7.5"),
]
ROWS = 60_000


def long_file(good, bad, at):
    """Rows with one value, but for the row at a share of the file, and the number of its line."""
    rows = [f"r{n}x;{good}\n" for n in range(ROWS)]
    lengths = list(accumulate(map(len, rows)))
    row = bisect(lengths, at * lengths[-1])
    rows[row] = f"misfit;{bad}\n"
    return "key;value\n" + "".join(rows), row + 2


def misfit(read):
    return str(read.polars().filter(pl.col("key") == "misfit").collect()["value"].item())


@pytest.mark.parametrize(("good", "bad"), MISFITS)
def test_a_value_at_the_end_of_a_file_is_seen(tmp_path, good, bad):
    data, _ = long_file(good, bad, 0.999)
    assert misfit(reader(tmp_path / "types.csv", data)) == bad


@pytest.mark.parametrize(("good", "bad"), MISFITS)
def test_a_misfit_that_was_not_seen_is_an_error_and_not_a_null(tmp_path, good, bad):
    # Shortly behind the fifth of the eight places that are looked at.
    data, line = long_file(good, bad, 0.64)
    read = reader(tmp_path / "types.csv", data)
    with pytest.raises(SourceError, match=rf"line {line:,}: `{re.escape(bad)}` in column 'value'"):
        misfit(read)
    whole = reader(tmp_path / "types.csv", data, infer_rows=None)
    assert misfit(whole) == bad


def test_types_of_several_columns_do_not_touch_each_other(tmp_path):
    data = 'id,code,amount,day,ok,"note, long"\n1,007,1.5,2024-01-31,true,"a, b"\n' + (
        '2,042,NA,2024-02-01,false,NA\n3,100,2.5,,true,""\n'
    )
    frame = reader(tmp_path / "types.csv", data).polars().collect()
    assert frame.rows() == [
        (1, "007", 1.5, day("2024-01-31"), True, "a, b"),
        (2, "042", None, day("2024-02-01"), False, "NA"),
        (3, "100", 2.5, None, True, ""),
    ]
    assert frame.dtypes == [Int, Text, Float, Date, Bool, Text]
