"""A hold in a person's hands."""

from __future__ import annotations

from collections.abc import Callable


class Hold:
    """A hold on a version. As a context manager it is released at the end of the block."""

    def __init__(self, id: int, ref: str, reason: str, release: Callable[[int], bool]) -> None:
        self.id = id
        self.ref = ref
        self.reason = reason
        self._release = release

    def __repr__(self) -> str:
        return f"Hold({self.ref!r}, {self.reason!r})"

    def __enter__(self) -> Hold:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    def release(self) -> bool:
        """End the hold; False when it had ended already."""
        return self._release(self.id)
