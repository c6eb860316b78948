"""The frames of a notebook as tables of a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.notebook.frames import is_frame


class NotebookFrames(Mapping[str, Any]):
    """Variables that are frames, by name; ``taken`` are those that a query asked for.

    Names with a leading underscore can be asked for and are not listed."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self.taken: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        value = self._namespace[name]
        if not is_frame(value):
            raise KeyError(name)
        self.taken[name] = value
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and is_frame(self._namespace.get(name))

    def __iter__(self) -> Iterator[str]:
        for name, value in list(self._namespace.items()):
            if not name.startswith("_") and is_frame(value):
                yield name

    def __len__(self) -> int:
        return sum(1 for _name in self)
