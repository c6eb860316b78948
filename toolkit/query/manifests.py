"""The SELECT that reads columns of a version from the files of its manifest.

Files that hold columns of the same rows are joined by position: DuckDB reads them side by side in a
stream, in the order of the rows. A join on ``file_row_number`` would push filters into the files,
and give the rows in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from toolkit.core.types import FileLocation, HeldColumns, LocatedFragment
from toolkit.query.columns import address, distinct_names, folded
from toolkit.query.quoting import quote_name, quote_text

NamesInFile = Callable[[FileLocation], Sequence[str]]
"""The columns of a file as they are named there."""

ROW_NUMBER = "file_row_number"
"""A column that ``read_parquet`` adds when asked to, unless the file has one of that name."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows of one file, with the names in SQL of the columns that are read from it."""

    location: FileLocation
    columns: dict[int, str]
    """By the position of the column in the version."""
    rows: tuple[int, int] | None = None
    """The first row and how many; None: all."""
    can_number: bool = True
    """The file has no column that is named like the rows' numbers."""
    is_plain: bool = True
    """No column of the file has another name in SQL."""


_Sources = tuple[_Source, ...]


def is_whole(fragments: Sequence[LocatedFragment]) -> bool:
    """Whether every fragment is one file as it is."""
    return all(
        len(fragment.files) == 1
        and fragment.files[0].columns is None
        and fragment.files[0].offset is None
        for fragment in fragments
    )


def files_of(
    fragments: Sequence[LocatedFragment], wanted: Sequence[int]
) -> tuple[FileLocation, ...]:
    """The files that have columns at the wanted positions of the version, each once."""
    found = {
        file.location.uri: file.location
        for fragment in fragments
        for file in fragment.files
        if any(file.columns is None or file.columns[position] is not None for position in wanted)
    }
    return tuple(found.values())


def select_columns(
    fragments: Sequence[LocatedFragment],
    names: Sequence[str],
    wanted: Sequence[int],
    names_in_file: NamesInFile,
) -> str:
    """SELECT of columns of a version, whose columns have ``names``, by their positions.

    At least one fragment and one position are given. The columns have the names that
    ``read_parquet`` would give them in one file; rows come in the order of the fragments."""
    filled = [fragment for fragment in fragments if fragment.rows] or list(fragments[:1])
    parts = [_sources(fragment, names, wanted, names_in_file) for fragment in filled]
    shown = distinct_names(names)
    labels = {position: quote_name(shown[position]) for position in wanted}
    selects = [
        _select([sources for _at, sources in group], labels)
        for _key, group in groupby(enumerate(parts), key=_scanned_together)
    ]
    joined = [(f.rows, sources) for f, sources in zip(filled, parts, strict=True) if sources[1:]]
    if joined:
        selects.append(_no_rows(max(joined, key=lambda part: part[0])[1][0], labels))
    return " UNION ALL ".join(selects)


def read_files(locations: Sequence[FileLocation], *, numbered: bool = False) -> str:
    """A call of ``read_parquet`` for files that follow each other."""
    files = ", ".join(quote_text(address(location)) for location in locations)
    # The column exists without being asked for, too: then DuckDB 2.0 fails with an internal error
    # where it reads the columns of a LIMIT late.
    numbers = f", {ROW_NUMBER} = true" if numbered else ""
    # Folders named like `x=1` above the store are not columns of the data.
    return f"read_parquet([{files}], hive_partitioning = false{numbers})"


def _sources(
    fragment: LocatedFragment,
    names: Sequence[str],
    wanted: Sequence[int],
    names_in_file: NamesInFile,
) -> _Sources:
    found: list[_Source] = []
    for file in fragment.files:
        held = _held(file.columns, names, wanted)
        if not held:
            continue
        here = names if file.columns is None else names_in_file(file.location)
        shown = distinct_names(here)
        in_sql = dict(zip(reversed(here), reversed(shown), strict=True))
        found.append(
            _Source(
                file.location,
                {position: in_sql.get(name, name) for position, name in held.items()},
                None if file.offset is None else (file.offset, fragment.rows),
                can_number=ROW_NUMBER not in map(folded, here),
                is_plain=tuple(here) == shown,
            )
        )
    return tuple(found)


def _held(columns: HeldColumns, names: Sequence[str], wanted: Sequence[int]) -> dict[int, str]:
    held = names if columns is None else columns
    found = {position: held[position] for position in wanted}
    return {position: name for position, name in found.items() if name is not None}


def _scanned_together(part: tuple[int, _Sources]) -> tuple[object, ...]:
    """Files that follow each other and have the columns under the same names are one scan."""
    at, (first, *more) = part
    if more or first.rows is not None or not first.is_plain:
        return (at,)
    return tuple(first.columns.items())


def _select(group: Sequence[_Sources], labels: dict[int, str]) -> str:
    first = group[0]
    if len(first) == 1:
        source = _read(first[0]) if len(group) == 1 else read_files([s[0].location for s in group])
        return f"SELECT {_columns(first, labels, '')} FROM {source}"
    joined = " POSITIONAL JOIN ".join(f"{_read(s)} AS f{i}" for i, s in enumerate(first))
    return f"SELECT {_columns(first, labels, 'f')} FROM {joined}"


def _columns(sources: _Sources, labels: dict[int, str], prefix: str) -> str:
    found = {
        position: (f"{prefix}{i}." if prefix else "") + quote_name(name)
        for i, source in enumerate(sources)
        for position, name in source.columns.items()
    }
    return ", ".join(f"{found[position]} AS {label}" for position, label in labels.items())


def _read(source: _Source) -> str:
    if source.rows is None:
        return read_files([source.location])
    first, count = source.rows
    if not source.can_number:
        return f"(SELECT * FROM {read_files([source.location])} LIMIT {count} OFFSET {first})"
    # Only the row groups in question are read, which LIMIT with OFFSET would not do.
    call = read_files([source.location], numbered=True)
    return f"(SELECT * FROM {call} WHERE {ROW_NUMBER} BETWEEN {first} AND {first + count - 1})"


def _no_rows(source: _Source, labels: dict[int, str]) -> str:
    """A part without rows, which DuckDB takes for many: it estimates a positional join at none, and
    would then make the hash table of a join from the version, however small the other table is."""
    columns = ", ".join(
        quote_name(source.columns[position]) if position in source.columns else "NULL"
        for position in labels
    )
    call = read_files([source.location], numbered=source.can_number)
    never = f"{ROW_NUMBER} < 0" if source.can_number else "random() < 0"
    return f"SELECT {columns} FROM {call} WHERE {never}"
