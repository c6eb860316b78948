"""What a pandas index says beside the columns: nothing (row numbers), a range, or which columns it
was made of. The parts of it that matter are in a frame's identity, hence in its fingerprint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from toolkit.core.errors import SchemaMismatchError

ROW_NUMBERS: dict[str, Any] = {"kind": "range", "name": None, "start": 0, "step": 1}


def index_identity(described: str) -> Mapping[str, Any]:
    """What a pandas index and column index say beyond row numbers and plain names.

    ``described`` is pandas' description of its frame (``pandas_frames``), or empty."""
    pandas = json.loads(described or "{}")
    identity: dict[str, Any] = {}
    for index in pandas.get("index_columns", ()):
        if not (isinstance(index, dict) and _is_row_numbers(index)):
            identity.setdefault("index", []).append(index)
    labels = [
        [index["name"], index["pandas_type"]]
        for index in pandas.get("column_indexes", ())
        if (index["name"], index["pandas_type"]) not in ((None, "unicode"), (None, "empty"))
    ]
    if labels:
        identity["labels"] = labels
    return {"pandas": identity} if identity else {}


def continued_index(
    ref: str, before: tuple[str, int], added: tuple[str, int]
) -> tuple[Mapping[str, Any], str]:
    """Identity and description of the rows of version ``ref`` followed by others, as if they had
    been saved in one go. Each side is pandas' description (empty for another engine) and rows.

    A range goes on where the added rows have the numbers that follow, or, behind row numbers, row
    numbers of their own. An index that is made of columns goes on as these columns do, from any
    engine. Raises SchemaMismatchError for rows whose index or labels would be lost."""
    (described, rows), (more, count) = before, added
    old = index_identity(described).get("pandas", {})
    new = index_identity(more).get("pandas", {})
    whole = json.loads(described or "{}")
    for index in whole.get("index_columns", ()):
        if isinstance(index, dict):
            index["stop"] = index["start"] + index["step"] * (rows + count)
    if new.get("labels", old.get("labels")) != old.get("labels"):
        raise _mismatch(ref, f"their column labels are {new['labels']}", "rename the columns")
    if not _continues(old.get("index", []), new.get("index", []), rows):
        raise _mismatch(
            ref,
            f"their index is {_shown(new)}, the version's is {_shown(old)} with {rows} rows",
            "use reset_index() with drop=True, or give the rows the index that follows",
        )
    text = json.dumps(whole) if described else ""
    return index_identity(text), text


def _continues(old: list[Any], new: list[Any], rows: int) -> bool:
    ranges = [index for index in old if isinstance(index, dict)]
    if not new:
        # Row numbers, or an engine that knows no index: enough where columns are the index.
        return not ranges
    if not isinstance(new[0], dict):
        return old == new
    if old and not ranges:
        return False
    first, following = (ranges or [ROW_NUMBERS])[0], new[0]
    return bool(
        (first["name"], first["step"]) == (following["name"], following["step"])
        and following["start"] == first["start"] + first["step"] * rows
    )


def _is_row_numbers(index: Mapping[str, Any]) -> bool:
    return all(index[key] == value for key, value in ROW_NUMBERS.items())


def _shown(identity: Mapping[str, Any]) -> str:
    index = identity.get("index")
    if not index:
        return "row numbers"
    if isinstance(index[0], dict):
        first = index[0]
        named = f" named {first['name']!r}" if first["name"] is not None else ""
        return f"a range from {first['start']} in steps of {first['step']}{named}"
    return f"made of {', '.join(map(repr, index))}"


def _mismatch(ref: str, what: str, todo: str) -> SchemaMismatchError:
    return SchemaMismatchError(
        f"The rows do not fit {ref}: {what}. Nothing was written: {todo}, or save the whole frame "
        "with ws.save()."
    )
