"""What the repositories have in common: a way to run statements, and timestamps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Query(Protocol):
    """Runs one statement with bound values and returns its rows."""

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...


class Repository:
    """Statements of one transaction."""

    def __init__(self, query: Query) -> None:
        self._query = query


def timestamp(microseconds: int) -> datetime:
    """A time in UTC from what ``epoch_us`` returned.

    DuckDB's own conversion of TIMESTAMPTZ to Python needs the pytz package.
    """
    return _EPOCH + timedelta(microseconds=microseconds)
