"""How much of a file its types are inferred from."""

from __future__ import annotations

import polars as pl

from toolkit.datasets.readers.csv.inference import _SPOT_BYTES

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
