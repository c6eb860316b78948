"""What a footer says about where the data lies, read without an engine.

Field numbers are those of parquet-format's ``parquet.thrift``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

from toolkit.datasets.readers.parquet.thrift import Value, read_until

INT96, BYTE_ARRAY, FIXED = 3, 6, 7
INT96_BYTES = 12
WIDTHS = {1: 4, 2: 8, 3: INT96_BYTES, 4: 4, 5: 8, 6: 4}
"""Bytes of a PLAIN value of each physical type, at least; a truth takes a bit, FIXED its length."""

BIT_PACKED = 4
"""The encoding of levels before RLE, which many footers name though no page has it."""
UTF8, MAP, MAP_KEY_VALUE, LIST, ENUM, DECIMAL, INTERVAL = 0, 1, 2, 3, 4, 5, 21
"""Converted types."""

CHUNKS_LOOKED_AT = 10_000
"""Column chunks of one file that are looked at, some 20 µs each. What comes later is left to the
engines."""
_DEEPEST = 100

Fields = dict[int, Value]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column as it is stored."""

    path: tuple[str, ...]
    type: int
    """The physical type."""
    length: int
    """Bytes of a FIXED value."""
    converted: int | None
    logical: int
    """The field number in the union LogicalType; 0 without one."""
    precision: int
    repeated: bool
    """Whether a row may have other than one value."""
    optional: bool
    """Whether a value may be null, or be missing where it is nested."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The pages of a column in a row group."""

    values: int
    stored: int
    unpacked: int
    data_page: int
    """Offset of the first data page."""
    dictionary: int | None
    """Offset of the dictionary page; some writers say 0 where they mean none."""
    encodings: tuple[int, ...]
    codec: int
    elsewhere: bytes
    """The path of the file that has the data, when it is another one."""
    encrypted: bool
    named: bool
    """Whether it says which column it is; else its position does."""

    @property
    def start(self) -> int:
        """Where its first page begins."""
        return cast(int, self.dictionary) if self.dictionary_is_sound else self.data_page

    @property
    def dictionary_is_sound(self) -> bool:
        """Whether the offset of the dictionary can be meant."""
        return self.dictionary is not None and 0 < self.dictionary < self.data_page


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows, and the chunks of the columns in their order."""

    rows: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class FileLayout:
    """The structure of one file."""

    rows: int
    leaves: tuple[Leaf, ...]
    groups: tuple[RowGroup, ...]
    complete: bool
    """Whether all row groups were looked at."""

    def chunks(self) -> Iterator[tuple[Leaf, Chunk]]:
        """The column chunks of one row group after the other, each with its column."""
        for group in self.groups:
            yield from zip(self.leaves, group.chunks, strict=True)

    @property
    def decimals_of_any_length(self) -> bool:
        """Whether there are decimals of as many bytes as their writer liked."""
        return any(
            leaf.type == BYTE_ARRAY and DECIMAL in (leaf.converted, leaf.logical)
            for leaf in self.leaves
        )

    @property
    def fixed_dictionaries(self) -> bool:
        """Whether there are dictionaries of FIXED values, which arrow-rs wrote as if they were not
        until 2026, and pyarrow does not notice."""
        return any(
            leaf.type == FIXED and chunk.dictionary_is_sound for leaf, chunk in self.chunks()
        )

    @property
    def huge_lists(self) -> bool:
        """Whether a row group has 2 GB of values within lists, which pyarrow has no way to give."""
        return any(leaf.repeated and chunk.unpacked >> 31 for leaf, chunk in self.chunks())

    @property
    def old_levels(self) -> bool:
        """Whether some levels may be BIT_PACKED."""
        return any(BIT_PACKED in chunk.encodings for _, chunk in self.chunks())


def read_layout(footer: bytes, chunks: int = CHUNKS_LOOKED_AT) -> FileLayout:
    """The layout in a serialized FileMetaData, with the first row group and those after it that
    have no more than ``chunks`` together. Raises ValueError for what is not one."""
    try:
        top, members = read_until(footer, 4)
        leaves = tuple(_leaves(cast(Sequence[Fields], _list(top, 2))))
        most = max(chunks // max(len(leaves), 1), 1)
        groups = tuple(_group(cast(Fields, member)) for member, _ in islice(members, most))
        return FileLayout(
            rows=_number(top, 3),
            leaves=leaves,
            groups=groups,
            complete=next(members, None) is None,
        )
    except (TypeError, AttributeError, IndexError):
        raise ValueError("a field is missing or of another type") from None


def _leaves(elements: Sequence[Fields]) -> Iterator[Leaf]:
    # What is open: children that are still to come, path, whether repeated, whether optional.
    open_: list[tuple[int, tuple[str, ...], bool, bool]] = []
    for position, element in enumerate(elements):
        children = _number(element, 5)
        if position == 0:
            open_.append((children, (), False, False))
            continue
        while open_ and open_[-1][0] <= 0:
            open_.pop()
        if not open_ or len(open_) > _DEEPEST:
            raise ValueError("the schema is no tree, or one that is too deep")
        left, path, repeated, optional = open_.pop()
        open_.append((left - 1, path, repeated, optional))
        path = (*path, _bytes(element, 4).decode("utf-8", "replace"))
        repeated = repeated or element.get(3) == 2
        optional = optional or element.get(3) in (1, 2)
        if children:
            open_.append((children, path, repeated, optional))
        elif 1 in element:
            yield Leaf(
                path=path,
                type=_number(element, 1),
                length=_number(element, 2),
                converted=_number(element, 6) if 6 in element else None,
                logical=max(cast(Fields, element.get(10, {})), default=0),
                precision=_number(element, 8),
                repeated=repeated,
                optional=optional,
            )


def _group(group: Fields) -> RowGroup:
    chunks = cast(Sequence[Fields], _list(group, 1))
    return RowGroup(_number(group, 3), tuple(_chunk(chunk) for chunk in chunks))


def _chunk(chunk: Fields) -> Chunk:
    encrypted = 8 in chunk
    if 3 not in chunk and not encrypted:
        raise ValueError("a column chunk has no metadata")
    meta = cast(Fields, chunk.get(3, {}))
    return Chunk(
        values=_number(meta, 5),
        stored=_number(meta, 7),
        unpacked=_number(meta, 6),
        data_page=_number(meta, 9),
        dictionary=_number(meta, 11) if 11 in meta else None,
        encodings=tuple(int(cast(int, encoding)) for encoding in _list(meta, 2)),
        codec=_number(meta, 4),
        elsewhere=_bytes(chunk, 1),
        encrypted=encrypted,
        named=encrypted or 3 in meta,
    )


def _number(fields: Fields, field: int) -> int:
    value = fields.get(field, 0)
    if not isinstance(value, int):
        raise TypeError
    return value


def _list(fields: Fields, field: int) -> Sequence[Value]:
    value = fields.get(field, [])
    if not isinstance(value, list):
        raise TypeError
    return value


def _bytes(fields: Fields, field: int) -> bytes:
    value = fields.get(field, b"")
    if not isinstance(value, bytes):
        raise TypeError
    return value
