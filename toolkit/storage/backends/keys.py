"""The rule of object keys. Every key that reaches a path or URL passes through here."""

from __future__ import annotations

import re

from toolkit.core.errors import InvalidArgumentError

_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9._=+@,-]{0,199}"
_KEY = re.compile(rf"{_SEGMENT}(/{_SEGMENT})*", re.ASCII)
_PREFIX = re.compile(rf"({_SEGMENT}/)*({_SEGMENT})?", re.ASCII)
_MAX_LENGTH = 900
"""Object stores allow 1,024 bytes for the root's own prefix and the key together."""

RULE = (
    "a key is relative, its parts are separated by `/`, and each part is a letter, digit or "
    "underscore followed by at most 199 letters, digits or `._=+@,-`; 900 characters in all"
)


def is_key(text: str) -> bool:
    """Whether a name below the root can be an object's: other files there are somebody else's."""
    return len(text) <= _MAX_LENGTH and _KEY.fullmatch(text) is not None


def validate_key(key: str) -> str:
    """Return the key as it is, or raise InvalidArgumentError with the rule.

    The rule keeps keys below the root (no ``..``, nothing absolute), out of the staging folder
    (whose name starts with a dot) and free of characters that some store gives a meaning.
    """
    if not isinstance(key, str) or not is_key(key):
        raise InvalidArgumentError(f"{key!r} is not an object key: {RULE}.")
    return key


def validate_prefix(prefix: str) -> str:
    """Return the beginning of a key as it is (possibly empty), or raise InvalidArgumentError."""
    if not isinstance(prefix, str) or len(prefix) > _MAX_LENGTH or not _PREFIX.fullmatch(prefix):
        raise InvalidArgumentError(f"{prefix!r} is not the beginning of an object key: {RULE}.")
    return prefix


def validate_chunk_size(chunk_size: int) -> int:
    """Return the number of bytes as it is, or raise InvalidArgumentError below 1."""
    if chunk_size < 1:
        raise InvalidArgumentError(
            f"A chunk of {chunk_size} bytes cannot hold anything: pass a chunk_size of at least 1."
        )
    return chunk_size
