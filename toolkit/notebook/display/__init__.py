"""To look at: ``%datasets``, and a Workspace or an Artifact as the last expression of a cell.

Each is a browser made of ipywidgets, a plain HTML table and a text in one output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit.core.types import Artifact
from toolkit.notebook.display.bundles import (
    Bundle,
    artifact_bundle,
    failure_bundle,
    stand_in,
    workspace_bundle,
)
from toolkit.notebook.display.interfaces import IViewingSession
from toolkit.notebook.display.words import one_line

_MAGIC = "datasets"


def register(ipython: Any, session: IViewingSession) -> Callable[[], None]:
    """Add formatters and ``%datasets`` to a shell; returns the function that takes them away."""
    # A terminal has nothing that could show a widget.
    interactive = getattr(ipython, "kernel", None) is not None

    def prepared(bundle: Bundle) -> Bundle:
        before = stand_in(bundle)
        if before is not None:
            ipython.display_pub.publish(data=before)
        return bundle

    def show_workspace(workspace: Any) -> tuple[Bundle, Bundle]:
        try:
            return prepared(workspace_bundle(workspace, interactive=interactive)), {}
        except Exception as error:
            return failure_bundle(workspace, error), {}

    def show_artifact(artifact: Artifact) -> tuple[Bundle, Bundle]:
        bundle = artifact_bundle(artifact, session.workspace, interactive=interactive)
        return prepared(bundle), {}

    def datasets(line: str) -> None:
        """Show the datasets of the workspace: ``%datasets``, or ``%datasets WORDS`` for those
        that have the words in their name, kind or tags."""
        from IPython.core.error import UsageError

        try:
            bundle = workspace_bundle(
                session.workspace, search=line.strip(), interactive=interactive
            )
        except Exception as error:
            # IPython shows one line for this very class, and a traceback for any other.
            raise UsageError(one_line(error)) from None
        ipython.display_pub.publish(data=prepared(bundle))

    formatter = ipython.display_formatter.mimebundle_formatter
    shown: dict[type, Callable[[Any], tuple[Bundle, Bundle]]] = {
        type(session.workspace): show_workspace,
        Artifact: show_artifact,
    }
    before = {kind: formatter.for_type(kind, show) for kind, show in shown.items()}
    ipython.register_magic_function(datasets, "line", _MAGIC)

    def undo() -> None:
        for kind, old in before.items():
            if old is None:
                formatter.pop(kind, None)
            else:
                formatter.for_type(kind, old)
        ipython.magics_manager.magics["line"].pop(_MAGIC, None)

    return undo
