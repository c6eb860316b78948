"""The arguments of a query, as a person may give them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from toolkit.core.errors import InvalidArgumentError

_INSTEAD = {
    "params": 'parameters of a query cannot be a {}: write $name in the query, and pass {{"name": '
    "value}} or name=value",
    "frames": 'frames of a query cannot be a {}: pass {{"name": frame}}',
}


def query_arguments(
    params: Mapping[str, object] | None,
    frames: Mapping[str, Any] | None,
    named: Mapping[str, object],
) -> tuple[dict[str, object], Mapping[str, Any]]:
    """The values of ``$name`` and the frames of a query, given as mappings, as keywords or both.

    A keyword ``params`` or ``frames`` that is a mapping has values or frames; any other is the
    value of that name. No frame is taken from its mapping here. Raises InvalidArgumentError for
    what is no mapping."""
    values = dict(named)
    found: dict[str, Mapping[str, Any]] = {}
    given: dict[str, Any] = {"params": params, "frames": frames}
    for kind, mapping in given.items():
        if mapping is not None and not isinstance(mapping, Mapping):
            told = _INSTEAD[kind].format(type(mapping).__qualname__)
            raise InvalidArgumentError(f"The {told}.")
        keyword: Any = values.get(kind)
        base: Any = mapping or {}
        more: Any = values.pop(kind) if isinstance(keyword, Mapping) else {}
        # Not a copy: that would take every frame.
        found[kind] = ChainMap(more, base)
    return {**found["params"], **values}, found["frames"]
