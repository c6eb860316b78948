"""``%restore``: the frames of the notebook's last session, after the kernel was started again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import polars as pl
from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from toolkit.core.errors import InvalidNameError, ToolkitError, did_you_mean
from toolkit.core.names import parse_ref
from toolkit.core.types import Binding
from toolkit.notebook.magics.shell import install, one_line, told_in_one_line
from toolkit.notebook.session import GONE, LAZY, NotebookSession

_LET_GO = "its version was dropped or let go"
_SHOWN = 4

_LAZY = "lazy"
_FORMS: Mapping[str, tuple[str, str]] = {
    _LAZY: ("a lazy frame", "lazy frames"),
    "polars": ("a polars frame", "polars frames"),
    "pandas": ("a pandas frame", "pandas frames"),
    "arrow": ("an Arrow table", "Arrow tables"),
}
"""What is said of one variable, and of several."""


@dataclass(slots=True)
class Outcome:
    """What became of the variables that were asked for."""

    notebook: str
    is_first: bool = False
    """No earlier session of the notebook is known."""
    restored: dict[str, list[str]] = field(default_factory=dict)
    """By what they are now: ``lazy``, or the name of an engine."""
    kept: list[str] = field(default_factory=list)
    """They exist, and nobody said to overwrite them."""
    failed: list[tuple[str, str]] = field(default_factory=list)
    """With the reason."""

    def lines(self) -> list[str]:
        """What a person is told: nothing that differs from run to run."""
        found: list[str] = []
        if self.restored:
            parts = (
                f"{', '.join(names)} as {_FORMS[form][len(names) > 1]}"
                for form, names in self.restored.items()
            )
            told = f"restored {'; '.join(parts)}"
            if _LAZY in self.restored:
                told += " (%restore --eager reads them)"
            found.append(told)
        if self.kept:
            exist = "exist" if len(self.kept) > 1 else "exists"
            found.append(
                f"kept {', '.join(self.kept)}, which {exist} (%restore --force overwrites)"
            )
        found += [f"not restored: {name} ({reason})" for name, reason in self.failed]
        if self.is_first and not found:
            return [
                f'nothing to restore: no earlier session of the notebook "{self.notebook}" is '
                "known (%toolkit name <name> if it had another name)"
            ]
        return found or ["nothing to restore: the last session had no frames at its end"]


def register(ipython: Any, session: NotebookSession) -> Callable[[], None]:
    """Add ``%restore``."""

    parser = _parser()

    def restore(line: str) -> None:
        """Bring back the frames that this notebook had when its kernel was last in use.

            %restore                     all of them, as lazy frames
            %restore late monthly        these, also from sessions before the last
            %restore --eager             as frames in memory, of the library that they were of
            %restore --force             also over variables that exist

        Says what came back, what could not, and what was kept because it exists."""
        asked = parser.parse_intermixed_args(line.split())
        with told_in_one_line():
            outcome = _restore(session, asked)
        for told in outcome.lines():
            print(f"toolkit: {told}")

    return install(ipython, "restore", "line", restore)


def _parser() -> Any:
    # Its usage errors are UsageError, of one line; it has no types.
    make: Any = MagicArgumentParser
    parser = make("%restore", add_help=False)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--eager", action="store_true")
    parser.add_argument("--force", action="store_true")
    return parser


def last_variables(session: NotebookSession) -> tuple[str, ...]:
    """The variables that ``%restore`` knows of."""
    found = session.workspace.captures.last_session(session.notebook, session.session_id)
    return tuple(binding.variable for binding in found if not _is_gone(binding))


def _restore(session: NotebookSession, asked: Any) -> Outcome:
    captures = session.workspace.captures
    found = captures.last_session(session.notebook, session.session_id)
    there = {binding.variable: binding for binding in found if not _is_gone(binding)}
    names = list(dict.fromkeys(asked.names)) or list(there)
    there |= {
        name: earlier
        for name in names
        if name not in there and (earlier := _earlier(session, name)) is not None
    }
    unknown = [name for name in names if name not in there]
    if unknown:
        hint = did_you_mean(unknown[0], there, noun="frames of the last session")
        raise UsageError(f"The last session had no frame {', '.join(unknown)}. {hint}")
    outcome = Outcome(session.notebook, is_first=not found)
    namespace = session.ipython.user_ns
    for name in names:
        binding = there[name]
        ref = _ref(binding)
        # A lazy frame that came back before may be read now: it is the same version.
        is_mine = name in namespace and not (asked.eager and _is_lazy(session, name, ref))
        if is_mine and not asked.force:
            outcome.kept.append(name)
            continue
        if ref is None:
            outcome.failed.append((name, _LET_GO if binding.saved else _reason(binding.note)))
            continue
        try:
            form = _engine(session, binding, ref) if asked.eager else _LAZY
            frame = _load(session, ref, form)
        except (ToolkitError, pl.exceptions.PolarsError, ImportError) as error:
            outcome.failed.append((name, one_line(error)))
            continue
        namespace[name] = frame
        session.remember(frame, ref)
        outcome.restored.setdefault(form, []).append(name)
    return outcome


def _earlier(session: NotebookSession, variable: str) -> Binding | None:
    """What a variable was that the last session did not have: the newest version of its name."""
    name = session.name_of(variable)
    try:
        newest = session.workspace.history(name).row(-1, named=True)
    except ToolkitError:
        return None
    return Binding(variable, "", f"{name}@{newest['version']}", False, newest["created_at"])


def _is_gone(binding: Binding) -> bool:
    """Whether the variable was no frame any more at the end of the session."""
    return not binding.saved and binding.note == GONE


def _reason(note: str) -> str:
    """Why a variable that was not saved cannot come back, with the last parts of paths only."""
    what, _, inputs = note.partition(" from ")
    if what != LAZY:
        return note
    names = list(dict.fromkeys(PurePath(each).name for each in inputs.split(", ") if each))
    origin = f" from {', '.join(names[:_SHOWN])}" if names else ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{LAZY}{origin}{more}: run its cell again"


def _ref(binding: Binding) -> str | None:
    """The version that a variable was: it was saved, or it was a lazy frame that was one."""
    if binding.saved:
        return binding.ref or None
    try:
        ref = parse_ref(binding.note)
    except InvalidNameError:
        return None
    return binding.note if ref.version is not None else None


def _is_lazy(session: NotebookSession, name: str, ref: str | None) -> bool:
    """Whether a variable is this very version, as a lazy frame."""
    value = session.ipython.user_ns[name]
    return isinstance(value, pl.LazyFrame) and ref is not None and session.ref_of(value) == ref


def _engine(session: NotebookSession, binding: Binding, ref: str) -> str:
    """What the frame was; of one that came back as a lazy frame, what it was before."""
    if not binding.saved:
        return session.workspace.captures.engine_of(ref)
    return binding.note if binding.note in _FORMS else "polars"


def _load(session: NotebookSession, ref: str, form: str) -> Any:
    load = session.workspace.load
    frames: Mapping[str, Callable[[], Any]] = {
        _LAZY: lambda: load(ref),
        "polars": lambda: load(ref).collect(),
        "pandas": lambda: load(ref, "pandas"),
        "arrow": lambda: load(ref, "arrow"),
    }
    return frames[form]()
