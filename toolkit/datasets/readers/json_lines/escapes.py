"""Escapes in JSON that stand for no character."""

from __future__ import annotations

import re

_HALF = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
"""Two escapes that are one character beyond U+FFFF."""


def half_of_pair(data: bytes) -> tuple[int, str] | None:
    """The first escape in some lines that is half of a surrogate pair: which line, from 0, and the
    escape. The engine makes other characters of it, without a word."""
    if b"\\u" not in data or not _HALF.search(data) or not _half(data):
        return None
    halves = ((number, _half(line)) for number, line in enumerate(data.split(b"\n")))
    return next(((number, half[0].decode()) for number, half in halves if half), None)


def _half(data: bytes) -> re.Match[bytes] | None:
    # An escaped backslash begins no escape.
    return _HALF.search(_PAIR.sub(b"", data.replace(b"\\\\", b"")))
