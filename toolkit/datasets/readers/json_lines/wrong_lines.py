"""Which line of JSON lines is wrong, and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from toolkit.datasets.readers.failures import ENGINE_FAILURES, AdvisedError, first_line
from toolkit.datasets.readers.json_lines.numbers import said_of_special

BLANK = b" \t\r"
"""What a line has that is no row."""
_FORMS = {b"[": "a JSON array, or lines of them"}
"""What a file is instead, by its first character."""


class JSONLineError(OSError):
    """A line that is no JSON object, or does not fit the columns."""


class JSONValueError(AdvisedError):
    """What would be read as another value than it is, or is JSON of another form."""


def wrong_line(
    lines: Sequence[bytes], first: int, work: Callable[[bytes], object], error: BaseException
) -> OSError:
    """The error to raise where ``work`` failed on ``lines`` with ``error``, the engine's own: it
    names the first line that is wrong, where that is one by itself. ``first`` is the number of
    the first of them."""
    form = _FORMS.get(lines[0].strip()[:1] if first == 1 else b"")
    if form is not None and _refusal(lines[0]):
        return JSONValueError(
            f"it is {form}, not one object on each line. Read it with pl.read_json, whose "
            "frame's write_ndjson writes lines"
        )
    found = next(((i, why) for i, line in enumerate(lines) if (why := _refusal(line))), None)
    if found is not None:
        return JSONLineError(f"line {first + found[0]}: {found[1]}")
    low, high = 0, len(lines)
    while high - low > 1:
        middle = (low + high) // 2
        failed = _failure(work, b"\n".join(lines[low:middle]))
        low, high = (low, middle) if failed else (middle, high)
    alone = _failure(work, lines[low])
    where = f"lines from {first} on" if alone is None else f"line {first + low}"
    said = said_of_special(str(alone or error))
    return JSONLineError(f"{where}: {first_line(OSError(said))}")


def _refusal(line: bytes) -> str | None:
    """Why a line is no JSON object."""
    if not line.strip(BLANK):
        return None
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError as error:
        return f"byte {error.start + 1} of the line is not UTF-8"
    except json.JSONDecodeError as error:
        return f"{error.msg} at character {error.pos + 1} of the line"
    except (ValueError, RecursionError) as error:
        return first_line(error)
    return None if isinstance(value, dict) else f"a {type(value).__name__}, not an object"


def _failure(work: Callable[[bytes], object], data: bytes) -> BaseException | None:
    """What ``work`` raises on lines, if it does."""
    if not data.strip():
        return None
    try:
        work(data)
    except ENGINE_FAILURES as error:
        return error
    return None
