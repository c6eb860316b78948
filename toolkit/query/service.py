"""QueryService: a person's SQL over the datasets of a workspace."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from toolkit.core.errors import QueryError, ToolkitError
from toolkit.core.interfaces import ISqlSources
from toolkit.query.columns import FileColumns
from toolkit.query.export import export_views
from toolkit.query.frames import named_frames
from toolkit.query.guard import ReadQuery, read_query
from toolkit.query.instance import Instance, Session
from toolkit.query.messages import readable
from toolkit.query.needs import EVERYTHING, Needs
from toolkit.query.quoting import qualified, quote_name
from toolkit.query.resolve import CATALOG_SCHEMA, Resolved, Resolver
from toolkit.query.views import View

_UNKNOWN = re.compile(r"(?:Table|Schema) with name .* does not exist|Catalog \".*\" does not exist")


class QueryService:
    """Runs SQL that only reads, over views of the datasets that it names.

    ``allowed_root`` is the storage root (an absolute path or URL): SQL reads no file outside of it.
    Safe to share between threads; a forked child starts an instance of its own.
    """

    def __init__(self, sources: ISqlSources, *, allowed_root: str) -> None:
        self._sources = sources
        self._instance = Instance(allowed_root)
        self._columns = FileColumns()
        self._inputs: dict[str, tuple[str, ...]] = {}

    def sql(
        self,
        query: str,
        params: Mapping[str, object] | None = None,
        frames: Mapping[str, Any] | None = None,
    ) -> duckdb.DuckDBPyRelation:
        """A relation over one query, run when its rows are asked for.

        Datasets are tables under their names, whatever the case (``delays``, ``sales.delays``); a
        quoted reference is an older version (``"delays@2"``, ``sales."delays@paper"``); catalog
        tables are ``catalog.files``, ``catalog.versions`` and so on. The relation reads the
        versions that were newest at the call for as long as it, or one derived from it, lives.
        ``$name`` in the query stands for ``params["name"]``, which is bound and never pasted.

        ``frames`` are tables too, and come before datasets of the same name: polars DataFrames and
        LazyFrames, pandas DataFrames (without their index) and pyarrow Tables, by name. Only those
        that the query names are taken from the mapping. A LazyFrame is streamed, in bounded
        memory, each time the query reads it.

        SQL reads files below the storage root only, so the relation's ``write_parquet`` cannot
        write elsewhere: take a frame first (``.pl().write_parquet(...)``). DuckDB does not combine
        relations of two calls: join in one query. EXPLAIN, and PIVOT without a list of values, run
        at the call.

        Raises QueryError, one line that says where, for a text that is not one query that only
        reads, an unknown table, a missing parameter, and whatever else DuckDB refuses;
        FileMissingError or FileChangedError for a stored file that is not as it was stored. What
        fails only when rows are read is raised then, as DuckDB's own error."""
        try:
            return self._sql(query, params, frames)
        except duckdb.FatalException:
            # A damaged file that was read before can make the whole instance unusable.
            self._instance.abandon()
        try:
            return self._sql(query, params, frames)
        except duckdb.FatalException as error:
            self._instance.abandon()
            raise QueryError(
                f"{readable(error, query)} See what is damaged with check()."
            ) from error

    def _sql(
        self, sql: str, params: Mapping[str, object] | None, frames: Mapping[str, Any] | None
    ) -> duckdb.DuckDBPyRelation:
        connection = self._instance.connection()
        try:
            query = read_query(connection, sql)
        except duckdb.FatalException:
            raise
        except duckdb.Error as error:
            raise QueryError(readable(error, sql)) from error
        values = _bound(query, params)
        resolver = Resolver(self._sources, frames or ())
        resolved = resolver.resolve(query.tables, named_frames(frames, query.tables))
        session = self._instance.session(connection)
        self._add_catalog(session, resolved)
        narrow = self._build(session, resolved, query.needs)
        try:
            try:
                relation = connection.sql(query.text, params=values or None)
            except duckdb.BinderException:
                if not narrow:
                    raise
                # A column that is not there may be one that was left out; and the message for one
                # that does not exist proposes others.
                self._build(session, resolved, EVERYTHING)
                relation = connection.sql(query.text, params=values or None)
        except duckdb.FatalException:
            raise
        except duckdb.Error as error:
            raise _explained(error, query, resolver, resolved) from error
        self._inputs[session.name] = tuple(resolved.inputs)
        weakref.finalize(connection, self._inputs.pop, session.name, None).atexit = False
        return relation

    def _build(self, session: Session, resolved: Resolved, needs: Needs) -> bool:
        """Make the views, and tell whether any of them leaves out columns."""
        connection = session.connection
        narrow = _show_frames(session, resolved, needs)
        schemas = dict.fromkeys(f.schema.lower() for f in resolved.found.values() if f.schema)
        for schema in schemas:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {session.name}.{quote_name(schema)}")
        for key, found in resolved.found.items():
            name = f"{session.name}.{qualified(found.schema or 'main', found.table)}"
            with _keeping_reasons(resolved, key, f"{found.version.ref} cannot be read"):
                view = View.of(found.version, found.fragments).narrowed(key, needs)
                for location in view.files:
                    if location.path is None:
                        self._instance.register(location.filesystem)
                connection.execute(view.create(name, partial(self._columns.of, connection)))
                narrow |= view.is_narrow
        return narrow

    def _add_catalog(self, session: Session, resolved: Resolved) -> None:
        if not resolved.catalog_tables:
            return
        try:
            tables = self._sources.catalog_tables(tuple(resolved.catalog_tables))
        except LookupError:
            return
        session.connection.execute(f"CREATE SCHEMA {session.name}.{CATALOG_SCHEMA}")
        for name, table in tables.items():
            registered = f"__catalog_{name}"
            session.connection.register(registered, table)
            session.connection.execute(
                f"CREATE VIEW {session.name}.{qualified(CATALOG_SCHEMA, name)} AS "
                f"SELECT * FROM temp.{quote_name(registered)}"
            )

    def inputs_of(self, relation: object) -> tuple[str, ...] | None:
        """The versions (``name@3``) that a relation from ``sql``, or one derived from it, reads.

        Empty when the query names no dataset. None when the relation is not from this service, or
        its connection is busy with a result that was not read to its end. A derived relation has
        the inputs of its query, even if it keeps the columns of one only; a PIVOT without a list
        of values may name a dataset that only shares its name with a column."""
        if not self._inputs or not isinstance(relation, duckdb.DuckDBPyRelation):
            return None
        try:
            # A relation has no name for its connection, and its session's database is one.
            found = relation.query("_", "SELECT current_database()")
            session = "" if found is None else found.fetchall()[0][0]
        except duckdb.Error:
            return None
        return self._inputs.get(session)

    def export_sql(self, path: str | Path, *, overwrite: bool = False) -> tuple[str, ...]:
        """Write a DuckDB file with a view per dataset, for any DuckDB client; returns their names.

        Views name the files of the versions that are newest now by absolute path, or by URL for a
        remote store, which the client opens with its own ``httpfs`` and credentials. Datasets
        without columns have no view. The file appears complete or not at all.

        Raises InvalidArgumentError when ``path`` exists and ``overwrite`` is False, or its folder
        does not exist."""
        return export_views(self._sources, Path(path), overwrite=overwrite)

    def interrupt(self) -> None:
        """Stop every query of this service that runs now, in whatever thread: reading it raises
        duckdb.InterruptException. May be called by a signal handler."""
        self._instance.interrupt()

    def close(self) -> None:
        """End every relation of this service. Idempotent; a later query starts anew."""
        self._instance.close()


def _show_frames(session: Session, resolved: Resolved, needs: Needs) -> bool:
    """Make a view of each frame, and tell whether any of them leaves out columns."""
    narrow = False
    for key, frame in resolved.frames.items():
        # DuckDB says this name where a lazy frame fails.
        registered = f"frame {frame.name}"
        with _keeping_reasons(resolved, key, f"{frame.name} cannot be read by SQL"):
            table, is_narrow = frame.table(key, needs)
            session.connection.register(registered, table)
            session.connection.execute(
                f"CREATE OR REPLACE VIEW {session.name}.main.{quote_name(key[0])} AS "
                f"SELECT * FROM temp.{quote_name(registered)}"
            )
            narrow |= is_narrow
    return narrow


@contextmanager
def _keeping_reasons(resolved: Resolved, key: tuple[str, ...], what: str) -> Iterator[None]:
    """Keep why a table could not be built: it is told only where DuckDB misses the table."""
    try:
        yield
    except duckdb.FatalException:
        raise
    except duckdb.Error as error:
        reason = QueryError(f"{what}: {readable(error, '')}")
        reason.__cause__ = error
        resolved.reasons[key] = reason
    except ToolkitError as error:
        resolved.reasons[key] = error


def _bound(query: ReadQuery, params: Mapping[str, object] | None) -> dict[str, object]:
    given = dict(params or {})
    known = {name.lower() for name in query.parameters}
    names = {str(name).lower() for name in given}
    numbered = sorted(name for name in query.parameters if name.isdigit())
    if numbered:
        raise QueryError("Parameters have names here: write $name instead of ? or $1.")
    missing = sorted(name for name in query.parameters if name.lower() not in names)
    if missing:
        shown = ", ".join(f"${name}" for name in missing)
        wanted = ", ".join(f'"{name}": …' for name in missing)
        raise QueryError(f"No value for {shown}. Pass params={{{wanted}}}.")
    unused = sorted(str(name) for name in given if str(name).lower() not in known)
    if unused:
        shown = ", ".join(f"${name}" for name in unused)
        raise QueryError(f"The query has no {shown}. Remove it from params or use it.")
    return given


def _explained(
    error: duckdb.Error, query: ReadQuery, resolver: Resolver, resolved: Resolved
) -> ToolkitError:
    text = str(error)
    if _UNKNOWN.search(text):
        for name in query.tables:
            key = name.key
            known = key in resolved.found or key in resolved.frames
            unknown = not known or key in resolved.reasons
            if not unknown or not any(part.lower() in text.lower() for part in name.parts):
                continue
            reason = resolved.reasons.get(key)
            if reason is None or (isinstance(reason, LookupError) and "@" not in name.parts[-1]):
                return resolver.unknown_table(name, query.text)
            if isinstance(reason, LookupError):
                return QueryError(str(reason))
            return reason
    return QueryError(readable(error, query.text))
