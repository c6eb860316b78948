"""The naming rule of datasets and tags, and references to data. Every name that reaches SQL or a
path passes through here."""

from __future__ import annotations

import re

from toolkit.core.errors import InvalidNameError
from toolkit.core.types import DataRef

_LONGEST_PART = 63
_PART = rf"[A-Za-z_][A-Za-z0-9_]{{0,{_LONGEST_PART - 1}}}"
_DATASET = re.compile(rf"{_PART}(\.{_PART})?", re.ASCII)
_TAG = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}", re.ASCII)
_VERSION = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)

RULE = (
    "a name is `table` or `schema.table`, each part a letter or underscore followed by at most 62 "
    "letters, digits or underscores"
)


RESERVED_SCHEMAS = frozenset(
    {"catalog", "information_schema", "main", "memory", "pg_catalog", "system", "temp"}
)
"""Schemas that mean something else in SQL."""


def validate_dataset_name(name: str) -> str:
    """Return the name as it is, or raise InvalidNameError with the rule."""
    if not isinstance(name, str) or not _DATASET.fullmatch(name):
        raise InvalidNameError(f"{name!r} is not a dataset name: {RULE}.")
    schema, _, _table = name.rpartition(".")
    if schema.lower() in RESERVED_SCHEMAS:
        raise InvalidNameError(
            f"{name!r} is not a dataset name: the schema {schema!r} is taken in SQL. "
            "Choose another schema."
        )
    return name


def derived_name(name: str, suffix: str) -> str:
    """The name of a dataset that was made from another: ``delays`` and ``_sample`` give
    ``delays_sample``, cut where the rule asks for it.

    >>> derived_name("air.delays", "_sample")
    'air.delays_sample'
    """
    schema, dot, table = name.rpartition(".")
    return f"{schema}{dot}{table[: _LONGEST_PART - len(suffix)]}{suffix}"


def validate_tag(tag: str) -> str:
    """Return the tag as it is, or raise InvalidNameError with the rule."""
    if not isinstance(tag, str) or not _TAG.fullmatch(tag):
        raise InvalidNameError(
            f"{tag!r} is not a tag: a letter or underscore followed by at most 62 letters, "
            "digits, underscores, dots or dashes."
        )
    return tag


def parse_ref(ref: str) -> DataRef:
    """Parse ``name``, ``name@3`` or ``name@tag``. Raises InvalidNameError."""
    if not isinstance(ref, str):
        raise InvalidNameError(
            f'{ref!r} is not a reference: pass "name", "name@version" or "name@tag".'
        )
    name, at, rest = ref.partition("@")
    validate_dataset_name(name)
    if not at:
        return DataRef(name)
    if _VERSION.fullmatch(rest):
        return DataRef(name, version=int(rest))
    if not _TAG.fullmatch(rest):
        raise InvalidNameError(
            f"{ref!r} is not a reference: after '@' comes a version number from 1 or a tag."
        )
    return DataRef(name, tag=rest)
