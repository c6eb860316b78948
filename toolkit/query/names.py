"""Finding which tables a query names.

A SELECT is read from the syntax tree that DuckDB's own parser makes (``json_serialize_sql``), so
comments, strings, quoting, subqueries and set operations are no special cases, and a name that a
common table expression shadows is left out. A PIVOT may have no such tree: its tables are guessed
from its words, which may name too many and never too few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from toolkit.query.words import Word

Tree: TypeAlias = Any

_NO_LOCATION = 1 << 63
_BEFORE_A_TABLE = frozenset(
    {"from", "join", "pivot", "pivot_wider", "pivot_longer", "unpivot", "table"}
    | {"describe", "summarize", "show", ",", "(", ":"}
)


@dataclass(frozen=True, slots=True)
class TableName:
    """A place of a query where a table is, or may be, named."""

    parts: tuple[str, ...]
    """``("delays",)`` or ``("sales", "delays")``, in the query's spelling."""
    offset: int | None = None
    """Byte offset in the query's text, where the parser tells it."""
    certain: bool = True
    """False when it may as well be a column, an alias or an ordinary string."""

    @property
    def key(self) -> tuple[str, ...]:
        """The parts as SQL compares them, without the schema ``main``."""
        parts = tuple(part.lower() for part in self.parts)
        return parts[1:] if len(parts) == 2 and parts[0] == "main" else parts

    def shifted(self, by: int) -> TableName:
        """The same name in a text that has ``by`` more bytes before it."""
        return self if self.offset is None else replace(self, offset=self.offset + by)


def nodes_of(tree: Tree) -> Iterator[tuple[Mapping[str, Any], frozenset[str]]]:
    """Every object of a syntax tree, with the lower-case CTE names that are in scope there."""
    pending: list[tuple[Tree, frozenset[str]]] = [(tree, frozenset())]
    while pending:
        node, scope = pending.pop()
        if isinstance(node, list):
            pending.extend((child, scope) for child in reversed(node))
        elif isinstance(node, dict):
            inner = scope
            for entry in node.get("cte_map", {}).get("map", ()):
                name = str(entry["key"]).lower()
                body = entry["value"]
                recursive = body["query_node"]["type"] == "RECURSIVE_CTE_NODE"
                pending.append((body, inner | {name} if recursive else inner))
                inner |= {name}
            yield node, inner
            for key, value in reversed(node.items()):
                if key != "cte_map" and isinstance(value, (dict, list)):
                    pending.append((value, inner))


def tables_in_nodes(
    nodes: Iterable[tuple[Mapping[str, Any], frozenset[str]]],
) -> tuple[TableName, ...]:
    """The tables that a SELECT names, in the order of its text as far as the parser tells it."""
    found: list[TableName] = []
    for node, scope in nodes:
        kind = node.get("type")
        if kind == "BASE_TABLE":
            parts = tuple(node["qualified_name"]["path"])
            if len(parts) > 1 or parts[0].lower() not in scope:
                found.append(TableName(parts, _offset(node)))
        elif kind == "SHOW_REF" and node["query"] is None:
            path = tuple(str(part) for part in node["qualified_name"]["path"])
            found.append(TableName(path, _offset(node)))
        elif kind == "TABLE_FUNCTION":
            found.extend(_tables_in_arguments(node["function"]["arguments"]))
    return tuple(sorted(found, key=lambda name: (name.offset is None, name.offset or 0)))


def tables_in_words(words: tuple[Word, ...]) -> tuple[TableName, ...]:
    """The tables that a text without a syntax tree may name."""
    found: list[TableName] = []
    for index, word in enumerate(words):
        if index == 0 or words[index - 1].folded not in _BEFORE_A_TABLE or not _is_name(word):
            continue
        parts = [word.name]
        at = index + 1
        while at + 1 < len(words) and words[at].text == "." and _is_name(words[at + 1]):
            parts.append(words[at + 1].name)
            at += 2
        found.append(TableName(tuple(parts), word.offset, certain=False))
    return tuple(found)


def _is_name(word: Word) -> bool:
    return word.is_quoted or (word.text[:1].isalpha() or word.text[:1] == "_")


def _offset(node: Mapping[str, Any]) -> int | None:
    offset = int(node.get("query_location", _NO_LOCATION))
    return offset if offset < _NO_LOCATION else None


def _tables_in_arguments(arguments: Tree) -> Iterator[TableName]:
    # query_table('delays') and histogram(delays, delay) take a table as a string or a column name.
    for node, _scope in nodes_of(arguments):
        literal = node.get("literal")
        if node.get("type") == "COLUMN_REF":
            yield TableName(tuple(node["column_names"]), _offset(node), certain=False)
        elif isinstance(literal, dict) and literal.get("kind") == "STRING":
            parts = tuple(str(literal["text"]).split("."))
            yield TableName(parts, _offset(node), certain=False)
