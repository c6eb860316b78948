"""NotebookSession: what the parts of the extension share during one start of a kernel.

What the capture records of a variable after a cell, and ``%restore`` finds again as a Binding:

* a frame in memory: the version it was saved as;
* a lazy frame that is exactly one version (``remember`` was told): the note ``name@3``;
* any other lazy frame: the note ``LAZY``, with `` from `` and its inputs where they are known;
* a frame that was not saved: the note ``SKIPPED``, a colon and why;
* a variable that was deleted, or is no frame any more: the note ``GONE``.
"""

from __future__ import annotations

import secrets
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from toolkit.notebook.frames import is_frame
from toolkit.notebook.interfaces import INotebookWorkspace, OpenWorkspace
from toolkit.notebook.naming import NameGiver, front_end_name
from toolkit.notebook.settings import Settings, defaults

LAZY = "lazy frame"
SKIPPED = "not saved"
GONE = ""


class NotebookSession:
    """One start of a kernel with the extension loaded.

    ``ipython`` is the InteractiveShell, ``settings`` are changed by ``%toolkit``, ``workspace`` is
    that of the folder in which the extension was loaded, and ``session_id`` is unique."""

    def __init__(self, ipython: Any, open_workspace: OpenWorkspace) -> None:
        self.ipython = ipython
        self.workspace: INotebookWorkspace = open_workspace()
        self.settings: Settings
        self.settings, self.problems = defaults(Path.cwd())
        self.session_id = secrets.token_hex(16)
        self._front_end = front_end_name(ipython.user_ns)
        self._names = NameGiver()
        self._refs: dict[int, tuple[weakref.ref[Any], tuple[str, ...]]] = {}
        self._inputs: dict[int, tuple[weakref.ref[Any], tuple[Any, ...]]] = {}

    @property
    def notebook(self) -> str:
        """The notebook's name: a valid first part of a dataset's name."""
        return self.settings.name or self._front_end

    def frames(self) -> dict[str, object]:
        """The frames that are bound at top level now, by variable: polars DataFrame and LazyFrame,
        pandas DataFrame, pyarrow Table. Names with a leading underscore are left out."""
        # A copy of the items: a thread of the person's may bind names meanwhile.
        return {
            name: value
            for name, value in list(self.ipython.user_ns.items())
            if is_frame(value) and not name.startswith("_")
        }

    def name_of(self, variable: str) -> str:
        """The dataset that a variable is captured as: ``<notebook>.<variable>``."""
        return f"{self.notebook}.{self._names.part_for(variable)}"

    def ref_of(self, obj: object, variable: str = "") -> str | None:
        """The version that this very object was captured or loaded as, if it is known: that of
        ``variable`` where it has several names, else the newest."""
        refs = _look_up(self._refs, obj) or ()
        name = self.name_of(variable) if variable else ""
        own = [ref for ref in refs if ref.rpartition("@")[0] == name]
        return next(reversed(own or refs), None)

    def remember(self, obj: object, ref: str) -> None:
        """Note that this very object is a version: ``name@3``, not a name alone."""
        known = [each for each in _look_up(self._refs, obj) or () if each != ref]
        _keep(self._refs, obj, (*known, ref))

    def forget(self, refs: Iterable[str]) -> None:
        """Note that versions are gone: objects that were captured under several names are known
        as what is left."""
        gone = frozenset(refs)
        for key, (weak, known) in list(self._refs.items()):
            if not gone.isdisjoint(known):
                self._refs[key] = (weak, tuple(ref for ref in known if ref not in gone))

    def inputs_of(self, obj: object) -> tuple[Any, ...] | None:
        """What ``remember_inputs`` was told of this very object."""
        return _look_up(self._inputs, obj)

    def remember_inputs(self, obj: object, inputs: Sequence[Any]) -> None:
        """Note what this very object was derived from, for who knows it exactly (``%%sql``): its
        capture records these inputs (references, paths), instead of what the cell's text shows."""
        _keep(self._inputs, obj, tuple(inputs))


def _look_up(
    known: dict[int, tuple[weakref.ref[Any], tuple[Any, ...]]], obj: object
) -> tuple[Any, ...] | None:
    entry = known.get(id(obj))
    return entry[1] if entry is not None and entry[0]() is obj else None


def _keep(
    known: dict[int, tuple[weakref.ref[Any], tuple[Any, ...]]], obj: object, value: tuple[Any, ...]
) -> None:
    key = id(obj)

    def forget(weak: weakref.ref[Any]) -> None:
        # The number may be another object's by now.
        if key in known and known[key][0] is weak:
            del known[key]

    known[key] = (weakref.ref(obj, forget), value)
