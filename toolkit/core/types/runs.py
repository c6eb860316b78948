"""Cells of notebooks that were run, and what they bound."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NewRun:
    """A cell of a notebook that was run."""

    notebook: str
    session: str
    """One start of a kernel; unique."""
    source: str
    started_at: datetime
    seconds: float
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Binding:
    """What a variable was at the end of a session."""

    variable: str
    ref: str
    """``name@3``, or empty when it was no saved frame or the version was dropped since."""
    note: str
    """What is known of a frame that was not saved, such as the inputs of a lazy one; of one that
    was saved the engine to load it with, ``pandas`` or ``arrow``, empty for polars."""
    saved: bool
    """False for what was only noted."""
    at: datetime
