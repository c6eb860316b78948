"""What is done after a cell: find what is new or changed, save it, let the oldest go, tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from toolkit.core.errors import CatalogBusyError, CatalogError, StorageError, ToolkitError
from toolkit.notebook.capture.cells import statements
from toolkit.notebook.capture.containers import elements
from toolkit.notebook.capture.flow import Flow
from toolkit.notebook.capture.functions import Functions
from toolkit.notebook.capture.recorder import Cell, Recorder
from toolkit.notebook.capture.report import Report, one_line
from toolkit.notebook.capture.watch import Watch
from toolkit.notebook.frames import kind_of
from toolkit.notebook.session import SKIPPED, NotebookSession

_CHANGEABLE = ("polars", "pandas")
"""Frames of these engines can be changed in place."""

_NOT_OURS = (KeyboardInterrupt, SystemExit, GeneratorExit)

PAUSE = 60.0
"""Seconds without capture after the catalog was busy for as long as the workspace waits."""

EXPIRY_STEP = 8
"""How many versions are stored before old ones are looked for: dropping eight at once costs a cell
little more than dropping one."""


class CellCapture:
    """Captures what cells bind. It raises no Exception, and prints what a person has to know."""

    def __init__(self, session: NotebookSession) -> None:
        self._session = session
        self._watch = Watch()
        self._scope = Functions(session.ipython.user_ns)
        self._told: tuple[str, ...] = ()
        """Problems of the cell before, which are not told again by every cell."""
        self._let_go = False
        self._found: frozenset[str] = frozenset()
        """Frames that were new before the cell began: no statement of it has bound them."""
        self._pause = 0.0
        """Until when the catalog is left alone, as another process keeps it."""
        self._stored = EXPIRY_STEP
        """Versions since old ones were let go; in a new session there may be some."""
        self._limits: tuple[int, int | None] = (0, None)
        self._again: frozenset[str] = frozenset()
        """Variables whose frames may have been changed in a cell that was not captured."""

    def before(self) -> None:
        """Note what threads and widgets have bound since the last cell."""
        limit = self._session.settings.limit
        self._found = frozenset(self._watch.new(self._session.frames(), limit))

    def after(self, cell: Cell) -> None:
        """Capture what a cell bound or changed. Interrupted, it saves what is missing after the
        next cell."""
        report = Report(self._session.notebook, failed=not cell.succeeded)
        try:
            self._capture(cell, report)
        except KeyboardInterrupt:
            report.problems.append(
                "interrupted; what is not saved yet is saved after the next cell."
            )
        except CatalogBusyError as error:
            # Every cell would wait as long.
            self._pause = time.monotonic() + PAUSE
            report.problems.append(f"capture pauses for a minute: {_problem(error)}.")
        except _NOT_OURS:
            raise
        except BaseException as error:
            report.problems.append(f"capture failed after this cell: {_problem(error)}.")
        again, self._told = self._told, tuple(report.problems)
        report.problems = [problem for problem in report.problems if problem not in again]
        for line in report.lines(quiet=self._session.settings.quiet):
            print(line)

    def _capture(self, cell: Cell, report: Report) -> None:
        frames = self._session.frames()
        # Until this cell is done.
        again, self._again = self._again, frozenset(frames)
        if not self._session.settings.capture:
            for variable in self._watch.new(frames):
                self._watch.hold(variable, frames[variable]).unseen = True
            return
        if time.monotonic() < self._pause:
            return
        flow = self._flow(cell)
        recorder = Recorder(self._session, self._watch, cell, report)
        now = self._version_now(frames)
        new = self._watch.new(frames, self._session.settings.limit)
        objects = {id(value) for value in map(self._scope.value, flow.exposed)}
        objects.update(map(id, elements(map(self._scope.value, flow.within))))
        exposed = {
            name
            for name, frame in frames.items()
            if (id(frame) in objects or (name in again and self._watch.is_saved(name)))
            and kind_of(frame) in _CHANGEABLE
            and name not in new
        }
        # Other names of an object that the cell names otherwise come after it.
        aliases = exposed.difference(flow.exposed)
        try:
            for variable in self._watch.pop_gone(frames):
                recorder.note_gone(variable)
            recorder.leave_out(self._watch.pop_unseen(frames))
            ordered = sorted(
                {*new, *exposed}, key=lambda name: (name in aliases, flow.position(name), name)
            )
            done = {
                variable: self._one(
                    variable,
                    frames[variable],
                    recorder=recorder,
                    flow=flow,
                    now=now,
                    exposed=variable in exposed,
                    alias=variable in aliases,
                    report=report,
                )
                for variable in ordered
            }
            self._again = frozenset(variable for variable in done if not done[variable])
        finally:
            self._carry(flow, frames)
            if recorder.stored:
                self._stored += recorder.stored
                self._expire(report)

    def _one(
        self,
        variable: str,
        frame: Any,
        *,
        recorder: Recorder,
        flow: Flow,
        now: Callable[[str], str | None],
        exposed: bool,
        alias: bool,
        report: Report,
    ) -> bool:
        """Save or note one frame; False where it may be possible after another cell."""
        try:
            inputs = self._session.inputs_of(frame)
            if inputs is None:
                found = variable in self._found and variable not in flow.bound
                inputs = () if alias or found else flow.inputs(variable, now)
            if kind_of(frame) == "lazy":
                recorder.note_lazy(variable, frame, flow.inputs(variable, now, told=False), inputs)
            elif exposed:
                recorder.look(variable, frame, inputs)
            else:
                recorder.save(variable, frame, inputs)
        except (CatalogError, *_NOT_OURS):
            # Every other frame would wait for the catalog as long.
            raise
        except StorageError as error:
            # The next time the store may be there again.
            report.problems.append(f"{variable} {SKIPPED}: {_problem(error)}.")
            return False
        except BaseException as error:
            # Also what polars raises on a panic.
            recorder.skip(variable, frame, _problem(error))
        return True

    def _flow(self, cell: Cell) -> Flow:
        transform = self._session.ipython.transform_cell
        found = statements(cell.code, transform, self._scope)
        if cell.reached is not None:
            found = [statement for statement in found if statement.line <= cell.reached]
        self._scope.define(found)
        rebound = {name for statement in found for name in statement.writes}

        def known(name: str) -> Any:
            return self._watch.inputs(name, self._scope.value(name), rebound=name in rebound)

        return Flow(found, self._scope, known, self._datasets())

    def _datasets(self) -> Callable[[str], str | None]:
        @cache
        def names() -> dict[str, str]:
            listed = self._session.workspace.datasets()["name"].to_list()
            return {name.lower(): name for name in listed}

        def dataset(name: str) -> str | None:
            plain, at, version = name.partition("@")
            found = names().get(plain.lower())
            return None if found is None else f"{found}{at}{version}"

        return dataset

    def _version_now(self, frames: Mapping[str, object]) -> Callable[[str], str | None]:
        """The version that a variable's frame has been captured as after this cell."""

        def version(name: str) -> str | None:
            held = self._watch.get(name)
            return held.ref if held is not None and held.object() is frames.get(name) else None

        return version

    def _carry(self, flow: Flow, frames: Mapping[str, object]) -> None:
        now = self._version_now(frames)
        for name in flow.bound:
            if name not in frames:
                self._watch.carry(name, self._scope.value(name), flow.inputs(name, now))

    def _expire(self, report: Report) -> None:
        settings = self._session.settings
        limits = settings.keep, settings.budget
        if self._stored < EXPIRY_STEP and limits == self._limits:
            return
        self._stored, self._limits = 0, limits
        gone = self._session.workspace.captures.expire(keep=settings.keep, budget=settings.budget)
        self._session.forget(gone)
        self._watch.forget(gone)
        if gone and not self._let_go:
            self._let_go = True
            report.problems.append(
                f"let go of {len(gone):,} old captured version{'s' if len(gone) > 1 else ''} "
                "(%toolkit keep, %toolkit budget); later ones are told by %datasets only."
            )


def _problem(error: BaseException) -> str:
    text = one_line(error)
    return text if isinstance(error, ToolkitError) else f"{type(error).__name__}: {text}"
