"""Footers that pyarrow refuses for how they describe the data, said otherwise.

No byte of the data changes, only what is said of it, so that the columns of such a file can be
read: some writers leave out what is told elsewhere, or annotate columns as the format forbids.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from toolkit.datasets.readers.parquet.layout import (
    FIXED,
    INT96,
    INT96_BYTES,
    LIST,
    MAP,
    MAP_KEY_VALUE,
    FileLayout,
    Leaf,
)
from toolkit.datasets.readers.parquet.thrift import (
    RawStruct,
    join,
    join_list,
    number_field,
    read_struct,
    split,
    split_list,
    texts_field,
)

LARGEST = 4 << 20
"""Bytes of a footer that is rewritten, about a microsecond each."""
# Of FileMetaData, SchemaElement, ColumnChunk and ColumnMetaData, as parquet.thrift numbers them.
_SCHEMA, _GROUPS, _CHUNKS = 2, 4, 1
_TYPE, _LENGTH, _NAME, _CHILDREN, _CONVERTED, _LOGICAL = 1, 2, 4, 5, 6, 10
_ANNOTATIONS = (6, 7, 8, 10)
_META, _META_TYPE, _PATH = 3, 1, 3
_OF_GROUPS = {MAP, MAP_KEY_VALUE, LIST}
_LOGICAL_MAP, _LOGICAL_LIST, _LOGICAL_VARIANT = 2, 3, 16
_STRUCT = 12
_AS_LIST = join({_LOGICAL_LIST: (_STRUCT, b"\0")})
_FIXED_OF_INT96 = {_TYPE: number_field(FIXED), _LENGTH: number_field(INT96_BYTES)}

Change = Callable[[int, RawStruct], RawStruct]
"""What becomes of a schema element, or of a column chunk with this position."""


def mended(footer: bytes, layout: FileLayout, refusal: str) -> tuple[bytes, str] | None:
    """The footer that pyarrow refuses with ``refusal`` as it may take it, and what was the matter;
    None where nothing is known to be."""
    if len(footer) > LARGEST:
        return None
    try:
        if "Map key" in refusal:
            return without_maps(
                footer
            ), "its maps allow null as a key: they are read as lists of keys and values"
        if not all(chunk.named for _, chunk in layout.chunks()):
            return with_paths(
                footer, layout.leaves
            ), "its chunks do not say of which column they are"
        return without_annotations_of_values(
            footer
        ), "its groups have annotations that only values have"
    except (KeyError, IndexError, ValueError, TypeError):
        return None


def with_paths(footer: bytes, leaves: Sequence[Leaf]) -> bytes:
    """The footer with the path of each column in the metadata of its chunks, which newer writers
    leave out: the schema has it."""

    def named(position: int, chunk: RawStruct) -> RawStruct:
        meta = split(chunk[_META][1])
        path = texts_field(leaves[position].path)
        return {**chunk, _META: (chunk[_META][0], join({_PATH: path, **meta}))}

    return _rewritten(footer, chunk=named)


def without_annotations_of_values(footer: bytes) -> bytes:
    """The footer without annotations of groups that only values have, as ENUM."""

    def plain(_: int, element: RawStruct) -> RawStruct:
        told = read_struct(join(element))[0]
        logical = told.get(_LOGICAL)
        known = logical is None or (
            isinstance(logical, dict)
            and set(logical) <= {_LOGICAL_MAP, _LOGICAL_LIST, _LOGICAL_VARIANT}
        )
        if not told.get(_CHILDREN) or (told.get(_CONVERTED, LIST) in _OF_GROUPS and known):
            return element
        return {number: field for number, field in element.items() if number not in _ANNOTATIONS}

    return _rewritten(footer, element=plain)


def without_maps(footer: bytes) -> bytes:
    """The footer with its maps called lists of keys and values.

    The format forbids null as a key, and polars and pyarrow refuse files that allow it, as Presto,
    Trino and Athena wrote them until 2022."""

    def listed(_: int, element: RawStruct) -> RawStruct:
        if element.get(_CONVERTED) != number_field(MAP):
            return element
        logical = {_LOGICAL: (_STRUCT, _AS_LIST)} if _LOGICAL in element else {}
        return {**element, _CONVERTED: number_field(LIST), **logical}

    return _rewritten(footer, element=listed)


def as_bytes(footer: bytes, leaves: Sequence[Leaf], names: Collection[str]) -> bytes:
    """The footer with the top-level columns ``names``, of bytes or INT96, as bytes without a
    meaning: INT96 is stored as FIXED values are."""
    paths = {(name,) for name in names}
    order = iter(leaves)

    def bare(_: int, element: RawStruct) -> RawStruct:
        told = read_struct(join(element))[0]
        if _TYPE not in told or told.get(_CHILDREN) or next(order).path not in paths:
            return element
        kept = {number: field for number, field in element.items() if number not in _ANNOTATIONS}
        return kept if told[_TYPE] != INT96 else {**kept, **_FIXED_OF_INT96}

    def typed(position: int, chunk: RawStruct) -> RawStruct:
        if leaves[position].type != INT96 or leaves[position].path not in paths:
            return chunk
        meta = {**split(chunk[_META][1]), _META_TYPE: number_field(FIXED)}
        return {**chunk, _META: (chunk[_META][0], join(meta))}

    return _rewritten(footer, element=bare, chunk=typed)


def _rewritten(
    footer: bytes, *, element: Change | None = None, chunk: Change | None = None
) -> bytes:
    top = split(footer)
    if element is not None:
        top[_SCHEMA] = _each(top[_SCHEMA], element)
    if chunk is not None and _GROUPS in top:
        top[_GROUPS] = _each(
            top[_GROUPS], lambda _, group: {**group, _CHUNKS: _each(group[_CHUNKS], chunk)}
        )
    return join(top)


def _each(field: tuple[int, bytes], change: Change) -> tuple[int, bytes]:
    kind, members = split_list(field[1])
    changed = [join(change(index, split(member))) for index, member in enumerate(members)]
    return field[0], join_list(kind, changed)
