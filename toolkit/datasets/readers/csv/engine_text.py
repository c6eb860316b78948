"""What polars' parser is given to read, so that it takes a text in memory for no more than that."""

from __future__ import annotations

from codecs import BOM_UTF8

_MISTAKEN = (BOM_UTF8, *(b"x" + bytes([level]) for level in (0x01, 0x5E, 0x9C, 0xDA)))
"""Beginnings that it takes for a byte order mark, or for a stream of zlib (RFC 1950), whose first
two bytes may be the letter x and one of four. ``x^2`` is a text like others."""


def engine_text(text: bytes) -> bytes:
    """The text, so that polars reads all of it. It leaves out one byte order mark."""
    return BOM_UTF8 + text if text.startswith(_MISTAKEN) else text
