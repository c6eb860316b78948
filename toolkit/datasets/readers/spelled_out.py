"""Arrow's views of lists and its runs, as plain lists and values.

pyarrow 26 has a cast and a function for these that end in memory which is not theirs: the cast of
views to lists leaves the last offset out, and ``run_end_decode`` takes views of lists for numbers.
Here indices are computed, and values taken by them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from toolkit.datasets.readers.portable import any_within, is_list_view

_Numbers = NDArray[np.int64]


def is_indirect(dtype: pa.DataType) -> bool:
    """Whether it is a type of views of lists, or of runs."""
    return is_list_view(dtype) or bool(pa.types.is_run_end_encoded(dtype))


def can_spell_out(dtype: pa.DataType) -> bool:
    """Whether ``spelled_out`` takes a type: what it changes may be within structs and lists."""
    if not any_within(dtype, is_indirect):
        return True
    if pa.types.is_struct(dtype):
        return all(can_spell_out(dtype.field(index).type) for index in range(dtype.num_fields))
    return (is_indirect(dtype) or _is_list(dtype)) and can_spell_out(dtype.value_type)


def spelled_out(array: pa.Array) -> pa.Array:
    """The values of an array, of a type that ``can_spell_out``, without views of lists and runs."""
    dtype = array.type
    if not any_within(dtype, is_indirect):
        return array
    if pa.types.is_run_end_encoded(dtype):
        return spelled_out(array.values).take(pa.array(_runs(array)))
    if is_list_view(dtype):
        return _lists(array, _numbers(array.offsets), _numbers(array.sizes))
    if _is_list(dtype):
        offsets = _numbers(array.offsets)
        return _lists(array, offsets[:-1], np.diff(offsets))
    columns = [spelled_out(array.field(index)) for index in range(dtype.num_fields)]
    fields = [dtype.field(index).with_type(column.type) for index, column in enumerate(columns)]
    return pa.StructArray.from_arrays(columns, fields=fields, mask=array.is_null())


def _is_list(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_list(dtype) or pa.types.is_large_list(dtype))


def _numbers(array: pa.Array) -> _Numbers:
    return np.asarray(array).astype(np.int64)


def _runs(array: pa.RunEndEncodedArray) -> _Numbers:
    """For each row the index of its value."""
    rows = np.arange(array.offset, array.offset + len(array))
    return np.searchsorted(_numbers(array.run_ends), rows, side="right")


def _lists(array: pa.Array, starts: _Numbers, sizes: _Numbers) -> pa.LargeListArray:
    sizes = np.where(np.asarray(array.is_null()), 0, sizes)
    ends = np.cumsum(sizes)
    indices = np.arange(sizes.sum()) + np.repeat(starts - ends + sizes, sizes)
    offsets = np.concatenate([np.zeros(1, np.int64), ends])
    values = spelled_out(array.values).take(pa.array(indices))
    return pa.LargeListArray.from_arrays(pa.array(offsets), values, mask=array.is_null())
