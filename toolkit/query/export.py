"""Views of all datasets as a DuckDB file, for clients that know nothing of the toolkit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from toolkit.core.errors import InvalidArgumentError, QueryError
from toolkit.core.interfaces import ISqlSources
from toolkit.core.types import FileLocation, LocatedFragment, VersionRecord
from toolkit.query.columns import FileColumns
from toolkit.query.quoting import qualified, quote_name
from toolkit.query.views import View, has_columns

_Located = tuple[VersionRecord, Sequence[LocatedFragment]]


def export_views(sources: ISqlSources, target: Path, *, overwrite: bool) -> tuple[str, ...]:
    """Write the file (see ``QueryService.export_sql``) and return the views' names, sorted."""
    target = target.absolute()
    _require_writable(target, overwrite=overwrite)
    names = sorted(sources.frame_names())
    _refuse_clashes(names)
    located = {name: sources.frame_locations(name) for name in names}
    shown = {name: found for name, found in located.items() if has_columns(found[0])}
    # DuckDB names the database after its file, and views refer to it by nothing else: the final
    # name is free to differ.
    partial = target.with_name(f".{target.name}-{uuid4().hex}")
    try:
        _write(partial, shown)
        _publish(partial, target, overwrite=overwrite)
    finally:
        partial.unlink(missing_ok=True)
        partial.with_name(f"{partial.name}.wal").unlink(missing_ok=True)
    return tuple(shown)


def _write(path: Path, shown: dict[str, _Located]) -> None:
    with duckdb.connect(
        str(path),
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False},
    ) as connection:
        connection.execute("BEGIN")
        names_in_file = partial(FileColumns().of, connection)
        for name, (version, fragments) in shown.items():
            view = View.of(version, fragments)
            _register(connection, view.files)
            schema, _, table = name.rpartition(".")
            if schema:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote_name(schema)}")
            try:
                connection.execute(view.create(qualified(schema, table), names_in_file))
            except duckdb.Error as error:
                raise QueryError(
                    f"{version.ref} cannot be read, so nothing was exported: "
                    f"{str(error).splitlines()[0]}. See what is wrong with check()."
                ) from error
        connection.execute("COMMIT")


def _register(connection: duckdb.DuckDBPyConnection, locations: Sequence[FileLocation]) -> None:
    # Only to bind the views here: a client brings its own way to the URLs.
    for location in locations:
        filesystem: Any = location.filesystem
        if location.path is None:
            protocol = filesystem.protocol
            names = {protocol} if isinstance(protocol, str) else set(protocol)
            if names.isdisjoint(connection.list_filesystems()):
                connection.register_filesystem(filesystem)


def _publish(partial: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        partial.replace(target)
        return
    try:
        os.link(partial, target)  # unlike a rename, fails when the target has appeared meanwhile
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError:  # a file system without hard links
        partial.replace(target)


def _require_writable(target: Path, *, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise InvalidArgumentError(f"{target.parent} is not a folder. Create it first.")
    if target.is_dir():
        raise InvalidArgumentError(f"{target} is a folder. Name a file to write.")
    if target.exists() and not overwrite:
        raise _exists(target)


def _exists(target: Path) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{target} exists already. Choose another path, or pass overwrite=True to replace it."
    )


def _refuse_clashes(names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise QueryError(
                f"{other} and {name} differ only in case, which SQL ignores, so nothing was "
                "exported: copy one to another name and drop it under the old one."
            )
