"""Where a workspace and its files are: places that stay the same wherever one goes."""

from __future__ import annotations

import os
import re
from pathlib import Path

from toolkit.core.errors import InvalidArgumentError

FOLDER = ".toolkit"
ENVIRONMENT = "TOOLKIT_HOME"

_COLLAPSED_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/(?!/)")


def workspace_folder(path: str | os.PathLike[str]) -> Path:
    """The absolute folder of a workspace. Raises InvalidArgumentError for what is no path."""
    return _absolute(_text(path, "workspace's path"))


def find_workspace(path: str | os.PathLike[str] | None) -> Path:
    """The folder that is meant: ``path``, else ``$TOOLKIT_HOME``, else the nearest ``.toolkit/``
    here or in a parent, else a new one here."""
    given = path if path is not None else os.environ.get(ENVIRONMENT) or None
    if given is not None:
        return workspace_folder(given)
    here = Path.cwd()
    found = (folder / FOLDER for folder in (here, *here.parents) if (folder / FOLDER).is_dir())
    return next(found, here / FOLDER)


def storage_place(root: str | os.PathLike[str]) -> str:
    """A storage root that does not depend on the current folder: a URL as it is, else absolute.

    Raises InvalidArgumentError for what is no path, and for a URL that was made a Path."""
    text = _text(root, "storage root")
    if not isinstance(root, str) and _COLLAPSED_URL.match(text):
        raise InvalidArgumentError(
            f"The storage root {text} looks like a URL that was put into a Path, which takes one "
            "of its slashes away: pass the URL as text."
        )
    return text if "://" in text else str(_absolute(text))


def _text(path: str | os.PathLike[str], what: str) -> str:
    try:
        text = os.fspath(path)
    except TypeError:
        text = ""
    if not isinstance(text, str) or not text:
        raise InvalidArgumentError(f"The {what} is {path!r}, which is no place: pass a folder.")
    return text


def _absolute(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise InvalidArgumentError(f"{text!r} is not the path of a folder: {error}") from error
