"""The words of a SQL text, as DuckDB's own tokenizer cuts it. Comments are left out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import duckdb

_SKIPPED = frozenset({duckdb.token_type.comment})
_VALUES = frozenset({duckdb.token_type.string_const, duckdb.token_type.numeric_const})


@dataclass(frozen=True, slots=True)
class Word:
    """One token of a SQL text."""

    text: str
    """As written, with its quotes."""
    offset: int
    """Position of its first byte in the UTF-8 text."""
    is_value: bool
    """A string or number: never a name."""

    @property
    def is_quoted(self) -> bool:
        return self.text.startswith('"')

    @property
    def folded(self) -> str:
        """The bare word in lower case; empty for a quoted identifier, which is never a keyword."""
        return "" if self.is_quoted or self.is_value else self.text.lower()

    @property
    def name(self) -> str:
        """The identifier that the word spells."""
        return self.text[1:-1].replace('""', '"') if self.is_quoted else self.text


def words_of(sql: str) -> tuple[Word, ...]:
    """Cut a text into words; operators are split into single characters."""
    data = sql.encode()
    tokens = [*duckdb.tokenize(sql), (len(data), None)]
    found: list[Word] = []
    for (start, kind), (end, _next) in pairwise(tokens):
        if kind in _SKIPPED:
            continue
        text = data[start:end].decode().strip()
        if kind == duckdb.token_type.operator:
            found += [Word(c, start + i, False) for i, c in enumerate(text) if not c.isspace()]
        else:
            found.append(Word(text, start, kind in _VALUES))
    return tuple(found)


def position(sql: str, offset: int) -> str:
    """A byte offset as people count: ``line 2, column 7``, both from 1."""
    before = sql.encode()[:offset].decode(errors="replace")
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
