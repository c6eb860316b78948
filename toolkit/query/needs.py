"""Which columns a query needs, read from its syntax tree.

Doubt is decided for more: a column that may be named counts as needed, and what names columns
without their names (a star, a row as a whole, NATURAL JOIN) needs all of them. A column that is
left out is therefore one whose name is nowhere in the query, and no name can come to mean another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from toolkit.query.names import TableName, Tree, nodes_of

Key = tuple[str, ...]
Node = Mapping[str, Any]

_LEAVES = frozenset({"SUBQUERY", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "SHOW_REF"})
"""What stands in FROM and has columns of its own, or a query of its own that is looked at."""

_PARTS = _LEAVES | {"BASE_TABLE", "JOIN", "ASCENDING", "DESCENDING", "ORDER_DEFAULT"}
_PART_ENDS = ("_NODE", "_MODIFIER")
"""What a query has beside expressions, without those that ask for columns by position."""

_PLAIN = frozenset(
    {"COLUMN_REF", "CONSTANT", "FUNCTION", "COMPARISON", "CONJUNCTION", "CAST", "CASE", "BETWEEN"}
    | {"OPERATOR", "SUBQUERY", "WINDOW", "LAMBDA", "COLLATE", "PARAMETER", "STAR", "TYPE"}
)
"""Expressions that name columns by their names, except for stars, which are looked at."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a query may ask of its tables."""

    words: frozenset[str] = frozenset()
    """Every text in the query, in lower case: a column with another name is not asked for."""
    whole: frozenset[Key] = frozenset()
    """The tables (see ``TableName.key``) of which every column is needed."""
    everything: bool = False
    """Every column of every table is needed."""

    def positions(self, key: Key, names: Sequence[str]) -> tuple[int, ...]:
        """Which of a table's columns are needed, given their names in SQL."""
        if self.everything or key in self.whole:
            return tuple(range(len(names)))
        return tuple(i for i, name in enumerate(names) if name.lower() in self.words)

    def with_whole(self, keys: Iterable[Key]) -> Needs:
        """The same, with more tables of which every column is needed."""
        return replace(self, whole=self.whole | set(keys))


EVERYTHING = Needs(everything=True)


def needs_of(tree: Tree) -> Needs:
    """What the statements of a syntax tree need."""
    nodes = [node for node, _scope in nodes_of(tree)]
    rows = {name for node in nodes for name in _row_names(node)}
    whole: set[Key] = set()
    known_stars: set[int] = set()
    for node in nodes:
        kind = node.get("type")
        if kind == "SELECT_NODE":
            stars = list(_plain_stars(node))
            known_stars.update(map(id, stars), map(id, _order_by_all(node)))
            found = [_tables_of_star(star, node["from_table"]) for star in stars]
        elif kind == "JOIN" and node.get("ref_type") == "NATURAL":
            found = [_direct_tables(node)]
        elif _asks_by_position(node):
            found = [[node]]
        else:
            found = []
        for tables in found:
            if tables is None:
                return EVERYTHING
            whole.update(_key(table) for table in tables)
    if any(_is_doubtful(node, known_stars, rows) for node in nodes):
        return EVERYTHING
    return Needs(frozenset(_texts(tree)), frozenset(whole))


def _asks_by_position(node: Node) -> bool:
    if node.get("type") == "SHOW_REF":
        return node.get("query") is None
    return node.get("type") == "BASE_TABLE" and bool(node.get("column_name_alias"))


def _plain_stars(select: Node) -> Iterator[Node]:
    """``*`` and ``t.*`` in the list of a SELECT, with EXCLUDE, REPLACE or RENAME or without."""
    for item in select["select_list"]:
        if item["type"] == "STAR" and not item.get("columns") and item.get("expr") is None:
            yield item


def _order_by_all(select: Node) -> Iterator[Node]:
    """The star that ORDER BY ALL is: it means what the SELECT lists, and no more."""
    for modifier in select.get("modifiers", ()):
        orders = modifier.get("orders", ()) if modifier["type"] == "ORDER_MODIFIER" else ()
        for order in orders:
            star = order["expression"]
            simple = not any(
                star.get(part)
                for part in ("expr", "relation_name", "exclude_list", "replace_list", "rename_list")
            )
            if star["type"] == "STAR" and len(orders) == 1 and simple:
                yield star


def _tables_of_star(star: Node, source: Node) -> list[Node] | None:
    tables = _direct_tables(source)
    wanted = str(star.get("relation_name", "")).lower()
    if tables is None or not wanted:
        return tables
    named = [table for table in tables if wanted in _row_names(table)]
    return named or None


def _direct_tables(source: Node) -> list[Node] | None:
    """The tables that a FROM names outside of subqueries; None when that is not clear."""
    tables: list[Node] = []
    pending = [source]
    while pending:
        node = pending.pop()
        kind = node["type"]
        if kind == "BASE_TABLE":
            tables.append(node)
        elif kind == "JOIN":
            pending += [node["left"], node["right"]]
        elif kind not in _LEAVES:
            return None
    return tables


def _is_doubtful(node: Node, known_stars: set[int], rows: set[str]) -> bool:
    kind, family = node.get("type"), node.get("class")
    if family is None:
        return isinstance(kind, str) and kind not in _PARTS and not kind.endswith(_PART_ENDS)
    if kind == "STAR":
        return id(node) not in known_stars
    if kind == "COLUMN_REF":
        # The name of a table where a column could be: its row as a whole.
        return str(node["column_names"][-1]).lower() in rows
    return family not in _PLAIN


def _row_names(node: Node) -> set[str]:
    """The names that a part of FROM has in expressions."""
    if node.get("class") is not None:
        return set()
    table = node["qualified_name"]["path"][-1] if node.get("type") == "BASE_TABLE" else ""
    return {str(name).lower() for name in (table, node.get("alias")) if name}


def _key(table: Node) -> Key:
    return TableName(tuple(table["qualified_name"]["path"])).key


def _texts(tree: Tree) -> Iterator[str]:
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            yield node.lower()
        elif isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            pending.extend(node.values())
