"""The type of each column, the same whichever engine reads it, and which engine may."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import polars as pl
import pyarrow as pa

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.failures import ENGINE_FAILURES, first_line
from toolkit.datasets.readers.parquet.footer import Footer
from toolkit.datasets.readers.parquet.layout import DECIMAL, ENUM, FIXED, INT96, INTERVAL, Leaf
from toolkit.datasets.readers.portable import (
    DECIMAL_DIGITS,
    any_within,
    changes,
    coarser,
    is_in_unknown_zone,
    is_list_view,
    names_within,
    portable,
    repeated_within,
)

_DELTA_BYTE_ARRAY, _BYTE_STREAM_SPLIT = 7, 9
_KNOWN_ENCODINGS = range(10)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one file, and how they are read."""

    dtypes: pl.Schema
    """What every face gives."""
    scanned: pl.Schema | None
    """What polars' own scan gives; None where it cannot read the file, or reads it wrong."""
    portable: pa.Schema | None
    """What pyarrow's tables are cast to before polars takes them; None where only polars reads."""
    int96: bool
    """Whether there are INT96 timestamps."""
    microseconds: bool
    """Whether they are read as microseconds, not as nanoseconds."""
    notes: tuple[str, ...]
    """Why polars' own scan does not do, and what types stand for others."""
    obstacles: tuple[str, ...] = ()
    """Of the notes those that do not follow from the schema."""


def columns_of(
    footer: Footer, int96: str | None, before: tuple[Footer, Columns] | None = None
) -> Columns:
    """Decide for one file. ``int96`` is the unit of INT96 timestamps, None for the writer's.
    ``before`` is what was decided for another file, which holds for all that are like it.

    Raises SourceError for columns that no frame can hold."""
    if footer.schema is None:
        return _of_polars_alone(footer)
    stamped = {leaf.path[0] for leaf in footer.layout.leaves if leaf.type == INT96}
    micro = bool(stamped) and (int96 or _unit_of_writer(footer)) == "us"
    obstacles = tuple(_obstacles(footer, bool(stamped) and not micro))
    if before is not None and _alike(footer, before[0]):
        decided = before[1]
        if decided.obstacles == obstacles and decided.microseconds == micro:
            return decided
    return _decided(footer, footer.schema, stamped, micro, obstacles)


def _decided(
    footer: Footer, schema: pa.Schema, stamped: set[str], micro: bool, obstacles: tuple[str, ...]
) -> Columns:
    """``stamped`` are the columns with INT96 timestamps, ``micro`` whether as microseconds."""
    stands = pa.schema([portable(field) for field in schema])
    if micro:
        stands = coarser(stands, stamped)
    notes = list(obstacles)
    notes += [
        f"column {field.name!r} is {field.type}, read as {stand.type}"
        for field, stand in zip(schema, stands, strict=True)
        if changes(field.type)
    ]
    ours = _from_arrow(footer.url, stands)
    theirs, refusal = _from_polars(footer)
    notes += refusal
    if micro:
        theirs = _with_microseconds(theirs, stamped)
    enums = {leaf.path[0] for leaf in footer.layout.leaves if leaf.converted == ENUM}
    dtypes = {
        name: pl.String()
        if name in enums and dtype == pl.Binary()
        else _agreed(theirs.get(name, dtype), dtype)
        for name, dtype in ours.items()
    }
    if not notes:
        notes += [
            f"polars would read column {name!r} as {dtype}, it is {dtypes[name]}"
            for name, dtype in theirs.items()
            if dtype != dtypes[name] and not _castable(dtype, dtypes[name])
        ]
    scanned = None if notes or not theirs else pl.Schema(theirs)
    return Columns(
        pl.Schema(dtypes), scanned, stands, bool(stamped), micro, tuple(notes), obstacles
    )


def _alike(one: Footer, other: Footer) -> bool:
    """Whether the schemas of two files are the same in all that decides."""
    if one.schema is None or other.schema is None or one.layout.leaves != other.layout.leaves:
        return False
    return bool(one.schema.equals(other.schema, check_metadata=True))


def _of_polars_alone(footer: Footer) -> Columns:
    """For a file with types that Arrow's libraries do not have, as integers of 128 bits."""
    dtypes = pl.Schema(pl.read_parquet_schema(io.BytesIO(footer.serialized)))
    return Columns(dtypes, dtypes, None, False, False, ())


def _obstacles(footer: Footer, nanoseconds: bool) -> list[str]:
    """What polars cannot read or reads wrong, of what the footer shows."""
    if not footer.layout.leaves:
        return ["it has no columns"]
    found = []
    if footer.encrypted:
        found.append("it is encrypted: pyarrow decrypts it")
    found += footer.mended
    if nanoseconds:
        found.append("polars would not notice INT96 timestamps outside of the years 1678 to 2262")
    for position, leaf in enumerate(footer.layout.leaves):
        name = ".".join(leaf.path)
        if leaf.converted == INTERVAL:
            found.append(f"column {name!r} is an interval, read as its 12 bytes")
        if leaf.precision > DECIMAL_DIGITS and DECIMAL in (leaf.converted, leaf.logical):
            found.append(
                f"column {name!r} has {leaf.precision} digits, polars has {DECIMAL_DIGITS}"
            )
        found += _obstacles_in_chunks(footer, position, leaf, name)
    if any(any_within(field.type, is_list_view) for field in footer.schema or ()):
        found.append("it has columns of list views")
    return found


def _obstacles_in_chunks(footer: Footer, position: int, leaf: Leaf, name: str) -> list[str]:
    found = []
    for group in footer.layout.groups:
        chunk = group.chunks[position]
        if any(encoding not in _KNOWN_ENCODINGS for encoding in chunk.encodings):
            found.append(f"column {name!r} has an encoding that no engine here reads")
        if leaf.type == FIXED and {_DELTA_BYTE_ARRAY, _BYTE_STREAM_SPLIT} & set(chunk.encodings):
            found.append(f"column {name!r} has an encoding that polars does not read")
        if chunk.dictionary is not None and not chunk.dictionary_is_sound:
            found.append(f"column {name!r} says its dictionary is at {chunk.dictionary}")
    return found[:1]


def _unit_of_writer(footer: Footer) -> str:
    keys = (footer.metadata and footer.metadata.metadata) or {}
    return "us" if any(key.startswith(b"org.apache.spark.") for key in keys) else "ns"


def _from_polars(footer: Footer) -> tuple[dict[str, pl.DataType], list[str]]:
    """The types of polars' own scan, none where it cannot be, and why polars refused to tell."""
    intervals = any(leaf.converted == INTERVAL for leaf in footer.layout.leaves)
    fields = footer.schema or ()
    if intervals or any(any_within(field.type, _would_panic) for field in fields):
        return {}, []
    try:
        return dict(pl.read_parquet_schema(io.BytesIO(footer.serialized))), []
    except pl.exceptions.DuplicateError as error:
        raise _repeated_name(footer.url, first_line(error)) from error
    except ENGINE_FAILURES as error:
        return {}, [f"polars refuses its footer: {first_line(error)}"]


def _would_panic(dtype: pa.DataType) -> bool:
    return is_list_view(dtype) or is_in_unknown_zone(dtype)


def _repeated_name(url: str, detail: str) -> SourceError:
    """The error for a file with two columns of one name, which no frame can hold."""
    return SourceError(f"{url} cannot be a frame: {detail}. Write it anew with distinct names.")


def _from_arrow(url: str, schema: pa.Schema) -> dict[str, pl.DataType]:
    names = schema.names
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise _repeated_name(url, f"column with name {repeated[0]!r} has more than one occurrence")
    nul = next((name for name in names_within(schema) if "\0" in name), None)
    if nul is not None:
        raise SourceError(f"{url} cannot be a frame: the name {nul!r} has a zero byte. Rename it.")
    for field in schema:
        if (inner := repeated_within(field.type)) is not None:
            raise _repeated_name(
                url, f"column {field.name!r} has structs with two fields {inner!r}"
            )
    return dict(zip(names, frame_of(schema.empty_table()).dtypes, strict=True))


def frame_of(table: pa.Table) -> pl.DataFrame:
    """A table as a frame with the same names; polars itself makes up one for an empty name."""
    if not table.num_columns:
        return pl.DataFrame(height=table.num_rows)
    numbered = table.rename_columns([str(index) for index in range(table.num_columns)])
    frame = cast(pl.DataFrame, pl.from_arrow(numbered))
    frame.columns = table.column_names
    return frame


def _agreed(theirs: pl.DataType, ours: pl.DataType) -> pl.DataType:
    """The type that the format means, of what polars and pyarrow make of it.

    polars takes JSON for bytes, the null type for a number and ARROW's date64 for a timestamp;
    pyarrow takes the legacy ENUM for bytes."""
    if theirs == pl.String() and ours == pl.Binary():
        return theirs
    if ours in (pl.Null(), pl.Date()):
        return ours
    if ours == pl.String() and not isinstance(theirs, pl.Categorical | pl.Enum):
        return ours  # JSON, or a decimal of more digits than polars has
    if isinstance(theirs, pl.List) and isinstance(ours, pl.List):
        return pl.List(_agreed(_inner(theirs), _inner(ours)))
    if isinstance(theirs, pl.Struct) and isinstance(ours, pl.Struct):
        pairs = zip(theirs.fields, ours.fields, strict=True)
        return pl.Struct({a.name: _agreed(_dtype(a), _dtype(b)) for a, b in pairs})
    return theirs


def _inner(dtype: pl.List) -> pl.DataType:
    return cast(pl.DataType, dtype.inner)


def _dtype(field: pl.Field) -> pl.DataType:
    return cast(pl.DataType, field.dtype)


def _castable(scanned: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether a cast inside of polars' plan makes the one of the other, without loss."""
    return (scanned == pl.Binary() and wanted == pl.String()) or (
        isinstance(scanned, pl.Datetime) and wanted == pl.Date()
    )


def _with_microseconds(
    dtypes: Mapping[str, pl.DataType], names: set[str]
) -> dict[str, pl.DataType]:
    return {
        name: _microseconds(dtype) if name in names else dtype for name, dtype in dtypes.items()
    }


def _microseconds(dtype: pl.DataType) -> pl.DataType:
    if isinstance(dtype, pl.Datetime):
        return pl.Datetime("us", dtype.time_zone)
    if isinstance(dtype, pl.List):
        return pl.List(_microseconds(_inner(dtype)))
    if isinstance(dtype, pl.Struct):
        return pl.Struct({field.name: _microseconds(_dtype(field)) for field in dtype.fields})
    return dtype
