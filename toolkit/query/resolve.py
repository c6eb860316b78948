"""From the names in a query to versions of datasets and their files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from toolkit.core.errors import (
    DatasetNotFoundError,
    InvalidNameError,
    QueryError,
    ToolkitError,
    did_you_mean,
)
from toolkit.core.interfaces import ISqlSources
from toolkit.core.types import LocatedFragment, VersionRecord
from toolkit.query.frames import Frame
from toolkit.query.names import TableName
from toolkit.query.needs import Key
from toolkit.query.words import position

CATALOG_SCHEMA = "catalog"


@dataclass(frozen=True, slots=True)
class Found:
    """A table of a query that is a dataset."""

    schema: str
    """The view's schema, empty for the default one."""
    table: str
    version: VersionRecord
    fragments: Sequence[LocatedFragment]


@dataclass(slots=True)
class Resolved:
    """What is known of a query's tables. A name that failed may still be a CTE or a part of DuckDB:
    its reason is told only when DuckDB does not find it either."""

    found: dict[tuple[str, ...], Found] = field(default_factory=dict)
    """By the lower-case parts of the name."""
    inputs: dict[str, None] = field(default_factory=dict)
    """The references of the versions that are read, in the order of the query."""
    catalog_tables: dict[str, None] = field(default_factory=dict)
    reasons: dict[tuple[str, ...], ToolkitError] = field(default_factory=dict)
    frames: Mapping[Key, Frame] = field(default_factory=dict)
    """The caller's own frames, which are no datasets."""


class Resolver:
    """Looks up the tables of one query. ``frames`` are the names of tables besides datasets."""

    def __init__(self, sources: ISqlSources, frames: Collection[str] = ()) -> None:
        self._sources = sources
        self._frames = frames

    @cached_property
    def names(self) -> Sequence[str]:
        """Every dataset that is a frame. Asked only when a name is not found as it is written."""
        return self._sources.frame_names()

    def resolve(self, tables: Sequence[TableName], frames: Mapping[Key, Frame]) -> Resolved:
        """``frames`` are what some of the names mean; the others are looked for among datasets."""
        resolved = Resolved(frames=frames)
        for name in tables:
            if name.key in frames:
                continue
            parts, key = _without_main(name.parts), name.key
            if len(parts) == 2 and key[0] == CATALOG_SCHEMA:
                resolved.catalog_tables[key[1]] = None
            elif len(parts) <= 2:
                self._add(resolved, name, parts)
        return resolved

    def _add(self, resolved: Resolved, name: TableName, parts: tuple[str, ...]) -> None:
        key = name.key
        if key in resolved.reasons:
            return
        try:
            located = self._locate(".".join(parts), certain=name.certain)
        except InvalidNameError:
            return
        except ToolkitError as error:
            resolved.reasons[key] = error
            return
        if located is None:
            return
        version, fragments = located
        known = resolved.found.get(key)
        if known is not None and known.version.dataset != version.dataset:
            raise QueryError(
                f"{known.version.dataset} and {version.dataset} differ only in case, which SQL "
                "ignores: name one of them in a query, or copy it to another name."
            )
        schema = parts[0] if len(parts) == 2 else ""
        resolved.found.setdefault(key, Found(schema, parts[-1], version, fragments))
        resolved.inputs[version.ref] = None

    def _locate(
        self, ref: str, *, certain: bool
    ) -> tuple[VersionRecord, Sequence[LocatedFragment]] | None:
        """A reference as written, or else the one dataset that differs only in case."""
        if certain:
            try:
                return self._sources.frame_locations(ref)
            except DatasetNotFoundError:
                spelled = self._spelling(ref)
                if spelled == ref:
                    raise
                return self._sources.frame_locations(spelled)
        spelled = self._spelling(ref)
        if spelled.partition("@")[0] not in self.names:
            return None
        return self._sources.frame_locations(spelled)

    def _spelling(self, ref: str) -> str:
        dataset, at, rest = ref.partition("@")
        if dataset in self.names:
            return ref
        same = [name for name in self.names if name.lower() == dataset.lower()]
        if len(same) > 1:
            raise QueryError(
                f"{dataset} may be any of {', '.join(sorted(same))}, which differ only in case: "
                "write one of them as it is spelled."
            )
        return f"{same[0]}{at}{rest}" if same else ref

    def unknown_table(self, name: TableName, sql: str) -> QueryError:
        """What to say of a table that neither the workspace nor DuckDB knows."""
        wanted = ".".join(_without_main(name.parts))
        place = "" if name.offset is None else f"{position(sql, name.offset)}: "
        if name.key[0] == CATALOG_SCHEMA and len(name.parts) == 2:
            return QueryError(
                f'{place}the catalog has no table "{wanted}". '
                "There are catalog.files, catalog.versions and others."
            )
        known = [*self._frames, *self.names]
        noun = "frames and datasets" if self._frames else "datasets"
        hint = did_you_mean(wanted.partition("@")[0], known, noun=noun)
        return QueryError(f'{place}no table or dataset "{wanted}". {hint}')


def _without_main(parts: tuple[str, ...]) -> tuple[str, ...]:
    return parts[1:] if len(parts) == 2 and parts[0].lower() == "main" else parts
