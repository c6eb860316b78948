"""JSON lines (NDJSON): one object a line, parsed block by block in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from functools import cached_property
from numbers import Integral

import polars as pl

from toolkit.core.errors import InvalidArgumentError
from toolkit.core.io_sources import Request, lazy_frame
from toolkit.datasets.readers.base import LazyFrameReader, marked
from toolkit.datasets.readers.json_lines.blocks import Block, blocks
from toolkit.datasets.readers.json_lines.keys import KnownKeys
from toolkit.datasets.readers.packing.text import chunks
from toolkit.datasets.readers.schemas import SchemaLike, polars_types, type_of
from toolkit.datasets.readers.sources import ResolvedSource

INFER_ROWS = 100_000
INFER_BYTES = 1 << 25
_SEEN = (
    "JSON lines have one object on each line. All rows were looked at: pass schema={column: type} "
    "for a column with values of several types, such as pl.String."
)
"""What to do where a larger infer_rows would find nothing else."""

_OBJECT = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\}\s*(?:\n|$))', re.DOTALL
)
_BY_TEXT = (pl.Int8, pl.Int16, pl.UInt8, pl.UInt16, pl.Decimal, pl.Binary)
"""Types that the engine's parser does not make: their values are parsed as text, and cast."""
_NEVER = (pl.Time, pl.Duration, pl.Object)
"""Types that no value of JSON is read as."""


def looks_like_json_lines(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a JSON object."""
    return _OBJECT.match(head) is not None


class JSONLinesDatasetReader(LazyFrameReader):
    """Reads files with one JSON object on each line; keys become columns, in order of appearance.

    Columns and types are found in the first 100,000 rows of every file (``infer_rows``; at most
    32 MB, unless it is None: all rows) and joined: a key that is missing is null, integer and float
    give float, anything and text give text. Later a value that does not fit, or a key that was not
    there, is an error that names the line. Dates stay text unless ``schema`` says otherwise; an
    integer beyond 64 bits makes its column text. ``schema`` has the types of some or all columns.

    ``arrow()`` is a stream that can be read once.
    """

    hint = (
        "JSON lines have one object on each line. Pass infer_rows=None to find the columns in all "
        "rows, or schema={column: type} if a type is too narrow."
    )

    def __init__(
        self,
        source: ResolvedSource,
        *,
        schema: SchemaLike | None = None,
        infer_rows: int | None = INFER_ROWS,
    ) -> None:
        super().__init__(source)
        given: object = infer_rows
        whole = isinstance(given, Integral) and not isinstance(given, bool)
        if infer_rows is not None and not (whole and infer_rows >= 1):
            raise InvalidArgumentError(
                f"infer_rows={infer_rows!r}: pass a number from 1, or None for all rows."
            )
        self._given = _types(schema)
        self._infer_rows = infer_rows

    @marked
    def polars(self) -> pl.LazyFrame:
        schema = pl.Schema({**self._columns, **self._partition_schema})
        return lazy_frame(self._frames, schema, name="NDJSON", detail=self._source.given)

    def count(self) -> int:
        # The engine has no rows without columns.
        first = list(self._columns)[:1]
        return sum(frame.height for frame in self._frames(Request(first)))

    @cached_property
    def _columns(self) -> pl.Schema:
        """The columns in the files."""
        parts = [self._inferred[index][0] for index in range(len(self._source.paths))]
        with self._reading():
            frames = [pl.DataFrame(schema=part) for part in parts]
            joined = pl.concat(frames, how="diagonal_relaxed").schema
        unknown = [name for name in self._given if name not in joined]
        if unknown and self._whole:
            raise InvalidArgumentError(
                f"{self._source.given} has no column {unknown[0]!r}, which schema names. "
                f"Its columns: {', '.join(joined)}."
            )
        wide = {name: pl.String() for name, dtype in joined.items() if dtype == pl.Int128}
        return pl.Schema({**joined, **wide, **self._given})

    @cached_property
    def _keys(self) -> KnownKeys:
        return KnownKeys(self._columns)

    @property
    def _whole(self) -> bool:
        return all(size is None for _, size in self._inferred)

    @cached_property
    def _inferred(self) -> list[tuple[pl.Schema, int | None]]:
        """Of each file the columns, and up to which byte they were looked for; None: its end."""
        return [self._infer(index) for index in range(len(self._source.paths))]

    def _infer(self, index: int) -> tuple[pl.Schema, int | None]:
        found: list[pl.DataFrame] = []
        rows = 0
        with self._reading_file(index), closing(self._blocks(index)) as parts:
            for block in parts:
                part = block.head(self._infer_rows, rows)
                rows += part.rows
                found.append(pl.DataFrame(schema=part.infer()))
                if len(found) > 1:
                    found = [pl.concat(found, how="diagonal_relaxed")]
                enough = self._infer_rows is not None and (
                    rows >= self._infer_rows or part.end >= INFER_BYTES
                )
                if enough:
                    return found[0].schema, part.end
        return found[0].schema, None

    def _blocks(self, index: int) -> Generator[Block, None, None]:
        with closing(chunks(self._source, self._source.paths[index])) as parts:
            yield from blocks(parts)

    def _frames(self, request: Request) -> Iterator[pl.DataFrame]:
        wanted = [name for name in request.columns if name not in self._partition_schema]
        target = {name: self._columns[name] for name in wanted}
        by_text = {n: pl.String() if isinstance(d, _BY_TEXT) else d for n, d in target.items()}
        exempt = frozenset(self._given)
        hint = _SEEN if self._whole else self.hint
        for index in range(len(self._source.paths)):
            if self._is_left_out(index, request):
                continue
            added = self._partition_columns(index)
            looked = self._inferred[index][1]
            with self._reading_file(index, hint), closing(self._blocks(index)) as parts:
                for block in parts:
                    if request.done:
                        return
                    part = block.head(request.remaining, 0)
                    if looked is not None and part.end > looked:
                        part.require_known(self._columns, self._keys)
                    frame = part.parse(pl.Schema(by_text), target, exempt)
                    yield request.answer(frame.with_columns(added) if request.columns else frame)


def _types(schema: SchemaLike | None) -> dict[str, pl.DataType]:
    """Raises InvalidArgumentError for what is no schema, and a type that no value of JSON has."""
    given = {} if schema is None else polars_types(schema)
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(
            f"schema={schema!r}: pass a mapping of columns to types, {{'id': pl.Int64}}."
        )
    types = {name: type_of(dtype) for name, dtype in given.items()}
    for name, dtype in types.items():
        if isinstance(dtype, _NEVER):
            raise InvalidArgumentError(
                f"schema={{{name!r}: {dtype}}}: JSON has no such values. Read the column as text "
                "or as numbers, and convert it in the frame."
            )
    return types
