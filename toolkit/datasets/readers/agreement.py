"""The rule that the files of one source have the same columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from toolkit.core.errors import SourceError

_SHOWN = 5


def require_same_columns(
    given: str, first: tuple[str, Mapping[str, pl.DataType]], other: tuple[str, pl.Schema]
) -> None:
    """Raise SourceError that lists how the columns of two files of ``given`` differ.

    The order of columns may differ: engines match them by name.
    """
    url, expected = first
    other_url, schema = other
    if dict(expected) == dict(schema):
        return
    differences = [f"{name!r} is only in the first" for name in expected if name not in schema]
    differences += [f"{name!r} is only in the second" for name in schema if name not in expected]
    differences += [
        f"{name!r} is {dtype} in the first and {schema[name]} in the second"
        for name, dtype in expected.items()
        if name in schema and schema[name] != dtype
    ]
    more = len(differences) - _SHOWN
    listed = "; ".join(differences[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
    raise SourceError(
        f"The files of {given} do not have one schema. First {url}, second {other_url}: {listed}. "
        "Read the files that belong together, or read both and cast."
    )


def require_same_names(
    given: str, first: tuple[str, Sequence[str]], other: tuple[str, Sequence[str]]
) -> None:
    """Raise SourceError unless two text files of ``given`` have the same columns in one order."""
    url, expected = first
    other_url, names = other
    if list(expected) == list(names):
        return
    lacking = [name for name in expected if name not in names]
    extra = [name for name in names if name not in expected]
    listed = "; ".join(
        [f"{name!r} is only in the first" for name in lacking[:_SHOWN]]
        + [f"{name!r} is only in the second" for name in extra[:_SHOWN]]
    )
    raise SourceError(
        f"The files of {given} do not have one schema. First {url}, second {other_url}: "
        f"{listed or 'the same columns in another order'}. Read the files that belong together."
    )
