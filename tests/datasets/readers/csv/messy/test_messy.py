"""Messy files, read with no option but the one that repairs, are what a careful person sees."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

import pytest

from tests.datasets.readers.csv.messy import (
    bad_quotes,
    bad_rows,
    delimiters,
    encodings,
    headers,
    lines_in_cells,
    packed,
    preambles_and_footers,
    quoting,
    records_and_newlines,
    sizes,
    tables,
    told,
    uneven,
    values,
    wide,
)
from tests.datasets.readers.csv.messy.case import Case
from toolkit.core.errors import SourceError
from toolkit.datasets.readers.factory import DatasetReaderFactory

SUBJECTS = (
    delimiters,
    quoting,
    records_and_newlines,
    lines_in_cells,
    headers,
    preambles_and_footers,
    tables,
    told,
    encodings,
    packed,
    bad_rows,
    bad_quotes,
    values,
    wide,
    uneven,
    sizes,
)
CASES = [
    pytest.param(case, id=f"{subject.__name__.rpartition('.')[2]}: {case.name}")
    for subject in SUBJECTS
    for case in subject.CASES
]
ALL: list[Case] = [param.values[0] for param in CASES]
KINDS = {
    "too few fields",
    "too many fields",
    "unclosed quote",
    "misplaced quote",
    "stray quote",
    "blank line",
    "comment",
    "preamble",
    "footer",
    "other table",
    "repeated header",
}
DROPPED = {"comment", "preamble", "footer", "other table", "repeated header"}


def reader(case, path):
    path.write_bytes(case.data)
    options = {"on_bad_rows": "repair", "infer_types": False, **case.options}
    return DatasetReaderFactory().reader(path, **options)


@pytest.mark.parametrize("case", [c for c in CASES if not c.values[0].error])
def test_a_messy_file_is_read_as_a_careful_person_would(case, tmp_path):
    read = reader(case, tmp_path / "messy.csv")
    frame = read.polars().collect()
    assert tuple(frame.columns) == case.columns
    assert tuple(frame.rows()) == case.rows
    found = set(read.problems()["kind"].to_list())
    allowed = {kind for entry in case.problems for kind in entry.rstrip("?").split("/")}
    needed = [set(entry.split("/")) for entry in case.problems if not entry.endswith("?")]
    assert found <= allowed, f"{found} where only {allowed} were expected"
    assert all(kinds & found for kinds in needed), f"{found} lacks some of {needed}"


@pytest.mark.parametrize("case", [c for c in CASES if c.values[0].error])
def test_a_file_without_a_table_is_refused(case, tmp_path):
    with pytest.raises(SourceError, match=case.error):
        reader(case, tmp_path / "messy.csv").polars().collect()


def test_there_are_many_cases_and_each_has_its_own_name():
    names = Counter(case.name for case in ALL)
    assert len(names) >= 170
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("case", CASES)
def test_an_answer_is_a_table_with_known_kinds_of_problems(case):
    assert len(set(case.columns)) == len(case.columns)
    assert {len(row) for row in case.rows} <= {len(case.columns)}
    assert {kind for entry in case.problems for kind in entry.rstrip("?").split("/")} <= KINDS


@pytest.mark.parametrize("case", [c for c in CASES if c.values[0].python is not None])
def test_python_reads_the_same_cells_in_the_dialect_of_the_file(case):
    text = case.data.decode(case.encoding)
    arguments = {"header": 1, **case.python}
    header = arguments.pop("header")
    lines = [row for row in csv.reader(io.StringIO(text, newline=""), **arguments) if row]
    if header:
        assert tuple(lines[0]) == case.columns
    rows = [tuple(cell or "" for cell in row) for row in case.rows]
    assert [tuple(row) for row in lines[header:]] == rows


def signs(text):
    """The letters and digits of a text: all that a damaged delimiter or quote leaves alone."""
    return re.sub(r"\W", "", text)


@pytest.mark.parametrize("case", [c for c in CASES if "packed" not in c.id])
def test_an_answer_leaves_nothing_out_and_adds_nothing(case):
    text = case.data.decode(case.encoding)
    rows = "".join(cell or "" for row in case.rows for cell in row)
    dropped = {kind for entry in case.problems for kind in entry.rstrip("?").split("/")} & DROPPED
    if dropped:
        assert all(signs(cell or "") in signs(text) for row in case.rows for cell in row)
    else:
        assert signs(text).endswith(signs(rows))
