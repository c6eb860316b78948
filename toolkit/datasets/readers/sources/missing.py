"""Why there is nothing to read at a path: one line that says what to do."""

from __future__ import annotations

import difflib
import os
import re
import stat
from posixpath import basename, dirname
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from toolkit.core.errors import SourceError, SourceNotFoundError, ToolkitError, did_you_mean
from toolkit.datasets.readers.sources.web import WebFileSystem, not_there

_SHOWN = 500
_ALMOST_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)(:/|:|//)(?=[^/])")
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def nothing_at(filesystem: Any, path: str, given: str) -> ToolkitError:
    """The error for a path that is neither a file nor a folder; ``given`` is what was passed."""
    given = given if len(given) <= _SHOWN else f"{given[:_SHOWN]}…"
    if isinstance(filesystem, WebFileSystem):
        return not_there(path)
    if isinstance(filesystem, LocalFileSystem):
        found = _no_file(path, given) or _no_path(given)
        if found is not None:
            return found
    folder = dirname(path.rstrip("/"))
    if not filesystem.isdir(folder):
        return SourceNotFoundError(
            f"There is nothing at {given}: the folder {folder or '/'} does not exist either."
        )
    names = [basename(found.rstrip("/")) for found in filesystem.ls(folder, detail=False)]
    if not names:
        return SourceNotFoundError(
            f"There is nothing at {given}: the folder {folder or '/'} is empty."
        )
    hint = did_you_mean(basename(path.rstrip("/")), names, noun="files in that folder")
    return SourceNotFoundError(f"There is nothing at {given}. {hint}")


def unknown_protocol(protocol: str) -> str:
    """The end of a message about a protocol that fsspec does not know."""
    near = difflib.get_close_matches(protocol, fsspec.available_protocols(), n=1)
    return f' Did you mean "{near[0]}://"?' if near else ""


def _no_file(path: str, given: str) -> ToolkitError | None:
    """What is there and cannot be read."""
    try:
        mode = os.stat(path).st_mode
    except PermissionError:
        return SourceError(f"{given} cannot be looked at: permission denied in its folder.")
    except NotADirectoryError:
        return SourceNotFoundError(f"There is nothing at {given}: a part of the path is a file.")
    except (OSError, ValueError):
        if os.path.islink(path):
            return SourceNotFoundError(
                f"{given} is a link to {os.readlink(path)}, where there is nothing."
            )
        return None
    kind = _KINDS.get(stat.S_IFMT(mode), "no file")
    return SourceError(
        f"{given} is {kind}, not a file. Open it in binary mode and pass what you opened."
    )


def _no_path(given: str) -> ToolkitError | None:
    """What was never meant as a path."""
    if "\n" in given:
        return SourceNotFoundError(
            "A text of several lines is not a path. To read the text itself, pass it as bytes: "
            "text.encode()."
        )
    almost = _ALMOST_URL.match(given)
    known = set(fsspec.available_protocols()) - {"data"}
    if almost is None or almost[1].lower() not in known:
        return None
    rest = given[almost.end() :]
    return SourceNotFoundError(
        f'There is nothing at {given}. If it is a URL, write "{almost[1].lower()}://{rest}".'
    )
