"""A text that arrives in parts of any size, taken in amounts that suit the reader."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class Stream:
    """Bytes from the front of ``parts``; nothing is copied twice but what is put back."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._waiting: deque[memoryview] = deque()

    def take(self, size: int) -> tuple[bytes, bool]:
        """The next bytes, fewer only at the end; and whether nothing comes after them."""
        taken: list[memoryview] = []
        missing = size
        while missing > 0 and self._more():
            view = self._waiting.popleft()
            if len(view) > missing:
                self._waiting.appendleft(view[missing:])
                view = view[:missing]
            taken.append(view)
            missing -= len(view)
        return b"".join(taken), not self._more()

    def put_back(self, text: bytes) -> None:
        if text:
            self._waiting.appendleft(memoryview(text))

    def _more(self) -> bool:
        while not self._waiting:
            part = next(self._parts, None)
            if part is None:
                return False
            if part:
                self._waiting.append(memoryview(part))
        return True
