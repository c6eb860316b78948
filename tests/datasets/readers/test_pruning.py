"""A predicate on the columns that paths tell decides which files are read at all."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from pyarrow import orc

from toolkit.core.errors import SourceNotFoundError
from toolkit.datasets.readers.factory import DatasetReaderFactory
from toolkit.datasets.readers.partitions import is_ruled_out

WRITERS = {
    "csv": lambda frame, path: frame.write_csv(path),
    "jsonl": lambda frame, path: frame.write_ndjson(path),
    "arrow": lambda frame, path: frame.write_ipc(path),
    "orc": lambda frame, path: orc.write_table(frame.to_arrow(), path),
    "parquet": lambda frame, path: frame.write_parquet(path),
}


@pytest.fixture(params=WRITERS)
def reader(request, tmp_path):
    """A reader that knows its columns, of two years, the second of which is gone since."""
    for year in (2023, 2024):
        folder = tmp_path / f"year={year}"
        folder.mkdir()
        frame = pl.DataFrame({"id": [1, 2], "v": ["x", "y"]})
        WRITERS[request.param](frame, folder / f"a.{request.param}")
    reader = DatasetReaderFactory().reader(tmp_path)
    reader.schema()
    reader.polars()
    (folder / f"a.{request.param}").unlink()
    return reader


@pytest.mark.parametrize(
    "predicate",
    [
        pl.col("year") == 2023,
        pl.col("year").is_in([2022, 2023]) & (pl.col("id") > 0),
        (pl.col("id") > 0) & (pl.col("v") != "") & (pl.col("year") < 2024),
        (pl.col("year") - 2000).is_between(1, 23),
    ],
    ids=str,
)
def test_files_that_a_predicate_rules_out_are_not_opened(reader, predicate):
    rows = reader.polars().filter(predicate).select("id", "year").collect().rows()
    assert rows == [(1, 2023), (2, 2023)]
    assert reader.polars().filter(predicate).select(pl.len()).collect().item() == 2


@pytest.mark.parametrize(
    "predicate",
    [(pl.col("year") == 2023) | (pl.col("id") == 1), pl.col("id") == 1, pl.col("year") == 2024],
    ids=str,
)
def test_files_that_may_have_a_row_that_matches_are(reader, predicate):
    with pytest.raises(SourceNotFoundError):
        reader.polars().filter(predicate).collect()


def test_the_first_rows_are_those_of_the_first_files(reader):
    frame = reader.polars().head(2).filter(pl.col("year") != 2023)
    assert frame.collect().is_empty()


def test_a_predicate_that_rules_all_files_out_leaves_no_rows(reader):
    frame = reader.polars().filter(pl.col("year") == 1999)
    assert frame.collect().shape == (0, 3)
    assert frame.select("v").collect().schema == {"v": pl.String}


CONSTANTS = [
    pl.lit(2024, pl.Int64).alias("year"),
    pl.lit(None, pl.String).alias("kind"),
    pl.lit(datetime.date(2024, 1, 2)).alias("day"),
]


@pytest.mark.parametrize(
    ("predicate", "out"),
    [
        (None, False),
        (pl.col("year") == 2024, False),
        (pl.col("year") != 2024, True),
        (pl.col("kind") == "a", True),
        (pl.col("kind").is_null(), False),
        (pl.col("day") > datetime.date(2024, 1, 2), True),
        ((pl.col("year") > 2024) | (pl.col("kind") == "a"), True),
        ((pl.col("year") > 2024) | (pl.col("other") == "a"), False),
        ((pl.col("other").is_null() & (pl.col("year") > 2024)) & (pl.col("x") == 1), True),
        (pl.col("year") == "word", False),
        (pl.lit(False), False),
    ],
    ids=str,
)
def test_a_part_of_a_predicate_that_names_other_columns_rules_nothing_out(predicate, out):
    assert is_ruled_out(predicate, CONSTANTS) == out


def test_a_predicate_of_many_parts_is_taken_apart():
    many = pl.all_horizontal([pl.col("other") != at for at in range(3)])
    for at in range(1_500):
        many = many & (pl.col("other") != at)
    assert is_ruled_out(many & (pl.col("year") == 1), CONSTANTS)
    assert not is_ruled_out(many, CONSTANTS)
