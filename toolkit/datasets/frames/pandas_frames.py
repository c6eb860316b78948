"""pandas frames on their way into Arrow and back, with all that pandas gives them: index, labels,
dtypes, and the categories of a Categorical.

pyarrow keeps a description beside the table, pandas' JSON (``pandas`` in a schema's metadata). It
lacks the categories, which Parquet has no place for either: unused ones would be lost, and the
others come back in another order. They join the description of their column, as an Arrow IPC
stream in base64.
"""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from toolkit.core.errors import FrameError, UnsupportedTypeError

_CATEGORIES = "categories"
_PLAIN_LABELS = ("string", "integer", "empty")
_REFUSALS = (pa.ArrowException, TypeError, ValueError, OverflowError)
"""What pyarrow raises for values that it cannot hold."""


def pandas_table(frame: Any) -> tuple[pa.Table, str]:
    """The frame in Arrow, without metadata, and its description.

    Raises FrameError for labels, UnsupportedTypeError for columns and index levels that would come
    back as something else, by name."""
    _check_labels(frame)
    _check_objects(frame)
    try:
        # pyarrow would keep a range as numbers beside the table, its name and all.
        table = pa.Table.from_pandas(frame, preserve_index=_is_named_range(frame.index) or None)
    except _REFUSALS as error:
        raise _refused(_culprits(frame), error) from error
    described = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    table = table.replace_schema_metadata(None) if table.num_columns else table
    for index in described.get("index_columns", ()):
        if isinstance(index, dict):
            # range(0, 5, 4) and range(0, 8, 4) have the same numbers.
            index["stop"] = index["start"] + index["step"] * len(frame)
    for column, index in _categoricals(table, described):
        values = table.column(index)
        categories = values.chunk(0).dictionary if values.num_chunks else pa.nulls(0)
        if len(categories) == 0 or not values.type.ordered:
            # Those of an ordered one are in its type.
            column["metadata"][_CATEGORIES] = _packed(categories)
            if len(categories) == 0:
                # pandas gives no categories any type: those of text are what engines have.
                table = table.set_column(index, table.schema.names[index], _no_categories(values))
    return table, json.dumps(described)


def pandas_frame(table: pa.Table, described: str, rows: int) -> Any:
    """A table in pandas, as ``described`` says (empty: nothing is known)."""
    for column, index in _categoricals(table, json.loads(described or "{}")):
        packed = column["metadata"].get(_CATEGORIES)
        if packed:
            values = _with_categories(table.column(index), _unpacked(packed))
            table = table.set_column(index, table.schema.names[index], values)
    table = table.replace_schema_metadata({"pandas": described} if described else {})
    frame = table.to_pandas()
    # Arrow forgets the row count of a table without columns.
    return frame if table.num_columns else frame.reindex(range(rows))


def _categoricals(
    table: pa.Table, described: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], int]]:
    """What is said of each column of categories, and its position."""
    for column in described.get("columns", ()):
        index = table.schema.get_field_index(column["field_name"] or "")
        # A dictionary of pyarrow's dtypes is no Categorical, and nothing is said of it.
        said = isinstance(column["metadata"], dict)
        if said and index >= 0 and pa.types.is_dictionary(table.schema.field(index).type):
            yield column, index


def _is_named_range(index: Any) -> bool:
    """``set_index`` on numbers without gaps makes one, which is data as any other column."""
    return hasattr(index, "step") and isinstance(index.name, str)


def _check_labels(frame: Any) -> None:
    """Labels become text, and come back as what pandas says they were: not if they are mixed."""
    labels = frame.columns
    if labels.nlevels == 1 and not labels.hasnans and labels.inferred_type in _PLAIN_LABELS:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            empty = frame.iloc[:0].astype(object).reset_index(drop=True)
            back = pa.Table.from_pandas(empty).to_pandas().columns
        except (*_REFUSALS, LookupError):
            back = None
    if back is None or not back.equals(labels) or (labels.nlevels == 1 and labels.hasnans):
        raise FrameError(
            f"The column labels of the pandas frame ({', '.join(map(repr, labels[:5]))}, …) are "
            "not of one type that can be kept: they would come back as other labels. Nothing was "
            "written: frame.columns = frame.columns.map(str) makes text of them."
        )


def _check_objects(frame: Any) -> None:
    """Name every column whose values Arrow would change without a word, not only the first."""
    bad = []
    for name, values in _parts(frame):
        categories = getattr(values.dtype, "categories", None)
        if getattr(getattr(categories, "dtype", None), "tz", None) is not None:
            reason: str | None = "categories with a time zone, which pyarrow drops"
        else:
            reason = _reason(values if categories is None else categories)
        if reason is not None:
            bad.append(f"{name} ({reason})")
    if bad:
        raise _unsupported(bad)


def _parts(frame: Any) -> Iterator[tuple[str, Any]]:
    """Columns and index levels with what to call them."""
    for position, label in enumerate(frame.columns):
        yield f"Column {str(label)!r}", frame.iloc[:, position]
    for level in range(frame.index.nlevels):
        if not hasattr(frame.index, "step"):
            name = frame.index.names[level]
            called = "The index" if name is None else f"The index {str(name)!r}"
            yield called, frame.index.get_level_values(level)


def _reason(values: Any) -> str | None:
    """Why Arrow would change some of these values, or None."""
    if values.dtype != object:
        return None
    kinds = set(map(_kind, set(map(type, values.to_numpy())))) - {None}
    if len(kinds) > 1:
        # A float among them may be a missing value.
        kinds = set(map(_kind, set(map(type, values[values.notna()]))))
    if len(kinds) > 1:
        return f"values of the Python types {' and '.join(sorted(map(str, kinds)))}"
    return None


def _kind(type_: type) -> str | None:
    name = type_.__name__
    return _KINDS.get(name, name)


def _culprits(frame: Any) -> list[str]:
    found = []
    for name, values in _parts(frame):
        try:
            pa.array(values, from_pandas=True)
        except _REFUSALS as error:
            found.append(f"{name} ({_line(error)})")
    return found


def _refused(culprits: list[str], error: Exception) -> UnsupportedTypeError:
    return _unsupported(culprits or [f"The pandas frame ({_line(error)})"])


def _unsupported(culprits: list[str]) -> UnsupportedTypeError:
    return UnsupportedTypeError(
        f"{', '.join(culprits)} holds values that Parquet cannot hold, or not as they are. "
        "Nothing was written: convert to one type (astype; reset_index() first for an index), or "
        "drop it, then save again."
    )


def _line(error: Exception) -> str:
    return str(error.args[0] if error.args else error).splitlines()[0]


def _packed(categories: pa.Array) -> str:
    batch = pa.record_batch([categories], names=[_CATEGORIES])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(
        sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
    ) as writer:
        writer.write_batch(batch)
    return base64.b64encode(sink.getvalue()).decode()


def _unpacked(packed: str) -> pa.Array:
    with pa.ipc.open_stream(base64.b64decode(packed)) as reader:
        return reader.read_next_batch().column(0)


def _no_categories(values: pa.ChunkedArray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.nulls(len(values), pa.int8()),
        pa.array([], pa.large_string()),
        ordered=values.type.ordered,
    )


def _with_categories(values: pa.ChunkedArray, categories: pa.Array) -> pa.ChunkedArray:
    """The same values in the order of these categories; what is not among them follows."""
    unified = values.unify_dictionaries()
    if not unified.num_chunks:
        nothing = pa.array([], pa.int32())
        return pa.chunked_array(
            [pa.DictionaryArray.from_arrays(nothing, categories, ordered=values.type.ordered)]
        )
    known = unified.chunk(0).dictionary
    if len(known):
        categories = categories.cast(known.type)
        more = known.filter(pc.invert(pc.is_in(known, value_set=categories)))
        categories = pa.concat_arrays([categories, more])
        positions = pc.index_in(known, value_set=categories)
    else:
        positions = pa.array([], pa.int32())
    chunks = [
        pa.DictionaryArray.from_arrays(
            positions.take(chunk.indices), categories, ordered=values.type.ordered
        )
        for chunk in unified.chunks
    ]
    return pa.chunked_array(chunks)


_KINDS: Mapping[str, str | None] = {
    **dict.fromkeys(("NoneType", "NAType", "NaTType"), None),
    **dict.fromkeys(("bool_",), "bool"),
    **dict.fromkeys(
        ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"), "int"
    ),
    **dict.fromkeys(("float16", "float32", "float64"), "float"),
    **dict.fromkeys(("str_",), "str"),
    **dict.fromkeys(("bytes_", "bytearray"), "bytes"),
    **dict.fromkeys(("tuple", "ndarray"), "list"),
    **dict.fromkeys(("Timestamp", "datetime64"), "datetime"),
    **dict.fromkeys(("Timedelta", "timedelta64"), "timedelta"),
}
"""One word for the Python types that are the same to Arrow; None for missing values."""
