"""All columns of a frame are looked at at once, and each is what it is by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.datasets.readers.csv.inference.evidence import Evidence, evidence_of
from toolkit.datasets.readers.csv.types.column_types import NULL_TOKENS
from toolkit.datasets.readers.csv.types.moments import given_moment
from toolkit.datasets.readers.csv.types.numbers import PLAIN, NumberStyle

FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y-%m-%d %H:%M")
KINDS: list[st.SearchStrategy[str | None]] = [
    st.sampled_from(
        ["", " ", "\t", "\n", "x", "a b", "007", "1_0", "€ 3", "5 %", "1\n", "-", "NA"]
    ),
    st.sampled_from(["true", "FALSE", "False", " true", "yes"]),
    st.sampled_from(["1,5", "-2,5", "1.234,5", "1.234", ".5", "5.", "1e5", "-inf", "NaN", "nan"]),
    st.sampled_from([0, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63, -(2**63)]).map(str),
    st.integers(-99, 99).map(lambda number: f" {number}\t"),
    st.integers(-(2**40), 2**40).map(str),
    st.floats().map(repr),
    *(st.datetimes(datetime(1000, 1, 1)).map(lambda at, f=f: at.strftime(f)) for f in FORMATS),
]
GAPS = st.sampled_from([None, "", " ", "-", "NaN"])
COLUMNS = st.lists(st.sampled_from(KINDS), min_size=1, max_size=2).flatmap(
    lambda kinds: st.lists(st.one_of(*kinds * 2, GAPS), min_size=4, max_size=4)
)
STYLES = st.sampled_from([PLAIN, PLAIN, NumberStyle(","), NumberStyle(",", ".", "€% ")])
TOKENS = st.sampled_from([tuple(NULL_TOKENS), (), ("", "x"), ("NaN", "007")])


def by_hand(texts: list[str | None], style: NumberStyle, tokens: tuple[str, ...]) -> Evidence:
    """The meaning of evidence, cell by cell."""
    filled = [text for text in texts if text is not None]
    values = {text.strip(" \t") for text in filled} - {""}
    seen = frozenset(values & set(tokens))
    values -= seen
    gaps = None in texts or "" in filled or bool(seen)
    padded = any(text != text.strip(" \t") for text in filled)
    if not values:
        kinds = frozenset(["float"]) if seen and seen <= {"NaN", "nan"} else None
        return Evidence(kinds, frozenset(), seen, padded, gaps)
    tests = {"boolean": truth, "integer": integer(2**63, style), "float": number(style)}
    kinds = frozenset(kind for kind, test in tests.items() if all(map(test, values)))
    moments = [] if kinds else [f for f in FORMATS if all(written(f, value) for value in values)]
    return Evidence(kinds, frozenset(map(given_moment, moments)), seen, padded, gaps)


def truth(value: str) -> bool:
    return value in ("true", "True", "TRUE", "false", "False", "FALSE")


def integer(bound: int, style: NumberStyle) -> Callable[[str], bool]:
    pattern = re.compile(style.integer)

    def test(value: str) -> bool:
        plain = value.strip(style.affixes or "\0").replace(style.thousands or "\0", "")
        return bool(pattern.fullmatch(value)) and -bound <= int(plain) < bound

    return test


def number(style: NumberStyle) -> Callable[[str], bool]:
    pattern = re.compile(style.number)
    # -2**63 is a float, of which the engine has no absolute value.
    exact, least = integer(2**53 + 1, style), -(2**63)

    def test(value: str) -> bool:
        if re.fullmatch(style.integer, value):
            return value == str(least) or (exact(value) and value != str(-(2**53) - 1))
        return bool(pattern.fullmatch(value))

    return test


def written(format: str, value: str) -> bool:
    try:
        # Only the engine takes one digit for the hours.
        return datetime.strptime(value, format).strftime(format) == value
    except ValueError:
        return False


@settings(deadline=None, max_examples=120)
@given(st.lists(COLUMNS, min_size=1, max_size=8), STYLES, TOKENS)
def test_each_column_allows_what_its_cells_allow(columns, style, tokens):
    frame = pl.DataFrame({f"c{i}": pl.Series(c, dtype=pl.String) for i, c in enumerate(columns)})
    found = evidence_of(frame, style, tokens=tokens)
    assert found == {
        f"c{index}": by_hand(texts, style, tokens) for index, texts in enumerate(columns)
    }


@settings(deadline=None, max_examples=30)
@given(st.lists(COLUMNS, min_size=2, max_size=8), st.sampled_from([None, *FORMATS]))
def test_no_column_changes_what_another_allows(columns, format):
    frame = pl.DataFrame({f"c{i}": pl.Series(c, dtype=pl.String) for i, c in enumerate(columns)})
    moment = format and given_moment(format)
    alone = [evidence_of(frame.select(name), moment=moment) for name in frame.columns]
    assert list(evidence_of(frame, moment=moment).items()) == [
        pair for each in alone for pair in each.items()
    ]


def test_moments_of_one_format_may_be_finer_in_one_column_than_in_another():
    frame = pl.DataFrame(
        {"coarse": ["2020-01-31 10:20:30.5"] * 2, "fine": ["2020-01-31 10:20:30.123456789"] * 2}
    )
    found = evidence_of(frame)
    assert [each.fine for name in frame.columns for each in found[name].moments] == [False, True]


@pytest.mark.parametrize("rows", [0, 1])
def test_columns_without_a_value_allow_everything(rows):
    frame = pl.DataFrame({"a": [None] * rows, "b": [None] * rows}, {"a": pl.String, "b": pl.String})
    nothing = Evidence(gaps=rows > 0)
    assert evidence_of(frame) == {"a": nothing, "b": nothing}
