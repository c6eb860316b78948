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

_LOST = ".jp-OutputArea-child>.jp-OutputArea-output.jupyter-widgets"
_SAVED = ".jp-OutputArea-child:has(.toolkit-saved)"
_LIVE = ".jp-OutputArea-child .toolkit-browser"
_ONLY_WHEN_LOST = f"""<style>
{_SAVED}:not(:has(+{_LOST})){{display:none}}
{_SAVED}:has(+{_LOST}):not(:has(+{_LIVE})) .toolkit-saved{{display:block!important}}
{_SAVED}+.jp-OutputArea-child:has(>.jp-OutputArea-output.jupyter-widgets):not(:has(.toolkit-browser))
{{display:none}}
</style>"""


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


def stand_in(bundle: Bundle) -> Bundle | None:
    """What goes before a bundle with a browser, for the day when its widgets are gone.

    JupyterLab shows a saved output by its widget's type even when no kernel has that widget any
    more: "model not found" instead of the table beside it. This output is hidden, until its style
    finds that message behind it; then it is the table, and the message is hidden."""
    if WIDGET not in bundle:
        return None
    # Both: what cleans HTML of unknown origin takes the one or the other away.
    hidden = 'class="toolkit-saved" hidden style="display:none"'
    return {"text/html": f"<div {hidden}>{bundle['text/html']}</div>{_ONLY_WHEN_LOST}"}


def _view(workspace: IViewedWorkspace, overview: Overview, **what: Any) -> Bundle:
    """The browser's entry, or nothing where ipywidgets is not installed."""
    try:
        from toolkit.notebook.display.browser import Browser
    except ImportError:
        return {}
    browser: Browser = Browser(workspace, overview, **what)
    return {WIDGET: {"version_major": 2, "version_minor": 0, "model_id": browser.widget.model_id}}
