"""Names of tables in SQL: after FROM and JOIN, without those that the query defines itself.

DuckDB has the last word on what a query reads; this is for lineage and for noticing frames that a
query mentions, before and without running anything."""

from __future__ import annotations

import re
from collections.abc import Iterator

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_TABLE = r'(?:"(?:[^"]|"")+"|\'[^\']+\'|[A-Za-z_]\w*)(?:\s*\.\s*(?:"(?:[^"]|"")+"|\w+))*(?:@\w+)?'
_LIST = re.compile(
    rf"\b(?:from|join)\s+({_TABLE}(?:(?:(?:\s+as)?\s+[A-Za-z_]\w*)?\s*,\s*{_TABLE})*)",
    re.IGNORECASE,
)
_ONE = re.compile(rf"(?:^|,)\s*({_TABLE})")
_DEFINED = re.compile(
    r'("[^"]+"|\b[A-Za-z_]\w*)\s*(?:\([^()]*\)\s*)?as\s*(?:\w+\s*)?\(', re.IGNORECASE
)
_PARAMETER = re.compile(r"\$([A-Za-z_]\w*)")
_FILE = re.compile(r"\b(?:read_\w+|\w+_scan)\s*\(\s*\[?\s*'([^']+)'", re.IGNORECASE)


def tables(query: str) -> Iterator[tuple[str, bool]]:
    """Each table that a query names, and whether it is a file's path."""
    text = _COMMENT.sub(" ", query)
    defined = {_plain(name).lower() for name in _DEFINED.findall(text)}
    for part in _LIST.findall(text):
        for name in _ONE.findall(part):
            if name.startswith("'"):
                yield name[1:-1], True
            elif _plain(name).lower() not in defined:
                yield _plain(name), False
    for path in _FILE.findall(text):
        yield path, True


def parameters(query: str) -> tuple[str, ...]:
    """Names of the variables that a query is given."""
    return tuple(dict.fromkeys(_PARAMETER.findall(_COMMENT.sub(" ", query))))


def _plain(name: str) -> str:
    return re.sub(r"\s*\.\s*", ".", name).replace('""', '"').replace('"', "")
