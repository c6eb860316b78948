"""Captured frames: what the notebook extension saves by itself, and what it lets go again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.core.interfaces import ICatalog, ITransaction
from toolkit.core.names import parse_ref
from toolkit.core.types import Artifact, Binding, Event, NewRun, RunId, VersionId
from toolkit.datasets.inputs import InputFinder, kind_of
from toolkit.datasets.saving import Saver

_ENGINES: Mapping[str, str] = {"pandas": "pandas", "pyarrow": "arrow"}
"""What ``load`` calls the libraries whose frames are not polars' own."""


class Capturer:
    """Records runs of cells, the frames that they bound, and expires old ones."""

    def __init__(self, catalog: ICatalog, saver: Saver, inputs: InputFinder) -> None:
        self._catalog = catalog
        self._saver = saver
        self._inputs = inputs

    def begin(self, run: NewRun) -> RunId:
        """Record a cell that was run."""
        with self._catalog.transaction() as tx:
            return tx.versions.add_run(run)

    def capture(
        self, run_id: RunId, variable: str, frame: Any, name: str, inputs: Sequence[Any]
    ) -> Artifact:
        """Save what a variable is bound to, and note the engine to load it with again, where that
        is not polars. Raises as ``save`` does."""
        edges = self._inputs.find(frame, inputs, "")
        artifact = self._saver.save_frame(frame, name, edges, captured=True)
        with self._catalog.transaction() as tx:
            tx.versions.bind(run_id, variable, artifact.id, _engine(frame))
        return artifact

    def note(self, run_id: RunId, variable: str, text: str) -> None:
        """Record what is known of a frame that is not saved, such as a lazy one."""
        with self._catalog.transaction() as tx:
            tx.versions.bind(run_id, variable, None, text)

    def inputs_of(self, frame: Any) -> tuple[str, ...]:
        """What a lazy frame, or a relation of SQL, shows by itself that it reads, without running
        it: references of versions that are there, and outside sources."""
        found = self._inputs.find(frame, None, "")
        return tuple(edge.ref for edge in found if edge.ref and kind_of(edge) != "dropped")

    def last_session(self, notebook: str, besides: str) -> tuple[Binding, ...]:
        """What the variables of a notebook were at the end of its last session but ``besides``."""
        with self._catalog.transaction() as tx:
            return tx.versions.last_bindings(notebook, besides)

    def engine_of(self, ref: str) -> str:
        """``pandas`` for a version that was a pandas frame, else ``polars``. Raises
        DatasetNotFoundError."""
        with self._catalog.transaction() as tx:
            version = tx.versions.resolve(parse_ref(ref))
        return "pandas" if version.metadata.get("pandas") else "polars"

    def expire(self, *, keep: int, budget: int | None) -> tuple[str, ...]:
        """Drop captured versions that no tag and no hold protects: those that are not among the
        ``keep`` newest of their name, then the oldest until the versions' files fit into
        ``budget`` bytes. Returns their references; each is an event, ``version_expired``."""
        gone: list[str] = []
        with self._catalog.transaction() as tx:
            expendable = tx.versions.expendable()
            for version_id, ref, size, place in expendable:
                if place > keep:
                    gone.append(_expire(tx, version_id, ref, size))
            if budget is not None:
                for version_id, ref, size, place in expendable:
                    if tx.files.used_bytes() <= budget:
                        break
                    if place <= keep:
                        gone.append(_expire(tx, version_id, ref, size))
        return tuple(gone)


def _engine(frame: Any) -> str:
    # A frame of another library may be a subclass, such as geopandas' of pandas'.
    modules = (kind.__module__.partition(".")[0] for kind in type(frame).__mro__)
    return next((_ENGINES[module] for module in modules if module in _ENGINES), "")


def _expire(tx: ITransaction, version_id: VersionId, ref: str, size: int) -> str:
    tx.versions.drop(version_id)
    tx.emit(Event("version_expired", ref, {"byte_size": size}))
    return ref
