"""Lengths of time, as people give them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from toolkit.core.errors import InvalidArgumentError

LONGEST = 1e9
"""Seconds: 31 years. Locks of the operating system take no more than a few times that."""


def in_seconds(length: timedelta | float, what: str) -> float:
    """A timedelta or a number of seconds as seconds, from 0 to ``LONGEST``.

    Raises InvalidArgumentError for anything else, naming it as ``what``."""
    given: Any = length
    try:
        if isinstance(given, str | bytes):
            raise TypeError
        seconds = given.total_seconds() if isinstance(given, timedelta) else float(given)
    except (TypeError, ValueError, OverflowError):
        seconds = -1
    if not 0 <= seconds <= LONGEST:
        raise InvalidArgumentError(
            f"The {what} is {length!r}: pass a number of seconds, or a timedelta, from 0 to "
            f"{LONGEST:,.0f} seconds."
        )
    return seconds
