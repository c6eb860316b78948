"""Names and texts as SQL reads them: what is pasted into SQL passes through here."""

from __future__ import annotations


def quote_name(name: str) -> str:
    """An identifier as SQL reads it, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A string constant."""
    return "'" + text.replace("'", "''") + "'"


def qualified(schema: str, table: str) -> str:
    """A table's name with its schema, if it has one."""
    return f"{quote_name(schema)}.{quote_name(table)}" if schema else quote_name(table)
