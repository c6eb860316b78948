"""Keeping credentials out of what people and logs see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

_SECRET_NAME = re.compile(
    r"key|secret|token|passw|user|credential|account|sas|connection|auth|cookie|header", re.I
)
_USERINFO = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*@")
_SHORTEST = 3
"""Values below this length would blacken ordinary words."""


def without_userinfo(url: str) -> str:
    """The URL without ``user:password@``.

    >>> without_userinfo("sftp://ann:pw@host/data")
    'sftp://host/data'
    """
    return _USERINFO.sub("", url)


class Redactor:
    """Replaces the credentials of one storage root in texts. Its own repr shows none."""

    __slots__ = ("_pattern",)

    def __init__(self, *options: Mapping[str, Any]) -> None:
        found = {text for option in options for text in _secrets(option)}
        known = {form for text in found for form in (text, quote(text, safe="")) if text}
        ordered = sorted((t for t in known if len(t) >= _SHORTEST), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """The text with every credential replaced by ``***``."""
        text = without_userinfo(text)
        return self._pattern.sub("***", text) if self._pattern else text


def _secrets(value: object, name: str = "") -> Iterator[str]:
    """Every text below an option whose name sounds like a credential."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _secrets(inner, name if _SECRET_NAME.search(name) else str(key))
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _secrets(inner, name)
    elif isinstance(value, bytes):
        yield from _secrets(value.decode("utf-8", "ignore"), name)
    elif isinstance(value, str) and _SECRET_NAME.search(name):
        yield value
