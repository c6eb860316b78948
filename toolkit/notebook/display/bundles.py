"""Mime bundles: one thing as a browser, as plain HTML and as text, for whoever shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.core.types import Artifact
from toolkit.notebook.display import static
from toolkit.notebook.display.interfaces import IViewedWorkspace
from toolkit.notebook.display.overview import Overview, look, matching
from toolkit.notebook.display.words import one_line

if TYPE_CHECKING:
    from toolkit.notebook.display.browser import Browser

WIDGET = "application/vnd.jupyter.widget-view+json"

Bundle = dict[str, Any]


def workspace_bundle(workspace: IViewedWorkspace, *, search: str = "", interactive: bool) -> Bundle:
    """A workspace; with ``search``, its datasets that match. Raises CatalogError."""
    overview = look(workspace)
    rows = matching(overview.rows, search)
    bundle: Bundle = {
        "text/plain": static.overview_text(overview, rows),
        "text/html": static.overview_html(overview, rows),
    }
    if interactive:
        bundle |= _view(workspace, overview, search=search)
    return bundle


def artifact_bundle(
    artifact: Artifact, workspace: IViewedWorkspace, *, interactive: bool
) -> Bundle:
    """What a save returned, and the browser at its dataset where ``workspace`` has it.

    Never raises on account of the workspace: the artifact itself can always be told."""
    bundle: Bundle = {
        "text/plain": static.artifact_text(artifact),
        "text/html": static.artifact_html(artifact),
    }
    if not interactive:
        return bundle
    try:
        saved = workspace.history(artifact.name)
        # An artifact does not know its workspace: another one may have this name too.
        if artifact.fingerprint in saved["fingerprint"].to_list():
            bundle |= _view(
                workspace,
                look(workspace),
                search=artifact.name,
                chosen=artifact.name,
                version=artifact.version,
            )
    except Exception:
        return bundle
    return bundle


def failure_bundle(thing: object, error: Exception) -> Bundle:
    """Something that cannot be shown now: its text, and one line that says why."""
    return {"text/plain": f"{thing!r}\nIt cannot be shown: {one_line(error)}"}


def _view(workspace: IViewedWorkspace, overview: Overview, **what: Any) -> Bundle:
    """The browser's entry, or nothing where ipywidgets is not installed."""
    try:
        from toolkit.notebook.display.browser import Browser
    except ImportError:
        return {}
    browser: Browser = Browser(workspace, overview, **what)
    return {WIDGET: {"version_major": 2, "version_minor": 0, "model_id": browser.widget.model_id}}
