"""Maps whose keys may be null, as Presto, Trino and Athena declared them until 2022.

The format forbids them, and polars and pyarrow refuse the whole file. Called a list of keys and
values in the footer, which changes no byte of the data, such a map can be read.
"""

from __future__ import annotations

from typing import cast

from toolkit.datasets.readers.parquet.thrift import Value, read_struct, read_until

_MAP, _LIST = 1, 3
# Of a schema element: one child (field 5) and the converted type (6); the logical type (10), a
# union in which a map has the number 2. They follow the name, so the last match is meant.
_CONVERTED = bytes([0x15, 2 * 1, 0x15, 2 * _MAP]), bytes([0x15, 2 * 1, 0x15, 2 * _LIST])
_LOGICAL = bytes([0x4C, 0x2C, 0, 0]), bytes([0x4C, 0x3C, 0, 0])


def without_maps(footer: bytes) -> bytes | None:
    """The footer with its maps called lists, or None where that is not sure to be all that
    changes."""
    changed = bytearray(footer)
    for member, begin in read_until(footer, 2)[1]:
        element = cast(dict[int, Value], member)
        if element.get(6) != _MAP:
            continue
        end = read_struct(footer, begin)[1]
        for before, after in (_CONVERTED, _LOGICAL):
            at = changed.rfind(before, begin, end)
            if at >= 0:
                changed[at : at + len(before)] = after
        wanted = {**element, 6: _LIST} | ({10: {3: {}}} if 10 in element else {})
        if read_struct(bytes(changed[begin:end]))[0] != wanted:
            return None
    return bytes(changed)
