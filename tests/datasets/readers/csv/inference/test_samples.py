"""How much of a file its types are inferred from."""

from __future__ import annotations

import polars as pl
import pytest

from toolkit.datasets.readers.csv.inference import samples
from toolkit.datasets.readers.csv.inference.samples import _SPOT_BYTES

ROWS = 40


def test_places_further_down_have_whole_rows_however_long_these_are(tmp_path, factory):
    columns = _SPOT_BYTES // 8
    row = ",".join(["1234567890"] * columns)
    late = row.replace("1234567890", "0.25", 1)
    names = ",".join(f"c{index}" for index in range(columns))
    source = tmp_path / "t.csv"
    source.write_text("\n".join([names, *[row] * (ROWS - 2), late, row, ""]))
    frame = factory.reader(source).polars().select("c0", "c1")
    assert frame.collect_schema() == {"c0": pl.Float64, "c1": pl.Int64}
    assert frame.collect().rows()[-2:] == [(0.25, 1234567890), (1234567890.0, 1234567890)]


@pytest.mark.parametrize("rows", ["auto", None])
@pytest.mark.parametrize("large", [1, 60_000])
def test_types_are_those_that_all_files_of_a_folder_have(tmp_path, factory, large, rows):
    texts = {
        "a": "id,v,w\n" + "1,2,2024-01-31\n" * large,
        "b": "id;v;w\n3;2.5;2024-02-01\n4;;2024-02-01\n",
        "c": "id,v,w\n'x,y',7,\n" * 3,
        "d": "id,v,w\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    read = factory.reader(tmp_path, infer_rows=rows)
    assert read.polars().collect_schema() == {"id": pl.String, "v": pl.Float64, "w": pl.Date}
    assert [plan.layout.dialect.delimiter for plan in read.explain().files] == [",", ";", ",", ","]
    (tmp_path / "a.csv").write_text("id,v,w\n")
    (tmp_path / "c.csv").unlink()
    schema = {"id": pl.Int64, "v": pl.Float64, "w": pl.Date}
    assert factory.reader(tmp_path).polars().collect_schema() == schema


@pytest.mark.parametrize("line", ["x" * 2000, '  ""key"": [1, ""some text"", 2.5],'])
def test_cells_of_a_megabyte_do_not_hide_the_types_of_the_others(tmp_path, factory, line):
    cell = (line + "\n" * line.startswith(" ")) * (1_100_000 // len(line))
    source = tmp_path / "t.csv"
    rows = range(6)
    source.write_text("id,doc,n\n" + "".join(f'{i},"{cell}",{i}.5\n' for i in rows))
    reader = factory.reader(source)
    assert reader.polars().collect_schema() == {"id": pl.Int64, "doc": pl.String, "n": pl.Float64}
    assert reader.polars().select("id", "n").collect().rows() == [(i, i + 0.5) for i in rows]
    assert reader.problems().is_empty()


def test_a_first_cell_that_goes_on_and_on_is_not_read_to_its_end(
    memory, traffic, factory, monkeypatch
):
    monkeypatch.setattr(samples, "_FAR", 1 << 20)
    data = b'id,doc\n1,"' + b"x" * (12 << 20) + b'"\n'
    assert factory.reader(memory("t.csv", data)).schema().names == ["id", "doc"]
    assert traffic.read < 6 << 20
