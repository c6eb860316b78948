"""toolkit: every frame you derive in a notebook, stored once, found again.

>>> import toolkit as tk
>>> ws = tk.Workspace()
"""

from toolkit.core.errors import ToolkitError
from toolkit.core.hold import Hold
from toolkit.core.types import Artifact, CheckReport, Event, GcReport
from toolkit.workspace import Workspace

__version__ = "0.1.0"

__all__ = [
    "Artifact",
    "CheckReport",
    "Event",
    "GcReport",
    "Hold",
    "ToolkitError",
    "Workspace",
]


def load_ipython_extension(ipython: object) -> None:
    """``%load_ext toolkit``: from now on frames are captured after each cell."""
    from toolkit.notebook.extension import load

    load(ipython, Workspace)


def unload_ipython_extension(ipython: object) -> None:
    """``%unload_ext toolkit``: the shell is as it was before; what was captured stays."""
    from toolkit.notebook.extension import unload

    unload(ipython)
