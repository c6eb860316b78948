"""Saves the frames of one cell, and records what each variable is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from toolkit.core.errors import (
    FrameError,
    InvalidArgumentError,
    InvalidNameError,
    NotFoundError,
    ToolkitError,
)
from toolkit.core.types import Artifact, NewRun, RunId
from toolkit.notebook.capture.report import Report, Saved, one_line
from toolkit.notebook.capture.sources import Source
from toolkit.notebook.capture.watch import Held, Watch
from toolkit.notebook.frames import memory, shape
from toolkit.notebook.session import GONE, LAZY, SKIPPED, NotebookSession
from toolkit.notebook.settings import show_size

_WHILE_OFF = "bound while capture was off"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that was run."""

    source: str
    code: str
    """The source as IPython made Python of it."""
    started_at: datetime
    seconds: float
    succeeded: bool
    reached: int | None = None
    """Line of the code at which it failed; 0 where nothing of it was run."""


class Recorder:
    """What is written of one cell. Nothing is, and no run is recorded, before it is needed."""

    def __init__(self, session: NotebookSession, watch: Watch, cell: Cell, report: Report) -> None:
        self._session = session
        self._captures = session.workspace.captures
        self._watch = watch
        self._cell = cell
        self._report = report
        self._run: RunId | None = None
        self.stored = 0
        """How many versions were added."""

    def save(self, variable: str, frame: Any, inputs: Iterable[Source]) -> None:
        """Save a frame that a variable was bound to. Raises what may be better the next time."""
        if self._too_large(variable, frame):
            return
        before = self._session.ref_of(frame)
        try:
            artifact = self._capture(variable, frame, list(inputs))
        except (FrameError, InvalidArgumentError) as error:
            self.skip(variable, frame, one_line(error))
            return
        held = self._watch.hold(variable, frame)
        self._know(held, artifact)
        if artifact.ref != before:
            # Else it was restored, which is told by who did.
            self._tell(variable, frame, artifact)

    def look(self, variable: str, frame: Any, inputs: Iterable[Source]) -> None:
        """Save a frame that was captured before, where its content has changed since."""
        held = self._watch.get(variable)
        if held is None or not held.fingerprint:
            problem = held.problem if held is not None else ""
            self.save(variable, frame, inputs)
            self._unsay(variable, problem)
            return
        fingerprint, ref = held.fingerprint, held.ref
        # Without inputs: those of the cell are not those of a frame that the cell did not change.
        artifact = self._capture(variable, frame, [])
        self._know(held, artifact)
        if artifact.fingerprint != fingerprint:
            origin = [*([ref] if ref else []), *inputs]
            derived = self._capture(variable, frame, origin, artifact)
            others = tuple(each for each in derived.inputs if each != ref)
            self._tell(variable, frame, replace(artifact, inputs=others), changed=True)

    def note_lazy(self, variable: str, frame: Any, flow: Iterable[Source], told: Any) -> None:
        """Record a lazy frame, which is not run."""
        ref = self._session.ref_of(frame)
        held = self._watch.hold(variable, frame)
        shown = self._captures.inputs_of(frame)
        known = [each for each in flow if str(each) not in shown]
        held.inputs = (*shown, *known) if shown else tuple(told)
        text = f"{LAZY} from {', '.join(map(str, held.inputs))}" if held.inputs else LAZY
        self._captures.note(self._run_id(), variable, ref or text)

    def note_gone(self, variable: str) -> None:
        """Record that a variable is bound to a frame no more."""
        self._captures.note(self._run_id(), variable, GONE)

    def _too_large(self, variable: str, frame: Any) -> bool:
        limit = self._session.settings.limit
        size = memory(frame)
        if size < limit:
            return False
        why = f"{show_size(size)} are over the limit of {show_size(limit)} (%toolkit limit)"
        self.skip(variable, frame, why).size = size
        return True

    def skip(self, variable: str, frame: Any, why: str) -> Held:
        """Record and tell that a frame is not saved; it is not tried again as it is."""
        held = self._watch.hold(variable, frame)
        held.problem = f"{variable} {SKIPPED}: {why}."
        self._report.problems.append(held.problem)
        self._captures.note(self._run_id(), variable, f"{SKIPPED}: {why}")
        return held

    def leave_out(self, variables: Sequence[str]) -> None:
        """Record and tell that frames were bound while capture was off."""
        if not variables:
            return
        for variable in variables:
            self._captures.note(self._run_id(), variable, f"{SKIPPED}: {_WHILE_OFF}")
        self._report.problems.append(
            f"{', '.join(variables)} {SKIPPED}: {_WHILE_OFF} (bind or change it to save it)."
        )

    def _unsay(self, variable: str, problem: str) -> None:
        """What was said before of the same frame is not said again."""
        held = self._watch.get(variable)
        if problem and held is not None and held.problem == problem:
            self._report.problems.remove(problem)

    def _capture(
        self, variable: str, frame: Any, inputs: list[Any], made: Artifact | None = None
    ) -> Artifact:
        name = self._session.name_of(variable) if made is None else made.name
        run = self._run_id()
        try:
            return self._captures.capture(run, variable, frame, name, inputs)
        except (NotFoundError, InvalidNameError, InvalidArgumentError):
            # A version that was dropped, or a text that is no reference after all.
            found = [each for each in inputs if self._exists(each)]
            if len(found) == len(inputs):
                raise
            return self._captures.capture(run, variable, frame, name, found)

    def _exists(self, source: Any) -> bool:
        try:
            if isinstance(source, str) and "/" not in source:
                self._session.workspace.lineage(source)
        except ToolkitError:
            return False
        return True

    def _know(self, held: Held, artifact: Artifact) -> None:
        held.fingerprint, held.ref, held.problem = artifact.fingerprint, artifact.ref, ""
        frame = held.object()
        if frame is not None:
            self._session.remember(frame, artifact.ref)

    def _tell(
        self, variable: str, frame: Any, artifact: Artifact, *, changed: bool = False
    ) -> None:
        self.stored += 1
        inputs = tuple(ref for ref in artifact.inputs if ref != artifact.ref)
        saved = Saved(variable, *shape(frame), inputs, not artifact.deduplicated, changed)
        self._report.saved.append(saved)

    def _run_id(self) -> RunId:
        if self._run is None:
            cell, session = self._cell, self._session
            self._run = self._captures.begin(
                NewRun(
                    session.notebook,
                    session.session_id,
                    cell.source,
                    cell.started_at,
                    cell.seconds,
                    cell.succeeded,
                )
            )
        return self._run
