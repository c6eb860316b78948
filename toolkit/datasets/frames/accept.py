"""What can be saved: from any engine's frame to one of the forms in ``sources``."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from toolkit.core.errors import FrameError, SourceError, UnsupportedTypeError
from toolkit.datasets.fingerprint.logical_types import logical_type
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS
from toolkit.datasets.frames.blocks import streamed
from toolkit.datasets.frames.computing import computed, computing
from toolkit.datasets.frames.pandas_frames import pandas_table
from toolkit.datasets.frames.pandas_index import index_identity
from toolkit.datasets.frames.relations import relation_stream
from toolkit.datasets.frames.scanning import scan_options
from toolkit.datasets.frames.sources import (
    ArrowFrame,
    ArrowStream,
    Extras,
    MemoryFrame,
    PolarsFrame,
    PolarsStream,
    StreamFrame,
)

WHAT_CAN_BE_SAVED = (
    "a polars DataFrame or LazyFrame, a pandas DataFrame, a pyarrow Table, RecordBatch, "
    "RecordBatchReader or Dataset, a DuckDB relation, a reader of ws.reader(), or any object with "
    "__arrow_c_stream__"
)

_SCAN_ROWS = 16_384


def accept(frame: Any) -> MemoryFrame | StreamFrame:
    """The frame in the form in which it is saved.

    Raises FrameError for what is no frame or has two columns of one name, UnsupportedTypeError for
    types that Parquet cannot hold, naming the columns. Nothing is computed yet."""
    source = _form(frame)
    for column in source.fields:
        logical_type(column)
    return source


def _form(frame: Any) -> MemoryFrame | StreamFrame:
    for kind in type(frame).__mro__:
        make = _FORMS.get(f"{kind.__module__.partition('.')[0]}.{kind.__name__}")
        if make is not None:
            return make(frame)
    if hasattr(frame, "polars") and hasattr(frame, "sources"):
        return _lazy(frame.polars(), _several(frame.sources), SourceError)
    if hasattr(frame, "__arrow_c_stream__"):
        return _stream(frame)
    raise FrameError(
        f"{_named(type(frame))} is not a frame. What can be saved: {WHAT_CAN_BE_SAVED}. "
        f"{_advice(frame)}"
    )


def _named(kind: type) -> str:
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"A {module}{kind.__qualname__}"


def _advice(thing: Any) -> str:
    if isinstance(thing, str | os.PathLike):
        return "ws.read(path) gives the table in a file, and ws.add(path) keeps the file itself."
    return "For raw bytes use ws.add()."


def _eager(frame: pl.DataFrame) -> MemoryFrame:
    _check_polars(frame.schema)
    return PolarsFrame(frame)


def _lazy(
    frame: pl.LazyFrame,
    what: str = "The polars LazyFrame",
    failure: type[FrameError | SourceError] = FrameError,
) -> StreamFrame:
    with computing(what, failure):
        schema = frame.collect_schema()
    _check_polars(schema)
    batches = streamed(frame)
    return PolarsStream(schema, computed(what, batches, failure))


def _series(series: pl.Series) -> MemoryFrame:
    raise FrameError(
        f"A polars Series ({series.name!r}) is not a frame: pass series.to_frame() instead."
    )


def _table(table: pa.Table) -> MemoryFrame:
    _check_names(table.column_names)
    return ArrowFrame(table)


def _batch(batch: pa.RecordBatch) -> MemoryFrame:
    return _table(pa.Table.from_batches([batch]))


def _stream(frame: Any) -> StreamFrame:
    kind = f"{type(frame).__module__}.{type(frame).__qualname__}"
    try:
        stream = pa.RecordBatchReader.from_stream(frame)
    except pa.ArrowInvalid as error:
        if "Cannot import schema" in str(error):
            raise FrameError(
                f"A {kind} streams a single column, not a frame ({error}). Give the column a name "
                'and a frame around it, such as pyarrow.table({"name": column}) or '
                "series.to_frame()."
            ) from error
        raise UnsupportedTypeError(
            f"A {kind} streams a type that Arrow lacks ({error}), such as an integer of 128 bits. "
            "Nothing was written: cast the column, or save a polars frame as it is."
        ) from error
    return _reader(stream, f"The stream of a {kind}")


def _reader(
    reader: pa.RecordBatchReader,
    what: str = "The RecordBatchReader",
    failure: type[FrameError | SourceError] = FrameError,
) -> StreamFrame:
    _check_names(reader.schema.names)
    for column in reader.schema:
        logical_type(column)
    batches = computed(what, reader, failure)
    return ArrowStream(pa.RecordBatchReader.from_batches(reader.schema, batches))


def _dataset(dataset: Any) -> StreamFrame:
    files = getattr(dataset, "files", None)
    what = _several(files) if files else "The pyarrow Dataset"
    with computing(what, SourceError):
        reader = dataset.scanner(**scan_options(dataset, _SCAN_ROWS)).to_reader()
    return _reader(reader, what, SourceError)


def _several(names: Sequence[str]) -> str:
    more = len(names) - 1
    return f"{names[0]} and {more} more" if more else names[0]


def _relation(relation: Any) -> StreamFrame:
    what = "The DuckDB relation"
    with computing(what):
        reader = relation_stream(relation, BLOCK_ROWS)
    return _reader(reader, what)


def _pandas(frame: Any) -> MemoryFrame:
    _check_names([str(name) for name in frame.columns])
    table, described = pandas_table(frame)
    return ArrowFrame(table, Extras(index_identity(described), described))


def _check_names(names: Sequence[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise FrameError(
            f"Two columns have the same name: {', '.join(map(repr, twice))}. "
            "Rename one of each, then save again."
        )
    _check_nul(names)


def _check_nul(names: Iterable[str]) -> None:
    for name in names:
        if "\0" in name:
            raise FrameError(
                f"The column name {name!r} contains a NUL character, which Arrow cannot carry. "
                "Rename the column, then save again."
            )


def _check_polars(schema: pl.Schema) -> None:
    _check_nul(_names(schema))
    objects = [name for name, dtype in schema.items() if dtype == pl.Object]
    if objects:
        raise UnsupportedTypeError(
            f"Column {', '.join(map(repr, objects))} has the type Object (arbitrary Python "
            "objects), which Parquet cannot hold. Nothing was written: convert the column to a "
            "type of polars, or drop it, then save again."
        )
    for name, dtype in schema.items():
        if dtype.is_nested() and "Int128" in str(dtype):
            raise UnsupportedTypeError(
                f"Column {name!r} has 128-bit integers inside {dtype}, which Arrow cannot carry. "
                "Nothing was written: cast them to Int64 or Decimal, then save again."
            )


def _names(schema: Mapping[str, Any]) -> Iterable[str]:
    for name, dtype in schema.items():
        yield name
        inner = dtype
        while isinstance(inner, pl.List | pl.Array):
            inner = inner.inner
        if isinstance(inner, pl.Struct):
            yield from _names({field.name: field.dtype for field in inner.fields})


_FORMS: Mapping[str, Callable[[Any], MemoryFrame | StreamFrame]] = {
    "polars.DataFrame": _eager,
    "polars.LazyFrame": _lazy,
    "polars.Series": _series,
    "pandas.DataFrame": _pandas,
    "pyarrow.Table": _table,
    "pyarrow.RecordBatch": _batch,
    "pyarrow.RecordBatchReader": _reader,
    "pyarrow.Dataset": _dataset,
    "_duckdb.DuckDBPyRelation": _relation,
    "duckdb.DuckDBPyRelation": _relation,
}
