"""What is known of the frames at top level since the last cell: which are new, which are gone."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toolkit.notebook.capture.sources import Source


@dataclass(slots=True)
class Held:
    """A frame that a variable was bound to after some cell."""

    object: weakref.ref[object]
    fingerprint: str = ""
    """Of its content when it was captured; empty for what was not."""
    ref: str | None = None
    inputs: tuple[Source, ...] = ()
    """What it was derived from, for one that has no version of its own."""
    problem: str = ""
    """Why it was not saved."""
    size: int = 0
    """Bytes of one that was too large; 0 for any other."""
    unseen: bool = False
    """It was bound while capture was off, which is not told yet."""


class Watch:
    """Frames by variable, compared by identity. Keeps no frame alive."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}
        self._carried: dict[str, tuple[int, tuple[Source, ...]]] = {}

    def get(self, variable: str) -> Held | None:
        """What is known of the frame that a variable was bound to after the last cell."""
        return self._held.get(variable)

    def hold(self, variable: str, frame: object) -> Held:
        """Note what a variable is bound to."""
        held = self._held[variable] = Held(weakref.ref(frame))
        return held

    def new(self, frames: Mapping[str, object], limit: int = 0) -> list[str]:
        """Variables that are bound to other frames than before, or to one that was too large and
        is below the limit now."""
        return [name for name, frame in frames.items() if not self._is_held(name, frame, limit)]

    def is_saved(self, variable: str) -> bool:
        """Whether the frame that a variable was bound to after the last cell has a version."""
        held = self._held.get(variable)
        return held is not None and bool(held.fingerprint)

    def pop_unseen(self, frames: Mapping[str, object]) -> list[str]:
        """Variables that were bound while capture was off, and still are; each is told once."""
        held = ((name, self._held.get(name)) for name in frames)
        found = [(name, each) for name, each in held if each is not None and each.unseen]
        for _name, each in found:
            each.unseen = False
        return [name for name, _each in found]

    def pop_gone(self, frames: Mapping[str, object]) -> list[str]:
        """Variables that are bound to a frame no more; they are forgotten."""
        gone = [name for name in self._held if name not in frames]
        for name in gone:
            del self._held[name]
        return gone

    def forget(self, refs: Iterable[str]) -> None:
        """Note that versions are gone."""
        gone = frozenset(refs)
        for held in self._held.values():
            if held.ref in gone:
                held.ref = None

    def carry(self, name: str, value: object, inputs: tuple[Source, ...]) -> None:
        """Note what the value of another variable was derived from."""
        self._carried.pop(name, None)
        if inputs and value is not None:
            self._carried[name] = id(value), inputs

    def inputs(self, name: str, value: object, *, rebound: bool) -> tuple[Source, ...]:
        """What reading a name means, as it was after the last cell. ``value`` is what it is now,
        which tells nothing where this cell has ``rebound`` it."""
        held = self._held.get(name)
        if held is not None:
            return held.inputs if held.ref is None else (held.ref,)
        carried = self._carried.get(name)
        same = carried is not None and (rebound or carried[0] == id(value))
        return carried[1] if carried is not None and same else ()

    def _is_held(self, name: str, frame: object, limit: int) -> bool:
        held = self._held.get(name)
        return held is not None and held.object() is frame and not 0 < held.size < limit
