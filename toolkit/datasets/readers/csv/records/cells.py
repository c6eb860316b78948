"""The cells of many records that have the same number of fields."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from toolkit.datasets.readers.csv.records.bits import Index
from toolkit.datasets.readers.csv.records.looks import Look, Looks

Mask = NDArray[np.bool_]
_BLANK = 32


class Cells:
    """Records that lie in a text, each without quotes within its fields.

    The matrices have a row for each record and a column for each field."""

    def __init__(self, text: bytes, starts: Index, ends: Index, quote: bytes | None) -> None:
        """``starts`` and ``ends`` of the fields, quotes included."""
        self.text, self._array = text, np.frombuffer(text, np.uint8)
        self.outer_starts, self.outer_ends = starts, ends
        self.records, self.fields = starts.shape
        self.null: Mask = starts == ends
        """Fields without a character, and without quotes."""
        first = self._array[starts]
        self.quoted: Mask = np.zeros(starts.shape, np.bool_)
        if quote is not None:
            self.quoted = ~self.null & (first == quote[0])
        self.starts, self.ends = starts + self.quoted, ends - self.quoted
        """Of the cells."""
        blank = ~self.null & ~self.quoted & (first == _BLANK)
        blank[:, 0] = False
        many = blank.sum(axis=1) * 2 >= self.fields
        self.after_blank: Mask = blank & ~many[:, None]
        """Fields that begin with a blank, where most do not: text goes on after its comma."""
        self._looks = Looks(text)
        self._known: dict[int, Look] = {}
        self._texts: dict[int, pl.Series] = {}

    def look(self, index: int) -> Look:
        """What the cells of a field look like."""
        if index not in self._known:
            self._known[index] = self._looks.of(self.starts[:, index], self.ends[:, index])
        return self._known[index]

    def texts(self, index: int) -> pl.Series:
        """The cells of a field; empty where they are null."""
        if index not in self._texts:
            self._texts[index] = self._gathered(self.starts[:, index], self.ends[:, index])
        return self._texts[index]

    def joined(self, which: Iterable[int], rows: Index, between: str) -> pl.Series:
        """The cells of successive fields of some records, put together."""
        parts = [self.texts(index).gather(rows).alias(str(index)) for index in which]
        return pl.select(pl.concat_str(parts, separator=between)).to_series()

    def _gathered(self, starts: Index, ends: Index) -> pl.Series:
        lengths = ends - starts
        offsets = np.zeros(len(starts) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        where = np.repeat(starts - offsets[:-1], lengths)
        where += np.arange(len(where))
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self._array[where])]
        array = pa.LargeStringArray.from_buffers(len(starts), buffers[1], buffers[2])
        series = pl.from_arrow(array)
        assert isinstance(series, pl.Series)
        return series
