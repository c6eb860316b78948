"""Parameters of a query: any name, as a mapping or as keywords."""

from __future__ import annotations

import pytest

import toolkit as tk


@pytest.mark.parametrize("name", ["least", "query", "params", "self", "named"])
def test_a_parameter_may_have_any_name(ws, name):
    query = f"SELECT ${name}::INTEGER + 1"
    assert ws.sql(query, {name: 1}).fetchall() == [(2,)]
    assert ws.sql(query, **{name: 1}).fetchall() == [(2,)]
    assert ws.sql(query, params={name: 1}).fetchall() == [(2,)]


def test_mappings_and_keywords_go_together(ws):
    query = "SELECT $a + $b * 10 + $params * 100"
    assert ws.sql(query, {"a": 1}, b=2, params=3).fetchall() == [(321,)]
    assert ws.sql("SELECT $a + $b", {"a": 1}, params={"b": 2}).fetchall() == [(3,)]


@pytest.mark.parametrize("params", [[1], "a", 5])
def test_what_is_no_mapping_is_refused(ws, params):
    with pytest.raises(tk.ToolkitError, match=r"parameters of a query cannot be a .*\$name"):
        ws.sql("SELECT ?", params)
