"""``%toolkit``: shows and changes what the extension does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from toolkit.core.errors import ToolkitError
from toolkit.notebook.session import NotebookSession
from toolkit.notebook.settings import Settings, show_size, with_setting

USAGE = (
    "%toolkit, or %toolkit followed by: on, off, quiet, loud, name <name>, limit <size>, "
    "keep <number>, budget <size or none>"
)

_SWITCHES: Mapping[str, tuple[str, bool]] = {
    "on": ("capture", True),
    "off": ("capture", False),
    "quiet": ("quiet", True),
    "loud": ("quiet", False),
}
_VALUES = ("name", "limit", "keep", "budget")


def settings_magic(session: NotebookSession) -> Callable[[str], None]:
    """The function behind the magic."""

    def toolkit(line: str) -> None:
        """Show the settings, or change one: on, off, quiet, loud, name, limit, keep, budget.

        Captured are frames that are bound after a cell, as <name>.<variable>. `off` pauses that:
        what is bound meanwhile is not saved later either. `quiet` captures without a line. A frame
        of more than `limit` bytes in memory is left out. Of every name the newest `keep` captured
        versions stay, as long as the workspace's files are within `budget`; tagged, held and
        explicitly saved versions always stay. For another folder set TOOLKIT_HOME, with %env,
        before %load_ext: it counts for tk.Workspace() as well."""
        from IPython.core.error import UsageError

        words = line.split()
        if not words:
            print(show_settings(session))
            return
        try:
            session.settings = _changed(session.settings, words)
        except ToolkitError as error:
            raise UsageError(f"%toolkit: {error}") from None

    return toolkit


def show_settings(session: NotebookSession) -> str:
    """The settings, one a line."""
    settings = session.settings
    budget = "none" if settings.budget is None else show_size(settings.budget)
    shown: Mapping[str, Any] = {
        "capture": "on" if settings.capture else "off",
        "told": "not what is saved (quiet)" if settings.quiet else "a line a cell (loud)",
        "name": session.notebook,
        "limit": show_size(settings.limit),
        "keep": settings.keep,
        "budget": budget,
        "folder": _shown(session.workspace.home),
    }
    return "\n".join(f"{key:<8} {value}" for key, value in shown.items())


def _shown(home: Path) -> str:
    """A folder, from the current one on where it lies in it."""
    try:
        return str(home.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(home)


def _changed(settings: Settings, words: list[str]) -> Settings:
    first, rest = words[0].lower(), words[1:]
    if first in _SWITCHES and not rest:
        return with_setting(settings, *_SWITCHES[first])
    if first in _VALUES and rest:
        return with_setting(settings, first, " ".join(rest))
    raise ToolkitError(f"{' '.join(words)!r} is not a setting. Usage: {USAGE}.")
