"""Whole lines of a JSON lines file: their columns, and their rows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import polars as pl

from toolkit.datasets.readers.failures import ENGINE_FAILURES, LEAVE_OUT
from toolkit.datasets.readers.json_lines.escapes import half_of_pair
from toolkit.datasets.readers.json_lines.keys import KnownKeys
from toolkit.datasets.readers.json_lines.numbers import (
    rounded,
    with_special,
    without_special,
)
from toolkit.datasets.readers.json_lines.wrong_lines import (
    BLANK,
    JSONLineError,
    JSONValueError,
    wrong_line,
)
from toolkit.datasets.readers.schemas import instance_of

FIRST_BYTES = 1 << 18
BLOCK_BYTES = 1 << 22
LONGEST_LINE = 1 << 28
"""Bytes after which something without a line break is not JSON lines."""

_T = TypeVar("_T")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines."""

    data: bytes
    line: int
    """The number of its first line, from 1."""
    end: int
    """The offset in the file at which it ends."""

    @property
    def lines(self) -> list[bytes]:
        return self.data.split(b"\n")

    @property
    def rows(self) -> int:
        return sum(1 for line in self.lines if line.strip(BLANK))

    def head(self, limit: int | None, taken: int) -> Block:
        """Its first rows, as many as ``limit`` has beyond those ``taken``."""
        if limit is None or self.data.count(b"\n") < limit - taken:
            return self
        lines, kept, rows = self.lines, 0, taken
        while kept < len(lines) and rows < limit:
            rows += bool(lines[kept].strip(BLANK))
            kept += 1
        data = b"\n".join(lines[:kept])
        return Block(data, self.line, self.end - len(self.data) + len(data))

    def infer(self) -> pl.Schema:
        """The columns of its rows. Raises JSONLineError, JSONValueError."""
        self._require_characters()
        return self._tried(_infer)

    def require_known(self, columns: pl.Schema, keys: KnownKeys) -> None:
        """Raise JSONLineError when a row has a key that no column has, which would be lost.
        ``keys`` are those of ``columns``: most often they tell at once."""
        if keys.cover(self.data):
            return

        def look(data: bytes) -> None:
            unknown = _unknown(pl.Struct(_infer(data)), pl.Struct(columns))
            if unknown:
                raise JSONLineError(f"the key {unknown!r} is new: the rows looked at have it not")

        self._tried(look)

    def parse(
        self, schema: pl.Schema, target: Mapping[str, pl.DataType], exempt: frozenset[str]
    ) -> pl.DataFrame:
        """Its rows: parsed as ``schema``, then in the types of ``target``. Integers may be rounded
        in the columns ``exempt``. Raises JSONLineError, JSONValueError."""
        if not schema:
            return pl.DataFrame(height=self.rows)
        self._require_characters()
        types: dict[Any, Any] = {
            name: dtype for name, dtype in target.items() if dtype != schema[name]
        }

        def parsed(data: bytes) -> pl.DataFrame:
            frame = pl.read_ndjson(data, schema=schema)
            return frame.cast(types) if types else frame

        frame = self._tried(parsed, with_special)
        if (found := rounded(frame, self.data, exempt)) is not None:
            number, path, value = found
            name = path.partition(".")[0]
            raise JSONValueError(
                f"line {self.line + number}: {value} in {path!r} would be rounded to the float "
                f"{float(value):.0f}. Pass schema={{{name!r}: type}}, such as pl.String where its "
                "digits count and pl.Float64 where they do not"
            )
        return frame

    def _require_characters(self) -> None:
        if (found := half_of_pair(self.data)) is not None:
            number, escape = found
            raise JSONValueError(
                f"line {self.line + number}: {escape} is half of a pair, and no character by "
                "itself: mend or remove it where the file was written"
            )

    def _tried(
        self, work: Callable[[bytes], _T], meant: Callable[[_T], _T] = lambda found: found
    ) -> _T:
        """What ``work`` makes of the lines. Where it fails on NaN or Infinity it is given the lines
        ``without_special``, and ``meant`` makes of what it makes of them what was meant."""
        try:
            return work(self.data)
        except ENGINE_FAILURES as error:
            plain = without_special(self.data)
            if plain is None:
                raise wrong_line(self.lines, self.line, work, error) from error
        try:
            return meant(work(plain))
        except ENGINE_FAILURES as error:
            raise wrong_line(plain.split(b"\n"), self.line, work, error) from error


def blocks(parts: Iterable[bytes]) -> Generator[Block, None, None]:
    """The lines of a file, some MB at a time, where there are any but blank ones.

    Raises JSONLineError for a line that is too long to be one, JSONValueError for a file without
    any."""
    rest, line, end, first, empty = b"", 1, 0, True, True
    for part in _gathered(parts):
        data = part.removeprefix(_BOM) if first else part
        first = False
        cut = data.rfind(b"\n") + 1
        if not cut:
            rest += data
            if len(rest) > LONGEST_LINE:
                raise JSONLineError(f"line {line} has more than {LONGEST_LINE:,} bytes")
            continue
        whole, rest = rest + data[:cut], data[cut:]
        end += len(whole)
        if whole.strip():
            empty = False
            yield Block(whole[:-1], line, end)
        line += whole.count(b"\n")
    if rest.strip():
        yield Block(rest, line, end + len(rest))
    elif empty:
        raise JSONValueError(
            "it is empty, where JSON lines have one object on each line. Write it anew, or "
            f"{LEAVE_OUT}"
        )


def _unknown(found: pl.DataType, known: pl.DataType) -> str | None:
    """The path of a key in ``found`` that ``known`` does not have."""
    if isinstance(found, pl.List) and isinstance(known, pl.List):
        return _unknown(instance_of(found.inner), instance_of(known.inner))
    if not (isinstance(found, pl.Struct) and isinstance(known, pl.Struct)):
        return None
    fields = dict(known.to_schema())
    for name, dtype in found.to_schema().items():
        if name not in fields:
            return name
        if below := _unknown(instance_of(dtype), instance_of(fields[name])):
            return f"{name}.{below}"
    return None


def _infer(data: bytes) -> pl.Schema:
    return pl.scan_ndjson(data, infer_schema_length=None).collect_schema()


def _gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Parts of the size of a block: the engine works best on some MB at once. The first are
    smaller, for they may be all that is wanted."""
    held: list[bytes] = []
    size, enough = 0, FIRST_BYTES
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= enough:
            yield b"".join(held)
            held, size, enough = [], 0, min(BLOCK_BYTES, 2 * enough)
    if held:
        yield b"".join(held)
