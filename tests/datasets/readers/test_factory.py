"""The factory tells formats apart and takes new ones."""

from __future__ import annotations

import gzip
import io
import re

import polars as pl
import pytest

from toolkit import Workspace
from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.datasets.readers.base import LazyFrameReader
from toolkit.datasets.readers.csv.other_names import OTHER_NAMES
from toolkit.datasets.readers.csv.reader import CSVDatasetReader
from toolkit.datasets.readers.parquet import ParquetDatasetReader

FRAME = pl.DataFrame({"a": [1, 2]})


def parquet_bytes(frame=FRAME):
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


class LinesReader(LazyFrameReader):
    """A format of its own: one text column."""

    hint = "Nothing helps."

    def __init__(self, source, *, upper=False):
        super().__init__(source)
        self._upper = upper

    def polars(self):
        with self._source.open(self._source.paths[0]) as file:
            text = file.read().decode().removeprefix("LINES\n")
        return pl.LazyFrame({"line": (text.upper() if self._upper else text).splitlines()})


@pytest.mark.parametrize(
    ("name", "data", "cls"),
    [
        ("t.parquet", parquet_bytes(), ParquetDatasetReader),
        ("t.PQ", parquet_bytes(), ParquetDatasetReader),
        ("t.csv", b"a\n1\n2\n", CSVDatasetReader),
        ("t.csv.gz", gzip.compress(b"a\n1\n2\n", mtime=0), CSVDatasetReader),
        ("t.tsv", b"a\n1\n2\n", CSVDatasetReader),
        ("no_suffix", parquet_bytes(), ParquetDatasetReader),
        ("no_suffix.data", b"a\n1\n2\n", CSVDatasetReader),
        ("packed.bin", gzip.compress(b"a\n1\n2\n", mtime=0), CSVDatasetReader),
    ],
)
def test_suffix_or_content_decides(tmp_path, factory, name, data, cls):
    (tmp_path / name).write_bytes(data)
    reader = factory.reader(tmp_path / name)
    assert type(reader) is cls
    assert reader.polars().collect().equals(FRAME)


def test_a_given_format_overrules_the_suffix(tmp_path, factory):
    (tmp_path / "t.csv").write_bytes(parquet_bytes())
    reader = factory.reader(tmp_path / "t.csv", "parquet")
    assert reader.polars().collect().equals(FRAME)


def test_a_given_format_takes_a_folder_of_files_without_suffix(tmp_path, factory):
    (tmp_path / "part-0").write_bytes(b"a\n1\n")
    assert factory.reader(tmp_path, "csv").count() == 1


def test_a_given_format_picks_its_files_in_a_mixed_folder(tmp_path, factory):
    (tmp_path / "t.csv").write_bytes(b"a\n1\n")
    (tmp_path / "t.parquet").write_bytes(parquet_bytes())
    with pytest.raises(SourceError, match="several formats: csv, parquet"):
        factory.reader(tmp_path)
    assert factory.reader(tmp_path, "parquet").count() == 2


def test_an_unknown_format_lists_those_known(tmp_path, factory):
    (tmp_path / "t.csv").write_bytes(b"a\n1\n")
    with pytest.raises(InvalidArgumentError, match=r"'excel' is not a format.*csv, jsonl"):
        factory.reader(tmp_path / "t.csv", "excel")


def test_an_unknown_option_lists_those_known(tmp_path, factory):
    (tmp_path / "t.csv").write_bytes(b"a\n1\n")
    (tmp_path / "t.parquet").write_bytes(parquet_bytes())
    with pytest.raises(InvalidArgumentError, match=r"csv format has no option 'sep'.*delimiter"):
        factory.reader(tmp_path / "t.csv", sep=";")
    with pytest.raises(InvalidArgumentError, match="parquet format has no option 'delimiter'"):
        factory.reader(tmp_path / "t.parquet", delimiter=";")
    with pytest.raises(InvalidArgumentError, match=r"no option 'has_heder'\. Did you mean 'has_he"):
        factory.reader(tmp_path / "t.csv", has_heder=True)


@pytest.mark.parametrize("name", sorted(OTHER_NAMES))
def test_a_name_that_other_libraries_use_is_answered_with_ours(name, factory):
    with pytest.raises(InvalidArgumentError, match=rf"no option '{name}': \w") as raised:
        factory.reader(b"a\n1\n", **{name: None})
    named, options = re.fullmatch(r".*?': (.*?)\. Its options: (.*)\.", str(raised.value)).groups()
    for option in re.findall(r"(?:pass|or) (\w+)", named):
        assert option in options.split(", ")


def test_unknown_content_is_refused(tmp_path, factory):
    (tmp_path / "t.bin").write_bytes(bytes(range(256)))
    with pytest.raises(SourceError, match="no known format"):
        factory.reader(tmp_path / "t.bin")


def test_a_registered_format_is_used_by_suffix_content_and_name(tmp_path, factory):
    factory.register("lines", (".lines",), lambda head: head.startswith(b"LINES\n"), LinesReader)
    assert factory.formats == ("csv", "jsonl", "orc", "arrow", "parquet", "lines")
    for name in ("t.lines", "t.unknown", "t.csv"):
        (tmp_path / name).write_bytes(b"LINES\nx\ny\n")
    assert factory.reader(tmp_path / "t.lines").head(1).rows() == [("x",)]
    assert factory.reader(tmp_path / "t.unknown").count() == 2
    assert factory.reader(tmp_path / "t.csv", "lines", upper=True).head(1).rows() == [("X",)]


def test_a_workspace_reads_a_registered_format_also_after_it_was_closed(tmp_path, ws):
    (tmp_path / "t.lines").write_bytes(b"LINES\nx\ny\n")
    ws.readers.register("lines", (".lines",), lambda head: False, LinesReader)
    assert ws.read(tmp_path / "t.lines", upper=True).collect().rows() == [("X",), ("Y",)]
    assert ws.save(ws.read(tmp_path / "t.lines"), "t").inputs == (str(tmp_path / "t.lines"),)
    ws.close()
    assert ws.reader(tmp_path / "t.lines").count() == 2
    with Workspace(ws.home) as other, pytest.raises(InvalidArgumentError, match="'lines' is not"):
        other.reader(tmp_path / "t.lines", "lines")


def test_a_format_can_be_replaced(tmp_path, factory):
    factory.register("csv", (".csv",), lambda head: True, LinesReader)
    assert factory.formats == ("jsonl", "orc", "arrow", "parquet", "csv")
    (tmp_path / "t.csv").write_bytes(b"a\n")
    assert factory.reader(tmp_path / "t.csv").polars().collect_schema().names() == ["line"]
