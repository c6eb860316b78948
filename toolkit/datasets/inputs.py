"""From what a person or a frame says it was derived from, to edges of lineage."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import polars as pl

from toolkit.core.errors import DatasetNotFoundError, InvalidArgumentError, InvalidNameError
from toolkit.core.interfaces import ICatalog, ITransaction
from toolkit.core.names import parse_ref
from toolkit.core.redaction import without_credentials
from toolkit.core.types import Artifact, FileId, InputRecord, VersionRecord
from toolkit.datasets.lineage import PlanInput, plan_inputs
from toolkit.datasets.manifests.version_reader import VersionReader

WORKSPACE_SETTING = "workspace_id"

_UNNAMED = re.compile(r"<[^<>/\\]+>")
"""What a reader calls bytes and open files without a path."""

_OWN_KEY = re.compile(r"objects/[0-9a-f]{2}/[^/\\]+$")

RelationInputs = Callable[[Any], "tuple[str, ...] | None"]


def outside_name(source: str) -> str:
    """How lineage names what is not of this workspace: an absolute path, a URL without
    credentials, or what a reader calls a thing in memory."""
    if _UNNAMED.fullmatch(source) and not os.path.exists(source):
        return source
    if source.startswith("file://"):
        return unquote(urlsplit(source).path)
    if "://" in source:
        return without_credentials(source)
    # A name that is not UTF-8 comes as surrogates, which no database stores.
    path = os.path.abspath(os.path.expanduser(source))
    return os.fsencode(path).decode("utf-8", "replace")


def kind_of(edge: InputRecord) -> Literal["version", "dropped", "source"]:
    """What an edge leads to. The name of a source is never that of a version."""
    if edge.version_id is not None:
        return "version"
    try:
        return "source" if parse_ref(edge.ref).version is None else "dropped"
    except InvalidNameError:
        return "source"


def derivation(found: Sequence[InputRecord]) -> tuple[tuple[InputRecord, ...], str]:
    """The edges in what ``InputFinder.find`` returned, and what was done where there are none."""
    edges = tuple(edge for edge in found if edge.ref)
    return edges, "" if edges else next((edge.how for edge in found), "")


class InputFinder:
    """Finds the inputs of a frame: those that are named and those that its plan shows."""

    def __init__(self, catalog: ICatalog, relation_inputs: RelationInputs | None = None) -> None:
        self._catalog = catalog
        self._relation_inputs = relation_inputs

    @cached_property
    def workspace(self) -> str:
        """The random id that tells the frames of this workspace from those of any other."""
        return self._catalog.setting(WORKSPACE_SETTING, secrets.token_hex(16))

    def find(self, frame: Any, named: Sequence[Any] | None, how: str) -> tuple[InputRecord, ...]:
        """Named inputs first, then found ones, each once. Without any, ``how`` comes back in a
        record that names none: see ``derivation``.

        Raises DatasetNotFoundError for a name that is neither a version nor a source,
        InvalidArgumentError for what cannot be an input."""
        found = [*self._each(named), *self._implied(frame)]
        if not found:
            return (InputRecord("", None, how),) if how else ()
        with self._catalog.transaction() as tx:
            edges = [_edge(tx, item, how) for item in found]
        return tuple({(edge.ref, edge.version_id): edge for edge in edges}.values())

    def _implied(self, frame: Any) -> Iterator[PlanInput | str]:
        if isinstance(frame, pl.LazyFrame):
            yield from plan_inputs(frame, self.workspace)
        elif isinstance(frame, VersionReader):
            yield PlanInput("version", frame.ref)
        elif hasattr(frame, "polars") and hasattr(frame, "sources"):
            yield from (PlanInput("source", source) for source in frame.sources)
        elif self._relation_inputs is not None:
            refs = self._relation_inputs(frame) or ()
            yield from (PlanInput("version", ref) for ref in refs)

    def _each(self, named: Any) -> Iterator[PlanInput | str]:
        if named is None:
            return
        if _is_one(named) or not isinstance(named, Iterable):
            named = [named]
        for item in named:
            if isinstance(item, Artifact):
                yield item.ref
            elif isinstance(item, str):
                yield item
            elif isinstance(item, os.PathLike):
                yield PlanInput("source", outside_name(os.fsdecode(item)))
            elif isinstance(item, pl.LazyFrame):
                yield from plan_inputs(item, self.workspace)
            elif hasattr(item, "sources"):
                yield from (PlanInput("source", source) for source in item.sources)
            else:
                raise InvalidArgumentError(
                    f"An input cannot be a {type(item).__qualname__}: pass references such as "
                    '"delays@1", artifacts, paths, lazy frames or readers.'
                )


def _is_one(named: Any) -> bool:
    return isinstance(named, str | os.PathLike | Artifact | pl.LazyFrame) or hasattr(
        named, "sources"
    )


def _edge(tx: ITransaction, item: PlanInput | str, how: str) -> InputRecord:
    if isinstance(item, PlanInput) and item.kind == "source":
        return _source(tx, item, how)
    name = item.name if isinstance(item, PlanInput) else item
    try:
        version = tx.versions.resolve(parse_ref(name))
    except (InvalidNameError, DatasetNotFoundError):
        if isinstance(item, PlanInput):
            # A version that was dropped since.
            return InputRecord(name, None, how)
        if "/" in name or "\\" in name or os.path.exists(name):
            return InputRecord(outside_name(name), None, how)
        raise
    return InputRecord(version.ref, version.id, how)


def _source(tx: ITransaction, item: PlanInput, how: str) -> InputRecord:
    key = _OWN_KEY.search(item.name)
    versions = tx.versions.by_file_key(key[0]) if key else ()
    # A file may be part of many versions: the one that is just these files is meant. Of several
    # files the plan names the first, and only the manifest tells whether they are a version.
    exact = (each for each in versions if len(_files(tx, each)) == item.more + 1)
    version = next(exact, None if item.more else next(iter(versions), None))
    if version is not None:
        return InputRecord(version.ref, version.id, how)
    more = f" … and {item.more} more file{'s' if item.more > 1 else ''}" if item.more else ""
    return InputRecord(f"{outside_name(item.name)}{more}", None, how)


def _files(tx: ITransaction, version: VersionRecord) -> set[FileId]:
    return {
        part.file.id for fragment in tx.versions.manifest(version.id) for part in fragment.files
    }
