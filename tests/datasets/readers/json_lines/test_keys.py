"""Keys that no column has are told from the bytes of lines, and never overlooked."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.json_lines import keys
from toolkit.datasets.readers.json_lines.keys import KnownKeys

NAMES = (
    "a",
    "id",
    "é",
    "",
    "a b",
    'q"x',
    "c\\",
    "k:",
    " :",
    "{",
    'x":',
    "n" * 8,
    "n" * 9,
    "m" * 40,
)
NESTED = pl.Schema(
    {
        "id": pl.Int64,
        "text": pl.String,
        "user": pl.Struct({"name": pl.String, "geo": pl.Struct({"lat": pl.Float64})}),
        "items": pl.List(pl.Struct({"id": pl.Int64, "price": pl.Float64})),
        "a_rather_long_name_of_a_column": pl.Boolean,
        "a_rather_long_word_of_a_column": pl.Boolean,
    }
)


def lines(*rows, **how):
    return "\n".join(json.dumps(row, **how) for row in rows).encode()


def objects(below):
    return st.dictionaries(st.sampled_from(NAMES), below, max_size=3)


values = st.recursive(
    st.sampled_from([None, 1, "t", '"id":', "\\", '{"a":1}', ":", ""]),
    lambda below: objects(below) | st.lists(objects(below), max_size=2),
    max_leaves=6,
)


def schema_of(rows, depth=0):
    """The columns that objects have, each of the kind that its first value has."""
    fields = {}
    for name, value in (pair for row in rows for pair in row.items()):
        fields.setdefault(name, []).append(value)
    return {name: type_of(found) for name, found in fields.items()}


def type_of(found):
    below = [value for value in found if isinstance(value, dict)]
    lists = [item for value in found if isinstance(value, list) for item in value]
    if below:
        return pl.Struct(schema_of(below))
    return pl.List(pl.Struct(schema_of(lists))) if lists else pl.String()


def has_others(value, dtype):
    """The plain meaning: whether an object, or one within it, has a key without a column."""
    if isinstance(dtype, pl.List):
        return has_others(value, dtype.inner)
    if isinstance(value, list):
        return any(has_others(item, dtype) for item in value)
    if not isinstance(dtype, pl.Struct) or not isinstance(value, dict):
        return False
    known = dict(dtype.to_schema())
    return any(name not in known or has_others(v, known[name]) for name, v in value.items())


@settings(max_examples=120, deadline=None)
@given(
    known=st.lists(objects(values), min_size=1, max_size=3),
    rows=st.lists(objects(values), min_size=1, max_size=3),
    tight=st.booleans(),
    escaped=st.booleans(),
    again=st.booleans(),
)
def test_no_other_key_is_overlooked(known, rows, tight, escaped, again):
    schema = schema_of(known)
    rows = known if again else rows
    separators = (",", ":") if tight else (", ", ": ")
    data = lines(*rows, separators=separators, ensure_ascii=escaped)
    if KnownKeys(schema).cover(data):
        assert not any(has_others(row, pl.Struct(schema)) for row in rows)


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "text": 'say "id": {', "user": {"name": "n", "geo": {"lat": 1.5}}},
        {"items": [{"id": 1}, {"price": 2.0, "id": 2}], "user": None},
        {"a_rather_long_word_of_a_column": True, "a_rather_long_name_of_a_column": False},
        {"text": {"read": "as text", "user": {"x": 1}}},
        {},
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_known_keys_are_known_at_once(row, separators):
    assert KnownKeys(NESTED).cover(lines(row, row, separators=separators))


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "new": 2},
        {"name": "known, but of a user"},
        {"user": {"id": 1}},
        {"user": {"name": "n", "geo": {"name": 1}}},
        {"items": [{"id": 1}, {"id": 1, "text": "t"}]},
        {"a_rather_long_mame_of_a_column": True},
        {"a_rather_long_name_of_a_columns": True},
        {"i\u0000": 1},
        {"": 1},
    ],
)
def test_other_keys_are_not_covered(row):
    assert not KnownKeys(NESTED).cover(lines({"id": 1}, row))


def test_every_line_is_looked_at(monkeypatch):
    monkeypatch.setattr(keys, "_SLICE", 10)
    rows = [{"id": number} for number in range(50)]
    known = KnownKeys(NESTED)
    assert known.cover(lines(*rows))
    for place in range(0, 51, 7):
        assert not known.cover(lines(*rows[:place], {"ix": 1}, *rows[place:]))


def test_an_escape_is_not_taken_for_a_backslash():
    assert not KnownKeys({"a\\nb": pl.Int64()}).cover(lines({"a\nb": 1}))
    assert not KnownKeys({"é": pl.Int64()}).cover(lines({"é": 1}))
    assert KnownKeys({"é": pl.Int64()}).cover(lines({"é": 1}, ensure_ascii=False))


def test_columns_without_names_cover_no_key():
    assert KnownKeys({}).cover(b"{}\n{}")
    assert not KnownKeys({}).cover(b'{"a":1}')


def test_a_new_key_far_down_is_an_error_that_names_its_line(factory, monkeypatch):
    monkeypatch.setattr("toolkit.datasets.readers.json_lines.blocks.FIRST_BYTES", 1 << 10)
    data = lines(*[{"id": 1, "user": {"name": "n"}}] * 1000, {"id": 1, "user": {"id": 2}})
    reader = factory.reader(data, "jsonl", infer_rows=10)
    with pytest.raises(SourceError, match=r"line 1001: the key 'user\.id' is new"):
        reader.polars().collect()
