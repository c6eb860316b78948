"""The lines that a cell prints: stable, without ids, times or paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

PREFIX = "toolkit: "

_SHOWN = 4
_VERSION = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*)@\w+", re.ASCII)
_PATH = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|[A-Za-z]:[\\/]|/)[^\s'\"]*")


@dataclass(frozen=True, slots=True)
class Saved:
    """A frame that was captured."""

    variable: str
    rows: int
    columns: int
    inputs: tuple[str, ...]
    new: bool
    """False: the content was stored already."""
    changed: bool = False
    """It was changed in place; its version before is none of ``inputs``."""


@dataclass(slots=True)
class Report:
    """What capture did after one cell."""

    notebook: str
    saved: list[Saved] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failed: bool = False
    """Whether the cell itself failed."""

    def lines(self, *, quiet: bool) -> Iterator[str]:
        """What is printed; when it is quiet, only what was not saved."""
        if self.saved and not quiet:
            new = [f"{_shown(s)}{_how(s)}{self._origin(s.inputs)}" for s in self.saved if s.new]
            known = [_shown(s) for s in self.saved if not s.new]
            parts = [f"saved {', '.join(new)}"] if new else []
            parts += [f"{', '.join(known)} already stored"] if known else []
            end = " (the cell failed)" if self.failed else ""
            yield f"{PREFIX}{'; '.join(parts)}{end}"
        yield from (f"{PREFIX}{problem}" for problem in self.problems)

    def _origin(self, inputs: Sequence[str]) -> str:
        names = list(dict.fromkeys(self._name(each) for each in inputs))
        if not names:
            return ""
        more = len(names) - _SHOWN
        shown = names if more <= 1 else names[:_SHOWN]
        return f" from {' and '.join(shown)}" + (f" and {more} others" if more > 1 else "")

    def _name(self, ref: str) -> str:
        found = _VERSION.fullmatch(ref)
        if found is None:
            return PurePath(ref.rstrip("/")).name or ref
        return found[1].removeprefix(f"{self.notebook}.")


def one_line(error: BaseException) -> str:
    """The first sentence of an error, without paths."""
    text = " ".join(str(error).split()) or type(error).__name__
    sentence = re.split(r"(?<=[\w)>\"'])\. (?=[A-Z])", text, maxsplit=1)[0]
    return _PATH.sub(_last_part, sentence).rstrip(".")


def _last_part(path: re.Match[str]) -> str:
    bare = path[0].rstrip(":;,.)")
    return (PurePath(bare).name or "…") + path[0][len(bare) :]


def _how(saved: Saved) -> str:
    return " changed in place" if saved.changed else ""


def _shown(saved: Saved) -> str:
    return f"{saved.variable} ({saved.rows:,} × {saved.columns:,})"
