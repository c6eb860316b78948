"""What an engine raises while a frame is computed for a save, as an error of the toolkit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import duckdb

from toolkit.core.errors import FrameError, SourceError, ToolkitError
from toolkit.datasets.readers.failures import ENGINE_FAILURES, first_line

T = TypeVar("T")

_FAILURES: tuple[type[BaseException], ...] = (*ENGINE_FAILURES, duckdb.Error)


@contextmanager
def computing(what: str, failure: type[FrameError | SourceError] = FrameError) -> Iterator[None]:
    """Raise ``failure``, naming ``what``, for an engine's error in the block.

    Errors of the toolkit and of a person's own code, interrupts and lack of memory pass."""
    try:
        yield
    except (ToolkitError, MemoryError, duckdb.InterruptException):
        raise
    except _FAILURES as error:
        raise failure(
            f"{what} could not be computed: {first_line(error)}. Nothing was saved: mend the "
            "query, or what it reads, then save again."
        ) from error


def computed(
    what: str, parts: Iterable[T], failure: type[FrameError | SourceError] = FrameError
) -> Iterator[T]:
    """The parts as an engine computes them, under ``computing``."""
    iterator = iter(parts)
    while True:
        with computing(what, failure):
            part = next(iterator, None)
        if part is None:
            return
        yield part
