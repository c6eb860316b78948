"""Frames in memory as tables of a query: what DuckDB is given of each, as Arrow data.

Which form a frame has is told by its class's name, so that no engine is imported for it. Only the
columns that a query may ask for are handed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from toolkit.core.batches import batches_of
from toolkit.core.errors import QueryError
from toolkit.query.columns import distinct_names
from toolkit.query.names import TableName
from toolkit.query.needs import Key, Needs

WHAT_CAN_BE_QUERIED = "a polars DataFrame or LazyFrame, a pandas DataFrame or a pyarrow Table"

_BATCH_ROWS = 131_072
_REFUSALS = (
    pa.ArrowException,
    pl.exceptions.PolarsError,
    TypeError,
    ValueError,
    OverflowError,
    LookupError,
)
"""What the engines raise for a frame that Arrow cannot carry."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the caller's that a query names."""

    name: str
    """As the caller spells it."""
    value: Any

    def table(self, key: Key, needs: Needs) -> tuple[Any, bool]:
        """What DuckDB can register, with the columns that are needed of the table ``key``; and
        whether others were left out.

        Raises QueryError, with the frame's name, for what is no frame, has no columns, or has a
        needed column that Arrow cannot carry."""
        names, take = self._form()
        shown = distinct_names(names)
        if not names:
            raise QueryError(f"{self.name} has no columns, so SQL has nothing to select from it.")
        # Where no column is asked for, rows are counted, and one column counts them.
        wanted = needs.positions(key, shown) or (0,)
        try:
            return take(self.value, wanted, [shown[i] for i in wanted]), len(wanted) < len(names)
        except _REFUSALS as error:
            raise self._refused(error) from error

    def _form(self) -> tuple[Sequence[str], _Take]:
        for kind in type(self.value).__mro__:
            form = _FORMS.get(f"{kind.__module__.partition('.')[0]}.{kind.__name__}")
            if form is None:
                continue
            names, take = form
            try:
                return names(self.value), take
            except _REFUSALS as error:
                raise self._refused(error) from error
        kind = type(self.value)
        raise QueryError(
            f"{self.name} is a {kind.__module__}.{kind.__qualname__}, which SQL cannot read: give "
            f"it {WHAT_CAN_BE_QUERIED}."
        )

    def _refused(self, error: BaseException) -> QueryError:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        return QueryError(f"{self.name} cannot be read by SQL: {reason or type(error).__name__}")


class LazyTable:
    """A polars LazyFrame that DuckDB reads as a stream: its plan runs, in bounded memory, each time
    that DuckDB reads the table, and not while DuckDB asks for its columns."""

    def __init__(self, frame: pl.LazyFrame) -> None:
        self._frame = frame
        self._schema = _arrow(frame.collect_schema().to_frame()).schema

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        reader = pa.RecordBatchReader.from_batches(self._schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for part in batches_of(self._frame, _BATCH_ROWS):
            yield from _arrow(part).to_batches()


def named_frames(frames: Mapping[str, Any] | None, tables: Sequence[TableName]) -> dict[Key, Frame]:
    """The frames that a query names, by the key of the table; no other value is taken from
    ``frames``. As SQL compares names, the case is ignored where no frame is spelled that way.

    Raises QueryError for a name that may be any of several frames."""
    found: dict[Key, Frame] = {}
    if not frames:
        return found
    for name in tables:
        if len(name.key) != 1:
            continue
        written = name.parts[-1]
        same = [written] if written in frames else _same(written, frames)
        if len(same) > 1:
            raise QueryError(
                f"{written} may be any of {', '.join(sorted(same))}, which differ only in case: "
                "write one of them as it is spelled."
            )
        if not same:
            continue
        known = found.get(name.key)
        if known is not None and known.name != same[0]:
            raise QueryError(
                f"{known.name} and {same[0]} differ only in case, which SQL ignores: name one of "
                "them in a query, or bind it to another name."
            )
        if known is None:
            found[name.key] = Frame(same[0], frames[same[0]])
    return found


def _same(written: str, frames: Mapping[str, Any]) -> list[str]:
    return [name for name in frames if name.lower() == written.lower()]


_Take = Callable[[Any, Sequence[int], Sequence[str]], Any]
"""From a frame, positions of columns and their names in SQL to what DuckDB registers."""


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.newest())


def _check_polars(schema: Mapping[str, pl.DataType]) -> None:
    for name, dtype in schema.items():
        # Object would arrive as the addresses of the objects.
        if dtype == pl.Object or "Int128" in str(dtype):
            raise TypeError(
                f"column {name!r} has the type {dtype}, which Arrow cannot carry. Cast or drop it."
            )


def _take_polars(frame: pl.DataFrame, wanted: Sequence[int], shown: Sequence[str]) -> pa.Table:
    part = pl.DataFrame([frame.to_series(i).alias(s) for i, s in zip(wanted, shown, strict=True)])
    _check_polars(part.schema)
    return _arrow(part)


def _take_lazy(frame: pl.LazyFrame, wanted: Sequence[int], shown: Sequence[str]) -> LazyTable:
    part = frame.select(pl.nth(i).alias(s) for i, s in zip(wanted, shown, strict=True))
    _check_polars(part.collect_schema())
    return LazyTable(part)


def _pandas_names(frame: Any) -> list[str]:
    """The columns, and behind them the levels of the index that have names: the order in which
    the frame would be saved. An index without a name is no column, as in DuckDB itself."""
    return [*map(str, frame.columns), *(name for _level, name in _named_levels(frame))]


def _named_levels(frame: Any) -> list[tuple[int, str]]:
    return [(i, name) for i, name in enumerate(frame.index.names) if isinstance(name, str)]


def _take_pandas(frame: Any, wanted: Sequence[int], shown: Sequence[str]) -> pa.Table:
    count = len(frame.columns)
    part = frame.iloc[:, [i for i in wanted if i < count]]
    part = part.set_axis(list(shown)[: part.shape[1]], axis="columns")
    columns = pa.Table.from_pandas(part, preserve_index=False).columns
    for level, _name in (_named_levels(frame)[i - count] for i in wanted if i >= count):
        values = frame.index.get_level_values(level).to_frame(index=False, name="")
        columns += pa.Table.from_pandas(values, preserve_index=False).columns
    return pa.Table.from_arrays(columns, names=list(shown))


def _take_arrow(table: pa.Table, wanted: Sequence[int], shown: Sequence[str]) -> pa.Table:
    return table.select(list(wanted)).rename_columns(list(shown))


_FORMS: Mapping[str, tuple[Callable[[Any], Sequence[str]], _Take]] = {
    "polars.DataFrame": (lambda frame: frame.columns, _take_polars),
    "polars.LazyFrame": (lambda frame: frame.collect_schema().names(), _take_lazy),
    "pandas.DataFrame": (_pandas_names, _take_pandas),
    "pyarrow.Table": (lambda table: table.column_names, _take_arrow),
}
