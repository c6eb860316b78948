"""What containers hold: a frame in a list may be changed by the list's name."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from toolkit.notebook.capture.functions import MAIN

MOST = 1_000
"""Objects that are looked at: those of a larger container are not all noticed."""


def elements(values: Iterable[object]) -> Iterator[object]:
    """What is in values, and in what is in them: elements of lists, tuples, sets and deques, values
    of dicts, and attributes of objects whose class the notebook defines."""
    seen: set[int] = set()
    left = deque(values)
    while left and len(seen) < MOST:
        value = left.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        for inner in _inner(value):
            yield inner
            left.append(inner)


def _inner(value: object) -> Iterable[object]:
    for kind, inner in _CONTAINERS.items():
        if isinstance(value, kind):
            return inner(value)
    if type(value).__module__ != MAIN or not type(value).__dictoffset__:
        return ()
    return tuple(object.__getattribute__(value, "__dict__").values())


_CONTAINERS: Mapping[type, Callable[[Any], Iterable[object]]] = {
    dict: lambda value: tuple(value.values()),
    list: tuple,
    tuple: tuple,
    set: tuple,
    frozenset: tuple,
    deque: tuple,
}
