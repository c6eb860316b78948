"""Turns what engines and file systems raise while reading into the toolkit's errors."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import pyarrow as pa

from toolkit.core.errors import SourceError, SourceNotFoundError, ToolkitError
from toolkit.core.redaction import without_secrets

# A damaged file can make polars panic, and PanicException is not an Exception.
ENGINE_FAILURES: tuple[type[BaseException], ...] = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    pa.ArrowException,
    OSError,
    EOFError,
    UnicodeError,
    zlib.error,
)

LEAVE_OUT = "leave it out, by a list of the others or a pattern that it does not match"
"""What to do with an empty file, which a writer leaves behind that was stopped."""
_SHOWN = 300


class AdvisedError(OSError):
    """What is wrong with a file, and what to do, where no option of its format would help."""


@contextmanager
def reading(name: str, hint: str, *, remote: bool = False) -> Iterator[None]:
    """Raise SourceError for what goes wrong with source ``name`` in the block.

    ``hint`` says what the person can do. ``remote`` also catches the errors of the file system's
    own client library, which fsspec hands through as they are. Errors of the toolkit, interrupts
    and lack of memory pass; pyarrow's refusal of a size that a damaged file asks for does not.
    """
    failures: tuple[type[BaseException], ...] = ENGINE_FAILURES
    if remote:
        failures = (Exception, *ENGINE_FAILURES)
    try:
        yield
    except ToolkitError:
        raise
    except MemoryError as error:
        if not isinstance(error, pa.ArrowException):
            raise
        raise SourceError(f"{name} could not be read: {first_line(error)}. {hint}") from error
    except FileNotFoundError as error:
        raise SourceNotFoundError(
            f"{name} is no longer there ({first_line(error)}). Make the reader anew."
        ) from error
    except AdvisedError as error:
        raise SourceError(f"{name} could not be read: {first_line(error)}.") from error
    except failures as error:
        raise SourceError(f"{name} could not be read: {first_line(error)}. {hint}") from error


def first_line(error: BaseException) -> str:
    """The engine's message on one line, without its advice, which speaks of its own options, and
    without the credentials that clients of stores quote with a URL."""
    message = " ".join(str(error).strip().split("\n\n")[0].split()).rstrip(".")
    message = without_secrets(message)
    if len(message) > _SHOWN:
        message = f"{message[:_SHOWN]}…"
    return message or type(error).__name__
