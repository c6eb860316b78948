"""Arrow's views of texts and bytes: whether they point into their own buffers.

pyarrow validates the views of values and not those of nulls, which engines follow nevertheless. The
format: https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

_INLINE = 12
"""Values up to so many bytes lie in the view itself."""


def require_sound_views(array: pa.Array) -> None:
    """Raise OSError when a view in a validated array, or in one within it, points elsewhere."""
    if pa.types.is_string_view(array.type) or pa.types.is_binary_view(array.type):
        _require(array)
    for inner in _within(array):
        require_sound_views(inner)


def _require(array: pa.Array) -> None:
    _, views, *data = array.buffers()
    if views is None or not array.null_count:
        return
    first = 16 * array.offset
    parts = np.frombuffer(views, dtype=np.int32, count=4 * len(array), offset=first).reshape(-1, 4)
    sizes = parts[:, 0]
    if (sizes < 0).any():
        raise OSError("a text in it has a negative length")
    pointing = parts[sizes > _INLINE].astype(np.int64)
    if not len(pointing):
        return
    size, _, buffer, offset = pointing.T
    lengths = np.array([len(each) for each in data], dtype=np.int64)
    if ((buffer < 0) | (buffer >= len(lengths)) | (offset < 0)).any():
        raise OSError("a text in it lies outside of its buffers")
    if (offset + size > lengths[buffer]).any():
        raise OSError("a text in it lies outside of its buffers")


def _within(array: Any) -> Iterator[pa.Array]:
    dtype = array.type
    if pa.types.is_dictionary(dtype):
        yield array.dictionary
    elif pa.types.is_struct(dtype) or pa.types.is_union(dtype):
        yield from (array.field(index) for index in range(dtype.num_fields))
    elif pa.types.is_map(dtype):
        yield from (array.keys, array.items)
    elif isinstance(array, pa.ExtensionArray):
        yield array.storage
    elif hasattr(array, "values"):
        yield array.values
