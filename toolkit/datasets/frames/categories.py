"""Dictionaries. The categories of an ordered one are part of its type, yet Arrow keeps them with
the values and lets them differ from chunk to chunk. Any may have a null among its categories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from toolkit.core.errors import UnsupportedTypeError

_TEXT_AND_BYTES = {
    *(pa.lib.Type_STRING, pa.lib.Type_LARGE_STRING, pa.lib.Type_STRING_VIEW),
    *(pa.lib.Type_BINARY, pa.lib.Type_LARGE_BINARY, pa.lib.Type_BINARY_VIEW),
}


def settle_categories(table: pa.Table) -> pa.Table:
    """The same values, with the same categories in every chunk of an ordered dictionary: those of
    all chunks, in the order in which they first appear, without nulls and repeats. From an
    unordered one, a null among the categories is taken out: Parquet has no such thing.

    Raises UnsupportedTypeError, naming the column, for nulls or repeats that cannot be taken out
    (in the categories of a nested column)."""
    for index, field in enumerate(table.schema):
        values = table.column(index)
        if has_ordered(field.type):
            settled = _settled(field, values)
            table = table.set_column(index, field.with_type(settled.type), settled)
        elif pa.types.is_dictionary(field.type) and _null_category(values):
            chunks = [_without_nulls_and_repeats(chunk) for chunk in values.chunks]
            table = table.set_column(index, field, pa.chunked_array(chunks, field.type))
    return table


def has_dictionary(type_: pa.DataType) -> bool:
    """Whether a type is a dictionary, or has an ordered one in it."""
    return bool(pa.types.is_dictionary(type_)) or has_ordered(type_)


def same_categories(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches of a stream, as long as their ordered categories are those of the first.

    Raises UnsupportedTypeError, naming the column, at the first batch with others: the rows before
    it are hashed and written already."""
    first: dict[str, list[pa.Array]] = {}
    for batch in batches:
        # A table of one batch without rows may have no chunk at all.
        table = settle_categories(pa.Table.from_batches([batch])) if batch.num_rows else None
        for name, values in zip(table.column_names, table.columns, strict=True) if table else ():
            found = list(_dictionaries(values.chunk(0)))
            known = first.setdefault(name, found)
            if not all(ours.equals(theirs) for ours, theirs in zip(found, known, strict=True)):
                raise UnsupportedTypeError(
                    f"Column {name!r} has ordered categories that change within the stream, and "
                    "they are a part of its type. Nothing was saved: read the stream into memory "
                    "(reader.read_all()) and save that table, or cast the column to text."
                )
        yield from table.to_batches() if table else ()


def has_ordered(type_: pa.DataType) -> bool:
    """Whether there is an ordered dictionary of text or bytes in a type; others are refused."""
    if pa.types.is_dictionary(type_):
        return bool(type_.ordered) and type_.value_type.id in _TEXT_AND_BYTES
    return any(has_ordered(type_.field(i).type) for i in range(type_.num_fields))


def _settled(field: pa.Field, values: pa.ChunkedArray) -> pa.ChunkedArray:
    if not values.num_chunks:
        return values
    if pa.types.is_dictionary(field.type):
        chunks = [_without_nulls_and_repeats(chunk) for chunk in values.chunks]
        return pa.chunked_array(chunks, chunks[0].type).unify_dictionaries()
    for chunk in values.chunks:
        for dictionary in _dictionaries(chunk):
            if dictionary.null_count or len(dictionary.unique()) < len(dictionary):
                raise UnsupportedTypeError(
                    f"Column {field.name!r} has an ordered dictionary inside {field.type} with a "
                    "null or a repeat among its categories, which has no Parquet counterpart. "
                    "Nothing was written: take it out of the categories, or cast to text."
                )
    return values.unify_dictionaries()


def _null_category(values: pa.ChunkedArray) -> bool:
    return any(chunk.dictionary.null_count for chunk in values.chunks)


def _without_nulls_and_repeats(array: pa.DictionaryArray) -> pa.DictionaryArray:
    dictionary, ordered = array.dictionary, array.type.ordered
    if not dictionary.null_count and (not ordered or len(dictionary.unique()) == len(dictionary)):
        return array
    encoded = dictionary.dictionary_encode()
    codes = encoded.indices.take(array.indices).cast(array.indices.type)
    return pa.DictionaryArray.from_arrays(codes, encoded.dictionary, ordered=ordered)


def _dictionaries(array: pa.Array) -> Iterator[pa.Array]:
    """The dictionaries of all ordered dictionaries in an array."""
    type_ = array.type
    if pa.types.is_dictionary(type_):
        if has_ordered(type_):
            yield array.dictionary
    elif pa.types.is_struct(type_):
        for index in range(type_.num_fields):
            yield from _dictionaries(array.field(index))
    elif pa.types.is_map(type_):
        yield from _dictionaries(array.keys)
        yield from _dictionaries(array.items)
    elif hasattr(array, "values"):
        yield from _dictionaries(array.values)
