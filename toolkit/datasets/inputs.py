"""From what a person or a frame says it was derived from, to edges of lineage."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.core.errors import DatasetNotFoundError, InvalidArgumentError, InvalidNameError
from toolkit.core.interfaces import ICatalog, ITransaction
from toolkit.core.names import parse_ref
from toolkit.core.types import Artifact, InputRecord
from toolkit.datasets.lineage import PlanInput, plan_inputs

_OWN_KEY = re.compile(r"objects/[0-9a-f]{2}/[^/\\]+$")

RelationInputs = Callable[[Any], "tuple[str, ...] | None"]


class InputFinder:
    """Finds the inputs of a frame: those that are named and those that its plan shows."""

    def __init__(self, catalog: ICatalog, relation_inputs: RelationInputs | None = None) -> None:
        self._catalog = catalog
        self._relation_inputs = relation_inputs

    def find(self, frame: Any, named: Sequence[Any] | None, how: str) -> tuple[InputRecord, ...]:
        """Named inputs first, then found ones, each once.

        Raises DatasetNotFoundError for a name that is neither a version nor a source."""
        found = [*_each(named or ()), *self._implied(frame)]
        if not found:
            return ()
        with self._catalog.transaction() as tx:
            edges = [_edge(tx, item, how) for item in found]
        return tuple({(edge.ref, edge.version_id): edge for edge in edges}.values())

    def _implied(self, frame: Any) -> Iterator[PlanInput | str]:
        if isinstance(frame, pl.LazyFrame):
            yield from plan_inputs(frame)
        elif hasattr(frame, "polars") and hasattr(frame, "sources"):
            yield from (PlanInput("source", source) for source in frame.sources)
        elif self._relation_inputs is not None:
            refs = self._relation_inputs(frame) or ()
            yield from (PlanInput("version", ref) for ref in refs)


def _each(named: Iterable[Any]) -> Iterator[PlanInput | str]:
    if isinstance(named, str | Artifact):
        named = [named]
    for item in named:
        if isinstance(item, Artifact):
            yield item.ref
        elif isinstance(item, str):
            yield item
        elif isinstance(item, Path):
            yield PlanInput("source", str(item))
        elif isinstance(item, pl.LazyFrame):
            yield from plan_inputs(item)
        elif hasattr(item, "sources"):
            yield from (PlanInput("source", source) for source in item.sources)
        else:
            raise InvalidArgumentError(
                f"An input cannot be a {type(item).__qualname__}: pass references such as "
                '"delays@1", artifacts, paths, lazy frames or readers.'
            )


def _edge(tx: ITransaction, item: PlanInput | str, how: str) -> InputRecord:
    if isinstance(item, PlanInput) and item.kind == "source":
        key = _OWN_KEY.search(item.name)
        versions = tx.versions.by_file_key(key[0]) if key else ()
        if versions:
            return InputRecord(versions[0].ref, versions[0].id, how)
        return InputRecord(item.name, None, how)
    name = item.name if isinstance(item, PlanInput) else item
    try:
        version = tx.versions.resolve(parse_ref(name))
    except (InvalidNameError, DatasetNotFoundError):
        if isinstance(item, PlanInput) or "/" in name or "\\" in name or Path(name).exists():
            # A version that was dropped since, or the path of an outside source.
            return InputRecord(name, None, how)
        raise
    return InputRecord(version.ref, version.id, how)
