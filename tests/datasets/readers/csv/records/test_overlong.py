"""Records with more fields than the table."""

from __future__ import annotations

from toolkit.datasets.readers.factory import DatasetReaderFactory


def test_fields_too_many_are_not_joined_with_a_quoted_one():
    rows = [f'{i},"Brown fox","{kind}",{i}.5' for i, kind in enumerate(["Drama", "Horror"] * 4)]
    rows[3] += ",zz,7"
    data = "\n".join(["id,title,genre,score", *rows, ""]).encode()
    reader = DatasetReaderFactory().reader(data, on_bad_rows="repair", infer_types=False)
    assert reader.polars().collect().row(3) == ("3", "Brown fox", "Horror", "3.5")
    assert reader.problems()["action"].to_list() == ["fields cut off: 'zz', '7'"]
